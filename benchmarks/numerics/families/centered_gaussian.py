# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Centered Gaussians in extended precision: with S1 = L L^T and W = L^-1 S2 L^-T,
d^2 is half the sum of the squared logarithms of W's eigenvalues. Where beliefs are
close, W - 1 is formed from the difference of what is stored; elsewhere W's
eigenvalues are the squared singular values of L^-1 L2. The last two axes are a
matrix."""

import numpy as np

from arithmetic import log1p_remainder
from matrices import (
    cholesky,
    eigh,
    inverse_lower,
    of_eigenvalues,
    singular_values,
    solve_lower,
    symmetric,
    transposed,
    whitened,
)
from sampling import differences, log_uniform, normal


def factor(chart, stored):
    return np.tril(stored) if chart == "cholesky" else cholesky(symmetric(stored))


def covariance(chart, stored):
    if chart == "covariance":
        return symmetric(stored)
    return np.tril(stored) @ transposed(np.tril(stored))


def half_diagonal(a):
    """The lower triangle with half of the diagonal."""
    return np.tril(a) - np.einsum("...ii->...i", a)[..., None] * np.eye(a.shape[-1]) / 2


class Pair:
    """What the geometry needs of two beliefs."""

    def __init__(self, chart, a, b):
        self.L = factor(chart, a)
        if chart == "cholesky":
            X = solve_lower(self.L, np.tril(b) - np.tril(a))
            excess = X + transposed(X) + X @ transposed(X)
        else:
            excess = whitened(self.L, symmetric(b) - symmetric(a))
        small, near_vectors = eigh(symmetric(excess))
        roots, far_vectors = singular_values(solve_lower(self.L, factor(chart, b)))
        near = np.abs(small).max(axis=-1, keepdims=True) < 0.5
        log = np.log1p(np.where(near, small, 0))
        self.log = np.where(near, log, 2 * np.log(roots))
        self.excess = np.where(near, small, roots**2 - 1)
        self.vectors = np.where(near[..., None], near_vectors, far_vectors)

    def logarithm(self):
        return of_eigenvalues(self.log, self.vectors)


class CenteredGaussian:
    name = "centered_gaussian"
    charts = ["covariance", "cholesky"]
    standard = "covariance"
    components = 1
    digits = 120

    def __init__(self, size, share):
        self.event_shape = (size, size)
        self.label = f"centered_gaussian, {size} x {size}"
        self.share = share

    def draw(self, rng, regime, chart, dtype, count):
        n = self.event_shape[0]

        def matrices(scale=1.0):
            return normal(rng, count * n * n, scale).reshape(count, n, n)

        def factors():
            # A well-conditioned factor, and axes of many sizes where far.
            lower = np.tril(matrices(0.5), -1)
            lower += np.exp(matrices(0.5)) * np.eye(n)
            if regime == "far":
                decades = 1 if dtype == np.float64 else 0.5
                lower *= log_uniform(rng, -decades, decades, count * n).reshape(count, n, 1)
            return lower

        a, b = factors(), factors()
        if regime in ("near", "equal"):
            step = differences(rng, dtype, count)[:, None, None] * np.tril(matrices(0.5))
            b = a @ (np.eye(n) + step)
            # Large steps may leave the factors, and not the covariances.
            b *= np.sign(np.einsum("...ii->...i", b))[:, None, :]
        return [
            [x if chart == "cholesky" else symmetric(x @ transposed(x))] for x in (a, b)
        ]

    def units(self, chart, point):
        """The elements' sizes, by the standard deviations of their axes."""
        diagonal = np.einsum("...ii->...i", covariance(chart, point[0]))
        if chart == "cholesky":
            return [np.sqrt(diagonal)[..., :, None] + 0 * point[0]]
        return [np.sqrt(diagonal[..., :, None] * diagonal[..., None, :])]

    def vectors(self, rng, chart, a):
        """Symmetric or lower matrices."""
        x = rng.normal(size=a[0].shape)
        return [np.tril(x) if chart == "cholesky" else symmetric(x)]

    def tangents(self, rng, chart, a, b, regimes):
        return [x / 2 for x in self.log(chart, a, b)]

    def squared_distance(self, chart, a, b):
        return [(Pair(chart, a[0], b[0]).log ** 2).sum(-1) / 2]

    def gradient(self, chart, a, b):
        pair = Pair(chart, a[0], b[0])
        inverse = inverse_lower(pair.L)
        covector = -transposed(inverse) @ pair.logarithm()
        if chart == "cholesky":
            return [2 * np.tril(covector)]
        return [symmetric(covector @ inverse)]

    def kl_divergence(self, chart, a, b):
        pair = Pair(chart, a[0], b[0])
        growth = -pair.excess / np.exp(pair.log)
        return [log1p_remainder(growth, -pair.log).sum(-1) / 2]

    def metric(self, chart, at, tangent):
        L = factor(chart, at[0])
        inverse = inverse_lower(L)
        if chart == "cholesky":
            K = solve_lower(L, np.tril(tangent[0]))
            return [np.tril(transposed(inverse) @ (K + transposed(K)))]
        W = whitened(L, symmetric(tangent[0]))
        return [symmetric(transposed(inverse) @ W @ inverse) / 2]

    def natural_gradient(self, chart, at, gradient):
        L = factor(chart, at[0])
        if chart == "cholesky":
            return [L @ half_diagonal(transposed(L) @ np.tril(gradient[0]))]
        S = covariance(chart, at[0])
        return [2 * symmetric(S @ symmetric(gradient[0]) @ S)]

    def log(self, chart, a, b):
        pair = Pair(chart, a[0], b[0])
        if chart == "cholesky":
            return [pair.L @ half_diagonal(pair.logarithm())]
        return [symmetric(pair.L @ pair.logarithm() @ transposed(pair.L))]

    def _moved(self, chart, L, whitened_point):
        """The point of a whitened covariance."""
        if chart == "cholesky":
            return [L @ cholesky(symmetric(whitened_point))]
        return [symmetric(L @ whitened_point @ transposed(L))]

    def exp(self, chart, a, tangent):
        L = factor(chart, a[0])
        if chart == "cholesky":
            K = solve_lower(L, np.tril(tangent[0]))
            change = K + transposed(K)
        else:
            change = whitened(L, symmetric(tangent[0]))
        values, vectors = eigh(symmetric(change))
        return self._moved(chart, L, of_eigenvalues(np.exp(values), vectors))

    def geodesic(self, chart, a, b, t):
        pair = Pair(chart, a[0], b[0])
        return self._moved(chart, pair.L, of_eigenvalues(np.exp(t * pair.log), pair.vectors))

    def convert(self, chart, a, target):
        return [covariance(chart, a[0]) if target == "covariance" else factor(chart, a[0])]
