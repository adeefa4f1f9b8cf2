# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every row of the reference tables, through the compiled code.

The tables hold 40-digit truth. A result may be off by the tolerance, and by
what one rounding of the inputs changes it, which is computed row by row.
"""

import pathlib

import mpmath as mp
import numpy as np
import pytest

import gaussian_truth as truth
from accuracy import Worst, assert_same_code, gradient, rounding_allowance
from execution import read_table, run

HERE = pathlib.Path(__file__).parent
ELEMENTS = {"f64": np.float64, "f32": np.float32}
UNIT = {"f64": mp.mpf(2)**-53, "f32": mp.mpf(2)**-24}
DISTANCE_TOLERANCE = {"f64": 2e-14, "f32": 6e-7}
GRADIENT_TOLERANCE = {"f64": 1e-13, "f32": 2e-6}
CASES = [(chart, element) for chart in truth.CHARTS for element in ELEMENTS]


def table(chart, element):
    """Rows of the chart's table, and their inputs (mean, scale) twice."""
    name = "gaussian" if chart == "sigma" else f"gaussian_{chart}"
    rows = read_table(HERE / (name + ("_f32" if element == "f32" else "") + ".csv"))
    assert len(rows) > 60
    scale = "sigma" if chart == "sigma" else "scale"
    columns = ["mu1", scale + "1", "mu2", scale + "2"]
    inputs = [np.array([row[c] for row in rows], dtype=ELEMENTS[element])
              for c in columns]
    return rows, inputs


def as_mpf(inputs, index):
    return [mp.mpf(float(column[index])) for column in inputs]


def module(chart, element, size, body, results, extra=""):
    tensor = f"tensor<{size}x{element}>"
    arguments = ", ".join(f"%x{i}: {tensor}" for i in range(4))
    return f"""
!b = !fisher.belief<#fisher.gaussian<{chart}>, {tensor}>
!t = {tensor}
func.func @main({arguments}{extra}) -> ({", ".join([tensor] * results)}) {{
  %a = fisher.belief %x0, %x1 : !b
  %b = fisher.belief %x2, %x3 : !b
  {body}
}}
"""


@pytest.mark.reference
@pytest.mark.parametrize("chart,element", CASES)
def test_squared_distance_and_gradient(chart, element):
    rows, inputs = table(chart, element)
    d2, g0, g1 = run(
        module(chart, element, len(rows), """
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t, !t
  return %d, %g0, %g1 : !t, !t, !t""", 3), *inputs)
    (plain,) = run(
        module(chart, element, len(rows), """
  %d = fisher.squared_distance %a, %b : !b -> !t
  return %d : !t""", 1), *inputs)
    assert_same_code(plain, d2)

    scale = "sigma1" if chart == "sigma" else "scale1"
    distance, gradient = Worst("d2"), Worst("gradient")
    for i, row in enumerate(rows):
        expected = mp.mpf(row["d2"])
        if expected == 0:
            assert d2[i] == 0 and g0[i] == 0 and g1[i] == 0, f"row {i}: {row}"
            continue
        distance.add(d2[i], expected, DISTANCE_TOLERANCE[element] * expected,
                     f"row {i}")
        expected = [mp.mpf(row["d2_mu1"]), mp.mpf(row["d2_" + scale])]
        allowance = rounding_allowance(
            lambda *x: truth.distance_and_gradient(chart, x[:2], x[2:]),
            as_mpf(inputs, i), UNIT[element])[1:]
        largest = max(abs(e) for e in expected)
        for got, e, rounding in zip((g0[i], g1[i]), expected, allowance):
            gradient.add(got, e,
                         GRADIENT_TOLERANCE[element] * largest + rounding,
                         f"row {i}")
    distance.check()
    gradient.check()


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("t,suffix", [("0.1", "t01"), ("0.5", "t05")])
def test_geodesic(element, t, suffix):
    rows, inputs = table("sigma", element)
    mu, sigma = run(
        module("sigma", element, len(rows), f"""
  %t = arith.constant {t} : {element}
  %q = fisher.geodesic %a, %b at %t : !b
  %m, %s = fisher.components %q : !b
  return %m, %s : !t, !t""", 2), *inputs)
    mean, scale = Worst("mean"), Worst("sigma")
    tolerance = DISTANCE_TOLERANCE[element]
    for i, row in enumerate(rows):
        allowance = rounding_allowance(
            lambda *x: truth.geodesic("sigma", x[:2], x[2:4], x[4]),
            [*as_mpf(inputs, i), mp.mpf(t)], UNIT[element])
        expected = [mp.mpf(row[f"mu_{suffix}"]), mp.mpf(row[f"sigma_{suffix}"])]
        mean.add(mu[i], expected[0],
                 tolerance * max(abs(expected[0]), expected[1]) + allowance[0],
                 f"row {i}")
        scale.add(sigma[i], expected[1],
                  tolerance * expected[1] + allowance[1], f"row {i}")
    mean.check()
    scale.check()


@pytest.mark.parametrize("element", ELEMENTS)
def test_kl_divergence(element):
    rows, inputs = table("sigma", element)
    (kl,) = run(
        module("sigma", element, len(rows), """
  %k = fisher.kl_divergence %a, %b : !b -> !t
  return %k : !t""", 1), *inputs)
    worst = Worst("KL")
    largest = np.finfo(ELEMENTS[element]).max
    for i, row in enumerate(rows):
        expected = mp.mpf(row["kl"])
        if expected > largest:
            assert np.isinf(kl[i]), f"row {i}: {kl[i]}"
            continue
        allowance = rounding_allowance(
            lambda *x: truth.divergence("sigma", x[:2], x[2:]),
            as_mpf(inputs, i), UNIT[element])
        # What is exactly equal has no divergence.
        assert expected != 0 or kl[i] == 0
        worst.add(kl[i], expected,
                  DISTANCE_TOLERANCE[element] * expected + allowance[0],
                  f"row {i}")
    worst.check()


# What the tables do not have is compared with the formulas themselves.


@pytest.mark.parametrize("chart,element", CASES)
def test_other_operations(chart, element):
    rows, inputs = table(chart, element)
    t = 0.25
    results = run(
        module(chart, element, len(rows), f"""
  %t = arith.constant {t} : {element}
  %q = fisher.geodesic %a, %b at %t : !b
  %q0, %q1 = fisher.components %q : !b
  %k = fisher.kl_divergence %a, %b : !b -> !t
  %m0, %m1 = fisher.metric %a, %x2, %x3 : !b
  %n0, %n1 = fisher.natural_gradient %a, %x2, %x3 : !b
  %s = arith.constant 3.333333333333333e-01 : {element}
  %p = fisher.proximal_step %a toward %b strength %s : !b
  %p0, %p1 = fisher.components %p : !b
  return %q0, %q1, %k, %m0, %m1, %n0, %n1, %p0, %p1
      : !t, !t, !t, !t, !t, !t, !t, !t, !t""", 9), *inputs)
    strength = mp.mpf(float(ELEMENTS[element](1 / 3)))
    expectations = [
        lambda *x: truth.geodesic(chart, x[:2], x[2:4], mp.mpf(t)),
        lambda *x: truth.divergence(chart, x[:2], x[2:4]),
        lambda *x: truth.metric(chart, x[:2], x[2:4]),
        lambda *x: truth.natural_gradient(chart, x[:2], x[2:4]),
        lambda *x: truth.geodesic(chart, x[:2], x[2:4],
                                  x[4] / (1 + x[4])),
    ]
    names = ["geodesic mean", "geodesic scale", "KL", "metric", "metric",
             "natural gradient", "natural gradient", "proximal mean",
             "proximal scale"]
    worst = [Worst(name) for name in names]
    largest = np.finfo(ELEMENTS[element]).max
    for i in range(len(rows)):
        x = [*as_mpf(inputs, i), strength]
        expected, allowed = [], []
        for function in expectations:
            expected += function(*x)
            allowed += rounding_allowance(function, x, UNIT[element])
        for k, (e, rounding) in enumerate(zip(expected, allowed)):
            if abs(e) > largest:
                assert not np.isfinite(results[k][i])
                continue
            size = abs(e)
            if "mean" in names[k]:
                size = max(size, truth.CHARTS[chart][0](expected[k + 1]))
            if "scale" in names[k]:
                # A stored logarithm may pass through zero.
                size = max(size, 1)
            worst[k].add(results[k][i], e,
                         2 * DISTANCE_TOLERANCE[element] * size + rounding,
                         f"row {i}")
    for w in worst:
        w.check()


@pytest.mark.parametrize("chart,element", CASES)
def test_exp_undoes_log(chart, element):
    """exp(a, log(a, b)) is b; the conditioning of both grows with e^D, so the
    beliefs are near."""
    rng = np.random.default_rng(1)
    sigma = np.exp(rng.normal(size=(2, 300)) * 0.7)
    stored = [[float(truth.CHARTS[chart][1](mp.mpf(s))) for s in row]
              for row in sigma]
    dtype = ELEMENTS[element]
    inputs = [rng.normal(size=300).astype(dtype), np.array(stored[0], dtype),
              rng.normal(size=300).astype(dtype), np.array(stored[1], dtype)]
    log = run(
        module(chart, element, 300, """
  %v0, %v1 = fisher.log %a, %b : !b
  return %v0, %v1 : !t, !t""", 2), *inputs)
    exp = run(
        module(chart, element, 300, """
  %q = fisher.exp %a, %x2, %x3 : !b
  %q0, %q1 = fisher.components %q : !b
  return %q0, %q1 : !t, !t""", 2), inputs[0], inputs[1], *log)
    tolerance = {"f64": 2e-13, "f32": 6e-5}[element]
    np.testing.assert_allclose(exp[0], inputs[2], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(exp[1], inputs[3], rtol=tolerance, atol=tolerance)

    worst = [Worst("exp mean"), Worst("exp scale")]
    for i in range(300):
        x = [*as_mpf([inputs[0], inputs[1], *log], i)]
        function = lambda *x: truth.exp(chart, x[:2], x[2:])
        for w, got, e, rounding in zip(
                worst, (exp[0][i], exp[1][i]), function(*x),
                rounding_allowance(function, x, UNIT[element])):
            w.add(got, e, 4 * DISTANCE_TOLERANCE[element] * max(abs(e), 1) +
                  rounding, f"pair {i}")
    for w in worst:
        w.check()


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("source", truth.CHARTS)
def test_convert(source, element):
    rows, inputs = table(source, element)
    size = len(rows)
    for target in truth.CHARTS:
        mu, scale = run(f"""
!b = !fisher.belief<#fisher.gaussian<{source}>, tensor<{size}x{element}>>
!c = !fisher.belief<#fisher.gaussian<{target}>, tensor<{size}x{element}>>
func.func @main(%m: tensor<{size}x{element}>, %s: tensor<{size}x{element}>)
    -> (tensor<{size}x{element}>, tensor<{size}x{element}>) {{
  %b = fisher.belief %m, %s : !b
  %c = fisher.convert %b : !b to !c
  %0, %1 = fisher.components %c : !c
  return %0, %1 : tensor<{size}x{element}>, tensor<{size}x{element}>
}}""", *inputs[:2])
        np.testing.assert_array_equal(mu, inputs[0])
        worst = Worst(f"{source} to {target}")
        for i in range(size):
            x = as_mpf(inputs[:2], i)
            function = lambda *x: truth.convert(source, target, x)[1:]
            (expected,) = function(*x)
            (rounding,) = rounding_allowance(function, x, UNIT[element])
            # Stored logarithms and softplus values pass through zero.
            passes_zero = "log" in target or target == "softplus"
            magnitude = max(abs(expected), 1 if passes_zero else 0)
            worst.add(scale[i], expected,
                      DISTANCE_TOLERANCE[element] * magnitude + rounding,
                      f"row {i}")
        worst.check()


@pytest.mark.parametrize("chart,element", CASES)
def test_derivatives(chart, element):
    """Of what may be far apart, to where results are beyond the type. Each
    belief's gradient is compared relative to itself."""
    rows, inputs = table(chart, element)
    t, c0, c1 = 0.25, 0.625, -1.375
    results = run(
        module(chart, element, len(rows), f"""
  %t = arith.constant {t} : {element}
  %c0 = arith.constant dense<{c0}> : !t
  %c1 = arith.constant dense<{c1}> : !t
  %g:5 = fisher.geodesic_pullback %a, %b at %t along %c0, %c1 : !b
  %k:5 = fisher.kl_divergence_with_gradients %a, %b : !b
  %n:4 = fisher.natural_gradient_pullback %a, %x2, %x3 along %c0, %c1 : !b
  return %g#0, %g#1, %g#2, %g#3, %g#4, %k#1, %k#2, %k#3, %k#4, %n#0, %n#1
      : !t, !t, !t, !t, !t, !t, !t, !t, !t, !t, !t""", 11), *inputs)

    def geodesic(*x):
        q = truth.geodesic(chart, x[:2], x[2:4], x[4])
        return c0 * q[0] + c1 * q[1]

    def natural(*x):
        v = truth.natural_gradient(chart, x[:2], x[2:4])
        return c0 * v[0] + c1 * v[1]

    functions = [
        lambda *x: gradient(geodesic, x),
        lambda *x: gradient(lambda *y: truth.divergence(chart, y[:2], y[2:])[0], x[:4]),
        lambda *x: gradient(lambda *y: natural(*y, *x[2:4]), x[:2]),
    ]
    worst = Worst("geodesic"), Worst("KL"), Worst("natural gradient")
    largest = np.finfo(ELEMENTS[element]).max
    for i in range(len(rows)):
        x = [*as_mpf(inputs, i), mp.mpf(t)]
        start = 0
        for function, w in zip(functions, worst):
            expected = function(*x)
            allowance = rounding_allowance(function, x, UNIT[element])
            for k, (e, rounding) in enumerate(zip(expected, allowance)):
                got = results[start + k][i]
                if abs(e) > largest / 16 or not np.isfinite(got):
                    assert abs(e) > largest / 2**20, f"row {i}: {got}, not {e}"
                    continue
                pair = expected[k & ~1:(k & ~1) + 2]
                size = max(abs(g) for g in pair)
                w.add(got, e, 4 * GRADIENT_TOLERANCE[element] * size + rounding,
                      f"row {i}, part {k}")
            start += len(expected)
    for w in worst:
        w.check()
