# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The derivatives of geodesics, natural gradients and divergences in every
family and chart: in f64 against differences of the functions themselves, in f32
against f64, and at distance zero against what they are there.
"""

import numpy as np
import pytest

from execution import run
from test_properties import CHARTS, ELEMENTS, FAMILIES, components, draw, program

COUNT = 250
# A difference of eighth order: the slope is the sum of these times what the
# function changes from -n to +n steps, over the step.
STENCIL = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
F64 = [(family, chart) for family, chart, element in CHARTS if element == "f64"]
FUNCTIONS = ["geodesic", "natural_gradient", "kl_divergence"]
# How much more a family's results are off than closed forms are.
LOSS = {"von_mises": 20, "centered_gaussian": 50}


def count_components(family):
    return len(FAMILIES[family].samples)


def call(family, chart, element, inputs, beliefs, body, components=(), distances=()):
    """Runs operations on %b0, ..., beliefs of the first inputs as components, on
    the groups %v0_0, %v0_1, ... of others like these, and on %t, the last one.
    Returns the named values: those like components, then those like distances."""
    *inputs, t = inputs
    k, shape = count_components(family), inputs[0].shape
    names = [f"%{kind}{i}_{j}" for kind, groups in (
        ("x", beliefs), ("v", len(inputs) // k - beliefs)) for i in range(groups)
             for j in range(k)]
    packed = "".join(f"  %b{i} = fisher.belief {group('x', i, k)} : !b\n"
                     for i in range(beliefs))
    types = ["!t"] * len(components) + ["!d"] * len(distances)
    arguments = ", ".join(f"{name}: !t" for name in names)
    return run(f"""
!t = tensor<{"x".join(map(str, shape))}x{element}>
!d = tensor<{shape[0]}x{element}>
!b = !fisher.belief<#fisher.{family}<{chart}>, !t>
func.func @main({arguments}, %s: tensor<{element}>) -> ({", ".join(types)}) {{
  %t = tensor.extract %s[] : tensor<{element}>
{packed}  {body}
  return {", ".join([*components, *distances])} : {", ".join(types)}
}}""", *(x.astype(ELEMENTS[element]) for x in inputs), np.array(t, ELEMENTS[element]))


def group(kind, index, k):
    return ", ".join(f"%{kind}{index}_{j}" for j in range(k))


def evaluate(function, family, chart, element, inputs):
    """The results of a function, component by component."""
    k = count_components(family)
    q = [f"%q{j}" for j in range(k)]
    if function == "geodesic":
        return call(family, chart, element, inputs, 2, f"""%q = fisher.geodesic %b0, %b1 at %t : !b
  {", ".join(q)} = fisher.components %q : !b""", q)
    if function == "natural_gradient":
        return call(family, chart, element, inputs, 1,
                    f"{', '.join(q)} = fisher.natural_gradient %b0, {group('v', 0, k)} : !b", q)
    return call(family, chart, element, inputs, 2,
                "%k = fisher.kl_divergence %b0, %b1 : !b -> !d", distances=["%k"])


def pull_back(function, family, chart, element, inputs, covector):
    """The gradient of the function's product with a covector by its inputs,
    without that by %t, which is the other result if there is one."""
    k = count_components(family)
    g = [f"%g{j}" for j in range(2 * k)]
    names = ", ".join(g)
    if function == "geodesic":
        *gradient, by_t = call(
            family, chart, element, [*inputs[:-1], *covector, inputs[-1]], 2,
            f"{names}, %r = fisher.geodesic_pullback %b0, %b1 at %t along "
            f"{group('v', 0, k)} : !b", g, ["%r"])
        return gradient, by_t
    if function == "natural_gradient":
        return call(
            family, chart, element, [*inputs[:-1], *covector, inputs[-1]], 1,
            f"{names} = fisher.natural_gradient_pullback %b0, {group('v', 0, k)} along "
            f"{group('v', 1, k)} : !b", g), None
    *gradient, divergence = call(
        family, chart, element, inputs, 2,
        f"%k, {names} = fisher.kl_divergence_with_gradients %b0, %b1 : !b", g, ["%k"])
    expected, = evaluate(function, family, chart, element, inputs)
    np.testing.assert_allclose(divergence, expected, rtol=1e-5 if element == "f32" else 1e-12)
    batch = (-1,) + (1,) * len(FAMILIES[family].event)
    return [covector[0].reshape(batch) * x for x in gradient], None


def dot(first, second):
    """The sum of products for each distribution."""
    return sum((a * b).reshape(len(a), -1).sum(axis=1) for a, b in zip(first, second))


def largest(arrays):
    """The sum of the largest elements of each for each distribution."""
    return sum(np.abs(a).reshape(len(a), -1).max(axis=1) for a in arrays)


def draw_stored(family, chart, seed):
    """The stored components of two random beliefs, in f64."""
    k = count_components(family)
    names = ", ".join(components(family, f"c{i}_") for i in range(2))
    results = run(
        program(family, chart, "f64", 2,
                "".join(f"  {components(family, f'c{i}_')} = fisher.components %b{i} : !b\n"
                        for i in range(2)) +
                f"  return {names} : {', '.join(['!t'] * 2 * k)}", ["!t"] * 2 * k),
        *draw(family, "f64", seed, 2))
    results = [x[:COUNT] for x in results]
    if family == "von_mises":
        # Where the shorter way changes sides, and at the uniform belief, which a
        # difference steps over.
        turn = results[2] - results[0]
        wide = np.abs(np.abs(np.remainder(turn + np.pi, 2 * np.pi) - np.pi)) > 2.6
        results[2] = np.where(wide, results[0] + 1, results[2])
    return results


def draw_vectors(family, chart, rng):
    """Random vectors like the components."""
    kind = FAMILIES[family]
    arrays = [rng.normal(size=(COUNT, *kind.event)) * (j not in kind.known)
              for j in range(len(kind.samples))]
    if chart == "covariance":
        arrays = [(a + a.swapaxes(-1, -2)) / 2 for a in arrays]
    return [np.tril(a) for a in arrays] if chart == "cholesky" else arrays


def get_sizes(chart, points):
    """How far the components of a belief are from the edge of the domain."""
    if chart == "covariance":
        return [np.linalg.eigvalsh(points[0])[:, :1, None]]
    if chart == "cholesky":
        diagonal = np.abs(np.diagonal(points[0], axis1=1, axis2=2))
        return [diagonal.min(axis=1)[:, None, None]]
    if chart in ("probability", "probabilities"):
        return [np.minimum(x, 1 - x) for x in points]
    return [np.ones_like(points[0]), *(np.minimum(np.abs(x), 1) for x in points[1:])] \
        if len(points) == 2 else [np.minimum(np.abs(x), 1) for x in points]


def draw_inputs(function, family, chart, seed, t):
    rng = np.random.default_rng(seed)
    points = draw_stored(family, chart, seed)
    if function == "natural_gradient":
        points[count_components(family):] = draw_vectors(family, chart, rng)
    covector = draw_vectors(family, chart, rng)
    if function == "kl_divergence":
        covector = [rng.normal(size=COUNT)]
    return [*points, t], covector, rng


def is_cheap(family, chart, function, t):
    """Whether the code is small, or this is not the only test of it."""
    return family != "von_mises" or t == 0.3 or chart == "kappa" or function != "geodesic"


CASES = [(family, chart, function, t) for family, chart in F64 for function in FUNCTIONS
         for t in ([0.3, 0.75, 1.25] if function == "geodesic" else [0.0])
         if is_cheap(family, chart, function, t)]
# From these, geodesics lead out of the domain soon after the end.
BOUNDED = ["bernoulli", "categorical", "poisson"]


def draw_tangents(function, family, chart, inputs, rng):
    """Changes of the first belief, and of what comes second."""
    k = count_components(family)
    for part in (slice(0, k), slice(k, 2 * k)):
        is_belief = part.start == 0 or function != "natural_gradient"
        sizes = get_sizes(chart, inputs[part]) if is_belief else [1.0] * k
        tangents = [np.zeros_like(x) for x in inputs[:-1]]
        tangents[part] = [size * v
                          for size, v in zip(sizes, draw_vectors(family, chart, rng))]
        yield tangents


@pytest.mark.parametrize("family,chart,function,t", CASES)
def test_against_differences(family, chart, function, t):
    t = 1.001 if family in BOUNDED and t > 1 else t
    inputs, covector, rng = draw_inputs(function, family, chart, 5, t)
    gradient, by_t = pull_back(function, family, chart, "f64", inputs, covector)
    all_tangents = list(draw_tangents(function, family, chart, inputs, rng))
    step = 2e-3
    offsets = [sign * n for n in STENCIL for sign in (1, -1)]
    moved = [[x + n * step * v for x, v in zip(inputs[:-1], tangents)]
             for tangents in all_tangents for n in offsets]
    values = evaluate(function, family, chart, "f64",
                      [*(np.concatenate(x) for x in zip(*moved)), t])
    products = dot(values, [np.concatenate([c] * len(moved)) for c in covector])
    for tangents, terms in zip(all_tangents, products.reshape(2, len(offsets), -1)):
        expected = sum(np.sign(n) * STENCIL[abs(n)] * term / step
                       for n, term in zip(offsets, terms))
        size = (sum(np.abs(g * v).reshape(COUNT, -1).sum(axis=1)
                    for g, v in zip(gradient, tangents)) +
                1e-4 / step * np.abs(terms).max(axis=0) + 1e-3)
        check(dot(gradient, tangents), expected, 3e-9 * LOSS.get(family, 1) * size)
    if by_t is not None:
        # Near the edge of the domain, slopes change soon.
        step = 1e-4 if family in BOUNDED else 1e-3
        expected = sum(
            weight / step * dot(covector, evaluate(function, family, chart, "f64",
                                                   [*inputs[:-1], t + n * step]))
            for n, weight in {1: 2 / 3, -1: -2 / 3, 2: -1 / 12, -2: 1 / 12}.items())
        size = np.abs(expected) + largest(covector) * (1 + largest(inputs[:-1]))
        check(by_t, expected, 1e-8 * LOSS.get(family, 1) * size)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("family,chart", F64)
def test_f32(family, chart, function):
    """As good as its type: each belief's gradient relative to itself."""
    inputs, covector, _ = draw_inputs(function, family, chart, 6, 0.25)
    inputs = [*(x.astype(np.float32).astype(np.float64) for x in inputs[:-1]), inputs[-1]]
    covector = [c.astype(np.float32).astype(np.float64) for c in covector]
    k = count_components(family)
    expected, expected_by_t = pull_back(function, family, chart, "f64", inputs, covector)
    got, by_t = pull_back(function, family, chart, "f32", inputs, covector)
    eps = np.finfo(np.float32).eps
    for part in (slice(0, k), slice(k, 2 * k)):
        size = largest(expected[part]) + 0.1 * largest(covector)
        for x, y in zip(got[part], expected[part]):
            error = np.abs(x - y).reshape(COUNT, -1).max(axis=1)
            check(error, 0.0, 64 * LOSS.get(family, 1) * eps * size)
    if by_t is not None:
        size = np.abs(expected_by_t) + largest(covector)
        check(by_t, expected_by_t, 64 * LOSS.get(family, 1) * eps * size)


@pytest.mark.reference
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("family,chart", F64)
def test_equal_beliefs(family, chart, element):
    """What changes an end, changes the point by its share, and where on the
    geodesic it is does not matter; a divergence has no slope."""
    k, t = count_components(family), 0.375
    rng = np.random.default_rng(7)
    point = [x.astype(ELEMENTS[element]).astype(np.float64)
             for x in draw_stored(family, chart, 7)[:k]]
    covector = [c.astype(ELEMENTS[element]).astype(np.float64)
                for c in draw_vectors(family, chart, rng)]
    inputs = [*point, *(x.copy() for x in point), t]
    gradient, by_t = pull_back("geodesic", family, chart, element, inputs, covector)
    expected = covector
    if chart == "probabilities":
        # They are divided by their sum.
        sums = point[0].sum(axis=1, keepdims=True)
        expected = [(covector[0] - (covector[0] * point[0]).sum(axis=1, keepdims=True) / sums) / sums]
    tolerance = 64 * np.finfo(ELEMENTS[element]).eps * LOSS.get(family, 1)
    for share, part in ((1 - t, gradient[:k]), (t, gradient[k:])):
        for x, c in zip(part, expected):
            error = np.abs(x - share * c).reshape(COUNT, -1).max(axis=1)
            check(error, 0.0, tolerance * largest(covector))
    assert (by_t == 0).all()
    slopes, _ = pull_back("kl_divergence", family, chart, element, inputs, [np.ones(COUNT)])
    assert all((slope == 0).all() for slope in slopes)


def check(got, expected, allowed):
    error = np.abs(got - expected) / allowed
    worst = np.argmax(np.where(np.isnan(error), np.inf, error))
    assert error[worst] <= 1, f"pair {worst} is off by {error[worst]} of what is allowed"
