# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The exponential family of waiting times in extended precision: arc length
y = log(rate)."""

import numpy as np

from arithmetic import expm1_of_difference, log1p_remainder
from families.one_parameter import OneParameter
from families.poisson import Poisson


class Exponential(OneParameter):
    name = "exponential"
    charts = ["log_rate", "rate"]
    standard = "rate"
    zero_means_nothing = ("log_rate",)
    # Rates are drawn like those of counts.
    draw = Poisson.draw
    decades = {np.float64: 140, np.float32: 17}

    def arc(self, chart, a, b):
        if chart == "log_rate":
            return a - b
        near = np.abs(a - b) < b / 2
        return np.where(near, np.log1p(np.where(near, (a - b) / b, 0)), np.log(a / b))

    def slope(self, chart, a):
        return 1 / a if chart == "rate" else np.ones_like(a)

    def kl_divergence(self, chart, a, b):
        a, b = a[0], b[0]
        if chart == "rate":
            return [log1p_remainder((b - a) / a, np.log(b / a))]
        return [log1p_remainder(expm1_of_difference(b, a), b - a)]

    def geodesic(self, chart, a, b, t):
        if chart == "log_rate":
            return [(1 - t) * a[0] + t * b[0]]
        return [a[0] ** (1 - t) * b[0] ** t]

    def exp(self, chart, a, tangent):
        if chart == "log_rate":
            return [a[0] + tangent[0]]
        return [a[0] * np.exp(tangent[0] / a[0])]

    convert = Poisson.convert
