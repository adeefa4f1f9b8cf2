# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Categorical distributions in extended precision: d is twice the angle between
the roots of the probabilities. The last axis are the outcomes."""

import numpy as np

from arithmetic import log1p_remainder
from sampling import differences, normal


def total(x):
    return x.sum(axis=-1, keepdims=True)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / total(e)


def normalizer(x):
    top = x.max(axis=-1, keepdims=True)
    return top + np.log(total(np.exp(x - top)))


def balanced(p, x):
    """What sums to zero over the outcomes: that of a likely outcome is minus the
    sum of the others, which have digits where its own difference has none."""
    likely = p > 0.6
    return np.where(likely, -total(np.where(likely, 0, x)), x)


class Pair:
    """What the geometry needs of two distributions."""

    def __init__(self, chart, a, b):
        if chart == "logits":
            self.p, self.q = softmax(a), softmax(b)
            step = b - a
            top = np.argmax(a, axis=-1)[..., None]
            # Differences of what is stored are exact; a common one is no matter.
            step = step - np.take_along_axis(step, top, axis=-1)
            self.l = step - np.log1p(total(self.p * np.expm1(step)))
            far = total(self.p * np.abs(np.expm1(step))) > 0.5
            both = np.log(self.q) - np.log(self.p)
            self.l = np.where(far & (np.abs(both) > 1), both, self.l)
        else:
            u, w = total(a), total(b)
            self.p, self.q = a / u, b / w
            change = ((b - a) - self.p * total(b - a)) / w
            near = np.abs(change) < self.p / 2
            log = np.log1p(np.where(near, change / self.p, 0))
            self.l = np.where(near, log, np.log(self.q / self.p))
        larger = np.sqrt(np.maximum(self.p, self.q))
        self.rise = np.copysign(-larger * np.expm1(-np.abs(self.l) / 2), self.l)
        self.square = total(self.rise**2)
        self.phi = 2 * np.arcsin(np.sqrt(self.square) / 2)
        safe = np.where(self.phi > 0, np.sin(self.phi), 1)
        self.quotient = np.where(self.phi > 0, self.phi / safe, 1)
        self.cos = np.where(
            self.square < 1, 1 - self.square / 2, total(np.sqrt(self.p) * np.sqrt(self.q))
        )

    def direction(self):
        """sqrt(p) (sqrt(q) - cos(phi) sqrt(p)), which sums to zero."""
        root = np.sqrt(self.p)
        near = self.rise + root * self.square / 2
        far = np.sqrt(self.q) - self.cos * root
        return balanced(self.p, root * np.where(self.square < 1, near, far))


class Categorical:
    name = "categorical"
    charts = ["logits", "probabilities"]
    standard = "probabilities"
    components = 1

    def __init__(self, outcomes, share):
        self.event_shape = (outcomes,)
        self.label = f"categorical, {outcomes} outcomes"
        self.share = share  # of the pairs that families of numbers get

    def draw(self, rng, regime, chart, dtype, count):
        size = count * self.event_shape[0]
        limit = 300 if dtype == np.float64 else 38

        def logits():
            if regime == "far":
                return rng.uniform(-limit, limit, size).astype(np.longdouble)
            return normal(rng, size, 2)

        a = logits().reshape(count, -1)
        b = logits().reshape(count, -1)
        if regime in ("near", "equal"):
            b = a + differences(rng, dtype, count)[:, None] * b
        return [[x if chart == "logits" else softmax(x)] for x in (a, b)]

    def units(self, chart, point):
        return [point[0] * 0 + (1 if chart == "logits" else 0)]

    def tangents(self, rng, chart, a, b, regimes):
        return [x / 2 for x in self.log(chart, a, b)]

    def squared_distance(self, chart, a, b):
        return [4 * Pair(chart, a[0], b[0]).phi[..., 0] ** 2]

    def gradient(self, chart, a, b):
        pair = Pair(chart, a[0], b[0])
        slope = -4 * pair.quotient * pair.direction()
        return [slope if chart == "logits" else slope / a[0]]

    def kl_divergence(self, chart, a, b):
        pair = Pair(chart, a[0], b[0])
        growth = np.where(
            np.abs(pair.l) < 1, np.expm1(np.clip(pair.l, -1, 1)), pair.q / pair.p - 1
        )
        return [(pair.p * log1p_remainder(growth, pair.l)).sum(axis=-1)]

    def _change(self, chart, at, v):
        """What a tangent vector does to the probabilities."""
        if chart == "logits":
            p = softmax(at)
            return p, balanced(p, p * (v - total(p * v)))
        p = at / total(at)
        return p, balanced(p, (v - p * total(v)) / total(at))

    def metric(self, chart, at, tangent):
        _, change = self._change(chart, at[0], tangent[0])
        return [change if chart == "logits" else change / at[0]]

    def natural_gradient(self, chart, at, gradient):
        g = gradient[0]
        if chart == "logits":
            return [g / softmax(at[0]) - total(g)]
        p = at[0] / total(at[0])
        return [total(at[0]) ** 2 * balanced(p, p * (g - total(p * g)))]

    def log(self, chart, a, b):
        pair = Pair(chart, a[0], b[0])
        direction = 2 * pair.quotient * pair.direction()
        return [direction / pair.p if chart == "logits" else direction * total(a[0])]

    def exp(self, chart, a, tangent):
        p, change = self._change(chart, a[0], tangent[0])
        root = np.sqrt(p)
        velocity = change / (2 * root)
        phi = np.sqrt(total(velocity**2))
        along = np.where(phi > 0, np.sin(phi) / np.where(phi > 0, phi, 1), 1)
        there = root * np.cos(phi) + along * velocity
        there = np.where(there > 0, there, np.nan)
        if chart == "logits":
            return [a[0] + 2 * np.log(there / root)]
        return [there**2]

    def geodesic(self, chart, a, b, t):
        pair = Pair(chart, a[0], b[0])
        safe = np.where(pair.phi > 0, np.sin(pair.phi), 1)
        first = np.where(pair.phi > 0, np.sin((1 - t) * pair.phi) / safe, 1 - t)
        second = np.where(pair.phi > 0, np.sin(t * pair.phi) / safe, t)
        root = first * np.sqrt(pair.p) + second * np.sqrt(pair.q)
        if chart == "probabilities":
            return [root**2]
        return [2 * np.log(root) + (1 - t) * normalizer(a[0]) + t * normalizer(b[0])]

    def convert(self, chart, a, target):
        if chart == target:
            return [a[0]]
        return [softmax(a[0]) if target == "probabilities" else np.log(a[0] / total(a[0]))]
