# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Poisson family against the reference tables and against mpmath."""

import pathlib

import mpmath as mp
import numpy as np
import pytest

from one_parameter import (ELEMENTS, Family, check_convert, check_domain,
                           check_operations, check_table)

HERE = pathlib.Path(__file__).parent
TABLE_CHART = "log_rate"
OUTSIDE = ("rate", [0.0, -1.0, np.nan])



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


CASES = [(chart, element) for chart in FAMILY.charts for element in ELEMENTS]


@pytest.mark.parametrize("element", ELEMENTS)
def test_every_row_of_the_table(element):
    suffix = "_f32" if element == "f32" else ""
    check_table(FAMILY, HERE / f"poisson{suffix}.csv", TABLE_CHART, element)


@pytest.mark.parametrize("chart,element", CASES)
def test_operations(chart, element):
    check_operations(FAMILY, chart, element)


@pytest.mark.parametrize("element", ELEMENTS)
def test_convert(element):
    check_convert(FAMILY, element)


@pytest.mark.parametrize("element", ELEMENTS)
def test_outside_the_domain(element):
    check_domain(FAMILY, OUTSIDE[0], element, OUTSIDE[1])
