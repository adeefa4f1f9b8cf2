# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Penalties and steps as one writes them by hand in float64 JAX, and beliefs to
try them on."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np

import fisher

# sigma of the stored scale, and back.
SIGMA = {
    "sigma": (lambda c: c, lambda s: s),
    "log_sigma": (jnp.exp, jnp.log),
    "softplus": (lambda c: jnp.logaddexp(c, 0.0), lambda s: s + jnp.log(-jnp.expm1(-s))),
    "variance": (jnp.sqrt, jnp.square),
    "log_variance": (lambda c: jnp.exp(c / 2), lambda s: 2 * jnp.log(s)),
    "precision": (lambda c: 1 / jnp.sqrt(c), lambda s: 1 / s**2),
}


def _squared_asinh_of_root(x):
    """asinh(sqrt(x))², which has a slope at zero, too."""
    is_small = x < 1e-10
    root = jnp.sqrt(jnp.where(is_small, 1.0, x))
    return jnp.where(is_small, x - x * x / 3, jnp.arcsinh(root) ** 2)


def gaussian(a, b, chart="softplus"):
    """Squared distances of Gaussian beliefs (mean, stored scale)."""
    (m1, s1), (m2, s2) = ((mean, SIGMA[chart][0](scale)) for mean, scale in (a, b))
    return 8 * _squared_asinh_of_root(((m1 - m2) ** 2 / 8 + (s1 - s2) ** 2 / 4) / (s1 * s2))


def gaussian_geodesic(a, b, t, chart="softplus"):
    """The point at fraction `t` between Gaussian beliefs (mean, stored scale)."""
    to_sigma, to_stored = SIGMA[chart]
    (m1, s1), (m2, s2) = ((mean, to_sigma(scale)) for mean, scale in (a, b))
    x = ((m1 - m2) ** 2 / 8 + (s1 - s2) ** 2 / 4) / (s1 * s2)
    distance = 2 * jnp.arcsinh(jnp.sqrt(x))
    is_zero = distance < 1e-12
    safe = jnp.where(is_zero, 1.0, distance)
    w1 = jnp.where(is_zero, 1 - t, jnp.sinh((1 - t) * safe) / jnp.sinh(safe)) / s1
    w2 = jnp.where(is_zero, t, jnp.sinh(t * safe) / jnp.sinh(safe)) / s2
    return m1 + (m2 - m1) * w2 / (w1 + w2), to_stored(1 / (w1 + w2))


def gaussian_prior(params, stored=np.float64):
    """The sum of squared distances to N(0, 1) of all beliefs in a tree, which are
    dictionaries with `mu` and `rho`. The prior is stored as the beliefs are:
    softplus(rho) is 1, and rho is rounded."""
    rho = jnp.asarray(np.log(np.expm1(1.0)).astype(stored), jnp.result_type(float))
    return sum(
        gaussian((belief["mu"], belief["rho"]), (0.0, rho)).sum() for belief in find_beliefs(params)
    )


def find_beliefs(tree):
    """The dictionaries of a tree that have `mu` and `rho`."""
    if not isinstance(tree, dict):
        return []
    if "mu" in tree and "rho" in tree:
        return [tree]
    return [belief for key in sorted(tree) for belief in find_beliefs(tree[key])]


# What `gaussian_prior` is by hand.
PRIOR = fisher.Policy().regularize(
    "(*).mu", "(*).rho", as_=fisher.Gaussian("softplus"), toward=fisher.prior(0, 1), weight=1e-3
)


def wide(tree):
    """A tree with its floats in float64; to be called where x64 is enabled."""
    return jax.tree.map(
        lambda leaf: (
            jnp.asarray(leaf, jnp.float64)
            if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
            else leaf
        ),
        tree,
    )


# Options of `jax.jit` for what runs once and is compiled longer than it runs.
FAST = {"xla_backend_optimization_level": 0}


def in_float64(function, *arguments):
    """The results, as arrays of numpy, of a function of `arguments` in float64."""
    with jax.enable_x64(True):
        compiled = jax.jit(function, compiler_options=FAST)
        return jax.tree.map(np.asarray, compiled(*map(wide, arguments)))


def assert_close(got, expected, tolerance=1e-5):
    """Leaves agree relative to the largest element of each."""
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for (path, one), other in zip(
        jax.tree_util.tree_leaves_with_path(got), jax.tree.leaves(expected)
    ):
        one, other = (np.asarray(leaf).astype(np.float64) for leaf in (one, other))
        assert one.shape == other.shape
        error = np.max(np.abs(one - other), initial=0)
        largest = np.max(np.abs(other), initial=0)
        place = jax.tree_util.keystr(path)
        assert error <= tolerance * largest, f"{place}: off by {error} of {largest}"


def assert_equal(got, expected):
    """Leaves are of one type and have the same bits."""
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected)):
        one, other = np.asarray(one), np.asarray(other)
        assert one.dtype == other.dtype and one.shape == other.shape
        assert one.tobytes() == other.tobytes()


def _positive(rng, shape):
    return np.exp(rng.normal(size=shape))


def _chance(rng, shape):
    return rng.uniform(0.05, 0.95, shape)


def _logits(rng, shape):
    return rng.normal(size=shape)


def _probabilities(rng, shape):
    weights = np.exp(rng.normal(size=shape))
    return weights / weights.sum(-1, keepdims=True)


def _cholesky(rng, shape):
    size = shape[-1]
    factor = np.tril(0.4 * rng.normal(size=shape), -1)
    return factor + np.eye(size) * np.exp(0.4 * rng.normal(size=(*shape[:-1], 1)))


def _covariance(rng, shape):
    factor = _cholesky(rng, shape)
    return factor @ factor.swapaxes(-1, -2)


def _same(rng, shape):
    return np.full(shape, 0.75)


_EVENTS = {fisher.Categorical: (5,), fisher.CenteredGaussian: (3, 3)}
# How each component of each family is drawn.
_DRAWN = {
    fisher.Gaussian: {
        "sigma": (_logits, _positive),
        "log_sigma": (_logits, _logits),
        "softplus": (_logits, _logits),
        "variance": (_logits, _positive),
        "log_variance": (_logits, _logits),
        "precision": (_logits, _positive),
    },
    # What is known is the same in all beliefs.
    fisher.GaussianMean: dict.fromkeys(SIGMA, (_logits, _same)),
    fisher.VonMises: {
        "kappa": (_logits, _positive),
        "log_kappa": (_logits, _logits),
        "softplus": (_logits, _logits),
    },
    fisher.Categorical: {"logits": (_logits,), "probabilities": (_probabilities,)},
    fisher.Bernoulli: {"logit": (_logits,), "probability": (_chance,)},
    fisher.Poisson: {"log_rate": (_logits,), "rate": (_positive,)},
    fisher.Exponential: {"log_rate": (_logits,), "rate": (_positive,)},
    fisher.CenteredGaussian: {"covariance": (_covariance,), "cholesky": (_cholesky,)},
}
FAMILIES = [family(chart) for family, charts in _DRAWN.items() for chart in charts]


def draw(family, shape, dtype=np.float32, seed=0):
    """Random beliefs, `shape` of them."""
    rng = np.random.default_rng(seed)
    shape = (*shape, *_EVENTS.get(type(family), ()))
    makers = _DRAWN[type(family)][family.chart]
    return family(*(jnp.asarray(make(rng, shape), dtype) for make in makers))


@contextlib.contextmanager
def precision(dtype):
    """float64 where it is asked for."""
    with jax.enable_x64(dtype == np.float64):
        yield
