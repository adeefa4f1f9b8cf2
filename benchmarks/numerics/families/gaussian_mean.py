# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gaussians of known spread in extended precision: both beliefs have the sigma of
the first, and d = |mu1 - mu2|/sigma."""

import numpy as np

from families.gaussian import CHARTS, ZERO_MEANS_NOTHING
from sampling import differences, log_uniform, normal


class GaussianMean:
    name = label = "gaussian_mean"
    charts = list(CHARTS)
    standard = "sigma"
    components = 2
    event_shape = ()
    share = 1
    # The square of a distance is still a number of the type.
    decades = {np.float64: 70, np.float32: 8}

    def draw(self, rng, regime, chart, dtype, count):
        if regime == "far":
            decades = self.decades[dtype]
            means = [
                log_uniform(rng, -decades, decades, count) * rng.choice([-1, 1], count)
                for _ in range(2)
            ]
            sigma = log_uniform(rng, -decades, decades, count)
        elif regime == "generic":
            means = [normal(rng, count, 3) for _ in range(2)]
            sigma = np.exp(normal(rng, count, 1.5))
        else:
            sigma = np.exp(normal(rng, count, 2))
            mean = sigma * normal(rng, count, 3)
            step = differences(rng, dtype, count) * normal(rng, count)
            means = [mean, mean + step * sigma]
        stored = CHARTS[chart][1](sigma)
        return [[mean, stored] for mean in means]

    def units(self, chart, point):
        scale = 1 if chart in ZERO_MEANS_NOTHING else 0
        return [CHARTS[chart][0](point[1]), point[1] * 0 + scale]

    def tangents(self, rng, chart, a, b, regimes):
        return self.log(chart, a, b)

    def _length(self, chart, a, b):
        return (a[0] - b[0]) / CHARTS[chart][0](a[1])

    def squared_distance(self, chart, a, b):
        return [self._length(chart, a, b) ** 2]

    def gradient(self, chart, a, b):
        return [2 * self._length(chart, a, b) / CHARTS[chart][0](a[1]), 0 * a[1]]

    def kl_divergence(self, chart, a, b):
        return [self._length(chart, a, b) ** 2 / 2]

    def metric(self, chart, at, tangent):
        return [tangent[0] / CHARTS[chart][0](at[1]) ** 2, 0 * at[1]]

    def natural_gradient(self, chart, at, gradient):
        return [gradient[0] * CHARTS[chart][0](at[1]) ** 2, 0 * at[1]]

    def log(self, chart, a, b):
        return [b[0] - a[0], 0 * a[1]]

    def exp(self, chart, a, tangent):
        return [a[0] + tangent[0], a[1]]

    def geodesic(self, chart, a, b, t):
        return [a[0] + t * (b[0] - a[0]), a[1]]

    def convert(self, chart, a, target):
        return [a[0], CHARTS[target][1](CHARTS[chart][0](a[1]))]
