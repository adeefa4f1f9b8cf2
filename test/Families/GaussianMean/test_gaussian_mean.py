# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gaussians of known spread against their formulas, in longer arithmetic."""

import numpy as np
import pytest
from execution import run

ELEMENTS = {"f64": np.float64, "f32": np.float32}
# What is stored in each chart for a sigma, in arithmetic of any length, and what
# sigma is then.
CHARTS = {
    "sigma": (lambda s: s, lambda x: x),
    "log_sigma": (np.log, np.exp),
    "softplus": (lambda s: s + np.log(-np.expm1(-s)), lambda x: np.log1p(np.exp(x))),
    "variance": (np.square, np.sqrt),
    "log_variance": (lambda s: 2 * np.log(s), lambda x: np.exp(x / 2)),
    "precision": (lambda s: 1 / s**2, lambda x: 1 / np.sqrt(x)),
}
RESULTS = [
    "distance", "penalty_distance", "by_mean", "by_scale", "divergence", "metric", "metric_scale",
    "natural", "natural_scale", "log", "log_scale", "at", "at_scale", "exp", "exp_scale",
]


def evaluate(chart, element, *arrays):
    """Everything the family computes of two beliefs (m1, s1, m2, s2), by name."""
    types = ", ".join(["!t"] * len(RESULTS))
    results = run(
        f"""
!t = tensor<{len(arrays[0])}x{element}>
!b = !fisher.belief<#fisher.gaussian_mean<{chart}>, !t>
func.func @main(%m1: !t, %s1: !t, %m2: !t, %s2: !t) -> ({types}) {{
  %t = arith.constant 0.25 : {element}
  %a = fisher.belief %m1, %s1 : !b
  %b = fisher.belief %m2, %s2 : !b
  %d = fisher.squared_distance %a, %b : !b -> !t
  %d2, %g:2 = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t, !t
  %k = fisher.kl_divergence %a, %b : !b -> !t
  %c:2 = fisher.metric %a, %m2, %m1 : !b
  %n:2 = fisher.natural_gradient %a, %m2, %m1 : !b
  %l:2 = fisher.log %a, %b : !b
  %q = fisher.geodesic %a, %b at %t : !b
  %p:2 = fisher.components %q : !b
  %e = fisher.exp %a, %m2, %m1 : !b
  %x:2 = fisher.components %e : !b
  return %d, %d2, %g#0, %g#1, %k, %c#0, %c#1, %n#0, %n#1, %l#0, %l#1, %p#0, %p#1, %x#0, %x#1
      : {types}
}}""",
        *arrays,
    )
    return dict(zip(RESULTS, results))


@pytest.mark.reference
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("chart", CHARTS)
def test_formulas(chart, element):
    dtype = ELEMENTS[element]
    rng = np.random.default_rng(3)
    reach = 1.5 if chart == "softplus" else 6
    sigma = 10 ** rng.uniform(-reach, reach, 4000)
    mean = sigma * 10 ** rng.uniform(-3, 3, 4000) * rng.choice([-1, 1], 4000)
    other = mean + sigma * 10 ** rng.uniform(-3, 3, 4000) * rng.choice([-1, 1], 4000)
    store, load = CHARTS[chart]
    m1, s1, m2 = (x.astype(dtype) for x in (mean, store(sigma), other))
    # Not the same value, so that nothing is found equal before it is computed.
    got = evaluate(chart, element, m1, s1, m2, s1.copy())
    a, s, b = (x.astype(np.longdouble) for x in (m1, load(s1.astype(np.longdouble)), m2))
    expected = {
        "distance": ((a - b) / s) ** 2,
        "penalty_distance": ((a - b) / s) ** 2,
        "by_mean": 2 * (a - b) / s**2,
        "divergence": ((a - b) / s) ** 2 / 2,
        "metric": b / s**2,
        "natural": s**2 * b,
        "log": b - a,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=16 * np.finfo(dtype).eps, err_msg=name)
    # Sums of numbers that may cancel.
    size = (abs(a) + abs(b)) * np.finfo(dtype).eps
    assert (abs(got["at"] - (0.75 * a + 0.25 * b)) <= 2 * size).all()
    assert (abs(got["exp"] - (a + b)) <= size).all()
    for name in ("by_scale", "metric_scale", "natural_scale", "log_scale"):
        assert (got[name] == 0).all(), name
    for name in ("at_scale", "exp_scale"):
        np.testing.assert_array_equal(got[name], s1, err_msg=name)


@pytest.mark.reference
@pytest.mark.parametrize("element", ELEMENTS)
def test_far_and_near(element):
    """The distance keeps its digits wherever it is a number of the type."""
    tiny, huge = {"f64": (1e-300, 1e300), "f32": (1e-37, 1e37)}[element]
    mean = np.array([0, 0, huge, 1, 1], ELEMENTS[element])
    other = np.array([tiny, huge, 0, 1, np.nextafter(np.array(1, ELEMENTS[element]), 2)])
    sigma = np.array([tiny, huge, huge, tiny, 1], ELEMENTS[element])
    got = evaluate("sigma", element, mean, sigma, other.astype(ELEMENTS[element]), sigma.copy())
    eps = np.finfo(ELEMENTS[element]).eps
    np.testing.assert_array_equal(got["distance"], [1, 1, 1, 0, eps**2])
    assert got["by_mean"][3] == 0 and np.isfinite(got["by_mean"][1:]).all()


@pytest.mark.reference
@pytest.mark.parametrize("chart", CHARTS)
def test_two_spreads_have_no_distance(chart):
    mean, other = np.array([0.0, 1.0]), np.array([0.5, 1.0])
    scale = np.array([0.5, 0.5])
    got = evaluate(chart, "f64", mean, scale, other, np.nextafter(scale, 1))
    for name in ("distance", "penalty_distance", "by_mean", "divergence", "log", "at"):
        assert np.isnan(got[name]).all(), name


@pytest.mark.reference
@pytest.mark.parametrize("chart", ["sigma", "variance", "precision"])
def test_outside_of_the_domain(chart):
    scale = np.array([0.0, -1.0, np.nan])
    got = evaluate(chart, "f64", np.zeros(3), scale, np.ones(3), scale.copy())
    for name in ("distance", "by_mean", "divergence", "metric", "natural"):
        assert np.isnan(got[name]).all(), name


def test_second_order_of_the_gaussian():
    """The distance among all Gaussians is the same to second order, and less."""
    steps = 2.0 ** -np.arange(2, 12)
    sigma = np.full_like(steps, 0.5)
    known, all_ = (
        run(
            f"""
!t = tensor<10xf64>
!b = !fisher.belief<#fisher.{family}<sigma>, !t>
func.func @main(%m: !t, %s: !t, %n: !t, %r: !t) -> !t {{
  %a = fisher.belief %m, %s : !b
  %b = fisher.belief %n, %r : !b
  %d = fisher.squared_distance %a, %b : !b -> !t
  return %d : !t
}}""",
            steps, sigma, np.zeros(10), sigma.copy(),
        )[0]
        for family in ("gaussian_mean", "gaussian")
    )
    excess = known - all_
    assert (excess > 0).all()
    # What is left is of fourth order: a sixteenth at half the step.
    np.testing.assert_allclose(excess[:-1] / excess[1:], 16, rtol=0.03)
