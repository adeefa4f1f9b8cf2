# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Centered Gaussians through the compiled code: every row of the reference
tables, every operation against high precision, and the edges.

What is allowed grows with the condition numbers of the covariances."""

import pathlib

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest

import centered_gaussian_truth as truth
from accuracy import Worst, rounding_allowance
from event_family import EventFamily, shape_of
from execution import read_table, run

HERE = pathlib.Path(__file__).parent
CHARTS = ["covariance", "cholesky"]
ELEMENTS = {"f64": np.float64, "f32": np.float32,
            "bf16": ml_dtypes.bfloat16, "f16": np.float16}
TOLERANCE = {"f64": 1e-12, "f32": 2e-6}
# Beliefs this close were equal when the tables were computed.
EQUAL = mp.mpf(10)**-60
FAMILY = EventFamily("centered_gaussian", CHARTS, event_rank=2)
module, distances = FAMILY.module, FAMILY.distances


def condition(chart, stored):
    stored = stored.astype(np.float64)
    if chart == "cholesky":
        stored = np.tril(stored) @ np.tril(stored).T
    return np.linalg.cond(stored)


def add(worst, got, expected, allowed, where):
    """A matrix, relative to its largest element."""
    expected = list(expected)
    largest = max(map(abs, expected))
    for value, e in zip(got.ravel(), expected, strict=True):
        worst.add(value, e, allowed * largest, where)


def parse(text):
    return [mp.mpf(x) for x in text.split(";")]


@pytest.mark.reference
@pytest.mark.parametrize("element", ["f64", "f32"])
def test_reference_table(element):
    suffix = "_f32" if element == "f32" else ""
    rows = read_table(HERE / f"centered_gaussian{suffix}.csv")
    assert len(rows) == 90
    distance, gradient, midpoint = map(Worst, ("d2", "gradient", "midpoint"))
    for size in sorted({int(row["n"]) for row in rows}):
        some = [row for row in rows if int(row["n"]) == size]
        a, b = (np.array([row[c].split(";") for row in some],
                         ELEMENTS[element]).reshape(-1, size, size)
                for c in ("covariance1", "covariance2"))
        d2, g, q, plain = run(module("covariance", shape_of(a), element, f"""
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !d, !t
  %p = fisher.squared_distance %a, %b : !b -> !d
  %t = arith.constant 0.5 : {element}
  %h = fisher.geodesic %a, %b at %t : !b
  %q = fisher.components %h : !b
  return %d, %g, %q, %p : !d, !t, !t, !d""", ["!d", "!t", "!t", "!d"]), a, b)
        np.testing.assert_array_equal(plain, d2)
        for i, row in enumerate(some):
            where = f"row {i} of size {size}"
            allowed = TOLERANCE[element] * (condition("covariance", a[i]) *
                                            condition("covariance", b[i]))
            add(midpoint, q[i], parse(row["midpoint"]), allowed, where)
            expected = mp.mpf(row["d2"])
            if expected < EQUAL:
                assert d2[i] == 0 and (g[i] == 0).all(), where
                continue
            distance.add(d2[i], expected, allowed * expected, where)
            add(gradient, g[i], parse(row["d2_covariance1"]), allowed, where)
    for worst in (distance, gradient, midpoint):
        worst.check()


# What the tables do not have is compared with the formulas themselves.

def draw(chart, size, count, seed, element):
    """Pairs that are close, of ordinary distance, and far from each other."""
    rng = np.random.default_rng(seed)
    factors = np.tril(rng.normal(size=(count, size, size)))
    index = np.arange(size)
    factors[:, index, index] = np.exp(0.5 * rng.normal(size=(count, size)))
    spread = np.resize([1e-6, 1e-2, 1.0, 1.0], (count, 1, 1))
    scale = np.resize([1, 1, 1, 1e-5], (count, 1, 1))
    moved = np.tril(factors + spread * rng.normal(size=factors.shape))
    moved[:, index, index] = factors[:, index, index] * np.exp(
        spread[:, 0] * rng.normal(size=(count, size)))
    moved *= scale
    pair = factors, moved
    if chart == "covariance":
        pair = [x @ x.transpose(0, 2, 1) for x in pair]
    return [x.astype(ELEMENTS[element]) for x in pair]


def as_matrix(array):
    return mp.matrix(array.astype(np.float64).tolist())


@pytest.mark.reference
@pytest.mark.parametrize("element", ["f64", "f32"])
@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_operations(chart, element, size):
    count = 16
    a, b = draw(chart, size, count, size, element)
    other = CHARTS[1 - CHARTS.index(chart)]
    names = ["d", "g", "k", "v", "m", "n", "q", "e", "o"]
    d2, g, kl, v, m, n, q, end, converted = run(
        module(chart, shape_of(a), element, f"""
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !d, !t
  %k = fisher.kl_divergence %a, %b : !b -> !d
  %v = fisher.log %a, %b : !b
  %m = fisher.metric %a, %y : !b
  %n = fisher.natural_gradient %a, %g : !b
  %s = arith.constant 0.25 : {element}
  %h = fisher.geodesic %a, %b at %s : !b
  %q = fisher.components %h : !b
  %r = fisher.exp %a, %n : !b
  %e = fisher.components %r : !b
  %c = fisher.convert %a : !b to !{other}
  %o = fisher.components %c : !{other}
  return {", ".join("%" + x for x in names)}
      : !d, !t, !d, !t, !t, !t, !t, !t, !t""", ["!d", "!t", "!d"] + ["!t"] * 6),
        a, b)
    worst = {name: Worst(name) for name in [
        "d2", "gradient", "divergence", "log", "metric", "natural gradient",
        "geodesic", "exp", "convert"]}
    for i in range(count):
        x, y = as_matrix(a[i]), as_matrix(b[i])
        where = f"pair {i}"
        conditions = condition(chart, a[i]) * condition(chart, b[i])
        # A covariance's rounding moves what is whitened by its condition
        # number, and what is close by the ratio to the distance.
        expected = truth.squared_distance(chart, x, y)
        if expected == 0:
            assert d2[i] == 0 and (g[i] == 0).all()
            continue
        unit = TOLERANCE[element] / 8
        blur = conditions * (1 + unit / mp.sqrt(expected))
        allowed = TOLERANCE[element] * blur
        worst["d2"].add(d2[i], expected, allowed * expected, where)
        add(worst["gradient"], g[i], truth.gradient(chart, x, y), allowed,
            where)
        divergence = truth.divergence(chart, x, y)
        worst["divergence"].add(kl[i], divergence, allowed * divergence, where)
        tangent = truth.log(chart, x, y)
        add(worst["log"], v[i], tangent, allowed, where)
        add(worst["metric"], m[i], truth.metric(chart, x, y), allowed, where)
        add(worst["natural gradient"], n[i], -2 * tangent, allowed, where)
        add(worst["geodesic"], q[i],
            truth.geodesic(chart, x, y, mp.mpf(1) / 4), allowed, where)
        # Minus twice the logarithm leads to the other side, twice as far.
        add(worst["exp"], end[i], truth.geodesic(chart, x, y, -2),
            allowed * (1 + mp.exp(2 * mp.sqrt(expected))), where)
        convert = mp.cholesky(x) if chart == "covariance" else x * x.T
        add(worst["convert"], converted[i], convert,
            TOLERANCE[element] * conditions, where)
        if chart == "cholesky":
            upper = np.triu_indices(size, 1)
            for array in (g, v, m, n, q, end):
                assert (array[i][upper] == 0).all()
    for what in worst.values():
        what.check()


def orthogonal(rng, size):
    return np.linalg.qr(rng.normal(size=(size, size)))[0]


def draw_far(chart, size, count, element):
    """Pairs that differ by many orders of magnitude, whose small eigenvalues the
    stored numbers determine all the same: factors of random orientation, and
    covariances of axes of many sizes."""
    rng = np.random.default_rng(size)
    decades = {"f64": 4, "f32": 1.5}[element]
    pair = np.empty((2, count, size, size))
    for stored in pair.reshape(-1, size, size):
        sizes = 10.0**rng.uniform(-decades, decades, size)
        if chart == "covariance":
            root = np.tril(0.5 * rng.normal(size=(size, size)), -1) + np.eye(size)
            root = np.sqrt(sizes)[:, None] * root
            stored[:] = root @ root.T
            continue
        sizes[[0, -1]] = 10.0**decades, 10.0**-decades
        upper = np.linalg.qr((orthogonal(rng, size) * sizes).T)[1]
        stored[:] = (upper * np.sign(np.diag(upper))[:, None]).T
    return pair.astype(ELEMENTS[element])


@pytest.mark.parametrize("element", ["f64", "f32"])
@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("size,count", [(2, 12), (4, 3)])
def test_far_pairs(chart, size, count, element):
    """Errors are in proportion to what rounding the inputs can do, which for a
    small eigenvalue of the whitened covariance may be a millionth of what
    rounding the largest one would do."""
    a, b = draw_far(chart, size, count, element)
    results = run(module(chart, shape_of(a), element, f"""
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !d, !t
  %k = fisher.kl_divergence %a, %b : !b -> !d
  %v = fisher.log %a, %b : !b
  %s = arith.constant 0.25 : {element}
  %h = fisher.geodesic %a, %b at %s : !b
  %q = fisher.components %h : !b
  return %d, %g, %k, %v, %q : !d, !t, !d, !t, !t""",
                         ["!d", "!t", "!d", "!t", "!t"]), a, b)
    rows, columns = np.tril_indices(size)

    def matrix_of(numbers):
        matrix = mp.matrix(size, size)
        for i, j, x in zip(rows, columns, numbers):
            matrix[i, j] = x
            if chart == "covariance":
                matrix[j, i] = x
        return matrix

    functions = {
        "d2": lambda x, y: [truth.squared_distance(chart, x, y)],
        "gradient": lambda x, y: list(truth.gradient(chart, x, y)),
        "divergence": lambda x, y: [truth.divergence(chart, x, y)],
        "log": lambda x, y: list(truth.log(chart, x, y)),
        "geodesic": lambda x, y: list(truth.geodesic(chart, x, y,
                                                     mp.mpf(1) / 4)),
    }
    half = len(rows)
    unit = mp.mpf(float(np.finfo(ELEMENTS[element]).eps)) / 2
    for result, (name, function) in zip(results, functions.items(),
                                        strict=True):
        worst = Worst(f"{chart} {name}")
        for i in range(count):
            of = lambda *n: function(matrix_of(n[:half]), matrix_of(n[half:]))
            inputs = [mp.mpf(float(x[r, c])) for x in (a[i], b[i])
                      for r, c in zip(rows, columns)]
            expected = of(*inputs)
            # A matrix is compared as a whole.
            allowed = 16 * (max(rounding_allowance(of, inputs, unit)) +
                            unit * max(map(abs, expected)))
            for got, e in zip(np.ravel(result[i]), expected, strict=True):
                worst.add(got, e, allowed, f"pair {i}")
        worst.check()


@pytest.mark.parametrize("element", ["f64", "f32"])
@pytest.mark.parametrize("size", [8, 17, 32])
def test_spectra(size, element):
    """The fixed number of sweeps is enough for spectra of every kind."""
    rng = np.random.default_rng(size)
    spectra = [np.exp(rng.normal(size=size)),
               10.0**rng.uniform(-2, 2, size=size),
               1.0 + rng.integers(0, 2, size=size),
               1.0 + 1e-3 * rng.integers(0, 3, size=size)
               + rng.integers(0, 2, size=size),
               1.0 + 10.0**rng.uniform(-12, 0, size=size),
               # What accumulates at the upper end, and, of a near covariance,
               # on both sides of one.
               1.0 / (1.0 + 10.0**rng.uniform(-12, 0, size=size)),
               1.0 + 0.05 * rng.normal(size=size)
               * 10.0**rng.uniform(-6, 0, size=size)]
    # The second covariance is a function of the first, so that the answer is
    # known: the logarithm of each eigenvalue.
    a = np.broadcast_to(np.eye(size), (len(spectra), size, size)).copy()
    b = np.empty_like(a)
    for i, spectrum in enumerate(spectra):
        q = orthogonal(rng, size)
        b[i] = (q * spectrum) @ q.T
        b[i] = (b[i] + b[i].T) / 2
    a, b = a.astype(ELEMENTS[element]), b.astype(ELEMENTS[element])
    d2, g = distances("covariance", a, b, element)
    # A logarithm's error is that of an eigenvalue: rounding of the largest.
    for i, spectrum in enumerate(spectra):
        values, vectors = np.linalg.eigh(b[i].astype(np.float64))
        logs = np.log(values)
        unit = np.finfo(ELEMENTS[element]).eps
        slack = size * unit * values.max() / values.min()
        assert abs(d2[i] - 0.5 * (logs**2).sum()) <= slack * abs(logs).sum()
        slope = -g[i].astype(np.float64)
        assert abs(np.linalg.eigvalsh(slope) - logs).max() <= slack
        # Its eigenvalues do not tell whether the sweeps came to an end.
        assert abs(slope - (vectors * logs) @ vectors.T).max() <= slack


def test_equal_beliefs_have_no_distance():
    a, _ = draw("covariance", 5, 10, 0, "f64")
    for chart in CHARTS:
        d2, g = distances(chart, a, a.copy())
        assert (d2 == 0).all() and (g == 0).all()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("bad", [
    [[1, 2], [2, 1]], [[1, 1], [1, 1]], [[0, 0], [0, 1]], [[-1, 0], [0, 1]],
    [[np.nan, 0], [0, 1]], [[np.inf, 0], [0, 1]]])
def test_what_is_not_positive_definite_is_not_a_number(bad, which):
    pair = draw("covariance", 2, 4, 0, "f64")
    pair[which][2] = bad
    names = ["d", "g", "k", "v", "q"]
    results = run(module("covariance", "4x2x2x", "f64", f"""
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !d, !t
  %k = fisher.kl_divergence %a, %b : !b -> !d
  %v = fisher.log %a, %b : !b
  %t = arith.constant 0.5 : f64
  %h = fisher.geodesic %a, %b at %t : !b
  %q = fisher.components %h : !b
  return {", ".join("%" + x for x in names)} : !d, !t, !d, !t, !t""",
                         ["!d", "!t", "!d", "!t", "!t"]), *pair)
    for result in results:
        assert np.isnan(result[2]).all()
        assert np.isfinite(result[[0, 1, 3]]).all()


@pytest.mark.parametrize("bad", [0, -1, np.nan])
def test_bad_factors_are_not_a_number(bad):
    a, b = draw("cholesky", 3, 4, 0, "f64")
    a[1, 2, 2] = bad
    d2, g = distances("cholesky", a, b)
    (converted,) = run(module("cholesky", "4x3x3x", "f64", """
  %c = fisher.convert %a : !b to !covariance
  %o = fisher.components %c : !covariance
  return %o : !t""", ["!t"]), a, b)
    below = np.tril_indices(3)
    assert np.isnan(d2[1]) and np.isnan(g[1][below]).all()
    assert np.isnan(converted[1]).all()
    for result in (d2, g, converted):
        assert np.isfinite(result[[0, 2, 3]]).all()


def test_the_triangle_above_a_factor_is_not_read():
    a, b = draw("cholesky", 3, 4, 0, "f64")
    expected = distances("cholesky", a, b)
    a[:, 0, 2] = np.nan
    for got, e in zip(distances("cholesky", a, b), expected):
        np.testing.assert_array_equal(got, e)


@pytest.mark.reference
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("shape,sizes", [
    ("", ()), ("4x", (4,)), ("2x3x", (2, 3)), ("?x", (3,)), ("?x2x", (2, 2)),
    ("?x", (0,))])
def test_shapes_and_element_types(shape, sizes, element):
    """Any batch, static or not, empty or not, and storage in small types."""
    rng = np.random.default_rng(1)
    a, b = (np.eye(3) + x @ np.swapaxes(x, -1, -2) for x in
            rng.integers(-2, 3, size=(2, *sizes, 3, 3)).astype(float))
    a, b = a.astype(ELEMENTS[element]), b.astype(ELEMENTS[element])
    compute = "f64" if element == "f64" else "f32"
    d2, penalty, g, plain = run(
        module("covariance", shape + "3x3x", element, f"""
  %d = fisher.squared_distance %a, %b : !b -> !d
  %w = arith.constant 0.5 : {compute}
  %p, %g = fisher.penalty_with_gradient %a toward %b weight %w
      : !b -> tensor<{compute}>, !t
  %o = fisher.penalty %a toward %b weight %w : !b -> tensor<{compute}>
  return %d, %p, %g, %o : !d, tensor<{compute}>, !t, tensor<{compute}>""",
               ["!d", f"tensor<{compute}>", "!t", f"tensor<{compute}>"]), a, b)
    wide = [x.astype(np.float64).reshape(-1, 3, 3) for x in (a, b)]
    expected, slope = distances("covariance", *wide) if a.size else (
        np.zeros(0), np.zeros((0, 3, 3)))
    rtol = 1e-13 if element == "f64" else 1e-5
    np.testing.assert_allclose(d2, expected.reshape(sizes), rtol=rtol)
    np.testing.assert_allclose(penalty, 0.5 * expected.sum(), rtol=rtol)
    assert plain == penalty
    assert g.dtype == a.dtype and g.shape == a.shape
    rtol = {"f64": 1e-12, "f32": 1e-4, "bf16": 2**-7, "f16": 2**-9}[element]
    np.testing.assert_allclose(g.astype(np.float64),
                               0.5 * slope.reshape(a.shape), rtol=rtol,
                               atol=rtol)
