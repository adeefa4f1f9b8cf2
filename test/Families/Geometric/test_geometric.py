# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The geometric family, loaded as a plugin, against textbook formulas in 400 digits."""

import subprocess

import mpmath as mp
import numpy as np
import pytest
from accuracy import Worst, gradient, rounding_allowance
from execution import BUILD, DEVICE, run, tool

# Distances at the far end of f64 are small beside the logits.
mp.mp.dps = 400
PLUGIN = f"--load-dialect-plugin={BUILD / 'lib' / 'GeometricPlugin.so'}"
ELEMENTS = {"f64": np.float64, "f32": np.float32}
UNIT = {"f64": mp.mpf(2) ** -53, "f32": mp.mpf(2) ** -24}
TOLERANCE = {"f64": 2e-15, "f32": 1e-6}
CHARTS = ("probability", "logit")
CASES = [(chart, element) for chart in CHARTS for element in ELEMENTS]
SIZE = 200

# The truth. Functions take stored values and return lists.


def probabilities(chart, x):
    """p and q = 1 - p."""
    return (x, 1 - x) if chart == "probability" else (1 / (1 + mp.exp(-x)), 1 / (1 + mp.exp(x)))


def arc(chart, x):
    p, q = probabilities(chart, x)
    return 2 * mp.asinh(mp.sqrt(q / p))


def stored_at(chart, y):
    return mp.sech(y / 2) ** 2 if chart == "probability" else -2 * mp.log(mp.sinh(y / 2))


def slope(chart, x):
    """The derivative of the arc length, from the metric's square root."""
    p, q = probabilities(chart, x)
    return -1 / (p * mp.sqrt(q)) * (1 if chart == "probability" else p * q)


def divergence(chart, a, b):
    def logarithms(x):
        if chart == "probability":
            return mp.log(x), mp.log1p(-x)
        return -mp.log1p(mp.exp(-x)), -mp.log1p(mp.exp(x))

    (p1, q1), (p2, q2) = logarithms(a), logarithms(b)
    return p1 - p2 + mp.exp(q1 - p1) * (q1 - q2)


def advance(chart, x, tangent):
    return stored_at(chart, arc(chart, x) + slope(chart, x) * tangent)


def make_inputs(chart, dtype):
    """Stored values: equal, one rounding apart, near, moderate, and far apart."""
    rng = np.random.default_rng(1)
    largest = -0.98 * np.log(float(np.finfo(dtype).tiny))
    spread = np.repeat([1, 5, 30, largest], SIZE // 4)
    logits = rng.uniform(-1, 1, (2, SIZE)) * spread
    logits[1, ::4] = logits[0, ::4] + rng.normal(size=SIZE // 4) * 1e-3
    logits[1, 1::8] = logits[0, 1::8]
    if chart == "probability":
        # Above one half, neighbors of one are as close as the type allows.
        stored = np.clip(
            (1 / (1 + np.exp(-logits))).astype(dtype),
            np.finfo(dtype).tiny,
            1 - np.finfo(dtype).epsneg,
        ).astype(dtype)
    else:
        stored = logits.astype(dtype)
        # To the far end of the type, on one side or on both.
        far = float(np.finfo(dtype).max) * 0.4
        stored[:, -6:] = [[-far, 3, -far, -far, 500, 1e4], [3, -far, far, -far / 2, 502, 1e4 + 1]]
    stored[1, 2::8] = np.nextafter(stored[0, 2::8], dtype(0))
    return stored


def run_family(chart, element, body, results, *arrays):
    tensor = f"tensor<{len(arrays[0])}x{element}>"
    other = CHARTS[1 - CHARTS.index(chart)]
    return run(
        f"""
!t = {tensor}
!b = !fisher.belief<#testfam.geometric<{chart}>, {tensor}>
!c = !fisher.belief<#testfam.geometric<{other}>, {tensor}>
func.func @main({", ".join(f"%x{i}: !t" for i in range(len(arrays)))})
    -> ({", ".join(["!t"] * results)}) {{
  %a = fisher.belief %x0 : !b
  %b = fisher.belief %x1 : !b
  {body}
}}""",
        *arrays,
        options=[PLUGIN],
    )


def compare(what, chart, element, got, inputs, function, passes_zero=False, roundings=0):
    """Compares with `function` of the chart and of each row of the inputs. What
    is larger than the type's numbers must be infinite. A number of roundings of
    the inputs is allowed for where their effect is large."""
    kind = np.finfo(ELEMENTS[element])
    worst, compared = Worst(what), 0
    for i, row in enumerate(zip(*inputs)):
        numbers = [mp.mpf(float(value)) for value in row]
        truth = function(chart, *numbers)
        if truth == 0:
            assert got[i] == 0, f"{what}: {row}: {got[i]}"
        elif abs(truth) > kind.max:
            assert np.isinf(got[i]), f"{what}: {row}: {got[i]}"
        elif abs(truth) > kind.tiny:
            allowed = TOLERANCE[element] * (max(abs(truth), 1) if passes_zero else abs(truth))
            if roundings:
                (effect,) = rounding_allowance(
                    lambda *x: [function(chart, *x)], numbers, UNIT[element]
                )
                allowed += roundings * effect
            worst.add(got[i], truth, allowed, f"{row}")
            compared += 1
    worst.check()
    assert compared > SIZE / 2


@pytest.mark.reference
@pytest.mark.parametrize("chart,element", CASES)
def test_squared_distance_and_gradient(chart, element):
    a, b = make_inputs(chart, ELEMENTS[element])
    d, g, plain = run_family(
        chart,
        element,
        """
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t
  %plain = fisher.squared_distance %a, %b : !b -> !t
  return %d, %g, %plain : !t, !t, !t""",
        3,
        a,
        b,
    )
    np.testing.assert_array_equal(d, plain)
    assert sum(a == b) > SIZE / 10 and not any(d[a == b]) and not any(g[a == b])

    def gradient(chart, a, b):
        return 2 * (arc(chart, a) - arc(chart, b)) * slope(chart, a)

    compare(
        "d2", chart, element, d, (a, b), lambda chart, a, b: (arc(chart, a) - arc(chart, b)) ** 2
    )
    compare("gradient", chart, element, g, (a, b), gradient)


@pytest.mark.parametrize("chart,element", CASES)
def test_kl_divergence(chart, element):
    a, b = make_inputs(chart, ELEMENTS[element])
    (k,) = run_family(
        chart,
        element,
        """
  %k = fisher.kl_divergence %a, %b : !b -> !t
  return %k : !t""",
        1,
        a,
        b,
    )
    compare("KL", chart, element, k, (a, b), divergence, roundings=1)


@pytest.mark.parametrize("t", [0, 0.25, 0.875, 1])
@pytest.mark.parametrize("chart,element", CASES)
def test_geodesic(chart, element, t):
    dtype = ELEMENTS[element]
    a, b = make_inputs(chart, dtype)
    (q,) = run_family(
        chart,
        element,
        """
  %i = arith.constant 0 : index
  %t = tensor.extract %x2[%i] : !t
  %q = fisher.geodesic %a, %b at %t : !b
  %0 = fisher.components %q : !b
  return %0 : !t""",
        1,
        a,
        b,
        np.full(SIZE, t, dtype),
    )
    if t == 0:
        np.testing.assert_array_equal(q, a)

    def between(chart, a, b):
        return stored_at(chart, (1 - mp.mpf(t)) * arc(chart, a) + t * arc(chart, b))

    compare("geodesic", chart, element, q, (a, b), between, passes_zero=chart == "logit")


@pytest.mark.parametrize("chart,element", CASES)
def test_derivatives(chart, element):
    """Of what may be near or a good way apart, and in f32 is not beyond the type."""
    dtype = ELEMENTS[element]
    rng = np.random.default_rng(2)
    a, b = rng.uniform(-5, 5, (2, SIZE))
    b[::4] = a[::4] + 1e-3 * rng.normal(size=SIZE // 4)
    if chart == "probability":
        a, b = 1 / (1 + np.exp(-a)), 1 / (1 + np.exp(-b))
    a, b = a.astype(dtype), b.astype(dtype)
    t = mp.mpf("0.375")
    results = run_family(
        chart,
        element,
        f"""
  %t = arith.constant {t} : {element}
  %c = arith.constant dense<1.25> : !t
  %g:3 = fisher.geodesic_pullback %a, %b at %t along %c : !b
  %k:3 = fisher.kl_divergence_with_gradients %a, %b : !b
  %n:2 = fisher.natural_gradient_pullback %a, %x1 along %c : !b
  return %g#0, %g#1, %g#2, %k#1, %k#2, %n#0 : !t, !t, !t, !t, !t, !t""",
        6,
        a,
        b,
    )

    def between(chart, a, b, t=t):
        return 1.25 * stored_at(chart, (1 - t) * arc(chart, a) + t * arc(chart, b))

    def slope_of(function, part, *more):
        return lambda chart, a, b: gradient(lambda *x: function(chart, *x), [a, b, *more])[part]

    functions = {
        "geodesic by a": slope_of(between, 0),
        "geodesic by b": slope_of(between, 1),
        "geodesic by t": slope_of(between, 2, t),
        "KL by a": slope_of(divergence, 0),
        "KL by b": slope_of(divergence, 1),
        "natural gradient": slope_of(lambda chart, a, b: 1.25 * b / slope(chart, a) ** 2, 0),
    }
    for got, (what, function) in zip(results, functions.items()):
        with mp.workdps(40):
            compare(what, chart, element, got, (a, b), function, roundings=8)


@pytest.mark.parametrize("chart,element", CASES)
def test_log_and_exp(chart, element):
    a, b = make_inputs(chart, ELEMENTS[element])
    (v,) = run_family(
        chart,
        element,
        """
  %v = fisher.log %a, %b : !b
  return %v : !t""",
        1,
        a,
        b,
    )

    def tangent(chart, a, b):
        return (arc(chart, b) - arc(chart, a)) / slope(chart, a)

    compare("log", chart, element, v, (a, b), tangent, roundings=1)

    # Near probability one, which is the end of the manifold, the rounding of the
    # tangent vector decides whether the geodesic leaves it.
    def is_inside(start, end):
        y1, y2 = (arc(chart, mp.mpf(float(x))) for x in (start, end))
        return y2 > 1000 * UNIT[element] * y1

    kept = np.isfinite(v) & [is_inside(*row) for row in zip(a, b)]
    a, b, v = a[kept], b[kept], v[kept]
    (q,) = run_family(
        chart,
        element,
        """
  %q = fisher.exp %a, %x2 : !b
  %0 = fisher.components %q : !b
  return %0 : !t""",
        1,
        a,
        b,
        v,
    )
    # The exponential multiplies the rounding of a tangent vector by the distance.
    kind = {"passes_zero": chart == "logit", "roundings": 4}
    compare("exp", chart, element, q, (a, v), advance, **kind)
    for i in range(len(a)):
        start, end, vector = (mp.mpf(float(array[i])) for array in (a, b, v))
        (effect,) = rounding_allowance(
            lambda *x: [advance(chart, *x)], [start, vector], UNIT[element]
        )
        size = max(abs(end), 1) if chart == "logit" else end
        allowed = TOLERANCE[element] * size + 12 * effect
        assert abs(float(q[i]) - end) <= allowed, f"exp of log: {a[i]}, {b[i]}: {q[i]}"


@pytest.mark.parametrize("chart,element", CASES)
def test_metric_and_natural_gradient(chart, element):
    a, v = make_inputs(chart, ELEMENTS[element])
    m, n, back = run_family(
        chart,
        element,
        """
  %m = fisher.metric %a, %x1 : !b
  %n = fisher.natural_gradient %a, %x1 : !b
  %back = fisher.natural_gradient %a, %m : !b
  return %m, %n, %back : !t, !t, !t""",
        3,
        a,
        v,
    )
    compare("metric", chart, element, m, (a, v), lambda c, a, v: slope(c, a) ** 2 * v)
    compare("natural gradient", chart, element, n, (a, v), lambda c, a, v: v / slope(c, a) ** 2)
    kept = np.isfinite(m) & (np.abs(m) > np.finfo(m.dtype).tiny)
    assert sum(kept) > SIZE / 2
    np.testing.assert_allclose(back[kept], v[kept], rtol=TOLERANCE[element])


@pytest.mark.parametrize("chart,element", CASES)
def test_convert(chart, element):
    a, b = make_inputs(chart, ELEMENTS[element])
    (c,) = run_family(
        chart,
        element,
        """
  %c = fisher.convert %a : !b to !c
  %0 = fisher.components %c : !c
  return %0 : !t""",
        1,
        a,
        b,
    )
    # A logit near zero comes from the difference of p and q, which is exact.
    target = {
        "logit": lambda chart, x: probabilities(chart, x)[0],
        "probability": lambda chart, x: mp.log(x) - mp.log1p(-x),
    }[chart]
    compare("convert", chart, element, c, (a,), target)


@pytest.mark.parametrize("chart,element", CASES)
def test_outside_the_domain(chart, element):
    bad = [np.nan, np.inf, -np.inf]
    if chart == "probability":
        bad += [0, 1, -0.25, 1.25]
    good = [0.5] * len(bad)
    a, b = np.array([bad + good, good + bad], ELEMENTS[element])
    results = run_family(
        chart,
        element,
        f"""
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t
  %k = fisher.kl_divergence %a, %b : !b -> !t
  %v = fisher.log %a, %b : !b
  %t = arith.constant 0.25 : {element}
  %q = fisher.geodesic %a, %b at %t : !b
  %q0 = fisher.components %q : !b
  %m = fisher.metric %a, %x1 : !b
  %n = fisher.natural_gradient %a, %x1 : !b
  %e = fisher.exp %a, %x2 : !b
  %e0 = fisher.components %e : !b
  %c = fisher.convert %a : !b to !c
  %c0 = fisher.components %c : !c
  return %d, %g, %k, %v, %q0, %m, %n, %e0, %c0 : {", ".join(["!t"] * 9)}""",
        9,
        a,
        b,
        np.zeros_like(a),
    )
    for index, result in enumerate(results):
        # The last results have one belief.
        count = len(a) if index < 5 else len(bad)
        assert np.isnan(result[:count]).all(), f"result {index}: {result}"


@pytest.mark.parametrize("chart,element", CASES)
def test_exp_leaves_the_manifold(chart, element):
    """Probability one is at a finite distance; what lies behind is no belief."""
    a = np.array([0.75, 0.75] if chart == "probability" else [1, 1], ELEMENTS[element])
    factor = np.array([0.99, 1.01])
    v = (factor * [float(-arc(chart, mp.mpf(float(x))) / slope(chart, mp.mpf(float(x)))) for x in a])
    (q,) = run_family(
        chart,
        element,
        """
  %q = fisher.exp %a, %x1 : !b
  %0 = fisher.components %q : !b
  return %0 : !t""",
        1,
        a,
        v.astype(ELEMENTS[element]),
    )
    assert np.isfinite(q[0]) and np.isnan(q[1])


@pytest.mark.parametrize("chart", CHARTS)
def test_training(chart, tmp_path):
    """A policy is inserted and two steps are taken; the loss itself is zero."""
    weight, rate, prior = 0.5, 0.015625, 0.25
    start = np.array([0.1, 0.25, 0.9] if chart == "probability" else [-3, -0.5, 4], np.float32)
    (tmp_path / "step.mlir").write_text(
        f"""
fisher.policy @default {{
  fisher.regularize "w" as #testfam.geometric<{chart}>
      toward #fisher.prior<[{prior}]> weight {weight} mode coupled
}}
func.func @main(%w: tensor<3xf32> {{fisher.name = "w", fisher.role = "param"}})
    -> (tensor<f32> {{fisher.role = "loss"}}, tensor<3xf32> {{fisher.gradient_of = "w"}}) {{
  %l = arith.constant dense<0.0> : tensor<f32>
  %g = arith.constant dense<0.0> : tensor<3xf32>
  return %l, %g : tensor<f32>, tensor<3xf32>
}}"""
    )
    np.savez(tmp_path / "init.npz", w=start)
    done = subprocess.run(
        [tool("fisher-run"), PLUGIN, tmp_path / "step.mlir", "--steps=2", "--optimizer=sgd"]
        + [f"--learning-rate={rate}", f"--init={tmp_path / 'init.npz'}"]
        + [f"--device={DEVICE}"]
        + [f"--outputs={tmp_path / 'out.npz'}", f"--metrics={tmp_path / 'metrics.jsonl'}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    def step(x):
        target = 2 * mp.asinh(mp.sqrt((1 - mp.mpf(prior)) / prior))
        return x - rate * weight * 2 * (arc(chart, x) - target) * slope(chart, x)

    with np.load(tmp_path / "out.npz") as results:
        truth = [float(step(step(mp.mpf(float(x))))) for x in start]
        np.testing.assert_allclose(results["w"], truth, rtol=2e-6)
