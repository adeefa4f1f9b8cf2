# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""JAX with the formula that a careful practitioner writes: textbook distances
with the two-sided `where` that keeps NaN out of the gradient at distance zero,
arguments of arccosh and arccos clipped, JAX's own softplus and sigmoid; gradients
by automatic differentiation, compiled."""

import importlib.metadata
import importlib.util

import numpy as np

TITLE = "JAX, guarded"
AVAILABLE = importlib.util.find_spec("jax") is not None
VERSION = f"jax {importlib.metadata.version('jax')}" if AVAILABLE else "not installed"

if AVAILABLE:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    CHARTS = {
        "sigma": lambda c: c,
        "log_sigma": jnp.exp,
        "softplus": jax.nn.softplus,
        "variance": jnp.sqrt,
        "log_variance": lambda c: jnp.exp(c / 2),
        "precision": lambda c: jax.lax.rsqrt(c),
        "rate": lambda c: c,
        "kappa": lambda c: c,
        "log_kappa": jnp.exp,
        "log_rate": jnp.exp,
        "probability": lambda c: c,
        "logit": jax.nn.sigmoid,
        "covariance": lambda c: c,
        "cholesky": lambda c: jnp.tril(c) @ jnp.tril(c).T,
        "probabilities": lambda c: c / jnp.sum(c),
        "logits": jax.nn.softmax,
    }


def _guarded(function, z, inside, safe):
    """function(z), and zero with a gradient of zero where z is outside."""
    return jnp.where(inside, function(jnp.where(inside, z, safe)), 0)


class _Gaussian:
    @staticmethod
    def squared_distance(sigma, a, b):
        s1, s2 = sigma(a[1]), sigma(b[1])
        z = 1 + ((a[0] - b[0]) ** 2 / 2 + (s1 - s2) ** 2) / (2 * s1 * s2)
        return 2 * _guarded(jnp.arccosh, z, z > 1, 2) ** 2

    @staticmethod
    def kl_divergence(sigma, a, b):
        s1, s2 = sigma(a[1]), sigma(b[1])
        return jnp.log(s2) - jnp.log(s1) + (s1**2 + (a[0] - b[0]) ** 2) / (2 * s2**2) - 0.5

    @staticmethod
    def diagonal(sigma, a):
        s, slope = sigma(a[1]), jax.grad(sigma)(a[1])
        return jnp.stack([1 / s**2, 2 * (slope / s) ** 2])


class _Bernoulli:
    @staticmethod
    def squared_distance(probability, a, b):
        p, q = probability(a[0]), probability(b[0])
        c = jnp.sqrt(p) * jnp.sqrt(q) + jnp.sqrt(1 - p) * jnp.sqrt(1 - q)
        return 4 * _guarded(jnp.arccos, c, c < 1, 0.5) ** 2

    @staticmethod
    def kl_divergence(probability, a, b):
        p, q = probability(a[0]), probability(b[0])
        return p * (jnp.log(p) - jnp.log(q)) + (1 - p) * (jnp.log1p(-p) - jnp.log1p(-q))

    @staticmethod
    def diagonal(probability, a):
        p = probability(a[0])
        return jnp.stack([jax.grad(probability)(a[0]) ** 2 / (p * (1 - p))])


class _Poisson:
    @staticmethod
    def squared_distance(rate, a, b):
        return 4 * (jnp.sqrt(rate(a[0])) - jnp.sqrt(rate(b[0]))) ** 2

    @staticmethod
    def kl_divergence(rate, a, b):
        r1, r2 = rate(a[0]), rate(b[0])
        return r1 * (jnp.log(r1) - jnp.log(r2)) - r1 + r2

    @staticmethod
    def diagonal(rate, a):
        return jnp.stack([jax.grad(rate)(a[0]) ** 2 / rate(a[0])])


class _Exponential:
    @staticmethod
    def squared_distance(rate, a, b):
        return (jnp.log(rate(a[0])) - jnp.log(rate(b[0]))) ** 2

    @staticmethod
    def kl_divergence(rate, a, b):
        r1, r2 = rate(a[0]), rate(b[0])
        return jnp.log(r1) - jnp.log(r2) + r2 / r1 - 1

    @staticmethod
    def diagonal(rate, a):
        return jnp.stack([(jax.grad(rate)(a[0]) / rate(a[0])) ** 2])


class _Categorical:
    @staticmethod
    def squared_distance(probabilities, a, b):
        if probabilities is CHARTS["logits"]:
            roots = [jnp.exp(jax.nn.log_softmax(x[0]) / 2) for x in (a, b)]
        else:
            roots = [jnp.sqrt(probabilities(x[0])) for x in (a, b)]
        c = jnp.sum(roots[0] * roots[1])
        return 4 * _guarded(jnp.arccos, c, c < 1, 0.5) ** 2

    @staticmethod
    def kl_divergence(probabilities, a, b):
        p, q = probabilities(a[0]), probabilities(b[0])
        return jnp.sum(p * (jnp.log(p) - jnp.log(q)))

    @staticmethod
    def natural(probabilities, a, g):
        if probabilities is CHARTS["logits"]:
            return g / probabilities(a) - jnp.sum(g)
        return jnp.sum(a) * a * (g - jnp.sum(probabilities(a) * g))


class _CenteredGaussian:
    """The eigenvalues' gradient needs no guard."""

    @staticmethod
    def relation(covariance, a, b):
        L = jnp.linalg.cholesky(covariance(a[0]))
        half = jax.scipy.linalg.solve_triangular(L, covariance(b[0]), lower=True)
        W = jax.scipy.linalg.solve_triangular(L, half.T, lower=True)
        return jnp.linalg.eigvalsh(W)

    @classmethod
    def squared_distance(cls, covariance, a, b):
        return jnp.sum(jnp.log(cls.relation(covariance, a, b)) ** 2) / 2

    @classmethod
    def kl_divergence(cls, covariance, a, b):
        values = cls.relation(covariance, a, b)
        return jnp.sum(1 / values - 1 + jnp.log(values)) / 2

    @staticmethod
    def natural(covariance, a, g):
        if covariance is CHARTS["covariance"]:
            return 2 * a @ g @ a
        x = jnp.swapaxes(a, -1, -2) @ g
        return a @ (jnp.tril(x) + jnp.tril(x, -1)) / 2


class _VonMises:
    """JAX has the Bessel functions, but nobody has the distance."""

    @staticmethod
    def kl_divergence(kappa, a, b):
        k1, k2 = kappa(a[1]), kappa(b[1])
        i0e, i1e = jax.scipy.special.i0e, jax.scipy.special.i1e
        logs = jnp.log(i0e(k2)) - jnp.log(i0e(k1)) + (k2 - k1)
        return logs + i1e(k1) / i0e(k1) * (k1 - k2 * jnp.cos(a[0] - b[0]))


FORMULAS = {
    "von_mises": _VonMises,
    "centered_gaussian": _CenteredGaussian,
    "categorical": _Categorical,
    "gaussian": _Gaussian,
    "bernoulli": _Bernoulli,
    "poisson": _Poisson,
    "exponential": _Exponential,
}


def _build(formulas, standard, operation):
    if operation != "kl_divergence" and not hasattr(formulas, "squared_distance"):
        return None

    def distance(a, b):
        return formulas.squared_distance(standard, a, b)

    def log(a, b):
        gradient = jax.grad(distance)(a, b)
        if hasattr(formulas, "natural"):
            return -formulas.natural(standard, a, gradient) / 2
        return -gradient / formulas.diagonal(standard, a) / 2

    return {
        "squared_distance": lambda a, b: distance(a, b)[None],
        "gradient": jax.grad(distance),
        "kl_divergence": lambda a, b: formulas.kl_divergence(standard, a, b)[None],
        "log": log,
    }.get(operation)


def find(family, chart, operation):
    """The operation as a function of arrays, or None."""
    if not AVAILABLE or family.name not in FORMULAS:
        return None
    function = _build(FORMULAS[family.name], CHARTS[chart], operation)
    if function is None:
        return None
    compiled = jax.jit(jax.vmap(function))

    def call(a, b):
        # In parts: decompositions of a million matrices at once were seen to hang.
        part = 2**14
        results = [
            np.asarray(compiled(first[i : i + part], second[i : i + part]))
            for first, second in [(np.stack(a, axis=1), np.stack(b, axis=1))]
            for i in range(0, len(first), part)
        ]
        return list(np.moveaxis(np.concatenate(results), 1, 0))

    return call
