# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that every family of one parameter must pass.

A family says in mpmath what its charts store, what its arc length is, and what
its divergence is; everything else follows from these. Its tests are those of
OneParameterTests.
"""

import dataclasses
import pathlib
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

from accuracy import Worst, gradient, rounding_allowance
from execution import read_table, run

mp.mp.dps = 60

ELEMENTS = {"f64": np.float64, "f32": np.float32}
UNIT = {"f64": mp.mpf(2)**-53, "f32": mp.mpf(2)**-24}
DISTANCE_TOLERANCE = {"f64": 1e-13, "f32": 1e-6}
GRADIENT_TOLERANCE = {"f64": 1e-13, "f32": 2e-6}


@dataclasses.dataclass
class Family:
    name: str
    # chart: (standard coordinate of the stored value, its inverse, its slope)
    charts: dict
    # Of standard coordinates: the arc length, its slope, its inverse, and the
    # divergence of the first from the second in nats.
    arc_length: Callable
    arc_slope: Callable
    at_arc_length: Callable
    divergence: Callable
    # Standard coordinates to test with, for a number of them and an element.
    sample: Callable

    def length(self, chart, a, b):
        standard = self.charts[chart][0]
        return self.arc_length(standard(a)) - self.arc_length(standard(b))

    def slope(self, chart, a):
        standard, _, slope = self.charts[chart]
        return self.arc_slope(standard(a)) * slope(a)

    def exp(self, chart, a, tangent):
        standard, stored, _ = self.charts[chart]
        y = self.arc_length(standard(a)) + self.slope(chart, a) * tangent
        return stored(self.at_arc_length(y))

    def geodesic(self, chart, a, b, t):
        standard, stored, _ = self.charts[chart]
        y = (1 - t) * self.arc_length(standard(a)) + t * self.arc_length(
            standard(b))
        return stored(self.at_arc_length(y))


def module(family, chart, element, size, body, results):
    tensor = f"tensor<{size}x{element}>"
    return f"""
!b = !fisher.belief<#fisher.{family.name}<{chart}>, {tensor}>
!t = {tensor}
func.func @main(%x: !t, %y: !t) -> ({", ".join(["!t"] * results)}) {{
  %a = fisher.belief %x : !b
  %b = fisher.belief %y : !b
  {body}
}}
"""


def check_table(family, path, chart, element):
    """Every row of a reference table: squared distance and gradient."""
    rows = read_table(path)
    assert len(rows) > 100
    dtype = ELEMENTS[element]
    x, y = (np.array([row[chart + i] for row in rows], dtype) for i in "12")
    d2, gradient = run(
        module(family, chart, element, len(rows), """
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t
  return %d, %g : !t, !t""", 2), x, y)
    distance, slope = Worst("d2"), Worst("gradient")
    for i, row in enumerate(rows):
        expected, derivative = (mp.mpf(row[c]) for c in ("d2", "d2_" + chart + "1"))
        if expected == 0:
            assert d2[i] == 0 and gradient[i] == 0
            continue
        distance.add(d2[i], expected, DISTANCE_TOLERANCE[element] * expected,
                     f"row {i}")
        (rounding,) = rounding_allowance(
            lambda a, b: [2 * family.length(chart, a, b) * family.slope(chart, a)],
            [mp.mpf(float(x[i])), mp.mpf(float(y[i]))], UNIT[element])
        slope.add(gradient[i], derivative,
                  GRADIENT_TOLERANCE[element] * abs(derivative) + rounding,
                  f"row {i}")
    distance.check()
    slope.check()


def check_operations(family, chart, element):
    """Every operation on random beliefs, far apart, near and equal."""
    dtype = ELEMENTS[element]
    stored = family.charts[chart][1]
    count = 200
    standard = family.sample(count, element)
    x = np.array([float(stored(mp.mpf(float(s)))) for s in standard], dtype)
    y = np.roll(x, 1)
    y[:40] = x[:40] * (1 + np.geomspace(1e-15, 0.5, 40)).astype(dtype)
    y[40:50] = x[40:50]
    d, g, e, k, q, v = run(
        module(family, chart, element, count, f"""
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t
  %e = fisher.squared_distance %b, %a : !b -> !t
  %k = fisher.kl_divergence %a, %b : !b -> !t
  %t = arith.constant 0.25 : {element}
  %q = fisher.geodesic %a, %b at %t : !b
  %q0 = fisher.components %q : !b
  %v = fisher.log %a, %b : !b
  return %d, %g, %e, %k, %q0, %v : !t, !t, !t, !t, !t, !t""", 6), x, y)
    # Each by itself: after the logarithm the exponential would fold away, and
    # after the metric the natural gradient may. The logarithm is halved because
    # all of it may lead to the boundary, where rounding decides.
    half = v / 2
    (w,) = run(
        module(family, chart, element, count, """
  %w = fisher.exp %a, %y : !b
  %w0 = fisher.components %w : !b
  return %w0 : !t""", 1), x, half)
    (m,) = run(
        module(family, chart, element, count, """
  %m = fisher.metric %a, %y : !b
  return %m : !t""", 1), x, v)
    (n,) = run(
        module(family, chart, element, count, """
  %n = fisher.natural_gradient %a, %y : !b
  return %n : !t""", 1), x, m)
    # Each step rounds a few times.
    eps = float(UNIT[element]) * 2
    np.testing.assert_allclose(d, e, rtol=8 * eps)
    np.testing.assert_allclose(n, v, rtol=16 * eps)
    np.testing.assert_allclose(m, -0.5 * g, rtol=16 * eps)
    worst = {name: Worst(f"{chart} {element} {name}")
             for name in ("d2", "gradient", "KL", "geodesic", "exp")}
    tolerance = DISTANCE_TOLERANCE[element]
    for i in range(count):
        a, b = mp.mpf(float(x[i])), mp.mpf(float(y[i]))
        if a == b:
            assert d[i] == 0 and g[i] == 0 and k[i] == 0 and v[i] == 0
            continue
        of_both = {
            "d2": (d, lambda a, b: family.length(chart, a, b)**2),
            "gradient": (g, lambda a, b: 2 * family.length(chart, a, b) *
                         family.slope(chart, a)),
            "KL": (k, lambda a, b: family.divergence(
                family.charts[chart][0](a), family.charts[chart][0](b))),
            "geodesic": (q, lambda a, b: family.geodesic(
                chart, a, b, mp.mpf(1) / 4)),
        }
        functions = {name: (*pair, b) for name, pair in of_both.items()}
        functions["exp"] = (w, lambda a, v: family.exp(chart, a, v),
                            mp.mpf(float(half[i])))
        for name, (got, function, second) in functions.items():
            expected = function(a, second)
            (rounding,) = rounding_allowance(lambda *z: [function(*z)],
                                             [a, second], UNIT[element])
            size = abs(expected)
            if name in ("geodesic", "exp"):
                size = max(size, abs(a), abs(b), 1 if chart.startswith("log") else 0)
            worst[name].add(got[i], expected, 2 * tolerance * size + rounding,
                            f"pair {i} ({x[i]}, {y[i]})")
    for w in worst.values():
        w.check()


def check_derivatives(family, chart, element):
    """Of geodesics, divergences and natural gradients, on random beliefs that are
    near and far apart."""
    dtype = ELEMENTS[element]
    standard, stored, _ = family.charts[chart]
    x = np.array([float(stored(mp.mpf(float(s)))) for s in family.sample(40, element)],
                 dtype)
    y = np.roll(x, 1)
    y[:20] = x[:20] * (1 + np.geomspace(1e-6, 0.5, 20)).astype(dtype)
    t, c = mp.mpf("0.375"), mp.mpf("1.25")
    a, b, r, first, second, n = run(
        module(family, chart, element, len(x), f"""
  %t = arith.constant {t} : {element}
  %c = arith.constant dense<{c}> : !t
  %g:3 = fisher.geodesic_pullback %a, %b at %t along %c : !b
  %k:3 = fisher.kl_divergence_with_gradients %a, %b : !b
  %n:2 = fisher.natural_gradient_pullback %a, %y along %c : !b
  return %g#0, %g#1, %g#2, %k#1, %k#2, %n#0 : !t, !t, !t, !t, !t, !t""", 6), x, y)
    cases = {
        "geodesic": ([a, b, r], lambda p, q, t: c * family.geodesic(chart, p, q, t), [t]),
        "KL": ([first, second],
               lambda p, q: family.divergence(standard(p), standard(q)), []),
        "natural gradient": (
            [n], lambda p, q: c * q / family.slope(chart, p)**2, []),
    }
    for name, (results, function, extra) in cases.items():
        worst = Worst(f"{chart} {element} {name}")
        for i in range(len(x)):
            inputs = [mp.mpf(float(x[i])), mp.mpf(float(y[i])), *extra]
            slopes = lambda *z: gradient(function, z)[:len(results)]
            allowance = rounding_allowance(slopes, inputs, UNIT[element])
            for part, (e, rounding) in enumerate(zip(slopes(*inputs), allowance)):
                if abs(e) > np.finfo(dtype).max / 2:
                    continue
                worst.add(results[part][i], e,
                          2 * GRADIENT_TOLERANCE[element] * abs(e) + rounding,
                          f"pair {i} ({x[i]}, {y[i]}), part {part}")
        worst.check()


def check_far_geodesic(family, chart, element, limit):
    """Points between beliefs as far apart as the type allows: stored values from
    -limit to limit, or from e^-limit to e^limit, where the result is of the size
    of neither. A stored logarithm or logit is compared with one."""
    dtype = ELEMENTS[element]
    rng = np.random.default_rng(3)
    logarithmic = chart.startswith("log")
    x, y = (value.astype(dtype) if logarithmic else np.exp(value).astype(dtype)
            for value in rng.uniform(-limit, limit, (2, 400)))
    (q,) = run(
        module(family, chart, element, len(x), f"""
  %t = arith.constant 0.25 : {element}
  %q = fisher.geodesic %a, %b at %t : !b
  %q0 = fisher.components %q : !b
  return %q0 : !t""", 1), x, y)
    worst = Worst(f"{chart} {element} far geodesic")
    function = lambda a, b: [family.geodesic(chart, a, b, mp.mpf(1) / 4)]
    # What is left of a probability beside one has digits far down.
    with mp.workdps(600):
        for i in range(len(x)):
            a, b = mp.mpf(float(x[i])), mp.mpf(float(y[i]))
            (expected,) = function(a, b)
            (rounding,) = rounding_allowance(function, [a, b], UNIT[element])
            size = max(abs(expected), 1 if logarithmic else 0)
            worst.add(q[i], expected, 16 * UNIT[element] * size + rounding,
                      f"pair {i} ({x[i]}, {y[i]})")
    worst.check()


def check_convert(family, element):
    """From each chart to each, through the standard coordinate."""
    dtype = ELEMENTS[element]
    for source, (standard, stored, _) in family.charts.items():
        values = np.array([float(stored(mp.mpf(float(s))))
                           for s in family.sample(100, element)], dtype)
        for target, (_, target_stored, _) in family.charts.items():
            tensor = f"tensor<100x{element}>"
            (got,) = run(f"""
!b = !fisher.belief<#fisher.{family.name}<{source}>, {tensor}>
!c = !fisher.belief<#fisher.{family.name}<{target}>, {tensor}>
func.func @main(%x: {tensor}) -> {tensor} {{
  %b = fisher.belief %x : !b
  %c = fisher.convert %b : !b to !c
  %0 = fisher.components %c : !c
  return %0 : {tensor}
}}""", values)
            worst = Worst(f"{source} to {target}")
            for i, value in enumerate(values):
                function = lambda c: [target_stored(standard(c))]
                x = mp.mpf(float(value))
                (expected,) = function(x)
                (rounding,) = rounding_allowance(function, [x], UNIT[element])
                worst.add(got[i], expected,
                          DISTANCE_TOLERANCE[element] * max(abs(expected), 1 if target.startswith("log") else 0) +
                          rounding, f"element {i}")
            worst.check()


def check_domain(family, chart, element, outside):
    """Stored values outside the domain give NaN, in every operation."""
    dtype = ELEMENTS[element]
    bad = np.array(outside, dtype)
    good = np.full(len(outside), float(family.charts[chart][1](mp.mpf("0.5"))), dtype)
    body = f"""
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t
  %k = fisher.kl_divergence %a, %b : !b -> !t
  %t = arith.constant 0.25 : {element}
  %q = fisher.geodesic %a, %b at %t : !b
  %q0 = fisher.components %q : !b
  return %d, %g, %k, %q0 : !t, !t, !t, !t"""
    for x, y in ((bad, good), (good, bad)):
        for result in run(module(family, chart, element, len(bad), body, 4), x, y):
            assert np.isnan(result).all(), f"{chart}: {result} for {x}, {y}"


class OneParameterTests:
    """The tests of a family: a subclass states what is below."""

    family: Family
    # Where the tables are, and the chart that they are in.
    folder: pathlib.Path
    table_chart: str
    # A chart, and stored values outside its domain.
    outside: tuple
    # A chart, and the limit of check_far_geodesic() for each element type.
    far: tuple

    def pytest_generate_tests(self, metafunc):
        if "chart" in metafunc.fixturenames:
            metafunc.parametrize("chart", self.family.charts)
        if "element" in metafunc.fixturenames:
            metafunc.parametrize("element", ELEMENTS)

    @pytest.mark.reference
    def test_every_row_of_the_table(self, element):
        suffix = "_f32" if element == "f32" else ""
        check_table(self.family, self.folder / f"{self.family.name}{suffix}.csv",
                    self.table_chart, element)

    @pytest.mark.reference
    def test_operations(self, chart, element):
        check_operations(self.family, chart, element)

    def test_derivatives(self, chart, element):
        check_derivatives(self.family, chart, element)

    def test_far_geodesic(self, element):
        chart, limits = self.far
        check_far_geodesic(self.family, chart, element, limits[element])

    def test_convert(self, element):
        check_convert(self.family, element)

    def test_outside_the_domain(self, element):
        chart, values = self.outside
        check_domain(self.family, chart, element, values)
