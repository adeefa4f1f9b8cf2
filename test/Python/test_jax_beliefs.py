# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Distances, geodesics and natural gradients of beliefs as functions of JAX:
types, shapes, derivatives and transformations. Their numbers are those of
test_jax_tables.py."""

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest

import fisher
import fisher.jax
from by_hand import (
    FAMILIES,
    assert_close,
    assert_equal,
    draw,
    gaussian,
    gaussian_geodesic,
    precision,
)

GAUSSIAN = fisher.Gaussian("sigma")
every_chart = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: str(family)[8:])


@every_chart
def test_derivatives(family):
    """Both modes agree with each other and with differences of the function."""
    with jax.enable_x64(True):
        a, b = draw(family, (4,), np.float64, 1), draw(family, (4,), np.float64, 2)

        @jax.jit
        def distances(a, b):
            a = _on_manifold(family, a)
            b = _on_manifold(family, b)
            return fisher.jax.squared_distance(family(*a), family(*b))

        parts = a.components, b.components
        jax.test_util.check_grads(distances, parts, order=1, atol=1e-6, rtol=1e-6, eps=1e-5)

        gradient = jax.jit(jax.grad(lambda a, b: distances(a, b).sum(), (0, 1)))
        slope = gradient(*parts)
        rng = np.random.default_rng(0)
        tangents = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), parts)
        _, change = jax.jit(lambda *pair: jax.jvp(distances, *pair))(parts, tangents)
        products = jax.tree.map(
            lambda slope, tangent: (np.asarray(slope) * tangent).sum(), slope, tangents
        )
        total = sum(jax.tree.leaves(products))
        np.testing.assert_allclose(np.asarray(change).sum(), total, rtol=1e-11)

        # Symmetry, and nothing at all from a belief to itself.
        np.testing.assert_allclose(distances(*parts), distances(*parts[::-1]), rtol=1e-10)
        same = a.components, a.components
        assert (np.asarray(distances(*same)) == 0).all()
        assert all((np.asarray(leaf) == 0).all() for leaf in jax.tree.leaves(gradient(*same)))


def _geodesic(family):
    def function(a, b, t):
        a, b = _on_manifold(family, a), _on_manifold(family, b)
        return fisher.jax.geodesic(family(*a), family(*b), t).components

    return function


def _proximal_step(family):
    def function(a, b, strength):
        a, b = _on_manifold(family, a), _on_manifold(family, b)
        return fisher.jax.proximal_step(family(*a), family(*b), strength).components

    return function


def _kl_divergence(family):
    def function(a, b, t):
        a, b = _on_manifold(family, a), _on_manifold(family, b)
        return t * fisher.jax.kl_divergence(family(*a), family(*b))

    return function


def _natural_gradient(family):
    def function(a, b, t):
        a, b = _on_manifold(family, a), _on_manifold(family, b)
        return fisher.jax.natural_gradient(family(*a), *(t * part for part in b))

    return function


@pytest.mark.parametrize(
    "make", [_geodesic, _proximal_step, _kl_divergence, _natural_gradient], ids=lambda f: f.__name__
)
@every_chart
def test_other_derivatives(family, make):
    """Forward and reverse mode agree with differences of the functions."""
    with jax.enable_x64(True):
        a, b = draw(family, (3,), np.float64, 1), draw(family, (3,), np.float64, 2)
        inputs = a.components, b.components, jnp.float64(0.375)
        jax.test_util.check_grads(
            jax.jit(make(family)), inputs, order=1, atol=2e-6, rtol=2e-6, eps=1e-5
        )


@every_chart
def test_derivatives_of_geodesics_between_equal_beliefs(family):
    """Where textbook formulas give 0/0: each end moves the point by its share."""
    a = draw(family, (5,), np.float32, 3)
    b = jax.tree.map(jnp.array, a)

    @jax.jit
    def differentiate(a, b, t, covector):
        point, pull_back = jax.vjp(
            lambda *inputs: fisher.jax.geodesic(*inputs).components, a, b, t
        )
        return point, pull_back(covector)

    covector = _on_manifold(family, draw(family, (5,), np.float32, 4).components)
    _, (by_a, by_b, by_t) = differentiate(a, b, 0.25, covector)
    assert by_t == 0
    assert_close(jax.tree.map(lambda leaf: leaf / 3, by_a), by_b, 2e-5)
    if isinstance(family, fisher.GaussianMean):
        covector = covector[0], jnp.zeros_like(covector[1])
    if family != fisher.Categorical("probabilities"):
        assert_close(by_a.components, tuple(0.75 * part for part in covector), 2e-5)


def test_transformations_of_derivatives():
    """jacfwd, jacrev, vmap, scan and checkpoint give the same numbers."""
    a, b = draw(GAUSSIAN, (4,), seed=1), draw(GAUSSIAN, (4,), seed=2)

    def mean(a, t):
        return fisher.jax.geodesic(a, b, t).components[0]

    forward, reverse = jax.jacfwd(mean, (0, 1))(a, 0.25), jax.jacrev(mean, (0, 1))(a, 0.25)
    assert_close(forward, reverse, 1e-6)
    rows = jax.vmap(lambda a, b: jax.grad(
        lambda a: fisher.jax.geodesic(a, b, 0.25).components[0])(a))(a, b)
    diagonal = jax.tree.map(jnp.diagonal, reverse[0])
    assert_close(rows, diagonal, 1e-6)
    fractions = jnp.array([0.25, 0.5, 0.25])
    slopes = jax.vmap(jax.grad(lambda t: mean(a, t).sum()))(fractions)
    assert_close(slopes[0], reverse[1].sum(), 1e-6)
    assert_close(slopes[0], slopes[2], 0)

    def walk(a):
        def body(point, t):
            return fisher.jax.geodesic(point, b, t), None

        return jax.lax.scan(jax.checkpoint(body), a, fractions)[0].components[1].sum()

    def walk_by_hand(a):
        for t in fractions:
            a = fisher.jax.geodesic(a, b, t)
        return a.components[1].sum()

    assert_close(jax.jit(jax.grad(walk))(a), jax.grad(walk_by_hand)(a), 1e-6)


def _on_manifold(family, components):
    """Differences leave neither the symmetric matrices nor the simplex, nor change
    what is known."""
    if isinstance(family, fisher.GaussianMean):
        return components[0], jnp.full_like(components[1], 0.75)
    if family == fisher.CenteredGaussian("covariance"):
        return tuple((c + c.swapaxes(-1, -2)) / 2 for c in components)
    if family == fisher.CenteredGaussian("cholesky"):
        return tuple(jnp.tril(c) for c in components)
    if family == fisher.Categorical("probabilities"):
        return tuple(c / c.sum(-1, keepdims=True) for c in components)
    return components


def _textbook_gaussian(a, b):
    (m1, s1), (m2, s2) = a, b
    argument = 1 + ((m1 - m2) ** 2 / 2 + (s1 - s2) ** 2) / (2 * s1 * s2)
    return 2 * jnp.arccosh(argument) ** 2


def _textbook_categorical(a, b):
    overlap = jnp.sqrt(jax.nn.softmax(a[0]) * jax.nn.softmax(b[0])).sum(-1)
    return (2 * jnp.arccos(jnp.minimum(overlap, 1.0))) ** 2


@pytest.mark.parametrize(
    "family,textbook",
    [(GAUSSIAN, _textbook_gaussian), (fisher.Categorical("logits"), _textbook_categorical)],
    ids=["gaussian", "categorical"],
)
def test_textbook_formulas_have_no_gradient_at_zero(family, textbook):
    a, b = draw(family, (20,), seed=5), draw(family, (20,), seed=6)
    textbook = jax.jit(textbook)
    # It is the same function.
    np.testing.assert_allclose(
        fisher.jax.squared_distance(a, b), textbook(a.components, b.components), rtol=1e-4
    )
    by_textbook = jax.jit(jax.grad(lambda a, b: textbook(a, b).sum()))(a.components, a.components)
    assert np.isnan(by_textbook[0]).any()
    by_fisher = jax.jit(jax.grad(lambda a, b: fisher.jax.squared_distance(a, b).sum()))(a, a)
    assert all((slope == 0).all() for slope in by_fisher.components)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_all_functions_against_formulas(dtype):
    tolerance = 1e-12 if dtype == np.float64 else 2e-6
    with precision(dtype):
        a, b = draw(GAUSSIAN, (50,), dtype, 1), draw(GAUSSIAN, (50,), dtype, 2)
        d2 = fisher.jax.squared_distance(a, b)
        kl = fisher.jax.kl_divergence(a, b)
        point = fisher.jax.geodesic(a, b, 0.3)
        stepped = fisher.jax.proximal_step(a, b, 0.5)
        natural = fisher.jax.natural_gradient(a, *b.components)
    with jax.enable_x64(True):
        (m1, s1), (m2, s2) = (
            [component.astype(np.float64) for component in belief.components] for belief in (a, b)
        )
        expected = [
            gaussian((m1, s1), (m2, s2), "sigma"),
            jnp.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5,
            gaussian_geodesic((m1, s1), (m2, s2), 0.3, "sigma"),
            gaussian_geodesic((m1, s1), (m2, s2), 1 / 3, "sigma"),
            (m2 * s1**2, s2 * s1**2 / 2),
        ]
    got = [d2, kl, point.components, stepped.components, natural]
    assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(got))
    assert_close(got, expected, tolerance)
    assert point.family == stepped.family == GAUSSIAN


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("family", [GAUSSIAN, fisher.Categorical("logits")], ids=str)
def test_short_types_are_computed_in_float32(family, dtype):
    """Distances are those of the same numbers in float32; what is stored is
    rounded once."""
    a, b = draw(family, (60,), dtype, 1), draw(family, (60,), dtype, 2)
    wide = [jax.tree.map(lambda leaf: leaf.astype(jnp.float32), belief) for belief in (a, b)]

    def total(a, b):
        return fisher.jax.squared_distance(a, b).sum()

    @jax.jit
    def evaluate(a, b):
        return fisher.jax.squared_distance(a, b), (
            jax.grad(total, (0, 1))(a, b),
            fisher.jax.geodesic(a, b, 0.25),
            fisher.jax.natural_gradient(a, *b.components),
        )

    (d2, stored), (wide_d2, expected) = evaluate(a, b), evaluate(*wide)
    assert d2.dtype == jnp.float32
    assert_equal(d2, wide_d2)
    assert_equal(stored, jax.tree.map(lambda leaf: np.asarray(leaf).astype(dtype), expected))


@pytest.mark.parametrize(
    "family,shape",
    [
        *[(GAUSSIAN, shape) for shape in ((), (3,), (3, 2), (2, 3, 2), (0,), (2, 0, 3))],
        *[(fisher.Categorical("logits"), shape) for shape in ((), (2, 3), (0, 2))],
        *[(fisher.CenteredGaussian("cholesky"), shape) for shape in ((), (2, 2), (0,))],
    ],
    ids=str,
)
def test_shapes(family, shape):
    """Any number of distributions of any rank is each by itself."""
    a, b = draw(family, shape, seed=1), draw(family, shape, seed=2)

    @jax.jit
    def evaluate(a, b):
        def total(a, b):
            distances = fisher.jax.squared_distance(a, b)
            return distances.sum(), distances

        return jax.value_and_grad(total, (0, 1), has_aux=True)(a, b)

    (d2, distances), slopes = jax.tree.map(np.asarray, evaluate(a, b))
    assert distances.shape == shape
    count = distances.size
    flat = [
        jax.tree.map(lambda leaf: np.reshape(leaf, (count, *leaf.shape[len(shape) :])), tree)
        for tree in (a, b, slopes)
    ]
    for i in range(count):
        one, other, slope = jax.tree.map(lambda leaf: leaf[i], flat)
        (single, _), expected = evaluate(one, other)
        np.testing.assert_allclose(distances.ravel()[i], single, rtol=2e-6)
        assert_close(slope, expected, 5e-6)
    np.testing.assert_allclose(d2, distances.sum(), rtol=1e-6)
    middle = jax.eval_shape(lambda a, b: fisher.jax.geodesic(a, b, 0.5), a, b)
    assert jax.tree.map(jnp.shape, middle) == jax.tree.map(jnp.shape, a)


def test_shapes_and_types_are_broadcast():
    a = GAUSSIAN(jnp.zeros((3, 1), jnp.bfloat16), jnp.float32(2.0))
    b = GAUSSIAN(jnp.arange(4.0), np.ones(4, np.float32))
    d2 = fisher.jax.squared_distance(a, b)
    assert d2.shape == (3, 4) and d2.dtype == jnp.float32
    np.testing.assert_allclose(
        d2, gaussian((0.0, 2.0), b.components, "sigma")[None].repeat(3, 0), rtol=1e-5
    )
    # The gradient of what was broadcast is a sum.
    slope = jax.grad(lambda a: fisher.jax.squared_distance(a, b).sum())(a)
    assert slope.components[0].dtype == jnp.bfloat16 and slope.components[0].shape == (3, 1)
    assert slope.components[1].shape == ()
    expected = jax.grad(lambda s: gaussian((0.0, s), b.components, "sigma").sum() * 3)(2.0)
    np.testing.assert_allclose(slope.components[1], expected, rtol=1e-5)


def test_python_numbers_are_beliefs():
    d2 = fisher.jax.squared_distance(GAUSSIAN(0.0, 1.0), GAUSSIAN(0.0, np.e))
    np.testing.assert_allclose(d2, 2.0, rtol=1e-6)


def test_belief_is_a_tree():
    belief = draw(GAUSSIAN, (3,))
    leaves, structure = jax.tree.flatten(belief)
    assert len(leaves) == 2
    assert_equal(jax.tree.unflatten(structure, leaves), belief)
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(belief)]
    assert paths == [".mean", ".scale"]
    assert structure != jax.tree.structure(fisher.Gaussian("softplus")(*leaves))


@pytest.mark.parametrize("dims", [(0, 0), (1, 1), (0, None), (None, 1), (1, 0)], ids=str)
def test_vmap(dims):
    a, b = draw(GAUSSIAN, (4, 4), seed=1), draw(GAUSSIAN, (4, 4), seed=2)

    def both(a, b):
        return jax.value_and_grad(lambda a: fisher.jax.squared_distance(a, b).sum())(a)

    values, slopes = jax.jit(jax.vmap(both, dims))(a, b)
    for i in range(4):
        take = [
            belief if dim is None else jax.tree.map(lambda leaf: jnp.take(leaf, i, dim), belief)
            for belief, dim in zip((a, b), dims)
        ]
        value, slope = both(*take)
        np.testing.assert_allclose(values[i], value, rtol=1e-6)
        assert_close(jax.tree.map(lambda leaf: leaf[i], slopes), slope, 2e-6)


def test_vmap_over_the_fraction():
    a, b = draw(GAUSSIAN, (3,), seed=1), draw(GAUSSIAN, (3,), seed=2)
    fractions = jnp.array([0.0, 0.5, 1.0])
    points = jax.vmap(lambda t: fisher.jax.geodesic(a, b, t))(fractions)
    assert_close(jax.tree.map(lambda leaf: leaf[0], points), a, 1e-6)
    assert_close(jax.tree.map(lambda leaf: leaf[1], points), fisher.jax.geodesic(a, b, 0.5), 1e-6)
    assert_close(jax.tree.map(lambda leaf: leaf[2], points), b, 1e-6)


def test_checkpoint_and_scan():
    a, b = draw(GAUSSIAN, (5, 7), seed=1), draw(GAUSSIAN, (5, 7), seed=2)

    def total(a):
        def body(carry, pair):
            return carry + fisher.jax.squared_distance(*pair).sum(), None

        return jax.lax.scan(jax.checkpoint(body), 0.0, (a, b))[0]

    value, slope = jax.jit(jax.value_and_grad(total))(a)
    expected = jax.value_and_grad(lambda a: fisher.jax.squared_distance(a, b).sum())(a)
    assert_close((value, slope), expected, 1e-6)


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: jax.hessian(lambda a: fisher.jax.squared_distance(a, b).sum())(a),
        lambda a, b: jax.hessian(lambda a: fisher.jax.kl_divergence(a, b).sum())(a),
        lambda a, b: jax.hessian(
            lambda a: fisher.jax.geodesic(a, b, 0.5).components[0].sum())(a),
        lambda a, b: jax.jacfwd(jax.jacfwd(
            lambda t: fisher.jax.geodesic(a, b, t).components[0].sum()))(0.5),
        lambda a, b: jax.hessian(
            lambda a: fisher.jax.natural_gradient(a, *b.components)[0].sum())(a),
    ],
    ids=["squared_distance", "kl_divergence", "geodesic", "forward", "natural_gradient"],
)
def test_what_is_not_differentiated_says_so(function):
    a, b = draw(GAUSSIAN, (3,), seed=1), draw(GAUSSIAN, (3,), seed=2)
    with pytest.raises(TypeError, match="can be differentiated once.*stop_gradient"):
        function(a, b)


@pytest.mark.parametrize(
    "call,error,message",
    [
        (lambda a: fisher.jax.squared_distance(a, 3), TypeError, "a belief is needed, such as"),
        (lambda a: fisher.jax.squared_distance(3, a), TypeError, "a belief is needed, such as"),
        (
            lambda a: fisher.jax.squared_distance(a, fisher.Gaussian("softplus")(1.0, 1.0)),
            TypeError,
            r"one family and chart, got fisher.Gaussian\('sigma'\) and fisher.Gaussian\('softplus'\)",
        ),
        (
            lambda a: fisher.jax.squared_distance(a, GAUSSIAN(jnp.zeros(4), 1.0)),
            ValueError,
            r"shapes that fit each other, got \(3,\), \(3,\), \(4,\)",
        ),
        (
            lambda a: fisher.jax.squared_distance(GAUSSIAN(1, 2), GAUSSIAN(1, 2)),
            TypeError,
            "must be float64, float32, bfloat16 or float16, got int32; convert them",
        ),
        (
            lambda a: fisher.jax.squared_distance(
                *[GAUSSIAN(jnp.ones(3, jnp.float8_e4m3fn), jnp.ones(3, jnp.float8_e4m3fn))] * 2
            ),
            TypeError,
            "got float8_e4m3fn; convert them",
        ),
        (
            lambda a: fisher.jax.kl_divergence(*[GAUSSIAN(1j, 1j)] * 2),
            TypeError,
            "got complex64",
        ),
        (lambda a: fisher.jax.geodesic(a, a, jnp.ones(3)), ValueError, "t must be one number"),
        (
            lambda a: fisher.jax.proximal_step(a, a, jnp.ones(3)),
            ValueError,
            "strength must be one number",
        ),
        (
            lambda a: fisher.jax.natural_gradient(a, jnp.ones(3)),
            TypeError,
            "2 components, but there are 1 gradients",
        ),
        (lambda a: GAUSSIAN(jnp.ones(3)), TypeError, r"needs 2 components \(mean, scale\), got 1"),
        (
            lambda a: fisher.jax.squared_distance(*[fisher.Categorical("logits")(1.0)] * 2),
            ValueError,
            "rank",
        ),
        (
            lambda a: fisher.jax.squared_distance(
                *[fisher.Categorical("logits")(jnp.zeros((3, 0)))] * 2
            ),
            ValueError,
            "needs at least one outcome, but the last dimension is 0",
        ),
        (
            lambda a: fisher.jax.squared_distance(
                *[fisher.CenteredGaussian("cholesky")(jnp.ones((2, 3)))] * 2
            ),
            ValueError,
            "square|matri",
        ),
    ],
)
def test_mistakes(call, error, message):
    with pytest.raises(error, match=message):
        call(draw(GAUSSIAN, (3,)))


def test_numbers_outside_a_domain_are_no_numbers():
    bad = GAUSSIAN(jnp.zeros(3), jnp.array([-1.0, 0.0, np.nan]))
    good = GAUSSIAN(jnp.zeros(3), jnp.ones(3))
    assert np.isnan(fisher.jax.squared_distance(bad, good)[jnp.array([0, 2])]).all()
