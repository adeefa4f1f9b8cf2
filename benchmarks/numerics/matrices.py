# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Linear algebra of many small matrices in extended precision, which numpy has
for f32 and f64 only. The last two axes are a matrix."""

import numpy as np


def transposed(a):
    return np.swapaxes(a, -1, -2)


def symmetric(a):
    return (a + transposed(a)) / 2


def cholesky(a):
    """The lower factor; NaN where there is none."""
    n = a.shape[-1]
    factor = np.zeros_like(a)
    for j in range(n):
        rest = a[..., j:, j] - (factor[..., j:, :j] * factor[..., j : j + 1, :j]).sum(-1)
        root = np.sqrt(np.where(rest[..., 0] > 0, rest[..., 0], np.nan))
        factor[..., j:, j] = rest / root[..., None]
        factor[..., j, j] = root
    return factor


def solve_lower(lower, b):
    """lower^-1 b."""
    x = np.zeros_like(b)
    for i in range(b.shape[-2]):
        known = (lower[..., i, :i, None] * x[..., :i, :]).sum(-2)
        x[..., i, :] = (b[..., i, :] - known) / lower[..., i, i, None]
    return x


def whitened(lower, a):
    """lower^-1 a lower^-T for symmetric a."""
    return symmetric(solve_lower(lower, transposed(solve_lower(lower, a))))


def inverse_lower(lower):
    identity = np.broadcast_to(np.eye(lower.shape[-1], dtype=lower.dtype), lower.shape)
    return solve_lower(lower, identity.copy())


def eigh(a, sweeps=12):
    """Eigenvalues and vectors of symmetric matrices by Jacobi's rotations."""
    n = a.shape[-1]
    a = a.copy()
    vectors = np.broadcast_to(np.eye(n, dtype=a.dtype), a.shape).copy()
    for _ in range(sweeps if n > 2 else 2):
        for p in range(n - 1):
            for q in range(p + 1, n):
                _rotate(a, vectors, p, q)
    return np.einsum("...ii->...i", a).copy(), vectors


def _rotation(first, off, second):
    """Cosine and sine that make [[first, off], [off, second]] diagonal."""
    zero = off == 0
    theta = (second - first) / (2 * np.where(zero, 1, off))
    t = np.where(theta >= 0, 1, -1) / (np.abs(theta) + np.hypot(theta, 1))
    t = np.where(zero, 0, t)
    c = 1 / np.hypot(t, 1)
    return c[..., None], (t * c)[..., None]


def _rotate(a, vectors, p, q):
    """The rotation of two axes that makes a[p, q] zero."""
    c, s = _rotation(a[..., p, p], a[..., p, q], a[..., q, q])
    for target in (a, transposed(a), transposed(vectors)):
        # Rows p and q of the target.
        first, second = target[..., p, :].copy(), target[..., q, :].copy()
        target[..., p, :] = c * first - s * second
        target[..., q, :] = s * first + c * second
    a[..., p, q] = a[..., q, p] = 0


def singular_values(a, sweeps=12):
    """Singular values and left vectors by rotations of columns until they are
    orthogonal, which keeps the digits of small values."""
    n = a.shape[-1]
    columns = transposed(a).copy()
    for _ in range(sweeps if n > 2 else 3):
        for p in range(n - 1):
            for q in range(p + 1, n):
                first, second = columns[..., p, :].copy(), columns[..., q, :].copy()
                off = (first * second).sum(-1)
                c, s = _rotation((first**2).sum(-1), off, (second**2).sum(-1))
                columns[..., p, :] = c * first - s * second
                columns[..., q, :] = s * first + c * second
    values = np.sqrt((columns**2).sum(-1))
    return values, transposed(columns / values[..., None])


def of_eigenvalues(values, vectors):
    """The matrix with these eigenvalues and vectors."""
    return (vectors * values[..., None, :]) @ transposed(vectors)
