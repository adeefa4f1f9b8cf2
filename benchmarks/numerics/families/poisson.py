# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Poisson family in extended precision: arc length y = 2 sqrt(rate)."""

import numpy as np

from arithmetic import expm1_of_difference, log1p_remainder
from sampling import differences, log_uniform, normal
from families.one_parameter import OneParameter


class Poisson(OneParameter):
    name = "poisson"
    charts = ["log_rate", "rate"]
    standard = "rate"
    zero_means_nothing = ("log_rate",)
    decades = {np.float64: 100, np.float32: 15}

    def draw(self, rng, regime, chart, dtype, count):
        if regime == "far":
            decades = self.decades[dtype]
            a, b = (log_uniform(rng, -decades, decades, count) for _ in range(2))
        else:
            a = np.exp(normal(rng, count, 2))
            if regime == "generic":
                b = np.exp(normal(rng, count, 2))
            else:
                b = a * np.exp(differences(rng, dtype, count) * normal(rng, count))
        return [[np.log(x) if chart == "log_rate" else x] for x in (a, b)]

    def arc(self, chart, a, b):
        if chart == "rate":
            return 2 * (a - b) / (np.sqrt(a) + np.sqrt(b))
        return 2 * np.exp(b / 2) * expm1_of_difference(a / 2, b / 2)

    def slope(self, chart, a):
        return 1 / np.sqrt(a) if chart == "rate" else np.exp(a / 2)

    def kl_divergence(self, chart, a, b):
        a, b = a[0], b[0]
        if chart == "rate":
            return [a * log1p_remainder((b - a) / a, np.log(b / a))]
        return [np.exp(a) * log1p_remainder(expm1_of_difference(b, a), b - a)]

    def geodesic(self, chart, a, b, t):
        a, b = a[0], b[0]
        if chart == "rate":
            return [((1 - t) * np.sqrt(a) + t * np.sqrt(b)) ** 2]
        near = np.abs(a - b) < 1
        small = np.where(near, b - a, 0)
        far = 2 * np.log((1 - t) * np.exp(a / 2) + t * np.exp(b / 2))
        return [np.where(near, a + 2 * np.log1p(t * np.expm1(small / 2)), far)]

    def exp(self, chart, a, tangent):
        a, half = a[0], self.slope(chart, a[0]) * tangent[0] / 2
        root = (np.sqrt(a) if chart == "rate" else np.exp(a / 2)) + half
        root = np.where(root > 0, root, np.nan)
        if chart == "rate":
            return [root**2]
        change = half * np.exp(-a / 2)
        near = np.abs(change) < 0.5
        return [np.where(near, a + 2 * np.log1p(np.where(near, change, 0)), 2 * np.log(root))]

    def convert(self, chart, a, target):
        if chart == target:
            return [a[0]]
        return [np.exp(a[0]) if target == "rate" else np.log(a[0])]
