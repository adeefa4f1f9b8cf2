# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Distances in JAX, and their gradients with respect to both beliefs, against the
families' reference tables within the families' own bounds."""

import importlib
import sys

import jax
import mpmath as mp
import numpy as np
import pytest

import fisher
import fisher.jax
from accuracy import Worst, rounding_allowance
from by_hand import precision
from execution import read_table
from paths import ROOT

FAMILIES = ROOT / "test" / "Families"
ELEMENTS = {"f64": np.float64, "f32": np.float32}
every_element = pytest.mark.parametrize("element", ELEMENTS)


def load(family, module):
    """A module beside a family's table: its formulas and its bounds."""
    folder = str(FAMILIES / family)
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(module)
    finally:
        sys.path.remove(folder)


def table(family, name, element):
    suffix = "_f32" if element == "f32" else ""
    return read_table(FAMILIES / family / f"{name}{suffix}.csv")


@jax.jit
def evaluate(a, b):
    """Squared distances, gradients with respect to `a`, and what must be the
    same: the gradients with respect to the second of the same two beliefs the
    other way round."""

    def total(a, b):
        d2 = fisher.jax.squared_distance(a, b)
        return d2.sum(), d2

    first, d2 = jax.grad(total, has_aux=True)(a, b)
    second, _ = jax.grad(total, argnums=1, has_aux=True)(b, a)
    return d2, first.components, second.components


def run(family, a, b, element):
    """The results of `evaluate`, as numpy arrays, for stored components."""
    dtype = ELEMENTS[element]
    with precision(dtype):
        d2, first, second = evaluate(family(*a), family(*b))
    assert d2.dtype == dtype
    for one, other in zip(first, second):
        np.testing.assert_array_equal(one, other)
    return np.asarray(d2), [np.asarray(gradient) for gradient in first]


GAUSSIAN_CHARTS = ["sigma", "log_sigma", "softplus", "variance", "log_variance", "precision"]


@every_element
@pytest.mark.parametrize("chart", GAUSSIAN_CHARTS)
def test_gaussian(chart, element):
    truth = load("Gaussian", "gaussian_truth")
    bounds = load("Gaussian", "test_gaussian")
    rows, inputs = bounds.table(chart, element)
    d2, gradient = run(fisher.Gaussian(chart), inputs[:2], inputs[2:], element)
    scale = "sigma1" if chart == "sigma" else "scale1"
    distances, slopes = Worst("d2"), Worst("gradient")
    for i, row in enumerate(rows):
        expected = mp.mpf(row["d2"])
        if expected == 0:
            assert d2[i] == 0 and all(part[i] == 0 for part in gradient)
            continue
        distances.add(d2[i], expected, bounds.DISTANCE_TOLERANCE[element] * expected, i)
        expected = [mp.mpf(row["d2_mu1"]), mp.mpf(row["d2_" + scale])]
        allowance = rounding_allowance(
            lambda *x: truth.distance_and_gradient(chart, x[:2], x[2:]),
            bounds.as_mpf(inputs, i),
            bounds.UNIT[element],
        )[1:]
        allowed = bounds.GRADIENT_TOLERANCE[element] * max(map(abs, expected))
        for part, e, rounding in zip(gradient, expected, allowance):
            slopes.add(part[i], e, allowed + rounding, i)
    distances.check()
    slopes.check()


@every_element
@pytest.mark.parametrize("chart", ["kappa", "log_kappa", "softplus"])
def test_von_mises(chart, element):
    import von_mises as truth

    bounds = load("VonMises", "test_von_mises")
    rows, x = bounds.table(element), bounds.inputs(chart, element)
    d2, gradient = run(fisher.VonMises(chart), x[:2], x[2:], element)
    distances, slopes = Worst("d2"), Worst("gradient")
    for i, row in enumerate(rows):
        d = mp.sqrt(mp.mpf(row["d2"]))
        if d == 0:
            assert d2[i] == 0 and all(part[i] == 0 for part in gradient)
            continue
        a, b = (bounds.as_mpf(part, i) for part in (x[:2], x[2:]))
        moved = 0
        if chart != "kappa":
            moved = sum(truth.rounding_length(chart, p, bounds.UNIT[element]) for p in (a, b))
        allowed = bounds.DISTANCE_TOLERANCE[element] * d**2 + 2 * d * moved
        distances.add(d2[i], d**2, allowed, i)
        slope = truth.CHARTS[chart][2](a[1])
        expected = [mp.mpf(row["d2_mu1"]), mp.mpf(row["d2_kappa1"]) * slope]
        allowed = bounds.GRADIENT_TOLERANCE[element] * max(map(abs, expected))
        for part, e, unit in zip(gradient, expected, ([1, 0], [0, 1])):
            size = truth.length(chart, a, [mp.mpf(u) for u in unit])
            slopes.add(part[i], e, allowed + 4 * (1 + d) * moved * size, i)
    distances.check()
    slopes.check()


def is_faithful(family, stored, dtype):
    """Whether rounding left numbers what they were: neither too near to one nor
    beyond the element type."""
    if family.name == "bernoulli":
        return max(stored) < 0.99
    return min(stored) > np.finfo(dtype).tiny and max(stored) < np.finfo(dtype).max


@every_element
@pytest.mark.parametrize(
    "family",
    [
        fisher.Bernoulli("logit"),
        fisher.Bernoulli("probability"),
        fisher.Poisson("log_rate"),
        fisher.Poisson("rate"),
        fisher.Exponential("log_rate"),
        fisher.Exponential("rate"),
    ],
    ids=lambda family: str(family)[8:],
)
def test_one_parameter(family, element):
    """Charts that have no table are compared with the formula of those that do."""
    import one_parameter as bounds

    folder = type(family).__name__
    truth = load(folder, f"test_{family.name}").FAMILY
    with_table = "logit" if family.name == "bernoulli" else "log_rate"
    rows = table(folder, family.name, element)
    assert len(rows) > 100
    stored = [[row[with_table + i] for row in rows] for i in "12"]
    if family.chart != with_table:
        of_table, to_chart = truth.charts[with_table][0], truth.charts[family.chart][1]
        stored = [[float(to_chart(of_table(mp.mpf(x)))) for x in part] for part in stored]
    x, y = (np.array(part, ELEMENTS[element]) for part in stored)
    d2, (gradient,) = run(family, [x], [y], element)
    distances, slopes = Worst("d2"), Worst("gradient")

    def squared(a, b):
        length = truth.length(family.chart, a, b)
        return [length**2, 2 * length * truth.slope(family.chart, a)]

    for i, row in enumerate(rows):
        pair = [mp.mpf(float(x[i])), mp.mpf(float(y[i]))]
        if family.chart != with_table and not is_faithful(family, pair, ELEMENTS[element]):
            continue
        exact = squared(*pair)
        if family.chart == with_table:
            exact = [mp.mpf(row["d2"]), mp.mpf(row[f"d2_{with_table}1"])]
        if exact[0] == 0:
            assert d2[i] == 0 and gradient[i] == 0
            continue
        rounding = rounding_allowance(squared, pair, bounds.UNIT[element])
        if family.chart == with_table:
            rounding[0] = 0
        distances.add(
            d2[i], exact[0], bounds.DISTANCE_TOLERANCE[element] * exact[0] + rounding[0], i
        )
        allowed = bounds.GRADIENT_TOLERANCE[element] * abs(exact[1]) + rounding[1]
        slopes.add(gradient[i], exact[1], allowed, i)
    distances.check()
    slopes.check()


@every_element
def test_categorical(element):
    bounds = load("Categorical", "test_categorical")
    rows = table("Categorical", "categorical", element)
    assert len(rows) == 150
    distances, slopes = Worst("d2"), Worst("gradient")
    for size in sorted({row["logits1"].count(";") for row in rows}):
        some = [row for row in rows if row["logits1"].count(";") == size]
        a, b = (
            np.array([row[c].split(";") for row in some], ELEMENTS[element])
            for c in ("logits1", "logits2")
        )
        d2, (gradient,) = run(fisher.Categorical("logits"), [a], [b], element)
        for i, row in enumerate(some):
            expected = mp.mpf(row["d2"])
            if expected == 0:
                assert d2[i] == 0 and (gradient[i] == 0).all()
                continue
            distances.add(d2[i], expected, bounds.DISTANCE_TOLERANCE[element] * expected, i)
            slope = [mp.mpf(x) for x in row["d2_logits1"].split(";")]
            allowed = bounds.GRADIENT_TOLERANCE[element] * max(map(abs, slope))
            for got, e in zip(gradient[i], slope, strict=True):
                slopes.add(got, e, allowed, i)
    distances.check()
    slopes.check()


@every_element
@pytest.mark.parametrize(
    "family",
    [fisher.Categorical("probabilities"), fisher.CenteredGaussian("cholesky")],
    ids=lambda family: str(family)[8:],
)
def test_charts_without_a_table(family, element):
    """Against the formulas that the tables are tested with, too."""
    folder = type(family).__name__
    truth = load(folder, f"{family.name}_truth")
    bounds = load(folder, f"test_{family.name}")
    a, b = bounds.draw(family.chart, 3, 12, 5, element)
    d2, (gradient,) = run(family, [a], [b], element)
    distances, slopes = Worst("d2"), Worst("gradient")
    for i in range(len(a)):
        if family.name == "categorical":
            x, y = bounds.as_mpf(a[i]), bounds.as_mpf(b[i])

            def both(*z):
                first, second = z[:3], z[3:]
                slope = truth.gradient(family.chart, first, second)
                return [truth.squared_distance(family.chart, first, second), *slope]

            exact = both(*x, *y)
            rounding = rounding_allowance(both, [*x, *y], bounds.UNIT[element])
            tolerance = bounds.GRADIENT_TOLERANCE[element]
        else:
            x, y = bounds.as_matrix(a[i]), bounds.as_matrix(b[i])
            distance = truth.squared_distance(family.chart, x, y)
            exact = [distance, *truth.gradient(family.chart, x, y)]
            rounding = [0] * len(exact)
            conditions = [bounds.condition(family.chart, matrix[i]) for matrix in (a, b)]
            tolerance = bounds.TOLERANCE[element] * conditions[0] * conditions[1]
            tolerance *= 1 + bounds.TOLERANCE[element] / mp.sqrt(distance)
        distances.add(d2[i], exact[0], tolerance * exact[0] + rounding[0], i)
        largest = max(map(abs, exact[1:]))
        for got, e, r in zip(gradient[i].ravel(), exact[1:], rounding[1:], strict=True):
            slopes.add(got, e, tolerance * largest + r, i)
    distances.check()
    slopes.check()


@every_element
def test_centered_gaussian(element):
    bounds = load("CenteredGaussian", "test_centered_gaussian")
    rows = table("CenteredGaussian", "centered_gaussian", element)
    assert len(rows) == 90
    distances, slopes = Worst("d2"), Worst("gradient")
    for size in sorted({int(row["n"]) for row in rows}):
        some = [row for row in rows if int(row["n"]) == size]
        a, b = (
            np.array([row[c].split(";") for row in some], ELEMENTS[element]).reshape(-1, size, size)
            for c in ("covariance1", "covariance2")
        )
        d2, (gradient,) = run(fisher.CenteredGaussian("covariance"), [a], [b], element)
        for i, row in enumerate(some):
            expected = mp.mpf(row["d2"])
            if expected < bounds.EQUAL:
                assert d2[i] == 0 and (gradient[i] == 0).all()
                continue
            conditions = [bounds.condition("covariance", matrix[i]) for matrix in (a, b)]
            allowed = bounds.TOLERANCE[element] * conditions[0] * conditions[1]
            distances.add(d2[i], expected, allowed * expected, i)
            bounds.add(slopes, gradient[i], bounds.parse(row["d2_covariance1"]), allowed, i)
    distances.check()
    slopes.check()
