# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The geometry of normal distributions with mean zero in high precision.

Beliefs, tangent vectors and gradients are mp.matrix in the stored chart.
"""

import mpmath as mp

mp.mp.dps = 60


def covariance(chart, stored):
    return stored * stored.T if chart == "cholesky" else stored


def functions(chart, a, b):
    """Root of the first covariance, and a map from functions of a number to
    that function of the whitened second covariance."""
    root = mp.cholesky(covariance(chart, a))
    inverse = mp.inverse(root)
    values, vectors = mp.eigsy(inverse * covariance(chart, b) * inverse.T)
    return root, lambda f: vectors * mp.diag([f(x) for x in values]) * vectors.T


def squared_distance(chart, a, b):
    _, of = functions(chart, a, b)
    return trace(of(lambda x: mp.log(x)**2)) / 2


def divergence(chart, a, b):
    _, of = functions(chart, a, b)
    return trace(of(lambda x: 1 / x - 1 + mp.log(x))) / 2


def trace(a):
    return mp.fsum(a[i, i] for i in range(a.rows))


def from_covariance(chart, root, gradient):
    """The gradient in the chart, of one with respect to the covariance."""
    if chart == "covariance":
        return gradient
    g = 2 * gradient * root
    return mp.matrix(g.rows, g.cols) + mp.matrix(
        [[g[i, j] if j <= i else 0 for j in range(g.cols)]
         for i in range(g.rows)])


def change(chart, at, v):
    """The change of the covariance that a tangent vector makes."""
    return at * v.T + v * at.T if chart == "cholesky" else v


def gradient(chart, a, b):
    root, of = functions(chart, a, b)
    inverse = mp.inverse(root)
    return from_covariance(chart, root, -inverse.T * of(mp.log) * inverse)


def metric(chart, at, v):
    root = mp.cholesky(covariance(chart, at))
    inverse = mp.inverse(covariance(chart, at))
    return from_covariance(chart, root,
                           inverse * change(chart, at, v) * inverse / 2)


def geodesic(chart, a, b, t):
    root, of = functions(chart, a, b)
    point = root * of(lambda x: x**t) * root.T
    return mp.cholesky(point) if chart == "cholesky" else point


def log(chart, a, b):
    root, of = functions(chart, a, b)
    if chart == "covariance":
        return root * of(mp.log) * root.T
    w = of(mp.log)
    half = mp.matrix([[w[i, j] if j < i else w[i, j] / 2 if i == j else 0
                       for j in range(w.cols)] for i in range(w.rows)])
    return root * half
