# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every row of the reference tables, and every operation against mpmath or
against the differential equation of geodesics.

The tables hold 40-digit truth in the chart kappa. In other charts the stored
values are rounded, which moves a belief by a length that is computed row by
row: a squared distance d^2 may then change by 2d of it, and the gradient, whose
length is 2d, by twice as much times 1 + d, as geodesics diverge.
"""

import functools
import pathlib

import mpmath as mp
import numpy as np
import pytest

import von_mises
from accuracy import Worst, rounding_allowance
from execution import read_table, run

HERE = pathlib.Path(__file__).parent
ELEMENTS = {"f64": np.float64, "f32": np.float32}
UNIT = {"f64": mp.mpf(2)**-53, "f32": mp.mpf(2)**-24}
DISTANCE_TOLERANCE = {"f64": 1e-11, "f32": 2e-6}
GRADIENT_TOLERANCE = {"f64": 1e-11, "f32": 5e-6}
# Of what has a closed form.
FORMULA_TOLERANCE = {"f64": 5e-14, "f32": 1e-6}
CASES = [(chart, element) for chart in von_mises.CHARTS for element in ELEMENTS]


@functools.cache
def table(element):
    suffix = "_f32" if element == "f32" else ""
    rows = read_table(HERE / f"von_mises{suffix}.csv")
    assert len(rows) == 140
    return rows


def inputs(chart, element):
    """The tables' pairs as stored components, each rounded once."""
    stored = von_mises.CHARTS[chart][1]
    return [np.array([float(stored(mp.mpf(row[c])) if "kappa" in c else
                            mp.mpf(row[c])) for row in table(element)],
                     dtype=ELEMENTS[element])
            for c in ("mu1", "kappa1", "mu2", "kappa2")]


def as_mpf(columns, index):
    return [mp.mpf(float(column[index])) for column in columns]


def module(chart, element, size, body, results):
    return f"""
!t = tensor<{size}x{element}>
!b = !fisher.belief<#fisher.von_mises<{chart}>, !t>
func.func @main(%x0: !t, %x1: !t, %x2: !t, %x3: !t)
    -> ({", ".join(["!t"] * results)}) {{
  %a = fisher.belief %x0, %x1 : !b
  %b = fisher.belief %x2, %x3 : !b
  {body}
}}
"""


@pytest.mark.reference
@pytest.mark.parametrize("chart,element", CASES)
def test_squared_distance_and_gradient(chart, element):
    rows, x = table(element), inputs(chart, element)
    d2, g0, g1, plain = run(
        module(chart, element, len(rows), """
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t, !t
  %e = fisher.squared_distance %a, %b : !b -> !t
  return %d, %g0, %g1, %e : !t, !t, !t, !t""", 4), *x)
    np.testing.assert_array_equal(plain, d2)

    distance, gradient = Worst("d2"), Worst("gradient")
    for i, row in enumerate(rows):
        d = mp.sqrt(mp.mpf(row["d2"]))
        if d == 0:
            assert d2[i] == 0 and g0[i] == 0 and g1[i] == 0, f"row {i}: {row}"
            continue
        a, b = (as_mpf(part, i) for part in (x[:2], x[2:]))
        moved = 0
        if chart != "kappa":
            moved = sum(von_mises.rounding_length(chart, p, UNIT[element])
                        for p in (a, b))
        distance.add(d2[i], d**2,
                     DISTANCE_TOLERANCE[element] * d**2 + 2 * d * moved,
                     f"row {i}")
        slope = von_mises.CHARTS[chart][2](a[1])
        expected = [mp.mpf(row["d2_mu1"]), mp.mpf(row["d2_kappa1"]) * slope]
        largest = max(abs(e) for e in expected)
        for j, got in enumerate((g0[i], g1[i])):
            unit_vector = [mp.mpf(j == k) for k in range(2)]
            size = von_mises.length(chart, a, unit_vector)
            gradient.add(got, expected[j],
                         GRADIENT_TOLERANCE[element] * largest +
                         4 * (1 + d) * moved * size, f"row {i}")
    distance.check()
    gradient.check()


def check_points(chart, element, got, x, expected, name):
    """Compares points on the geodesics between the beliefs `x` by the length
    between them. Where the surface is like the hyperbolic plane, points are
    moved no more than both ends together."""
    worst = Worst(name)
    tolerance = DISTANCE_TOLERANCE[element]
    for i, (mu, kappa) in enumerate(expected):
        stored = von_mises.CHARTS[chart][1](kappa)
        point = [mu, stored]
        moved = sum(von_mises.rounding_length(chart, p, UNIT[element])
                    for p in (as_mpf(x[:2], i), as_mpf(x[2:], i), point))
        d = mp.sqrt(mp.mpf(table(element)[i]["d2"]))
        assert np.isfinite(got[0][i]) and np.isfinite(got[1][i])
        error = von_mises.length(
            chart, point, [von_mises.wrap(mp.mpf(float(got[0][i])) - mu),
                           mp.mpf(float(got[1][i])) - stored])
        worst.add(float(error), mp.mpf(0), tolerance * d + moved, f"row {i}")
    worst.check()


@pytest.mark.parametrize("chart,element", CASES)
@pytest.mark.parametrize("t,suffix", [("0.1", "t01"), ("0.5", "t05")])
def test_geodesic(chart, element, t, suffix):
    rows, x = table(element), inputs(chart, element)
    points = run(
        module(chart, element, len(rows), f"""
  %t = arith.constant {t} : {element}
  %q = fisher.geodesic %a, %b at %t : !b
  %m, %k = fisher.components %q : !b
  return %m, %k : !t, !t""", 2), *x)
    expected = [(mp.mpf(row[f"mu_{suffix}"]), mp.mpf(row[f"kappa_{suffix}"]))
                for row in rows]
    check_points(chart, element, points, x, expected, f"{chart} at {t}")


# What the tables do not have.


# Pairs of (direction, logarithm of the concentration) where a low-order rule's
# solution is met early, and the next step is next to nothing; the first was the
# worst of a million. The last two are far apart, and nearly opposite.
FAR_PAIRS = [((1.1518613452684772, 28.592505334776096),
              (-2.663984773628998, 10.430622408212544)),
             ((0.0, 14.0), (2.389307933, 3.0)),
             ((0.0, 5.0), (2.453351865, 8.0)),
             ((0.0, 2.0), (2.423605319, 30.0)),
             ((2.0, 6.0), (0.5, 31.0)),
             ((0.5, 33.0), (-2.64, 25.0))]


def test_far_pairs():
    columns = np.array(FAR_PAIRS).reshape(-1, 4).T.copy()
    d2, g0, g1, m, k = run(
        module("log_kappa", "f64", len(FAR_PAIRS), """
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b : !b -> !t, !t, !t
  %half = arith.constant 0.5 : f64
  %q = fisher.geodesic %a, %b at %half : !b
  %m, %k = fisher.components %q : !b
  return %d, %g0, %g1, %m, %k : !t, !t, !t, !t, !t""", 5), *columns)
    tolerance = GRADIENT_TOLERANCE["f64"]
    distance, gradient, middle = map(Worst, ("d2", "gradient", "middle"))
    for i, pair in enumerate(FAR_PAIRS):
        a, b = ([mp.mpf(c) for c in belief] for belief in pair)
        square, expected, (mu, kappa) = von_mises.far_geodesic("log_kappa", a, b)
        where = f"pair {i}"
        distance.add(d2[i], square, tolerance * square, where)
        for got, e in zip((g0[i], g1[i]), expected):
            gradient.add(got, e, tolerance * max(map(abs, expected)), where)
        point = [mu, mp.log(kappa)]
        error = von_mises.length(
            "log_kappa", point, [von_mises.wrap(mp.mpf(float(m[i])) - mu),
                                 mp.mpf(float(k[i])) - point[1]])
        moved = sum(von_mises.rounding_length("log_kappa", p, UNIT["f64"])
                    for p in (a, b, point))
        middle.add(float(error), mp.mpf(0), 1e-12 * mp.sqrt(square) + moved, where)
    distance.check()
    gradient.check()
    middle.check()


@pytest.mark.parametrize("chart,element", CASES)
def test_exp_of_log_is_the_other_belief(chart, element):
    """The error of the logarithm grows as geodesics diverge, with e^(d/sqrt 2),
    so the rows that are farther than 8 are left to the next test."""
    rows, x = table(element), inputs(chart, element)
    # In one function, the one after the other folds away.
    v = run(
        module(chart, element, len(rows), """
  %v0, %v1 = fisher.log %a, %b : !b
  return %v0, %v1 : !t, !t""", 2), *x)
    mu, kappa = run(
        module(chart, element, len(rows), """
  %q = fisher.exp %a, %x2, %x3 : !b
  %m, %k = fisher.components %q : !b
  return %m, %k : !t, !t""", 2), *x[:2], *v)
    worst, checked = Worst(f"{chart} exp of log"), 0
    for i, row in enumerate(rows):
        d = mp.sqrt(mp.mpf(row["d2"]))
        if d > 8:
            continue
        checked += 1
        a, b = as_mpf(x[:2], i), as_mpf(x[2:], i)
        error = von_mises.length(
            chart, b, [von_mises.wrap(mp.mpf(float(mu[i])) - b[0]),
                       mp.mpf(float(kappa[i])) - b[1]])
        moved = sum(von_mises.rounding_length(chart, p, UNIT[element])
                    for p in (a, b))
        allowed = (4 * moved + DISTANCE_TOLERANCE[element] * d *
                   mp.exp(d / mp.sqrt(2)))
        worst.add(float(error), mp.mpf(0), allowed, f"row {i}: {row}")
    assert checked > 100
    worst.check()


@pytest.mark.parametrize("chart", von_mises.CHARTS)
def test_exp_solves_the_differential_equation(chart):
    """Random tangent vectors, of lengths up to 2."""
    rng = np.random.default_rng(5)
    count = 400
    mu, kappa = rng.uniform(-3, 3, count), np.exp(rng.uniform(-2, 2, count))
    stored = np.array([float(von_mises.CHARTS[chart][1](mp.mpf(k)))
                       for k in kappa])
    slope = np.array([float(von_mises.CHARTS[chart][2](mp.mpf(s)))
                      for s in stored])
    angle, size = rng.uniform(0, 2 * np.pi, count), rng.uniform(0, 2, count)
    unit = np.array([[float(von_mises.length("kappa", [mp.mpf(m), mp.mpf(k)], e))
                      for e in ([1, 0], [0, 1])] for m, k in zip(mu, kappa)])
    v = size * np.cos(angle) / unit[:, 0]
    w = size * np.sin(angle) / unit[:, 1]
    got_mu, got = run(
        module(chart, "f64", count, """
  %q = fisher.exp %a, %x2, %x3 : !b
  %m, %k = fisher.components %q : !b
  return %m, %k : !t, !t""", 2), mu, stored, v, w / slope)
    got_kappa = np.array([float(von_mises.CHARTS[chart][0](mp.mpf(s)))
                          for s in got])
    radius = np.array([np.cos(mu), np.sin(mu)])
    across = np.array([-radius[1], radius[0]])
    expected = von_mises.shoot(von_mises.to_plane(mu, kappa),
                               w * radius + kappa * v * across, steps=500)
    error = np.hypot(*(von_mises.to_plane(got_mu, got_kappa) - expected))
    error /= np.maximum(np.hypot(*expected), 1)
    print(f"worst error is {error.max()}")
    assert error.max() < 2e-9


@pytest.mark.parametrize("chart,element", CASES)
def test_formulas(chart, element):
    """The divergence, the metric and its inverse: the table's pairs, the same
    with beliefs that are hardly apart, and with extreme ones."""
    dtype = ELEMENTS[element]
    x = inputs(chart, element)
    big = {"f64": 1e15, "f32": 1e8}[element]
    stored = von_mises.CHARTS[chart][1]
    extreme = np.array([float(stored(mp.mpf(k)))
                        for k in (1 / big, 1e-3, 1.0, 50.0, big)], dtype)
    k1, k2 = (k.ravel() for k in np.meshgrid(extreme, extreme))
    near = (x[3] * (1 + np.geomspace(1e-15, 0.1, x[3].size))).astype(dtype)
    columns = [np.concatenate(c) for c in (
        [x[0], x[2], np.full(25, 0.5, dtype)], [x[1], near, k1],
        [x[2], x[2], np.full(25, 0.25, dtype)], [x[3], x[3], k2])]
    size = len(columns[0])
    results = run(
        module(chart, element, size, """
  %k = fisher.kl_divergence %a, %b : !b -> !t
  %m0, %m1 = fisher.metric %a, %x2, %x3 : !b
  %n0, %n1 = fisher.natural_gradient %a, %x2, %x3 : !b
  return %k, %m0, %m1, %n0, %n1 : !t, !t, !t, !t, !t""", 5), *columns)
    expectations = [von_mises.divergence, von_mises.metric,
                    von_mises.natural_gradient]
    worst = [Worst(n) for n in ("KL", "metric mu", "metric kappa",
                                "natural mu", "natural kappa")]
    largest, smallest = np.finfo(dtype).max, np.finfo(dtype).tiny
    for i in range(size):
        p = as_mpf(columns, i)
        expected, allowed = [], []
        for function in expectations:
            f = lambda *p: function(chart, p[:2], p[2:])
            expected += f(*p)
            allowed += rounding_allowance(f, p, UNIT[element])
        for w, got, e, rounding in zip(worst, results, expected, allowed):
            if abs(e) > largest:
                assert not np.isfinite(got[i]), f"{w.what}: {p}"
                continue
            w.add(got[i], e, FORMULA_TOLERANCE[element] * abs(e) + 4 * rounding +
                  smallest, f"pair {i}: {[float(c) for c in p]}")
    for w in worst:
        w.check()


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("source", von_mises.CHARTS)
def test_convert(source, element):
    x = inputs(source, element)
    size = len(x[0])
    for target in von_mises.CHARTS:
        mu, kappa = run(f"""
!t = tensor<{size}x{element}>
!b = !fisher.belief<#fisher.von_mises<{source}>, !t>
!c = !fisher.belief<#fisher.von_mises<{target}>, !t>
func.func @main(%m: !t, %k: !t) -> (!t, !t) {{
  %b = fisher.belief %m, %k : !b
  %c = fisher.convert %b : !b to !c
  %0, %1 = fisher.components %c : !c
  return %0, %1 : !t, !t
}}""", *x[:2])
        np.testing.assert_array_equal(mu, x[0])
        worst = Worst(f"{source} to {target}")
        for i in range(size):
            function = lambda *p: von_mises.convert(source, target, p)[1:]
            p = as_mpf(x[:2], i)
            (expected,) = function(*p)
            (rounding,) = rounding_allowance(function, p, UNIT[element])
            # Stored logarithms and softplus values pass through zero.
            magnitude = max(abs(expected), 0 if target == "kappa" else 1)
            worst.add(kappa[i], expected,
                      FORMULA_TOLERANCE[element] * magnitude + rounding,
                      f"row {i}")
        worst.check()
