# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Poisson family against the reference tables and against mpmath."""

import pathlib

import mpmath as mp
import numpy as np

from one_parameter import Family, OneParameterTests


def sample(count, element):
    exponent = {"f64": 30, "f32": 8}[element]
    return 10.0**np.random.default_rng(1).uniform(-exponent, exponent, count)


FAMILY = Family(
    name="poisson",
    charts={"log_rate": (mp.exp, mp.log, mp.exp),
            "rate": (lambda r: r, lambda r: r, lambda r: 1)},
    arc_length=lambda r: 2 * mp.sqrt(r),
    arc_slope=lambda r: 1 / mp.sqrt(r),
    at_arc_length=lambda y: (y / 2)**2,
    divergence=lambda a, b: a * mp.log(a / b) - a + b,
    sample=sample)


class TestPoisson(OneParameterTests):
    family = FAMILY
    folder = pathlib.Path(__file__).parent
    table_chart = "log_rate"
    outside = ("rate", [0.0, -1.0, np.nan])
    far = ("log_rate", {"f64": 300, "f32": 40})
