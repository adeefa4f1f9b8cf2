# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What holds for every family, in every chart, on random beliefs.

The beliefs are drawn in standard coordinates and converted by the compiled
code itself, so that a new family or chart is one line in FAMILIES.
"""

import typing

import numpy as np
import pytest

from execution import run

ELEMENTS = {"f64": np.float64, "f32": np.float32}


class Family(typing.NamedTuple):
    """How to draw beliefs of a family in its standard coordinates."""
    standard: str  # the chart of the standard coordinates
    charts: list  # the others
    samples: list  # one function a component, of the generator and the count
    event: tuple = ()  # event dimensions
    count: int = 20_000  # how many beliefs
    # How many units in the last place the family's functions are off, in ones
    # of what closed forms are.
    loss: dict = {"f64": 1, "f32": 1}
    known: tuple = ()  # components that beliefs have in common, and no slope

    def tensor(self, element):
        return f"tensor<{'x'.join(map(str, (self.count, *self.event)))}x{element}>"


def _normal(rng, count):
    return rng.normal(size=count)


def _positive(rng, count):
    return np.exp(rng.normal(size=count))


def _angle(rng, count):
    return rng.uniform(-4, 4, size=count)


def _probability(rng, count):
    return 1 / (1 + np.exp(-rng.normal(size=count)))


def _probabilities(rng, count):
    weights = np.exp(rng.normal(size=(count, 5)))
    return weights / weights.sum(-1, keepdims=True)


def _covariance(rng, count):
    factor = np.tril(0.5 * rng.normal(size=(count, 3, 3)))
    index = np.arange(3)
    factor[:, index, index] = np.exp(0.5 * rng.normal(size=(count, 3)))
    product = factor @ factor.transpose(0, 2, 1)
    return (product + product.transpose(0, 2, 1)) / 2


FAMILIES = {
    "gaussian": Family("sigma", ["log_sigma", "softplus", "variance",
                                 "log_variance", "precision"],
                       [_normal, _positive]),
    "gaussian_mean": Family("sigma", ["log_sigma", "softplus", "variance",
                                      "log_variance", "precision"],
                            [_normal, _positive], known=(1,)),
    # The distance is a solution by quadrature.
    "von_mises": Family("kappa", ["log_kappa", "softplus"],
                        [_angle, _positive], loss={"f64": 100, "f32": 2}),
    "bernoulli": Family("probability", ["logit"], [_probability]),
    "poisson": Family("rate", ["log_rate"], [_positive]),
    "exponential": Family("rate", ["log_rate"], [_positive]),
    "categorical": Family("probabilities", ["logits"], [_probabilities],
                          event=(5,), loss={"f64": 4, "f32": 4}),
    # What is whitened is off by the condition number.
    "centered_gaussian": Family("covariance", ["cholesky"], [_covariance],
                                event=(3, 3), count=2000,
                                loss={"f64": 100, "f32": 100}),
}
CHARTS = [(family, chart, element)
          for family, kind in FAMILIES.items()
          for chart in [kind.standard, *kind.charts] for element in ELEMENTS]


def draw(family, element, seed, beliefs):
    """Standard coordinates of some beliefs, component by component."""
    kind, rng = FAMILIES[family], np.random.default_rng(seed)
    print(f"{family}: {kind.count} random beliefs, seed {seed}")
    return share_known(kind, [sample(rng, kind.count).astype(ELEMENTS[element])
                              for _ in range(beliefs) for sample in kind.samples])


def share_known(kind, arrays):
    """Beliefs, component by component, with the first one's known components."""
    k = len(kind.samples)
    return [arrays[i % k].copy() if i % k in kind.known else array
            for i, array in enumerate(arrays)]


def with_copy(inputs, beliefs):
    """Another belief after some, which is equal to the first: what is between
    a belief and itself folds to zero before it is computed."""
    return [*inputs, *(array.copy() for array in inputs[:len(inputs) // beliefs])]


def program(family, chart, element, beliefs, body, results, tangents=0):
    """A module whose %b0, %b1, ... are beliefs in the chart. The components of
    tangent vectors are arguments after theirs, %v0, %v1, ... Components have
    type !t, and distances type !d."""
    kind = FAMILIES[family]
    k = len(kind.samples)
    arguments = [f"%x{i}: !t" for i in range(k * beliefs)]
    arguments += [f"%v{i}: !t" for i in range(k * tangents)]
    text = f"""
!t = {kind.tensor(element)}
!d = tensor<{kind.count}x{element}>
!s = !fisher.belief<#fisher.{family}<{kind.standard}>, !t>
!b = !fisher.belief<#fisher.{family}<{chart}>, !t>
func.func @main({", ".join(arguments)}) -> ({", ".join(results)}) {{
"""
    for i in range(beliefs):
        names = ", ".join(f"%x{k * i + j}" for j in range(k))
        text += f"""  %s{i} = fisher.belief {names} : !s
  %b{i} = fisher.convert %s{i} : !s to !b
"""
    return text + body + "\n}\n"


def components(family, prefix):
    return ", ".join(f"%{prefix}{j}"
                     for j in range(len(FAMILIES[family].samples)))


def unit(family, element):
    return np.finfo(ELEMENTS[element]).eps * FAMILIES[family].loss[element]


def assert_close(family, got, expected, tolerance):
    """Components agree relative to themselves; those of a distribution with
    event dimensions relative to its largest."""
    axes = tuple(range(1, 1 + len(FAMILIES[family].event)))
    size = np.max(abs(expected), axis=axes, keepdims=True)
    assert (abs(got - expected) <= tolerance * size).all()


@pytest.mark.parametrize("family,chart,element", CHARTS)
def test_distance_is_a_metric(family, chart, element):
    """Symmetry, the triangle inequality, and zero for equal beliefs only."""
    module = program(family, chart, element, 2, """
  %d = fisher.squared_distance %b0, %b1 : !b -> !d
  return %d : !d""", ["!d"])
    k = len(FAMILIES[family].samples)
    inputs = draw(family, element, 1, 3)
    a, b, c = (inputs[i * k:(i + 1) * k] for i in range(3))
    ab, ba, bc, ac, aa = (run(module, *first, *second)[0] for first, second in
                          ((a, b), (b, a), (b, c), (a, c), (a, a)))
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
  %aq = fisher.squared_distance %b0, %q : !b -> !d
  %qb = fisher.squared_distance %q, %b1 : !b -> !d
  %ab = fisher.squared_distance %b0, %b1 : !b -> !d
  return %aq, %qb, %ab : !d, !d, !d""", ["!d"] * 3), *draw(family, element, 2, 2))
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
    k = len(FAMILIES[family].samples)
    g, m, n, v = (components(family, p) for p in "gmnv")
    names = ", ".join([g, m, n, v])
    results = run(
        program(family, chart, element, 2, f"""
  %d, {g} = fisher.squared_distance_with_gradient %b0, %b1
      : !b -> !d, {", ".join(["!t"] * k)}
  {v} = fisher.log %b0, %b1 : !b
  {m} = fisher.metric %b0, {v} : !b
  {n} = fisher.natural_gradient %b0, {g} : !b
  return {names} : {", ".join(["!t"] * 4 * k)}""", ["!t"] * 4 * k),
        *draw(family, element, 3, 2))
    g, m, n, v = (results[i * k:(i + 1) * k] for i in range(4))
    for j in range(k):
        tolerance = 32 * unit(family, element)
        assert_close(family, g[j], -2 * m[j], tolerance)
        assert_close(family, n[j], -2 * v[j], tolerance)


@pytest.mark.parametrize("family,chart,element", CHARTS)
def test_exp_undoes_log(family, chart, element):
    k = len(FAMILIES[family].samples)
    v = components(family, "v")
    inputs = draw(family, element, 4, 2)
    # In one function, the one after the other folds away.
    log = run(
        program(family, chart, element, 2, f"""
  {v} = fisher.log %b0, %b1 : !b
  return {v} : {", ".join(["!t"] * k)}""", ["!t"] * k), *inputs)
    (d,) = run(
        program(family, chart, element, 2, f"""
  %q = fisher.exp %b0, {v} : !b
  %d = fisher.squared_distance %q, %b1 : !b -> !d
  return %d : !d""", ["!d"], tangents=1), *inputs, *log)
    assert np.sqrt(d).max() < 2e4 * unit(family, element)


@pytest.mark.parametrize("family,chart,element", CHARTS)
def test_nothing_depends_on_the_chart(family, chart, element):
    """The squared distance, and the belief after a proximal step."""
    standard = FAMILIES[family].standard
    types = ["!d"] + ["!t"] * len(FAMILIES[family].samples)
    body = f"""
  %s = arith.constant 0.75 : {element}
  %q = fisher.proximal_step %b0 toward %b1 strength %s : !b
  %r = fisher.convert %q : !b to !s
  {components(family, "r")} = fisher.components %r : !s
  %d = fisher.squared_distance %b0, %b1 : !b -> !d
  return %d, {components(family, "r")} : {", ".join(types)}"""
    inputs = draw(family, element, 5, 2)
    here = run(program(family, chart, element, 2, body, types), *inputs)
    there = run(program(family, standard, element, 2, body, types), *inputs)
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
        program(family, chart, element, 3, f"""
  %t = arith.constant {step} : {element}
  %q = fisher.geodesic %b0, %b1 at %t : !b
  %k = fisher.kl_divergence %b0, %q : !b -> !d
  %d = fisher.squared_distance %b0, %q : !b -> !d
  %z = fisher.kl_divergence %b0, %b2 : !b -> !d
  return %k, %d, %z : !d, !d, !d""", ["!d"] * 3),
        *with_copy(draw(family, element, 6, 2), 2))
    assert (k >= 0).all() and (zero == 0).all()
    # They differ by a term of third order in the distance.
    distance = np.sqrt(d.astype(np.float64))
    moved = distance > 1e-7
    assert moved.mean() > 0.9
    bound = 4 * distance[moved] + 2000 * unit(family, element)
    excess = np.abs(k[moved] / (d[moved] / 2) - 1) / bound
    assert excess.max() < 1, f"{excess.max()} of what is allowed"
