# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The exponential family against the reference tables and against mpmath."""

import pathlib

import mpmath as mp
import numpy as np

from one_parameter import Family, OneParameterTests


def sample(count, element):
    exponent = {"f64": 100, "f32": 15}[element]
    return 10.0**np.random.default_rng(1).uniform(-exponent, exponent, count)


FAMILY = Family(
    name="exponential",
    charts={"log_rate": (mp.exp, mp.log, mp.exp),
            "rate": (lambda r: r, lambda r: r, lambda r: 1)},
    arc_length=mp.log,
    arc_slope=lambda r: 1 / r,
    at_arc_length=mp.exp,
    divergence=lambda a, b: mp.log(a / b) + b / a - 1,
    sample=sample)


class TestExponential(OneParameterTests):
    family = FAMILY
    folder = pathlib.Path(__file__).parent
    table_chart = "log_rate"
    outside = ("rate", [0.0, -1.0, np.nan])
    far = ("rate", {"f64": 300, "f32": 40})
