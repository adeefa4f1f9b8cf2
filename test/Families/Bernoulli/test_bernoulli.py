# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Bernoulli family against the reference tables and against mpmath."""

import pathlib

import mpmath as mp
import numpy as np
import pytest

from execution import run
from one_parameter import ELEMENTS, Family, OneParameterTests, module


def sample(count, element):
    """Probabilities from tiny to half; those near one are less exact."""
    exponent = {"f64": 30, "f32": 12}[element]
    rng = np.random.default_rng(1)
    return np.concatenate([0.5 * 10.0**rng.uniform(-exponent, 0, count // 2),
                           rng.uniform(0.05, 0.95, count - count // 2)])


FAMILY = Family(
    name="bernoulli",
    charts={"logit": (lambda a: 1 / (1 + mp.exp(-a)),
                      lambda p: mp.log(p / (1 - p)),
                      lambda a: mp.exp(-abs(a)) / (1 + mp.exp(-abs(a)))**2),
            "probability": (lambda p: p, lambda p: p, lambda p: 1)},
    arc_length=lambda p: 2 * mp.asin(mp.sqrt(p)),
    arc_slope=lambda p: 1 / mp.sqrt(p * (1 - p)),
    at_arc_length=lambda y: mp.sin(y / 2)**2,
    divergence=lambda a, b: (a * mp.log(a / b) +
                             (1 - a) * mp.log((1 - a) / (1 - b))),
    sample=sample)


class TestBernoulli(OneParameterTests):
    family = FAMILY
    folder = pathlib.Path(__file__).parent
    table_chart = "logit"
    outside = ("probability", [-0.1, 1.5, np.nan])
    far = ("logit", {"f64": 600, "f32": 80})


@pytest.mark.parametrize("element", ELEMENTS)
def test_certain_outcomes(element):
    """Probabilities of exactly zero and one are half a circle apart."""
    dtype = ELEMENTS[element]
    x = np.array([0, 0, 1, 1, 0.5], dtype)
    y = np.array([0, 1, 0, 1, 0], dtype)
    d, k = run(
        module(FAMILY, "probability", element, 5, """
  %d = fisher.squared_distance %a, %b : !b -> !t
  %k = fisher.kl_divergence %b, %a : !b -> !t
  return %d, %k : !t, !t""", 2), x, y)
    np.testing.assert_allclose(d, np.pi**2 * np.array([0, 1, 1, 0, 0.25]),
                               rtol=1e-6 if element == "f32" else 1e-14)
    assert d[0] == 0 and d[3] == 0
    np.testing.assert_allclose(k, [0, np.inf, np.inf, 0, np.log(2)], rtol=1e-6)


@pytest.mark.parametrize("element, far", [("f64", 600), ("f32", 80)])
def test_gradients_of_sure_beliefs(element, far):
    """p (1 - p) is no quotient of what overflows, for either sign of the logit."""
    x = np.array([far, far, -far, -far], ELEMENTS[element])
    y = np.array([1, -1, 1, -1], ELEMENTS[element])
    k, g, h = run(
        module(FAMILY, "logit", element, 4, """
  %k, %g, %h = fisher.kl_divergence_with_gradients %a, %b : !b
  return %k, %g, %h : !t, !t, !t""", 3), x, y)
    step = x.astype(float) - y
    np.testing.assert_allclose(g, np.exp(-float(far)) * step, rtol=1e-4)
    np.testing.assert_allclose(h, 1 / (1 + np.exp(-y)) - (x > 0), rtol=1e-5)
    assert np.isfinite(k).all()
