# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From the uniform belief to the sharpest that the element type can hold,
angles of any size, outside the domain, in storage types, and in every shape."""

import functools

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest

import von_mises
from accuracy import assert_storage_computes_in_f32, Worst
from execution import run

ELEMENTS = {"f64": np.float64, "f32": np.float32}
STORAGE = {"bf16": ml_dtypes.bfloat16, "f16": np.float16}
CASES = [(chart, element) for chart in von_mises.CHARTS for element in ELEMENTS]
DISTANCE_TOLERANCE = {"f64": 1e-11, "f32": 2e-6}
GRADIENT_TOLERANCE = {"f64": 1e-11, "f32": 5e-6}
SHARPEST = {"f64": 1e15, "f32": 1e8}

DISTANCE = """
!b = !fisher.belief<#fisher.von_mises<{chart}>, {tensor}>
func.func @main(%m1: {tensor}, %k1: {tensor}, %m2: {tensor}, %k2: {tensor})
    -> ({batch}, {tensor}, {tensor}) {{
  %a = fisher.belief %m1, %k1 : !b
  %b = fisher.belief %m2, %k2 : !b
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b
      : !b -> {batch}, {tensor}, {tensor}
  return %d, %g0, %g1 : {batch}, {tensor}, {tensor}
}}
"""


def distance(chart, shape, element, *inputs):
    compute = "f64" if element == "f64" else "f32"
    return run(DISTANCE.format(chart=chart, tensor=f"tensor<{shape}{element}>",
                               batch=f"tensor<{shape}{compute}>"), *inputs)


def columns(dtype, *values):
    """The values as arrays of one size."""
    return [np.array(c, dtype) for c in np.broadcast_arrays(*values)]


def stored(chart, kappa, dtype):
    """Stored values of concentrations, rounded once."""
    return np.array([float(von_mises.CHARTS[chart][1](mp.mpf(float(k))))
                     for k in kappa], dtype=dtype)


def radius_slope(kappa):
    return mp.sqrt(von_mises.resultant(mp.mpf(float(kappa)))[1])


@functools.cache
def radius_between(low, high):
    with mp.workdps(30):
        return mp.quad(radius_slope, [low, high])


def radius(kappa):
    """The distance from the uniform belief."""
    ends = [k for k in [0.0, *(2.0**n for n in range(-2, 20))] if k < kappa]
    ends.append(float(kappa))
    return sum(map(radius_between, ends, ends[1:]), mp.mpf(0))


@pytest.mark.parametrize("chart,element", CASES)
def test_zero_distance_is_exact(chart, element):
    """For every concentration and angle that the element type can hold."""
    dtype = ELEMENTS[element]
    smallest = {"f64": 1e-300, "f32": 1e-37}[element]
    kappa = np.geomspace(smallest, SHARPEST[element], 400)
    kappa = stored(chart, kappa, dtype)
    if chart == "kappa":
        kappa[0] = 0
    mu = (np.random.default_rng(0).normal(size=400) * 100).astype(dtype)
    for result in distance(chart, "400x", element, mu, kappa, mu, kappa):
        np.testing.assert_array_equal(result, np.zeros(400, dtype))


@pytest.mark.parametrize("element", ELEMENTS)
def test_uniform_belief(element):
    """The distance from concentration zero is an integral along the radius, for
    every direction; no force turns the uniform belief or another around it."""
    dtype = ELEMENTS[element]
    kappa = np.array([0, 1e-30, 1e-3, 0.5, 3, 20, 100], dtype)
    mu1, mu2 = np.meshgrid(np.array([0, 1, -3], dtype), kappa)
    mu1 = mu1.ravel()
    other = mu2.ravel()
    zero, angle = columns(dtype, 0 * mu1, 0.25)
    there = distance("kappa", f"{len(mu1)}x", element, angle, zero, mu1, other)
    back = distance("kappa", f"{len(mu1)}x", element, mu1, other, angle, zero)
    worst = [Worst("d2"), Worst("gradient")]
    for i, k in enumerate(other):
        r = radius(k)
        if k == 0:
            assert all(result[i] == 0 for result in (*there, *back))
            continue
        # From the uniform belief, along the direction that it has by name.
        inward = -mp.cos(mp.mpf(float(mu1[i])) - mp.mpf("0.25")) * radius_slope(0)
        for (d2, g0, g1), slope in ((there, inward), (back, radius_slope(k))):
            worst[0].add(d2[i], r**2, DISTANCE_TOLERANCE[element] * r**2 +
                         np.finfo(dtype).tiny, f"kappa {k}")
            assert g0[i] == 0
            worst[1].add(g1[i], 2 * r * slope,
                         GRADIENT_TOLERANCE[element] * r, f"kappa {k}")
    for w in worst:
        w.check()


@pytest.mark.parametrize("element", ELEMENTS)
def test_tangent_vectors_at_the_uniform_belief(element):
    """There only the part of a vector along the stored direction is known; the
    direction has no natural gradient, or an infinite one."""
    dtype = ELEMENTS[element]
    r = float(radius(2.0))
    v0, v1, n0, n1, q0, q1, p0, p1 = run(f"""
!t = tensor<3x{element}>
!b = !fisher.belief<#fisher.von_mises<kappa>, !t>
func.func @main(%m1: !t, %k1: !t, %m2: !t, %k2: !t, %g0: !t, %w1: !t)
    -> (!t, !t, !t, !t, !t, !t, !t, !t) {{
  %a = fisher.belief %m1, %k1 : !b
  %b = fisher.belief %m2, %k2 : !b
  %v0, %v1 = fisher.log %a, %b : !b
  %n0, %n1 = fisher.natural_gradient %a, %g0, %w1 : !b
  %q = fisher.exp %a, %g0, %w1 : !b
  %q0, %q1 = fisher.components %q : !b
  %t = arith.constant 0.75 : {element}
  %p = fisher.geodesic %b, %a at %t : !b
  %p0, %p1 = fisher.components %p : !b
  return %v0, %v1, %n0, %n1, %q0, %q1, %p0, %p1
      : !t, !t, !t, !t, !t, !t, !t, !t
}}""", *columns(dtype, 0.25, [0.0, 0, 0], 1.0, 2.0, [0.0, 0, 1],
                [np.sqrt(2) * r, -np.sqrt(2) * r, 1]))
    tolerance = {"f64": 1e-11, "f32": 5e-6}[element]
    close = lambda got, expected: np.testing.assert_allclose(
        got, expected, rtol=tolerance)
    assert (v0 == 0).all() and (n0[:2] == 0).all() and np.isinf(n0[2])
    close(v1, np.sqrt(2) * r * np.cos(0.75))
    close(n1, 2 * np.sqrt(2) * r * np.array([1, -1, 1 / (np.sqrt(2) * r)]))
    close(q1[:2], 2.0)
    close(q0[0], 0.25)
    close(np.abs(q0[1] - 0.25), np.pi)
    close(p0, 1.0)
    close([float(radius(float(k))) for k in p1], r / 4)


@pytest.mark.parametrize("chart,element", CASES)
def test_sharp_beliefs_are_gaussian(chart, element):
    """With sigma^2 = 1/kappa, up to a fraction 1/kappa of the distance."""
    dtype = ELEMENTS[element]
    rng = np.random.default_rng(1)
    count, big = 300, SHARPEST[element]
    k1, k2 = big * 10.0**rng.uniform(-1, 0, (2, count))
    s1, s2 = (stored(chart, k, dtype) for k in (k1, k2))
    turn = (10.0**rng.uniform(-2, 1, count) / np.sqrt(big)).astype(dtype)
    d2, g0, g1 = distance(chart, f"{count}x", element, 0 * turn, s1, turn, s2)
    worst = Worst("d2")
    tolerance = DISTANCE_TOLERANCE[element] + 10 / big
    for i in range(count):
        a, b = (mp.mpf(float(s[i])) for s in (s1, s2))
        sigma = [1 / mp.sqrt(von_mises.CHARTS[chart][0](s)) for s in (a, b)]
        x = (mp.mpf(float(turn[i]))**2 / 2 + (sigma[0] - sigma[1])**2) / (
            4 * sigma[0] * sigma[1])
        expected = 8 * mp.asinh(mp.sqrt(x))**2
        unit = mp.mpf(float(np.finfo(dtype).eps)) / 2
        moved = sum(von_mises.rounding_length(chart, [mp.mpf(0), s], unit)
                    for s in (a, b))
        worst.add(d2[i], expected, tolerance * expected +
                  2 * mp.sqrt(expected) * moved, f"pair {i}")
    worst.check()
    assert (g0 < 0).all() and np.isfinite(g1).all()


@pytest.mark.parametrize("element", ELEMENTS)
def test_vague_beliefs_are_a_plane(element):
    """With the polar radius kappa/sqrt(2), down to the smallest numbers."""
    dtype = ELEMENTS[element]
    rng = np.random.default_rng(2)
    low = {"f64": -300, "f32": -36}[element]
    high = {"f64": -7, "f32": -4}[element]
    scale = 10.0**rng.uniform(low, high, 300)
    k1, k2 = (scale * rng.uniform(0.1, 1, (2, 300))).astype(dtype)
    mu = rng.uniform(-3, 3, 300).astype(dtype)
    d2, g0, g1 = distance("kappa", "300x", element, mu, k1, 0 * mu, k2)
    worst = [Worst("d2"), Worst("gradient")]
    for i in range(300):
        m, a, b = (mp.mpf(float(c[i])) for c in (mu, k1, k2))
        expected = (a**2 + b**2 - 2 * a * b * mp.cos(m)) / 2
        worst[0].add(d2[i], expected, DISTANCE_TOLERANCE[element] * expected +
                     np.finfo(dtype).tiny, f"pair {i}")
        size = mp.sqrt(2 * expected)
        for got, e, s in ((g0[i], a * b * mp.sin(m), a),
                          (g1[i], a - b * mp.cos(m), 1)):
            worst[1].add(got, e, GRADIENT_TOLERANCE[element] * size * s +
                         4 * np.finfo(dtype).tiny, f"pair {i}")
    for w in worst:
        w.check()


@pytest.mark.parametrize("element", ELEMENTS)
def test_walks_from_sharp_beliefs(element):
    """Half the logarithm leads to the middle of the geodesic, which between sharp
    beliefs is a vague one."""
    rng = np.random.default_rng(8)
    dtype, limit = ELEMENTS[element], {"f64": 14, "f32": 7}[element]
    inputs = columns(dtype, rng.uniform(-3, 3, 400),
                     10.0**rng.uniform(-limit, limit, 400),
                     rng.uniform(-3, 3, 400), 10.0**rng.uniform(-limit, limit, 400))
    walked, across, middle, opposite = run(f"""
!b = !fisher.belief<#fisher.von_mises<kappa>, tensor<400x{element}>>
!t = tensor<400x{element}>
func.func @main(%m1: !t, %k1: !t, %m2: !t, %k2: !t) -> (!t, !t, !t, !t) {{
  %a = fisher.belief %m1, %k1 : !b
  %b = fisher.belief %m2, %k2 : !b
  %v0, %v1 = fisher.log %a, %b : !b
  %half = arith.constant dense<0.5> : !t
  %h0 = arith.mulf %half, %v0 : !t
  %h1 = arith.mulf %half, %v1 : !t
  %q = fisher.exp %a, %h0, %h1 : !b
  %q0, %q1 = fisher.components %q : !b
  %t = arith.constant 0.5 : {element}
  %r = fisher.geodesic %a, %b at %t : !b
  %r0, %r1 = fisher.components %r : !b
  return %q1, %q0, %r1, %r0 : !t, !t, !t, !t
}}""", *inputs)
    tolerance = {"f64": 1e-10, "f32": 2e-3}[element]
    # The uniform belief has no direction, and a vague one hardly any.
    turn = np.abs(np.exp(1j * across) - np.exp(1j * opposite))
    np.testing.assert_allclose(walked, middle, rtol=tolerance, atol=tolerance)
    assert (turn * np.minimum(middle, 1)).max() < tolerance


@pytest.mark.parametrize("element", ELEMENTS)
def test_angles_of_any_size(element):
    """Angles are compared modulo 2 pi, exactly."""
    dtype = ELEMENTS[element]
    rng = np.random.default_rng(3)
    count = 600
    mu1, mu2 = (10.0**rng.uniform(-1, 5, (2, count)) *
                rng.choice([-1, 1], (2, count))).astype(dtype)
    # Some within a rounding of whole turns, and of odd half turns.
    turns = rng.integers(-1000, 1000, 200)
    mu2[:200] = mu1[:200] + (turns * np.pi).astype(dtype)
    k1, k2 = np.exp(rng.uniform(-2, 3, (2, count))).astype(dtype)
    got = distance("kappa", f"{count}x", element, mu1, k1, mu2, k2)
    wrapped = np.array([float(von_mises.wrap(
        mp.mpf(float(b)) - mp.mpf(float(a)))) for a, b in zip(mu1, mu2)])
    expected = distance("kappa", f"{count}x", "f64", 0 * wrapped,
                        k1.astype(np.float64), wrapped, k2.astype(np.float64))
    np.testing.assert_allclose(got[0], expected[0],
                               rtol=DISTANCE_TOLERANCE[element])
    size = np.hypot(expected[1], expected[2])
    for g, e in zip(got[1:], expected[1:]):
        assert (np.abs(g - e) / size).max() < 2 * GRADIENT_TOLERANCE[element]


@pytest.mark.parametrize("element", ELEMENTS)
def test_opposite_directions(element):
    """Half a turn apart, the geodesic runs through the uniform belief: the
    distance is the sum of two radii, from whichever side the angle comes, and
    the gradient in the direction is next to nothing."""
    dtype = ELEMENTS[element]
    kappa = np.geomspace(1e-3, 1e3, 12).astype(dtype)
    expected = [(radius(k) + radius(2 * k))**2 for k in kappa]
    eps = np.finfo(dtype).eps
    for angle in (np.pi * (1 - 4 * eps), np.pi, np.pi * (1 + 4 * eps), -np.pi):
        d2, g0, g1 = distance("kappa", "12x", element,
                              *columns(dtype, 0, kappa, angle, 2 * kappa))
        missing = float(von_mises.wrap(mp.mpf(float(dtype(angle))) - mp.pi))
        distances, gradients = Worst("d2"), Worst("gradient")
        for i, e in enumerate(expected):
            distances.add(d2[i], e, DISTANCE_TOLERANCE[element] * e, f"{kappa[i]}")
            gradients.add(g1[i], 2 * mp.sqrt(e) * radius_slope(kappa[i]),
                          GRADIENT_TOLERANCE[element] * mp.sqrt(e), f"{kappa[i]}")
        distances.check()
        gradients.check()
        assert (np.sign(g0) == np.sign(missing)).all()
        assert (np.abs(g0) < 4 * np.sqrt(d2) * kappa * abs(missing)).all()


OPERATIONS = """
!t = tensor<{n}x{e}>
!b = !fisher.belief<#fisher.von_mises<{chart}>, !t>
func.func @main(%m1: !t, %k1: !t, %m2: !t, %k2: !t)
    -> (!t, !t, !t, !t, !t, !t, !t, !t) {{
  %a = fisher.belief %m1, %k1 : !b
  %b = fisher.belief %m2, %k2 : !b
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t, !t
  %k = fisher.kl_divergence %a, %b : !b -> !t
  %t = arith.constant 0.25 : {e}
  %q = fisher.geodesic %a, %b at %t : !b
  %q0, %q1 = fisher.components %q : !b
  %v0, %v1 = fisher.log %a, %b : !b
  return %d, %g0, %g1, %k, %q0, %q1, %v0, %v1
      : !t, !t, !t, !t, !t, !t, !t, !t
}}
"""


@pytest.mark.parametrize("element", ELEMENTS)
def test_outside_the_domain_is_nan(element):
    """Elements with a concentration below zero or an infinite one, or a
    direction that is no number, are NaN, others are not."""
    bad = [(0.0, -1.0), (0.0, -1e-30), (0.0, np.nan), (0.0, np.inf),
           (np.nan, 1.0), (np.inf, 1.0), (0.3, 1.0)]
    mu, kappa = np.array(bad, ELEMENTS[element]).T
    good = columns(mu.dtype, np.full(7, 0.5), 2.0)
    for inputs in ((mu, kappa, *good), (*good, mu, kappa)):
        results = run(OPERATIONS.format(chart="kappa", e=element, n=7), *inputs)
        for result in results:
            assert np.isnan(result[:6]).all(), result
            assert np.isfinite(result[6]), result


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("chart", ["log_kappa", "softplus"])
def test_concentration_underflows(chart, element):
    """Stored values so low that kappa is zero are the uniform belief."""
    dtype = ELEMENTS[element]
    low = np.array([-50, -80, -100, -700, -1000, -3e4], dtype)
    high = columns(dtype, np.full(6, 0.5), 1.0)
    d2, g0, g1, k, q0, q1, _, _ = run(
        OPERATIONS.format(chart=chart, e=element, n=6), *columns(dtype, 0.1, low),
        *high)
    kappa = von_mises.CHARTS[chart][0](mp.mpf(1))
    radius = mp.quad(lambda k: mp.sqrt(von_mises.resultant(k)[1]), [0, kappa])
    np.testing.assert_allclose(d2, float(radius**2), rtol=2e-6)
    np.testing.assert_allclose(k, float(von_mises.divergence(
        "kappa", [mp.mpf(0), mp.mpf(0)], [mp.mpf(0), kappa])[0]), rtol=2e-6)
    assert (np.abs(g0) < 1e-20).all() and (np.abs(g1) < 1e-20).all()
    np.testing.assert_allclose(q0, 0.5, rtol=1e-5)
    np.testing.assert_allclose(q1, q1[-1], rtol=1e-5)
    low[:] = -3e4
    d2, g0, g1 = distance(chart, "6x", element, *columns(dtype, 0.1, low),
                          *columns(dtype, 0.5, 2 * low))
    assert not d2.any() and not g0.any() and not g1.any()


@pytest.mark.reference
@pytest.mark.parametrize("element", STORAGE)
@pytest.mark.parametrize("chart", von_mises.CHARTS)
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


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("shape,dims", [
    ((), ""), ((0,), "0x"), ((17,), "?x"), ((2, 3, 4), "?x3x?x")])
def test_every_shape(shape, dims, element):
    rng = np.random.default_rng(4)
    inputs = [np.asarray(rng.normal(size=shape), ELEMENTS[element])
              for _ in range(4)]
    results = distance("log_kappa", dims, element, *inputs)
    flat = distance("log_kappa", f"{int(np.prod(shape))}x", element,
                    *[x.reshape(-1) for x in inputs])
    for result, expected in zip(results, flat):
        assert result.shape == shape
        np.testing.assert_array_equal(result.reshape(-1), expected)


@pytest.mark.parametrize("element", ELEMENTS)
def test_penalty_is_weight_times_sum(element):
    rng = np.random.default_rng(5)
    dtype = ELEMENTS[element]
    inputs = [rng.normal(size=(30, 7)).astype(dtype) for _ in range(4)]
    tensor = f"tensor<?x7x{element}>"
    p, g0, g1 = run(f"""
!b = !fisher.belief<#fisher.von_mises<softplus>, {tensor}>
func.func @main(%m1: {tensor}, %k1: {tensor}, %m2: {tensor}, %k2: {tensor})
    -> (tensor<{element}>, {tensor}, {tensor}) {{
  %a = fisher.belief %m1, %k1 : !b
  %b = fisher.belief %m2, %k2 : !b
  %w = arith.constant 0.5 : {element}
  %p, %g0, %g1 = fisher.penalty_with_gradient %a toward %b weight %w
      : !b -> tensor<{element}>, {tensor}, {tensor}
  return %p, %g0, %g1 : tensor<{element}>, {tensor}, {tensor}
}}""", *inputs)
    d2, h0, h1 = distance("softplus", "?x7x", element, *inputs)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(p, 0.5 * np.sum(d2, dtype=np.float64),
                               rtol=16 * eps)
    np.testing.assert_array_equal(g0, 0.5 * h0)
    np.testing.assert_array_equal(g1, 0.5 * h1)
