# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Gaussian family in extended precision.

With r = sigma1/sigma2 and e = r - 1, each to full accuracy in every chart, and D
the distance in the hyperbolic plane:

  x = sinh^2(D/2) = (mu1-mu2)^2/(8 sigma1 sigma2) + e^2/(4r),  d = sqrt(2) D.

Extended precision has four more bits of exponent, so nothing overflows.
"""

import numpy as np

from arithmetic import (
    expm1_of_difference,
    log1p_remainder,
    sigmoid,
    softplus,
    softplus_difference,
    softplus_inverse,
)
from sampling import differences, log_uniform, normal

# chart: (sigma of what is stored, what is stored, d log(sigma) / d stored,
#         sigma1/sigma2 - 1 of what is stored)
CHARTS = {
    "sigma": (lambda c: c, lambda s: s, lambda c: 1 / c, lambda a, b: (a - b) / b),
    "log_sigma": (np.exp, np.log, lambda c: np.ones_like(c), expm1_of_difference),
    "softplus": (
        softplus,
        softplus_inverse,
        lambda c: sigmoid(c) / softplus(c),
        lambda a, b: softplus_difference(a, b) / softplus(b),
    ),
    "variance": (
        np.sqrt,
        np.square,
        lambda c: 1 / (2 * c),
        lambda a, b: (a - b) / (b + np.sqrt(a) * np.sqrt(b)),
    ),
    "log_variance": (
        lambda c: np.exp(c / 2),
        lambda s: 2 * np.log(s),
        lambda c: np.full_like(c, 0.5),
        lambda a, b: expm1_of_difference(a / 2, b / 2),
    ),
    "precision": (
        lambda c: 1 / np.sqrt(c),
        lambda s: 1 / s**2,
        lambda c: -1 / (2 * c),
        lambda a, b: (b - a) / (a + np.sqrt(a) * np.sqrt(b)),
    ),
}
LOGARITHMIC = {"log_sigma": 1, "log_variance": 2}
ZERO_MEANS_NOTHING = ("log_sigma", "log_variance", "softplus")


class Pair:
    """What the geometry needs of two beliefs."""

    def __init__(self, chart, a, b):
        sigma, _, slope, excess = CHARTS[chart]
        self.sigma1, self.sigma2 = sigma(a[1]), sigma(b[1])
        self.slope1 = slope(a[1])
        self.excess = excess(a[1], b[1])
        self.step = b[0] - a[0]
        self.p = self.step**2 / (8 * self.sigma1 * self.sigma2)
        self.ratio = self.sigma1 / self.sigma2
        self.x = self.p + self.excess**2 / (4 * self.ratio)
        self.D = 2 * np.arcsinh(np.sqrt(self.x))
        self.exp_half = np.sqrt(self.x) + np.sqrt(1 + self.x)

    def sinh(self, t):
        """sinh(t D), by powers of e^(D/2) where D is large."""
        near = np.sinh(t * np.minimum(self.D, 1))
        far = (self.exp_half ** (2 * t) - self.exp_half ** (-2 * t)) / 2
        return np.where(self.D < 1, near, far)

    def cosh(self, t):
        return (self.exp_half ** (2 * t) + self.exp_half ** (-2 * t)) / 2


class Gaussian:
    name = label = "gaussian"
    charts = list(CHARTS)
    standard = "sigma"
    components = 2
    event_shape = ()
    share = 1

    def draw(self, rng, regime, chart, dtype, count):
        if regime == "far":
            decades = 100 if dtype == np.float64 else 12
            points = []
            for _ in range(2):
                mean = log_uniform(rng, -decades, decades, count)
                mean *= rng.choice([-1, 1], count)
                points.append([mean, log_uniform(rng, -decades, decades, count)])
            a, b = points
        elif regime == "generic":
            a, b = (
                [normal(rng, count, 3), np.exp(normal(rng, count, 1.5))] for _ in range(2)
            )
        else:
            scale = np.exp(normal(rng, count, 2))
            a = [scale * normal(rng, count, 3), scale]
            near = differences(rng, dtype, count)
            b = [
                a[0] + near * normal(rng, count) * scale,
                scale * np.exp(near * normal(rng, count)),
            ]
        stored = CHARTS[chart][1]
        return [[mean, stored(sigma)] for mean, sigma in (a, b)]

    def units(self, chart, point):
        scale = 1 if chart in ZERO_MEANS_NOTHING else 0
        return [CHARTS[chart][0](point[1]), point[1] * 0 + scale]

    def tangents(self, rng, chart, a, b, regimes):
        """The logarithm of the pair; where beliefs are far the exponential of
        it is ill-conditioned beyond use, so directions are drawn there."""
        tangent = self.log(chart, a, b)
        far = regimes == "far"
        length = log_uniform(rng, -2, 1, far.sum())
        angle = rng.uniform(0, 2 * np.pi, far.sum())
        sigma, _, slope, _ = CHARTS[chart]
        tangent[0][far] = 1.5 * sigma(a[1][far]) * length * np.cos(angle)
        tangent[1][far] = length * np.sin(angle) / slope(a[1][far])
        return tangent

    def squared_distance(self, chart, a, b):
        return [2 * Pair(chart, a, b).D ** 2]

    def gradient(self, chart, a, b):
        pair = Pair(chart, a, b)
        root = np.sqrt(pair.x)
        quotient = np.where(root > 0, pair.D / 2 / np.where(root > 0, root, 1), 1)
        k = 8 * quotient / np.sqrt(1 + pair.x)
        by_mean = -pair.step / (4 * pair.sigma1 * pair.sigma2)
        # sinh(rho1 - rho2)/2 = (r - 1/r)/4 with r = 1 + e.
        half_sinh = pair.excess * (2 + pair.excess) / (4 * pair.ratio)
        return [k * by_mean, k * (half_sinh - pair.p) * pair.slope1]

    def kl_divergence(self, chart, a, b):
        pair = Pair(chart, a, b)
        if chart in LOGARITHMIC:
            log_ratio = (a[1] - b[1]) / LOGARITHMIC[chart]
        else:
            log_ratio = np.log(pair.sigma1 / pair.sigma2)
        y = pair.excess * (2 + pair.excess)
        spread = log1p_remainder(y, 2 * log_ratio)
        return [((pair.step / pair.sigma2) ** 2 + spread) / 2]

    def metric(self, chart, at, tangent):
        sigma, _, slope, _ = CHARTS[chart]
        return [
            tangent[0] / sigma(at[1]) ** 2,
            2 * slope(at[1]) ** 2 * tangent[1],
        ]

    def natural_gradient(self, chart, at, gradient):
        sigma, _, slope, _ = CHARTS[chart]
        return [
            sigma(at[1]) ** 2 * gradient[0],
            gradient[1] / (2 * slope(at[1]) ** 2),
        ]

    def log(self, chart, a, b):
        gradient = self.gradient(chart, a, b)
        return [-x / 2 for x in self.natural_gradient(chart, a, gradient)]

    def exp(self, chart, a, tangent):
        sigma, _, slope, _ = CHARTS[chart]
        u = tangent[0] / np.sqrt(2 * sigma(a[1]) ** 2)
        w = slope(a[1]) * tangent[1]
        D = np.hypot(u, w)
        quotient = np.where(D > 0, np.sinh(D) / np.where(D > 0, D, 1), 1)
        # cosh D - w sinh(D)/D, where w > 0 by D - w = u^2/(D + w).
        up = np.exp(-D) + u**2 / np.where(w > 0, D + w, 1) * quotient
        inverse = np.where(w > 0, up, np.cosh(D) - w * quotient)
        scale = self._divided(chart, a[1], inverse, inverse - 1)
        return [a[0] + tangent[0] * quotient / inverse, scale]

    def geodesic(self, chart, a, b, t):
        pair = Pair(chart, a, b)
        whole = pair.sinh(1)
        safe = np.where(whole > 0, whole, 1)
        w1 = np.where(whole > 0, pair.sinh(1 - t) / safe, 1 - t)
        w2 = np.where(whole > 0, pair.sinh(t) / safe, t)
        # sigma1/sigma = w1 + w2 sigma1/sigma2, and w1 + w2 - 1 by products.
        inverse = w1 + w2 * pair.ratio
        product = pair.sinh((1 - t) / 2) * pair.sinh(t / 2)
        excess = w2 * pair.excess - 2 * product / pair.cosh(0.5)
        near = np.abs(excess) < 0.5
        scale = self._divided(chart, a[1], inverse, np.where(near, excess, inverse - 1))
        return [(w1 * a[0] + w2 * pair.ratio * b[0]) / inverse, scale]

    @staticmethod
    def _divided(chart, stored, divisor, excess):
        """The stored scale whose sigma is that of `stored` over a divisor,
        which is 1 + excess."""
        if chart in LOGARITHMIC:
            near = np.abs(excess) < 0.5
            log = np.where(near, np.log1p(np.where(near, excess, 0)), np.log(divisor))
            return stored - LOGARITHMIC[chart] * log
        sigma, store, _, _ = CHARTS[chart]
        return store(sigma(stored) / divisor)

    def convert(self, chart, a, target):
        return [a[0], CHARTS[target][1](CHARTS[chart][0](a[1]))]
