# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Bernoulli family in extended precision: arc length y = 2 asin(sqrt(p)),
with sqrt(p) and sqrt(1-p) the sine and cosine of half of it."""

import numpy as np

from arithmetic import log1p_remainder, sigmoid, softplus
from bessel import gauss_legendre
from sampling import differences, normal
from families.one_parameter import OneParameter


def sine_and_cosine(chart, a):
    if chart == "probability":
        return np.sqrt(a), np.sqrt(1 - a)
    return np.sqrt(sigmoid(a)), np.sqrt(sigmoid(-a))


class Bernoulli(OneParameter):
    name = "bernoulli"
    charts = ["logit", "probability"]
    standard = "probability"
    zero_means_nothing = ("logit",)

    def draw(self, rng, regime, chart, dtype, count):
        if regime == "far":
            limit = 650 if dtype == np.float64 else 80
            # A probability next to one has few digits in its complement.
            high = limit if chart == "logit" else (30 if dtype == np.float64 else 12)
            a, b = (rng.uniform(-limit, high, count).astype(np.longdouble) for _ in range(2))
        else:
            a = normal(rng, count, 3)
            if regime == "generic":
                b = normal(rng, count, 3)
            else:
                b = a + differences(rng, dtype, count) * normal(rng, count)
        return [[sigmoid(x) if chart == "probability" else x] for x in (a, b)]

    def arc(self, chart, a, b):
        if chart == "probability":
            cross = np.sqrt(a * (1 - b)) + np.sqrt(b * (1 - a))
            sine = np.where(cross > 0, (a - b) / np.where(cross > 0, cross, 1), 0)
            return 2 * np.arctan2(sine, np.sqrt(a * b) + np.sqrt((1 - a) * (1 - b)))
        # tan of half the arc, with tan(y/2) = e^(a/2).
        near = np.abs(a - b) < 1
        ea, eb = np.exp(a / 2), np.exp(b / 2)
        step = np.where(near, eb * np.expm1(np.where(near, a - b, 0) / 2), ea - eb)
        return 2 * np.arctan(step / (1 + ea * eb))

    def slope(self, chart, a):
        if chart == "probability":
            return 1 / np.sqrt(a * (1 - a))
        return 1 / (np.exp(a / 2) + np.exp(-a / 2))

    def kl_divergence(self, chart, a, b):
        if chart == "probability":
            a, b = a[0], b[0]
            return [self._term(a, b) + self._term(1 - a, 1 - b, a - b)]
        # step^2 times the integral of (1-s) times the variance of the bit at
        # the logit a + s step, where the step is small: no term is negative.
        a, b = a[0], b[0]
        step = b - a
        near = np.abs(step) < 1
        small = np.where(near, step, 0)
        integral = 0
        for node, weight in zip(*gauss_legendre(16, a.dtype)):
            e = np.exp(-np.abs(a + node * small))
            integral = integral + weight * (1 - node) * e / (1 + e) ** 2
        far = sigmoid(a) * (softplus(-b) - softplus(-a)) + sigmoid(-a) * (
            softplus(b) - softplus(a)
        )
        return [np.where(near, small**2 * integral, far)]

    @staticmethod
    def _term(p, q, difference=None):
        """p log(p/q) - p + q, where q - p is given if the two are rounded."""
        step = (q - p if difference is None else difference) / p
        return p * log1p_remainder(step, np.log(q / p))

    def geodesic(self, chart, a, b, t):
        half = self.arc(chart, a[0], b[0]) / 2
        return [self._turned(chart, a[0], b[0], half, t)]

    def _turned(self, chart, a, b, half, t):
        """By slerp between (sqrt(p), sqrt(1-p)); no difference but the sum of
        two positive numbers."""
        safe = np.where(half != 0, np.sin(half), 1)
        w1 = np.where(half != 0, np.sin((1 - t) * half) / safe, 1 - t)
        w2 = np.where(half != 0, np.sin(t * half) / safe, t)
        (s1, c1), (s2, c2) = sine_and_cosine(chart, a), sine_and_cosine(chart, b)
        sine, cosine = w1 * s1 + w2 * s2, w1 * c1 + w2 * c2
        return sine**2 if chart == "probability" else 2 * np.log(sine / cosine)

    def exp(self, chart, a, tangent):
        half = self.slope(chart, a[0]) * tangent[0] / 2
        s, c = sine_and_cosine(chart, a[0])
        sine = s * np.cos(half) + c * np.sin(half)
        cosine = c * np.cos(half) - s * np.sin(half)
        inside = (sine > 0) & (cosine > 0)
        sine, cosine = np.where(inside, sine, np.nan), np.where(inside, cosine, np.nan)
        return [sine**2 if chart == "probability" else 2 * np.log(sine / cosine)]

    def convert(self, chart, a, target):
        if chart == target:
            return [a[0]]
        if target == "probability":
            return [sigmoid(a[0])]
        near = np.log1p((2 * a[0] - 1) / (1 - a[0]))
        return [np.where(np.abs(a[0] - 0.5) < 0.25, near, np.log(a[0] / (1 - a[0])))]
