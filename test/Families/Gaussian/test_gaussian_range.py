# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From distance zero to the far end of the element type, outside the domain,
in storage types, and in every shape."""

import itertools

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest

import gaussian_truth as truth
from accuracy import assert_storage_computes_in_f32, rounding_allowance, Worst
from execution import run

ELEMENTS = {"f64": np.float64, "f32": np.float32}
STORAGE = {"bf16": ml_dtypes.bfloat16, "f16": np.float16}
CASES = [(chart, element) for chart in truth.CHARTS for element in ELEMENTS]

DISTANCE = """
!b = !fisher.belief<#fisher.gaussian<{chart}>, {tensor}>
func.func @main(%m1: {tensor}, %s1: {tensor}, %m2: {tensor}, %s2: {tensor})
    -> ({batch}, {tensor}, {tensor}) {{
  %a = fisher.belief %m1, %s1 : !b
  %b = fisher.belief %m2, %s2 : !b
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b
      : !b -> {batch}, {tensor}, {tensor}
  return %d, %g0, %g1 : {batch}, {tensor}, {tensor}
}}
"""


def distance(chart, shape, element, *inputs):
    compute = "f64" if element == "f64" else "f32"
    return run(DISTANCE.format(chart=chart, tensor=f"tensor<{shape}{element}>",
                               batch=f"tensor<{shape}{compute}>"), *inputs)


def stored(chart, sigma, dtype):
    """Stored values of standard deviations, rounded once."""
    return np.array([float(truth.CHARTS[chart][1](mp.mpf(float(s))))
                     for s in sigma], dtype=dtype)


@pytest.mark.parametrize("chart,element", CASES)
def test_zero_distance_is_exact(chart, element):
    """A belief is at distance zero from itself, and the gradient is zero, for
    every scale that the element type can hold."""
    dtype = ELEMENTS[element]
    exponent = {"f64": 140, "f32": 17}[element]
    sigma = 10.0**np.linspace(-exponent, exponent, 101)
    scale = stored(chart, sigma, dtype)
    mean = np.random.default_rng(0).normal(size=101).astype(dtype) * sigma
    mean = mean.astype(dtype)
    for result in distance(chart, "101x", element, mean, scale, mean, scale):
        np.testing.assert_array_equal(result, np.zeros(101, dtype))


@pytest.mark.parametrize("element", ELEMENTS)
def test_far_end(element):
    """Extreme means and scales in all combinations: the distance is small
    where its square is far beyond the type's range."""
    dtype = ELEMENTS[element]
    big = {"f64": 1e300, "f32": 1e37}[element]
    values = [1 / big, 1.0, big]
    points = np.array(list(itertools.product([0.0, *values, -big], values,
                                             [0.0, *values], values)), dtype)
    d2, g0, g1 = distance("sigma", f"{len(points)}x", element, *points.T)
    tolerance = {"f64": 2e-14, "f32": 6e-7}[element]
    smallest, largest = np.finfo(dtype).tiny, np.finfo(dtype).max
    for i, point in enumerate(points):
        x = [mp.mpf(float(v)) for v in point]
        expected = truth.distance_and_gradient("sigma", x[:2], x[2:])
        if x[:2] == x[2:]:
            assert d2[i] == 0 and g0[i] == 0 and g1[i] == 0
            continue
        error = abs(mp.mpf(float(d2[i])) - expected[0])
        assert error <= max(tolerance * expected[0], smallest), (
            f"{point}: got {d2[i]}, expected {mp.nstr(expected[0], 17)}")
        for got, e in zip((g0[i], g1[i]), expected[1:]):
            assert not np.isnan(got), f"{point}"
            if abs(e) < largest:
                assert np.isfinite(got), f"{point}: {got} for {mp.nstr(e, 17)}"


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("chart", ["log_sigma", "log_variance"])
def test_far_logarithms(chart, element):
    """Sums and differences of large stored logarithms lose their last digits,
    which exponentials multiply; the logarithmic map must not show it."""
    dtype, unit = ELEMENTS[element], mp.mpf(float(np.finfo(ELEMENTS[element]).eps)) / 2
    rng = np.random.default_rng(6)
    limit = {"f64": 220, "f32": 26}[element]
    scales = rng.uniform(-limit, limit, (2, 300)).astype(dtype)
    means = (np.exp(rng.uniform(-limit, limit, (2, 300))) *
             rng.choice([-1, 1], (2, 300))).astype(dtype)
    inputs = [means[0], scales[0], means[1], scales[1]]
    log = run(f"""
!b = !fisher.belief<#fisher.gaussian<{chart}>, tensor<300x{element}>>
!t = tensor<300x{element}>
func.func @main(%m1: !t, %s1: !t, %m2: !t, %s2: !t) -> (!t, !t) {{
  %a = fisher.belief %m1, %s1 : !b
  %b = fisher.belief %m2, %s2 : !b
  %v0, %v1 = fisher.log %a, %b : !b
  return %v0, %v1 : !t, !t
}}""", *inputs)

    def function(*x):
        gradient = truth.distance_and_gradient(chart, x[:2], x[2:])[1:]
        return [-n / 2 for n in truth.natural_gradient(chart, x[:2], gradient)]

    worst = Worst(f"{chart} {element} logarithm")
    for i in range(300):
        x = [mp.mpf(float(column[i])) for column in inputs]
        expected = function(*x)
        largest = max(abs(e) for e in expected)
        for got, e, rounding in zip(log, expected,
                                    rounding_allowance(function, x, unit)):
            worst.add(got[i], e, 16 * unit * largest + rounding, f"pair {i}")
    worst.check()


@pytest.mark.parametrize("chart,element", CASES)
def test_largest_divergences(chart, element):
    """Divergences up to the largest number of the type, for which the square of
    the scales' ratio is no number."""
    dtype = ELEMENTS[element]
    largest = float(np.finfo(dtype).max)
    shares = np.linspace(0.3, 0.98, 40)
    # KL is half of the squared ratio, and half the square of the means'.
    root = np.sqrt(np.sqrt(2 * shares)) * np.sqrt(np.sqrt(largest))
    scales = [stored(chart, s, dtype) for s in (root, 1 / root)]
    mean = np.zeros(40, dtype)
    (got,) = run(f"""
!b = !fisher.belief<#fisher.gaussian<{chart}>, tensor<40x{element}>>
!t = tensor<40x{element}>
func.func @main(%m: !t, %s1: !t, %s2: !t) -> !t {{
  %a = fisher.belief %m, %s1 : !b
  %b = fisher.belief %m, %s2 : !b
  %k = fisher.kl_divergence %a, %b : !b -> !t
  return %k : !t
}}""", mean, *scales)
    worst = Worst(f"{chart} {element}")
    unit = mp.mpf(float(np.finfo(dtype).eps)) / 2
    for i, pair in enumerate(zip(*scales)):
        function = lambda *s: truth.divergence(chart, (0, s[0]), (0, s[1]))
        inputs = [mp.mpf(float(s)) for s in pair]
        (expected,) = function(*inputs)
        if expected > largest * (1 - 1e-3):
            continue
        (rounding,) = rounding_allowance(function, inputs, unit)
        worst.add(got[i], expected, 16 * unit * expected + 4 * rounding,
                  f"{shares[i]:.2f} of the largest number")
    worst.check()


@pytest.mark.parametrize("chart,element", CASES)
def test_symmetric(chart, element):
    rng = np.random.default_rng(2)
    dtype = ELEMENTS[element]
    scales = [stored(chart, np.exp(rng.normal(size=500) * 3), dtype)
              for _ in range(2)]
    means = [rng.normal(size=500).astype(dtype) for _ in range(2)]
    there = distance(chart, "500x", element, means[0], scales[0], means[1],
                     scales[1])[0]
    back = distance(chart, "500x", element, means[1], scales[1], means[0],
                    scales[0])[0]
    np.testing.assert_allclose(there, back, rtol=20 * np.finfo(dtype).eps)


ALL_OPERATIONS = """
!b = !fisher.belief<#fisher.gaussian<{chart}>, tensor<4x{e}>>
!t = tensor<4x{e}>
func.func @main(%m1: !t, %s1: !t, %m2: !t, %s2: !t)
    -> (!t, !t, !t, !t, !t, !t, !t, !t) {{
  %a = fisher.belief %m1, %s1 : !b
  %b = fisher.belief %m2, %s2 : !b
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t, !t
  %k = fisher.kl_divergence %a, %b : !b -> !t
  %t = arith.constant 0.25 : {e}
  %q = fisher.geodesic %a, %b at %t : !b
  %q0, %q1 = fisher.components %q : !b
  %n0, %n1 = fisher.natural_gradient %a, %m2, %s2 : !b
  return %d, %g0, %g1, %k, %q0, %q1, %n0, %n1 : !t, !t, !t, !t, !t, !t, !t, !t
}}
"""


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("chart", ["sigma", "variance", "precision"])
def test_outside_the_domain_is_nan(chart, element):
    """Elements with a scale outside the domain are NaN, others are not."""
    dtype = ELEMENTS[element]
    mean = np.zeros(4, dtype)
    bad = np.array([0.0, -1.0, np.nan, 1.0], dtype)
    good = np.full(4, 2.0, dtype)
    results = run(ALL_OPERATIONS.format(chart=chart, e=element), mean, bad,
                  mean, good)
    names = ["d2", "g0", "g1", "kl", "q0", "q1", "n0", "n1"]
    for name, result in zip(names, results):
        if name == "q0":  # the means are equal, wherever the geodesic goes
            continue
        assert np.isnan(result[:3]).all(), f"{name}: {result}"
        assert np.isfinite(result[3]), f"{name}: {result}"
    reverse = run(ALL_OPERATIONS.format(chart=chart, e=element), mean, good,
                  mean, bad)
    for name, result in zip(names[:6], reverse):
        if name != "q0":
            assert np.isnan(result[:3]).all(), f"{name}: {result}"


@pytest.mark.reference
@pytest.mark.parametrize("element", STORAGE)
@pytest.mark.parametrize("chart", truth.CHARTS)
def test_storage_types_compute_in_f32(chart, element):
    rng = np.random.default_rng(3)
    dtype = STORAGE[element]
    inputs = []
    for _ in range(2):
        inputs += [rng.normal(size=64).astype(dtype),
                   stored(chart, np.exp(rng.normal(size=64)), dtype)]
    low = distance(chart, "64x", element, *inputs)
    wide = distance(chart, "64x", "f32",
                    *[x.astype(np.float32) for x in inputs])
    assert all(result.dtype == dtype for result in low[1:])
    assert_storage_computes_in_f32(low, wide)


@pytest.mark.parametrize("shape,dims", [
    ((), ""), ((0,), "0x"), ((3, 0, 2), "3x0x2x"), ((1,), "1x"), ((17,), "?x"),
    ((2, 3, 4, 5), "2x3x4x5x"), ((2, 3, 4), "?x3x?x"), ((0, 5), "?x?x")])
def test_every_shape(shape, dims):
    rng = np.random.default_rng(4)
    inputs = [rng.normal(size=shape) for _ in range(4)]
    results = distance("log_sigma", dims, "f64", *inputs)
    flat = distance("log_sigma", f"{int(np.prod(shape))}x", "f64",
                    *[x.reshape(-1) for x in inputs])
    for result, expected in zip(results, flat):
        assert result.shape == shape
        np.testing.assert_array_equal(result.reshape(-1), expected)


PENALTY = """
!b = !fisher.belief<#fisher.gaussian<softplus>, tensor<{dims}{e}>>
!t = tensor<{dims}{e}>
func.func @main(%m1: !t, %s1: !t, %m2: !t, %s2: !t, %w: tensor<{c}>)
    -> (tensor<{c}>, tensor<{c}>, !t, !t) {{
  %a = fisher.belief %m1, %s1 : !b
  %b = fisher.belief %m2, %s2 : !b
  %weight = tensor.extract %w[] : tensor<{c}>
  %p = fisher.penalty %a toward %b weight %weight : !b -> tensor<{c}>
  %q, %g0, %g1 = fisher.penalty_with_gradient %a toward %b weight %weight
      : !b -> tensor<{c}>, !t, !t
  return %p, %q, %g0, %g1 : tensor<{c}>, tensor<{c}>, !t, !t
}}
"""


@pytest.mark.parametrize("element", ["f64", "f32", "bf16", "f16"])
@pytest.mark.parametrize("shape,dims", [((300, 7), "300x7x"), ((11,), "?x"),
                                        ((), ""), ((0, 4), "0x4x")])
def test_penalty_is_weight_times_sum(element, shape, dims):
    rng = np.random.default_rng(5)
    dtype = {**ELEMENTS, **STORAGE}[element]
    compute = np.float64 if element == "f64" else np.float32
    inputs = [np.asarray(rng.normal(size=shape)).astype(dtype)
              for _ in range(4)]
    weight = np.asarray(0.37, compute)
    c = "f64" if element == "f64" else "f32"
    p, q, g0, g1 = run(PENALTY.format(dims=dims, e=element, c=c), *inputs,
                       weight)
    d2, h0, h1 = distance("softplus", dims, element, *inputs)
    eps = np.finfo(compute).eps
    expected = float(weight) * np.sum(d2, dtype=np.float64)
    # f32 sums are taken in f64.
    np.testing.assert_allclose(p, expected, rtol=2 * eps if c == "f32" else 1e-13)
    np.testing.assert_array_equal(p, q)
    rounding = {"bf16": 2.0**-7, "f16": 2.0**-9}.get(element, 4 * eps)
    for got, gradient in zip((g0, g1), (h0, h1)):
        np.testing.assert_allclose(
            np.asarray(got).astype(np.float64),
            float(weight) * np.asarray(gradient).astype(np.float64),
            rtol=rounding, atol=rounding * 1e-3)


def test_sum_keeps_its_digits():
    """A million equal terms: an f32 sum taken one by one would be off by
    percents."""
    n = 1_000_000
    inputs = [np.zeros(n, np.float32), np.full(n, 0.3, np.float32),
              np.zeros(n, np.float32), np.full(n, -0.2, np.float32)]
    p = run(PENALTY.format(dims="?x", e="f32", c="f32"), *inputs,
            np.float32(1.0))[0]
    one = distance("softplus", "1x", "f32", *[x[:1] for x in inputs])[0][0]
    np.testing.assert_allclose(p, n * np.float64(one), rtol=1e-7)
