# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What holds for every family, in every chart, on random beliefs.

The beliefs are drawn in standard coordinates and converted by the compiled
code itself, so that a new family or chart is one line in FAMILIES.
"""

import numpy as np
import pytest

from execution import run

COUNT = 20_000
ELEMENTS = {"f64": np.float64, "f32": np.float32}


def _normal(rng):
    return rng.normal(size=COUNT)


def _positive(rng):
    return np.exp(rng.normal(size=COUNT))


def _angle(rng):
    return rng.uniform(-4, 4, size=COUNT)


def _probability(rng):
    return 1 / (1 + np.exp(-rng.normal(size=COUNT)))


# family: (chart of the standard coordinates, other charts, how to draw them)
FAMILIES = {
    "gaussian": ("sigma", ["log_sigma", "softplus", "variance", "log_variance",
                           "precision"], [_normal, _positive]),
    "von_mises": ("kappa", ["log_kappa", "softplus"], [_angle, _positive]),
    "bernoulli": ("probability", ["logit"], [_probability]),
    "poisson": ("rate", ["log_rate"], [_positive]),
    "exponential": ("rate", ["log_rate"], [_positive]),
}
# How many units in the last place the family's functions are off, in ones of
# what closed forms are: the von Mises distance is a solution by quadrature.
LOSS = {"von_mises": {"f64": 100, "f32": 2}}
CHARTS = [(family, chart, element)
          for family, (standard, others, _) in FAMILIES.items()
          for chart in [standard, *others] for element in ELEMENTS]


def draw(family, element, seed, beliefs):
    """Standard coordinates of some beliefs, component by component."""
    rng = np.random.default_rng(seed)
    return [sample(rng).astype(ELEMENTS[element]) for _ in range(beliefs)
            for sample in FAMILIES[family][2]]


def program(family, chart, element, beliefs, body, results, tangents=0):
    """A module whose %b0, %b1, ... are beliefs in the chart. The components of
    tangent vectors are arguments after theirs, %v0, %v1, ..."""
    standard, _, samples = FAMILIES[family]
    k = len(samples)
    tensor = f"tensor<{COUNT}x{element}>"
    arguments = [f"%x{i}: !t" for i in range(k * beliefs)]
    arguments += [f"%v{i}: !t" for i in range(k * tangents)]
    text = f"""
!t = {tensor}
!s = !fisher.belief<#fisher.{family}<{standard}>, {tensor}>
!b = !fisher.belief<#fisher.{family}<{chart}>, {tensor}>
func.func @main({", ".join(arguments)}) -> ({", ".join(["!t"] * results)}) {{
"""
    for i in range(beliefs):
        names = ", ".join(f"%x{k * i + j}" for j in range(k))
        text += f"""  %s{i} = fisher.belief {names} : !s
  %b{i} = fisher.convert %s{i} : !s to !b
"""
    return text + body.replace("$t", "!t") + "\n}\n"


def components(family, prefix):
    return ", ".join(f"%{prefix}{j}" for j in range(len(FAMILIES[family][2])))


def unit(family, element):
    return np.finfo(ELEMENTS[element]).eps * LOSS.get(family, {}).get(element, 1)


@pytest.mark.parametrize("family,chart,element", CHARTS)
def test_distance_is_a_metric(family, chart, element):
    """Symmetry, the triangle inequality, and zero for equal beliefs only."""
    ab, ba, bc, ac, aa = run(
        program(family, chart, element, 3, """
  %ab = fisher.squared_distance %b0, %b1 : !b -> !t
  %ba = fisher.squared_distance %b1, %b0 : !b -> !t
  %bc = fisher.squared_distance %b1, %b2 : !b -> !t
  %ac = fisher.squared_distance %b0, %b2 : !b -> !t
  %aa = fisher.squared_distance %b0, %b0 : !b -> !t
  return %ab, %ba, %bc, %ac, %aa : !t, !t, !t, !t, !t""", 5),
        *draw(family, element, 1, 3))
    np.testing.assert_allclose(ab, ba, rtol=32 * unit(family, element))
    through = np.sqrt(ab.astype(np.float64)) + np.sqrt(bc.astype(np.float64))
    assert (np.sqrt(ac.astype(np.float64)) <=
            through * (1 + 32 * unit(family, element))).all()
    assert (aa == 0).all() and (ab > 0).all()


@pytest.mark.parametrize("family,chart,element", CHARTS)
def test_geodesic_divides_the_distance(family, chart, element):
    """d(a, q) = t d and d(q, b) = (1-t) d for the point q at t."""
    t = 0.3125
    aq, qb, ab = run(
        program(family, chart, element, 2, f"""
  %t = arith.constant {t} : {element}
  %q = fisher.geodesic %b0, %b1 at %t : !b
  %aq = fisher.squared_distance %b0, %q : !b -> !t
  %qb = fisher.squared_distance %q, %b1 : !b -> !t
  %ab = fisher.squared_distance %b0, %b1 : !b -> !t
  return %aq, %qb, %ab : !t, !t, !t""", 3), *draw(family, element, 2, 2))
    # The stored point is rounded, which matters where the beliefs are close.
    near = np.sqrt(ab) > 0.05
    assert near.mean() > 0.9
    tolerance = 2000 * unit(family, element)
    np.testing.assert_allclose(aq[near], t**2 * ab[near], rtol=tolerance)
    np.testing.assert_allclose(qb[near], (1 - t)**2 * ab[near], rtol=tolerance)


@pytest.mark.parametrize("family,chart,element", CHARTS)
def test_gradient_log_and_metric_agree(family, chart, element):
    """The gradient is -2 times the metric applied to the logarithm, and the
    inverse metric undoes the metric."""
    k = len(FAMILIES[family][2])
    g, m, n, v = (components(family, p) for p in "gmnv")
    names = ", ".join([g, m, n, v])
    results = run(
        program(family, chart, element, 2, f"""
  %d, {g} = fisher.squared_distance_with_gradient %b0, %b1 : !b -> !t, {", ".join(["!t"] * k)}
  {v} = fisher.log %b0, %b1 : !b
  {m} = fisher.metric %b0, {v} : !b
  {n} = fisher.natural_gradient %b0, {g} : !b
  return {names} : {", ".join(["!t"] * 4 * k)}""", 4 * k),
        *draw(family, element, 3, 2))
    g, m, n, v = (results[i * k:(i + 1) * k] for i in range(4))
    for j in range(k):
        np.testing.assert_allclose(g[j], -2 * m[j], rtol=32 * unit(family, element))
        np.testing.assert_allclose(n[j], -2 * v[j], rtol=32 * unit(family, element))


@pytest.mark.parametrize("family,chart,element", CHARTS)
def test_exp_undoes_log(family, chart, element):
    k = len(FAMILIES[family][2])
    v = components(family, "v")
    inputs = draw(family, element, 4, 2)
    # In one function, the one after the other folds away.
    log = run(
        program(family, chart, element, 2, f"""
  {v} = fisher.log %b0, %b1 : !b
  return {v} : {", ".join(["!t"] * k)}""", k), *inputs)
    (d,) = run(
        program(family, chart, element, 2, f"""
  %q = fisher.exp %b0, {v} : !b
  %d = fisher.squared_distance %q, %b1 : !b -> !t
  return %d : !t""", 1, tangents=1), *inputs, *log)
    assert np.sqrt(d).max() < 2e4 * unit(family, element)


@pytest.mark.parametrize("family,chart,element", CHARTS)
def test_nothing_depends_on_the_chart(family, chart, element):
    """The squared distance, and the belief after a proximal step."""
    standard = FAMILIES[family][0]
    body = f"""
  %s = arith.constant 0.75 : {element}
  %q = fisher.proximal_step %b0 toward %b1 strength %s : !b
  %r = fisher.convert %q : !b to !s
  {components(family, "r")} = fisher.components %r : !s
  %d = fisher.squared_distance %b0, %b1 : !b -> !t
  return %d, {components(family, "r")} : !t, {", ".join(["!t"] * len(FAMILIES[family][2]))}"""
    inputs = draw(family, element, 5, 2)
    k = len(FAMILIES[family][2])
    here = run(program(family, chart, element, 2, body, 1 + k), *inputs)
    there = run(program(family, standard, element, 2, body, 1 + k), *inputs)
    # Conversion rounds the beliefs, which matters where they are close.
    near = np.sqrt(there[0]) > 0.05
    assert near.mean() > 0.9
    tolerance = 2000 * unit(family, element)
    np.testing.assert_allclose(here[0][near], there[0][near], rtol=tolerance)
    for a, b in zip(here[1:], there[1:]):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("family,chart,element", CHARTS)
def test_divergence_of_neighbours_is_half_the_squared_distance(
        family, chart, element):
    step = {"f64": "1.0e-5", "f32": "1.0e-3"}[element]
    k, d, zero = run(
        program(family, chart, element, 2, f"""
  %t = arith.constant {step} : {element}
  %q = fisher.geodesic %b0, %b1 at %t : !b
  %k = fisher.kl_divergence %b0, %q : !b -> !t
  %d = fisher.squared_distance %b0, %q : !b -> !t
  %z = fisher.kl_divergence %b0, %b0 : !b -> !t
  return %k, %d, %z : !t, !t, !t""", 3), *draw(family, element, 6, 2))
    assert (k >= 0).all() and (zero == 0).all()
    # They differ by a term of third order in the distance.
    distance = np.sqrt(d.astype(np.float64))
    moved = distance > 1e-7
    assert moved.mean() > 0.9
    bound = 2 * distance[moved] + 2000 * unit(family, element)
    excess = np.abs(k[moved] / (d[moved] / 2) - 1) / bound
    assert excess.max() < 1, f"{excess.max()} of what is allowed"
