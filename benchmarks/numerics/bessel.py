# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the von Mises family needs of Bessel functions, in the precision of the
argument: polynomials on many small pieces, made here from mpmath's."""

import functools

import mpmath as mp
import numpy as np

DEGREE = 13
PIECES = 200


class Piecewise:
    """A function on [0, 1], given as polynomials on equal pieces."""

    def __init__(self, coefficients):
        exact = np.array(
            [[np.longdouble(mp.nstr(c, 25)) for c in piece] for piece in coefficients]
        )
        # One array a power, for each precision, while they matter.
        largest = np.abs(exact).max(axis=0) / np.abs(exact[:, 0]).min()
        self.powers = {
            kind: [
                np.ascontiguousarray(column)
                for column, size in zip(exact.T.astype(kind), largest)
                if size > np.finfo(kind).eps / 32
            ]
            for kind in (np.longdouble, np.float64)
        }
        self.pieces = len(coefficients)

    def __call__(self, x):
        powers = self.powers[x.dtype.type]
        index = np.clip((x * self.pieces).astype(np.int64), 0, self.pieces - 1)
        t = 2 * (x * self.pieces - index) - 1
        result = powers[-1][index]
        for power in powers[-2::-1]:
            result = result * t + power[index]
        return result


def fit(functions, pieces):
    """Piecewise polynomials through the values at Chebyshev's points of several
    functions, which are computed together."""
    n = DEGREE + 1
    points = [mp.cos(mp.pi * (j + mp.mpf(1) / 2) / n) for j in range(n)]
    # Coefficients of powers by those of Chebyshev's polynomials.
    chebyshev = [[1], [0, 1]]
    while len(chebyshev) < n:
        twice = [0, *(2 * c for c in chebyshev[-1])]
        before = chebyshev[-2] + [0] * (len(twice) - len(chebyshev[-2]))
        chebyshev.append([a - b for a, b in zip(twice, before)])
    angles = [[mp.cos(k * mp.pi * (j + mp.mpf(1) / 2) / n) for j in range(n)] for k in range(n)]
    found = []
    for i in range(pieces):
        values = [functions((i + (1 + t) / 2) / pieces) for t in points]
        for m, of_one in enumerate(zip(*values)):
            if len(found) == m:
                found.append([])
            powers = [mp.mpf(0)] * n
            for k in range(n):
                c = 2 * mp.fdot(angles[k], of_one) / n / (2 if k == 0 else 1)
                for power, factor in enumerate(chebyshev[k]):
                    powers[power] += c * factor
            found[m].append(powers)
    return [Piecewise(coefficients) for coefficients in found]


def exactly(kappa):
    """A = I1/I0, A' = 1 - A/kappa - A^2, and log(I0 e^-kappa), with digits to
    spare."""
    with mp.workdps(40 + 3 * max(0, int(mp.log10(kappa)))):
        zero, one = mp.besseli(0, kappa), mp.besseli(1, kappa)
        a = one / zero
        return a, 1 - a / kappa - a**2, mp.log(zero) - kappa


@functools.cache
def tables():
    """By y = kappa/(1+kappa): A (1+kappa)/kappa, A' (1+kappa)^2, (1-A)(1+kappa),
    and log(I0 e^-kappa) + log(1+kappa)/2."""

    def functions(y):
        kappa = y / (1 - y)
        a, slope, log = exactly(kappa)
        s = 1 + kappa
        return a * s / kappa, slope * s**2, (1 - a) * s, log + mp.log(s) / 2

    with mp.workdps(60):
        return fit(functions, PIECES)


def _table(index, kappa):
    return tables()[index](kappa / (1 + kappa))


def ratio(kappa):
    """A/kappa."""
    return _table(0, kappa) / (1 + kappa)


def slope(kappa):
    """A'."""
    return _table(1, kappa) / (1 + kappa) ** 2


def complement(kappa):
    """1 - A."""
    return _table(2, kappa) / (1 + kappa)


def log_scaled(kappa):
    """log(I0 e^-kappa)."""
    return _table(3, kappa) - np.log1p(kappa) / 2


def square_radius(kappa):
    """X = kappa A/2."""
    return kappa**2 * ratio(kappa) / 2


def square_radius_slope(kappa):
    """dX/dkappa."""
    return kappa * (ratio(kappa) + slope(kappa)) / 2


def from_square_radius(X):
    """The concentration at X, by Newton's method on log(kappa)."""
    kappa = np.sqrt(4 * X) * (1 + np.sqrt(X))
    for _ in range(8):
        quotient = square_radius(kappa) / X
        kappa = kappa * np.exp(-np.log(quotient) * square_radius(kappa) / (
            kappa * square_radius_slope(kappa)))
    return kappa


@functools.cache
def stretch():
    """g(v) with h = 1 + v (1-v) g(v), the stretch of the surface against the
    hyperbolic plane where v = 1/(1+X)."""

    def functions(v):
        X = 1 / v - 1
        kappa = mp.mpf(float(from_square_radius(np.array([float(X)], np.longdouble))[0]))
        # A step from sixteen digits to thirty-two, and one more.
        for _ in range(2):
            a, derivative, _ = exactly(kappa)
            kappa += (2 * X - kappa * a) / (a + kappa * derivative)
        a, derivative, _ = exactly(kappa)
        h = mp.sqrt(derivative / 2) * 4 * mp.sqrt(X * (1 + X)) / (a + kappa * derivative)
        return [(h - 1) / (v * (1 - v))]

    with mp.workdps(60):
        return fit(functions, PIECES)[0]


def gauss_legendre(n, kind):
    """Nodes and weights on [0, 1]; their last digits by Newton's method."""
    nodes = np.polynomial.legendre.leggauss(n)[0].astype(kind)
    for _ in range(3):
        before, value = np.ones_like(nodes), nodes
        for k in range(2, n + 1):
            before, value = value, ((2 * k - 1) * nodes * value - (k - 1) * before) / k
        derivative = n * (nodes * value - before) / (nodes**2 - 1)
        nodes = nodes - value / derivative
    return (1 + nodes) / 2, 1 / ((1 - nodes**2) * derivative**2)
