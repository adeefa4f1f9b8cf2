# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Categorical distributions through the compiled code: every row of the
reference tables, every operation against high precision, and the edges."""

import pathlib

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest

import categorical_truth as truth
from accuracy import Worst, assert_same_code, rounding_allowance
from event_family import EventFamily, shape_of
from execution import read_table, run

HERE = pathlib.Path(__file__).parent
CHARTS = ["logits", "probabilities"]
ELEMENTS = {"f64": np.float64, "f32": np.float32,
            "bf16": ml_dtypes.bfloat16, "f16": np.float16}
UNIT = {"f64": mp.mpf(2)**-53, "f32": mp.mpf(2)**-24}
DISTANCE_TOLERANCE = {"f64": 1e-13, "f32": 1e-6}
GRADIENT_TOLERANCE = {"f64": 1e-13, "f32": 2e-6}
FAMILY = EventFamily("categorical", CHARTS, event_rank=1)
module, distances = FAMILY.module, FAMILY.distances


def as_mpf(row):
    return [mp.mpf(float(x)) for x in row]


def numbers(text):
    return text.split(";")


@pytest.mark.reference
@pytest.mark.parametrize("element", ["f64", "f32"])
def test_reference_table(element):
    suffix = "_f32" if element == "f32" else ""
    rows = read_table(HERE / f"categorical{suffix}.csv")
    assert len(rows) == 150
    distance, gradient = Worst("d2"), Worst("gradient")
    for size in sorted({len(numbers(row["logits1"])) for row in rows}):
        some = [row for row in rows if len(numbers(row["logits1"])) == size]
        a, b = (np.array([numbers(row[c]) for row in some], ELEMENTS[element])
                for c in ("logits1", "logits2"))
        d2, g = distances("logits", a, b, element)
        (plain,) = run(module("logits", shape_of(a), element, """
  %d = fisher.squared_distance %a, %b : !b -> !d
  return %d : !d""", ["!d"]), a, b)
        assert_same_code(plain, d2)
        for i, row in enumerate(some):
            where = f"row {i} of size {size}"
            expected = mp.mpf(row["d2"])
            if expected == 0:
                assert d2[i] == 0 and (g[i] == 0).all(), where
                continue
            distance.add(d2[i], expected,
                         DISTANCE_TOLERANCE[element] * expected, where)
            slope = [mp.mpf(x) for x in numbers(row["d2_logits1"])]
            allowed = GRADIENT_TOLERANCE[element] * max(map(abs, slope))
            for got, e in zip(g[i], slope):
                gradient.add(got, e, allowed, where)
    distance.check()
    gradient.check()


# What the tables do not have is compared with the formulas themselves.

def draw(chart, size, count, seed, element):
    """Pairs that are close, of ordinary distance, and far from each other."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(count, size))
    spread = np.resize([1e-6, 1e-3, 1.0, 10.0], (count, 1))
    b = a + spread * rng.normal(size=(count, size))
    a *= np.maximum(spread, 1)
    if chart == "probabilities":
        a, b = (np.exp(x - x.max(-1, keepdims=True)) for x in (a, b))
        a, b = (x / x.sum(-1, keepdims=True) for x in (a, b))
    return a.astype(ELEMENTS[element]), b.astype(ELEMENTS[element])


def compare(what, got, function, inputs, element, where, worst):
    """Adds the errors of one distribution's results."""
    expected = function(*inputs)
    allowance = rounding_allowance(function, inputs, UNIT[element])
    largest = max(map(abs, expected))
    for value, e, rounding in zip(got, expected, allowance):
        worst.setdefault(what, Worst(what)).add(
            value, e, GRADIENT_TOLERANCE[element] * largest + rounding, where)


@pytest.mark.reference
@pytest.mark.parametrize("element", ["f64", "f32"])
@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("size", [2, 3, 7])
def test_operations(chart, element, size):
    count = 24
    a, b = draw(chart, size, count, size, element)
    names = ["d", "g", "k", "v", "m", "n", "q", "o"]
    other_chart = CHARTS[1 - CHARTS.index(chart)]
    d2, g, kl, v, m, n, q, other = run(module(chart, shape_of(a), element, f"""
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !d, !t
  %k = fisher.kl_divergence %a, %b : !b -> !d
  %v = fisher.log %a, %b : !b
  %m = fisher.metric %a, %y : !b
  %n = fisher.natural_gradient %a, %g : !b
  %s = arith.constant 0.25 : {element}
  %h = fisher.geodesic %a, %b at %s : !b
  %q = fisher.components %h : !b
  %c = fisher.convert %a : !b to !{other_chart}
  %o = fisher.components %c : !{other_chart}
  return {", ".join("%" + x for x in names)} : !d, !t, !d, !t, !t, !t, !t, !t""",
                   ["!d", "!t", "!d"] + ["!t"] * 5), a, b)
    worst = {}
    for i in range(count):
        x, y = as_mpf(a[i]), as_mpf(b[i])
        first, second = (lambda z: z[:size]), (lambda z: z[size:])

        def check(what, got, function, inputs=None):
            compare(what, got, function, inputs or x + y, element,
                    f"pair {i}", worst)
        check("d2", [d2[i]], lambda *z: [
            truth.squared_distance(chart, first(z), second(z))])
        check("gradient", g[i],
              lambda *z: truth.gradient(chart, first(z), second(z)))
        check("divergence", [kl[i]],
              lambda *z: [truth.divergence(chart, first(z), second(z))])
        check("log", v[i], lambda *z: truth.log(chart, first(z), second(z)))
        check("metric", m[i],
              lambda *z: truth.metric(chart, first(z), second(z)))
        # The natural gradient is a tangent vector that the metric turns into
        # the gradient; the numbers that it was computed from are rounded.
        check("natural gradient", g[i],
              lambda *z: truth.metric(chart, first(z), second(z)),
              x + as_mpf(n[i]))
        check("geodesic", q[i], lambda *z: truth.geodesic(
            chart, first(z), second(z), mp.mpf(1) / 4))
        convert = (lambda *z: truth.probabilities("logits", z)) \
            if chart == "logits" else \
            (lambda *z: [mp.log(p) for p in truth.probabilities(chart, z)])
        check("convert", other[i], convert, x)
    for what in worst.values():
        what.check()


@pytest.mark.parametrize("element", ["f64", "f32"])
def test_natural_gradient_of_a_likely_outcome(element):
    """Where the gradient is nearly in proportion to the probabilities, what is
    left for a likely outcome has digits that its own difference has not."""
    dtype = ELEMENTS[element]
    rare = np.geomspace(0.3, 1e-5, 12).astype(dtype)
    logits = np.stack([np.zeros_like(rare), np.log(rare)], -1)
    gradient = np.stack([np.ones_like(rare), rare * dtype(1.01)], -1)
    (got,) = run(module("logits", shape_of(logits), element, """
  %n = fisher.natural_gradient %a, %y : !b
  return %n : !t""", ["!t"]), logits, gradient)

    def natural_gradient(*z):
        p, g = truth.probabilities("logits", z[:2]), z[2:]
        return [x / y - mp.fsum(g) for x, y in zip(g, p)]

    worst = Worst("natural gradient")
    for i in range(len(rare)):
        inputs = as_mpf(logits[i]) + as_mpf(gradient[i])
        allowed = rounding_allowance(natural_gradient, inputs, UNIT[element])
        for value, e, rounding in zip(got[i], natural_gradient(*inputs),
                                      allowed):
            worst.add(value, e, 4 * rounding + 4 * UNIT[element] * abs(e),
                      f"probability {rare[i]}")
    worst.check()


def test_natural_gradient_of_an_outcome_without_probability():
    """Its part of the gradient being zero, it moves with all the others."""
    logits, gradient = np.array([[[0, -2000.0]], [[1, 0.0]]])
    (got,) = run(module("logits", shape_of(logits), "f64", """
  %n = fisher.natural_gradient %a, %y : !b
  return %n : !t""", ["!t"]), logits, gradient)
    np.testing.assert_array_equal(got, [[0, -1]])


@pytest.mark.parametrize("element", ["f64", "f32"])
@pytest.mark.parametrize("size", [1, 2, 1000, 100_000])
def test_sizes(size, element):
    """Sums keep their digits whatever the number of outcomes."""
    rng = np.random.default_rng(size)
    a, b = rng.normal(size=(2, 3, size)).astype(ELEMENTS[element])
    b[0] = a[0]
    d2, g = distances("logits", a, b, element)
    a, b = a.astype(np.longdouble), b.astype(np.longdouble)
    p, q = (np.exp(x) / np.exp(x).sum(-1, keepdims=True) for x in (a, b))
    chord = np.sqrt(((np.sqrt(p) - np.sqrt(q))**2).sum(-1))
    phi = 2 * np.arcsin(chord / 2)
    np.testing.assert_allclose(d2, 4 * phi**2,
                               rtol=DISTANCE_TOLERANCE[element])
    factor = np.ones(3, np.longdouble)
    np.divide(phi, np.sin(phi), out=factor, where=phi > 0)
    slope = -4 * factor[:, None] * (
        np.sqrt(p * q) - p * np.cos(phi)[:, None])
    np.testing.assert_allclose(
        g, slope, rtol=0, atol=GRADIENT_TOLERANCE[element] * abs(slope).max())
    assert d2[0] == 0 and (g[0] == 0).all()


@pytest.mark.parametrize("element", ["f64", "f32"])
def test_logits_of_ten_thousand(element):
    """What overflows when it is exponentiated does not, and far shifts of all
    logits change nothing."""
    a = np.array([[1e4, -1e4, 0], [1e4, 1e4, -1e4], [1e4 + 1, 1e4, 1e4],
                  [0, -50, -60]], ELEMENTS[element])
    b = np.array([[-1e4, 1e4, 0], [1e4, 1e4, 1e4], [-1e4 + 1, -1e4, -1e4],
                  [0, -50.5, -60]], ELEMENTS[element])
    d2, g = distances("logits", a, b, element)
    expected = [mp.pi**2, 4 * mp.acos(mp.sqrt(mp.mpf(2) / 3))**2, mp.mpf(0),
                truth.squared_distance("logits", as_mpf(a[3]), as_mpf(b[3]))]
    for got, e in zip(d2, expected):
        assert abs(got - e) <= DISTANCE_TOLERANCE[element] * e
    assert np.isfinite(g).all() and (g[2] == 0).all()
    assert d2[3] > 0


def test_small_probabilities_keep_their_digits():
    """A logit far below the others is what it is less the largest one, of
    which the rounding would be felt."""
    rng = np.random.default_rng(0)
    below = rng.uniform(10, 40, size=(2, 2000))
    top = rng.uniform(-8, 8, size=(2, 2000))
    a, b = np.stack([top, top - below], -1).astype(np.float32)
    d2, _ = distances("logits", a, b, "f32")
    p, q = (np.exp(x[:, 1] - x[:, 0])
            for x in (a.astype(np.longdouble), b.astype(np.longdouble)))
    # Two outcomes are one angle.
    expected = (2 * (np.arctan(np.sqrt(p)) - np.arctan(np.sqrt(q))))**2
    np.testing.assert_allclose(d2, expected,
                               rtol=DISTANCE_TOLERANCE["f32"])


def test_zero_probabilities():
    """They are points of the boundary; weights need not sum to one."""
    a = np.array([[0, 1, 1.0], [0, 0, 1], [3, 0, 1], [1, 0, 0]])
    b = np.array([[0, 1, 3.0], [1, 0, 0], [3, 0, 1], [.25, .75, 0]])
    d2, g = distances("probabilities", a, b)
    (kl,) = run(module("probabilities", "4x3x", "f64", """
  %k = fisher.kl_divergence %a, %b : !b -> !d
  return %k : !d""", ["!d"]), a, b)
    for i in range(4):
        x, y = as_mpf(a[i]), as_mpf(b[i])
        expected = truth.squared_distance("probabilities", x, y)
        assert abs(d2[i] - expected) <= 4e-16 * expected
        divergence = truth.divergence("probabilities", x, y)
        assert kl[i] == divergence or abs(kl[i] / divergence - 1) < 4e-16
    assert d2[2] == 0 and kl[2] == 0 and np.isinf(kl[1])
    # d2 falls with the square root of a probability that leaves zero for a
    # reference that has it.
    assert g[1, 0] == -np.inf and g[3, 1] == -np.inf
    assert (g[2] == 0).all() and g[0, 0] == 0


def test_divergence_gradient_of_zero_probabilities():
    """Without a bound where only the second belief allows an outcome, and as ever
    where neither does."""
    a = np.array([[0, 0.5, 0.5, 0]])
    b = np.array([[0.25, 0.25, 0.5, 0]])
    divergence, first, second = run(module("probabilities", "1x4x", "f64", """
  %k, %f, %s = fisher.kl_divergence_with_gradients %a, %b : !b
  return %k, %f, %s : !d, !t, !t""", ["!d", "!t", "!t"]), a, b)
    expected = np.log(2) / 2
    np.testing.assert_allclose(divergence, [expected], rtol=1e-15)
    np.testing.assert_allclose(
        first, [[-np.inf, np.log(2) - expected, -expected, -expected]], rtol=1e-14)
    np.testing.assert_allclose(second, [[1, -1, 0, 0]], atol=1e-15)


@pytest.mark.parametrize("chart,bad", [
    ("logits", np.nan), ("logits", np.inf),
    ("probabilities", np.nan), ("probabilities", -1e-3)])
def test_bad_numbers_stay_in_their_distribution(chart, bad):
    a, b = draw(chart, 4, 6, 0, "f64")
    a[2, 1] = bad
    d2, g = distances(chart, a, b)
    others = [0, 1, 3, 4, 5]
    assert np.isnan(d2[2]) and np.isnan(g[2]).all()
    assert np.isfinite(d2[others]).all() and np.isfinite(g[others]).all()


def test_minus_infinite_logits_are_zero_probabilities():
    a = np.array([[0, -np.inf, 1.0], [0, -np.inf, 1.0], [2, 0, -np.inf]])
    b = np.array([[0, -np.inf, 2.0], [0, 1, 2], [2, 0, -np.inf]])
    d2, g = distances("logits", a, b)
    p, q = np.exp(a), np.exp(b)
    same, slope = distances("probabilities", p, q)
    np.testing.assert_allclose(d2, same, rtol=1e-14)
    inside = p > 0
    np.testing.assert_allclose(g[inside], p[inside] * slope[inside], atol=1e-14)
    assert (g[~inside] == 0).all()
    (q,) = run(module("logits", "3x3x", "f64", """
  %t = arith.constant 0.5 : f64
  %q = fisher.geodesic %a, %b at %t : !b
  %r = fisher.components %q : !b
  return %r : !t""", ["!t"]), a, b)
    assert (np.isneginf(q) == (np.isneginf(a) & np.isneginf(b))).all()
    np.testing.assert_allclose(q[2, :2], a[2, :2], rtol=1e-15)


@pytest.mark.reference
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("shape,sizes", [
    ("5x", (5,)), ("4x5x", (4, 5)), ("2x3x5x", (2, 3, 5)), ("?x?x", (3, 5)),
    ("?x2x?x", (2, 2, 5)), ("?x?x", (0, 5)),
    # Rows that are side by side in vectors, and what is left of them.
    ("?x5x", (0, 5)), ("?x5x", (1, 5)), ("?x5x", (67, 5)), ("40x5x", (40, 5)),
    ("?x1x", (35, 1)), ("?x32x", (33, 32))])
def test_shapes_and_element_types(shape, sizes, element):
    """Any batch, static or not, empty or not, and storage in small types."""
    outcomes = sizes[-1]
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, *sizes)).astype(ELEMENTS[element])
    compute = "f64" if element == "f64" else "f32"
    d2, penalty, g, plain = run(module("logits", shape, element, f"""
  %d = fisher.squared_distance %a, %b : !b -> !d
  %w = arith.constant 0.5 : {compute}
  %p, %g = fisher.penalty_with_gradient %a toward %b weight %w
      : !b -> tensor<{compute}>, !t
  %o = fisher.penalty %a toward %b weight %w : !b -> tensor<{compute}>
  return %d, %p, %g, %o : !d, tensor<{compute}>, !t, tensor<{compute}>""",
        ["!d", f"tensor<{compute}>", "!t", f"tensor<{compute}>"]), a, b)
    wide = [x.astype(np.float64).reshape(-1, outcomes) for x in (a, b)]
    expected, slope = distances("logits", *wide) if a.size else (
        np.zeros(0), np.zeros((0, outcomes)))
    rtol = {"f64": 1e-14, "f32": 1e-6, "bf16": 1e-6, "f16": 1e-6}[element]
    np.testing.assert_allclose(d2, expected.reshape(sizes[:-1]), rtol=rtol)
    np.testing.assert_allclose(penalty, 0.5 * expected.sum(), rtol=rtol)
    assert plain == penalty
    assert g.dtype == a.dtype and g.shape == a.shape
    rtol = {"f64": 1e-13, "f32": 1e-5, "bf16": 2**-7, "f16": 2**-9}[element]
    np.testing.assert_allclose(g.astype(np.float64),
                               0.5 * slope.reshape(sizes), rtol=rtol,
                               atol=1e-6 if element != "f64" else 1e-14)


@pytest.mark.parametrize("chart", CHARTS)
def test_exp_leaves_the_simplex(chart):
    """Beyond the boundary there is no distribution."""
    a = np.array([[.5, .5], [.5, .5]])
    if chart == "logits":
        a = np.log(a)
    v = np.array([[.1, -.1], [50, -50.]])
    (q,) = run(module(chart, "2x2x", "f64", """
  %q = fisher.exp %a, %y : !b
  %r = fisher.components %q : !b
  return %r : !t""", ["!t"]), a, v)
    assert np.isfinite(q[0]).all() and np.isnan(q[1]).any()
