#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fit the functions of the von Mises family.

Writes include/fisher/Math/VonMisesCoefficients.h: near-minimax rational
functions for the Bessel ratio, for the stretch of the surface against the
hyperbolic plane and for the way back from there to the concentration, for f32
and f64 each, with the largest error that exact evaluation leaves; and the nodes
and weights of Gauss-Legendre quadrature. The output depends on nothing but this
program.
"""

import operator
import pathlib
import sys
from dataclasses import dataclass
from collections.abc import Callable

import mpmath
from mpmath import mp, mpf

from fit_functions import PRECISION, points, round_to, round_up, write_or_check

OUTPUT = (
    pathlib.Path(__file__).resolve().parent.parent
    / "include/fisher/Math/VonMisesCoefficients.h"
)
# From this concentration on the expansion at infinity is used.
TAIL_START = {"f32": 10, "f64": 20}
# The orders of the Gauss-Legendre rules.
ORDERS = [6, 10, 24, 64]


@dataclass
class Surface:
    """Exact values at one concentration.

    ratio: A/kappa, A = I1/I0. variance: A' = 1 - A/kappa - A^2.
    square: X = kappa A/2, the squared hyperbolic radius x^2. v = 1/(1 + X).
    h: how much longer a radial step is than in the hyperbolic plane.
    """

    kappa: mpf
    ratio: mpf
    variance: mpf
    square: mpf
    v: mpf
    h: mpf


def surface(kappa: mpf) -> Surface:
    # A' loses twice the digits of kappa, and h - 1 once more.
    lost = 3 * max(0, int(mpmath.log10(kappa))) + 10
    with mp.workdps(mp.dps + lost):
        a = mpmath.besseli(1, kappa) / mpmath.besseli(0, kappa)
        ratio = a / kappa
        variance = 1 - ratio - a**2
        square = kappa * a / 2
        slope = kappa * (variance + ratio) / 2
        h = mpmath.sqrt(2 * variance * square * (1 + square)) / slope
        return Surface(kappa, ratio, variance, square, 1 / (1 + square), h)


def near_v(v: mpf) -> Surface:
    """The surface where 1/(1 + X) is within a hundredth of `v`."""
    square = 1 / v - 1
    return surface(mpf(float(2 * mpmath.sqrt(square * (1 + square * (1 - v / 2))))))


@dataclass
class Table:
    """A rational function N(s - center)/D(s - center) and what it is for.

    sample: (s, target, sensitivity) at a number in [0, 1], which runs through
      the interval. The sensitivity is by how much the relative error of the
      function exceeds the absolute error of the table.
    degree: of numerator and denominator.
    """

    name: str
    formula: str
    function: str
    sample: Callable[[mpf, str], tuple[mpf, mpf, mpf]]
    interval: Callable[[str], str]
    center: dict[str, mpf]
    degree: dict[str, tuple[int, int]]


def ratio_sample(u: mpf, element: str):
    kappa = TAIL_START[element] * mpmath.sqrt(u)
    target = surface(kappa).ratio if u else mpf(1) / 2
    return kappa**2, target, 1 / target


def variance_sample(u: mpf, element: str):
    kappa = TAIL_START[element] * mpmath.sqrt(u)
    target = surface(kappa).variance if u else mpf(1) / 2
    return kappa**2, target, 1 / target


def tail_sample(u: mpf, element: str):
    y = u / TAIL_START[element]
    if u == 0:
        return y, mpf(1) / 4, mpf(2)
    with mp.workdps(mp.dps + 20):
        at = surface(1 / y)
        target = (2 * (1 - at.ratio / y) / y - 1) / y
        return y, target, y**2 / at.variance


def stretch_sample(u: mpf, _element: str):
    v = u**1.5
    if u in (0, 1):
        return v, mpf(3) / 8 if u == 0 else mpf(1) / 2, mpf(0)
    at = near_v(v)
    scale = at.v * (1 - at.v)
    return at.v, (at.h - 1) / scale, scale / at.h


def inverse_sample(u: mpf, _element: str):
    v = u**1.5
    if u in (0, 1):
        return v, mpf(1) if u == 0 else mpf(1) / 2, (1 - v) / 2
    at = near_v(v)
    target = (at.kappa**2 / (4 * at.square) - 1) / at.square
    return at.v, target, at.square / (2 * (1 + at.square * target))


def tables() -> list[Table]:
    def small(element):
        return f"0 <= t <= {TAIL_START[element]**2}"

    def large(element):
        return f"0 <= y <= 1/{TAIL_START[element]}"

    def all_v(_element):
        return "0 <= v <= 1"

    zero = {"f32": mpf(0), "f64": mpf(0)}
    middle = {"f32": mpf(5) / 32, "f64": mpf(5) / 32}
    return [
        Table(
            name="vonMisesRatio",
            formula="A(kappa)/kappa, t = kappa^2",
            function="A",
            sample=ratio_sample,
            interval=small,
            center=zero,
            degree={"f32": (4, 5), "f64": (9, 10)},
        ),
        Table(
            name="vonMisesVariance",
            formula="A'(kappa), t = kappa^2",
            function="A'",
            sample=variance_sample,
            interval=small,
            center=zero,
            degree={"f32": (5, 6), "f64": (12, 12)},
        ),
        Table(
            name="vonMisesTail",
            formula="U(y), y = 1/kappa: A = 1 - y R/2, R = 1 + y U, "
            "A' = y^2 (U + R (2 - R)/4)",
            function="A'",
            sample=tail_sample,
            interval=large,
            center={"f32": mpf(1) / 32, "f64": mpf(1) / 32},
            degree={"f32": (3, 3), "f64": (6, 6)},
        ),
        Table(
            name="vonMisesStretch",
            formula="g(v): h = 1 + v (1 - v) g(v)",
            function="h",
            sample=stretch_sample,
            interval=all_v,
            center=middle,
            degree={"f32": (8, 8), "f64": (16, 16)},
        ),
        Table(
            name="vonMisesInverse",
            formula="w(v): kappa = 2 sqrt(X (1 + X w(v))), X = 1/v - 1",
            function="kappa",
            sample=inverse_sample,
            interval=all_v,
            center=middle,
            degree={"f32": (7, 7), "f64": (18, 18)},
        ),
    ]


def polynomial(coefficients: list[mpf], x: mpf) -> mpf:
    total = mpf(0)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def least_squares(columns, values, weights):
    """The coefficients of the weighted least squares fit, by the normal
    equations, in fixed point arithmetic: that is fast, and has digits to spare
    for the square of the condition."""
    bits = 2 * mp.prec
    roots = [mpmath.sqrt(w) for w in weights]
    scaled = [
        [int(mpmath.ldexp(r * x, bits)) for r, x in zip(roots, column)]
        for column in [*columns, values]
    ]
    n = len(columns)
    # Rows from the diagonal on; the last entry is the right hand side.
    rows = [
        [sum(map(operator.mul, scaled[i], scaled[j])) for j in range(i, n + 1)]
        for i in range(n)
    ]
    for k, pivot_row in enumerate(rows):
        for i in range(k + 1, n):
            factor = (pivot_row[i - k] << bits) // pivot_row[0]
            rows[i] = [
                x - (factor * y >> bits) for x, y in zip(rows[i], pivot_row[i - k :])
            ]
    solution: list[mpf] = []
    for row in reversed(rows):
        known = mpmath.fdot(row[1:-1], solution)
        solution.insert(0, (row[-1] - known) / row[0])
    return solution


class Lawson:
    """Weights that make a least squares fit near-minimax: points of large error
    gain weight."""

    def __init__(self, count: int):
        self.weights = [mpf(1)] * count

    def update(self, errors):
        mean = mpmath.fdot(errors, self.weights) / sum(self.weights)
        self.weights = [
            w * (e / mean + mpf("0.01")) for e, w in zip(errors, self.weights)
        ]


def chebyshev_columns(degree: int, xs: list[mpf], low: mpf, high: mpf):
    z = [(2 * x - low - high) / (high - low) for x in xs]
    columns = [[mpf(1)] * len(xs), z]
    for _ in range(degree - 1):
        columns.append(
            [2 * a * b - c for a, b, c in zip(z, columns[-1], columns[-2])]
        )
    return columns[: degree + 1]


def to_powers(coefficients: list[mpf], low: mpf, high: mpf) -> list[mpf]:
    """From Chebyshev polynomials of the interval to powers."""
    n = len(coefficients)
    # Interpolation in as many points as there are coefficients is exact.
    xs = points(low, high, n)
    columns = chebyshev_columns(n - 1, xs, low, high)
    values = [mpmath.fsum(c * col[i] for c, col in zip(coefficients, columns)) for i in range(n)]
    rows = mpmath.matrix([[x**j for j in range(n)] for x in xs])
    return list(mpmath.lu_solve(rows, mpmath.matrix(values)))


def fit_rational(xs, values, sensitivity, degree) -> tuple[list[mpf], list[mpf]]:
    """N/D by the iteration of Sanathanan and Koerner: |N - f D| is minimized,
    divided by the former D."""
    low, high = min(xs), max(xs)
    columns = chebyshev_columns(max(degree), xs, low, high)
    upper, lower = columns[: degree[0] + 1], columns[1 : degree[1] + 1]
    products = [[-f * x for f, x in zip(values, c)] for c in lower]
    denominator = [mpf(1)] * len(xs)
    lawson = Lawson(len(xs))
    best = None
    for step in range(11):
        weights = [
            w * (s / d) ** 2
            for w, s, d in zip(lawson.weights, sensitivity, denominator)
        ]
        free = least_squares(upper + products, values, weights)
        p, q = free[: degree[0] + 1], [mpf(1)] + free[degree[0] + 1 :]
        numerator = [mpmath.fdot(p, row) for row in zip(*upper)]
        denominator = [mpmath.fdot(q, row) for row in zip(columns[0], *lower)]
        errors = [
            s * abs(a / b - f)
            for s, a, b, f in zip(sensitivity, numerator, denominator, values)
        ]
        if min(denominator) > 0 and (best is None or max(errors) < best[0]):
            best = (max(errors), p, q)
        if step > 2:
            lawson.update(errors)
    _, p, q = best
    return to_powers(p, low, high), to_powers(q, low, high)


def fit(table: Table, element: str) -> tuple[list[mpf], list[mpf]]:
    """The denominator, scaled to begin with 1, is rounded, and then the
    numerator from the constant coefficient up; what follows is fitted anew to
    what the rounded ones leave."""
    degree = table.degree[element]
    samples = [
        table.sample(u, element) for u in points(mpf(0), mpf(1), 3 * (sum(degree) + 2))
    ]
    xs = [s - table.center[element] for s, _, _ in samples]
    values = [f for _, f, _ in samples]
    sensitivity = [w for _, _, w in samples]
    numerator, denominator = fit_rational(xs, values, sensitivity, degree)
    bits = PRECISION[element]
    q = [round_to(c / denominator[0], bits) for c in denominator]
    divisors = [polynomial(q, x) for x in xs]
    weights = [(s / d) ** 2 for s, d in zip(sensitivity, divisors)]
    rest = [f * d for f, d in zip(values, divisors)]
    powers = [[x**j for x in xs] for j in range(degree[0] + 1)]
    p: list[mpf] = []
    for k in range(degree[0] + 1):
        lawson = Lawson(len(xs))
        for _ in range(3):
            free = least_squares(
                powers[k:], rest, [w * e for w, e in zip(weights, lawson.weights)]
            )
            lawson.update(
                [
                    mpmath.sqrt(w) * abs(mpmath.fdot(free, row) - f)
                    for w, row, f in zip(weights, zip(*powers[k:]), rest)
                ]
            )
        p.append(round_to(free[0], bits))
        rest = [f - p[k] * x for f, x in zip(rest, powers[k])]
    return p, q


def largest_error(table, element, p, q, count=300) -> mpf:
    """The largest relative error of the function."""
    worst = mpf(0)
    for u in points(mpf(0), mpf(1), count):
        s, target, sensitivity = table.sample(u, element)
        x = s - table.center[element]
        worst = max(worst, sensitivity * abs(polynomial(p, x) / polynomial(q, x) - target))
    return worst


def gauss_legendre(order: int) -> list[tuple[mpf, mpf]]:
    """(node, weight) on [0, 1], those below 1/2 from the least up."""
    rule = []
    for i in range(order // 2):
        z = mpmath.cos(mpmath.pi * (i + mpf(3) / 4) / (order + mpf(1) / 2))
        for _ in range(7):
            previous, value = mpf(1), z
            for k in range(2, order + 1):
                previous, value = value, ((2 * k - 1) * z * value - (k - 1) * previous) / k
            slope = order * (z * value - previous) / (z**2 - 1)
            z -= value / slope
        rule.append(((1 - z) / 2, 1 / ((1 - z**2) * slope**2)))
    return rule


HEADER = """\
//===- VonMisesCoefficients.h - Functions of the von Mises family ---------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Generated by utils/fit_von_mises.py; do not edit.
//
// Each table is a rational function of its variable less the center, with
// coefficients from the constant one up. Errors are relative ones of the named
// function, without what rounding adds. A = I1/I0 is the mean resultant length,
// A' its derivative, X = kappa A/2, v = 1/(1 + X).
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_VONMISESCOEFFICIENTS_H
#define FISHER_MATH_VONMISESCOEFFICIENTS_H

namespace mlir::fisher::coefficients {
// clang-format off
"""

FOOTER = """
// clang-format on
} // namespace mlir::fisher::coefficients

#endif // FISHER_MATH_VONMISESCOEFFICIENTS_H
"""


def array(name: str, numbers) -> list[str]:
    lines = [f"inline constexpr double {name}[] = {{"]
    return lines + [f"    {float(c).hex()}," for c in numbers] + ["};"]


def generate() -> str:
    lines = [HEADER]
    lines.append("// Up to this concentration the first two tables hold, then the third.")
    for element, start in TAIL_START.items():
        lines.append(
            f"inline constexpr double vonMisesTailStart{element.upper()} = {start};"
        )
    for table in tables():
        lines += ["", f"// {table.formula}"]
        for element in PRECISION:
            p, q = fit(table, element)
            error = round_up(largest_error(table, element, p, q))
            degree = table.degree[element]
            lines.append(
                f"// {element}: {table.interval(element)}, degree "
                f"{degree[0]}/{degree[1]}, error of {table.function} < {error}"
            )
            name = f"{table.name}%s{element.upper()}"
            center = float(table.center[element]).hex()
            lines.append(f"inline constexpr double {name % 'Center'} = {center};")
            lines += array(name % "Numerator", p)
            lines += array(name % "Denominator", q)
    lines += [
        "",
        "// Gauss-Legendre quadrature on [0, 1]: the nodes below 1/2. Each has a",
        "// partner 1 - node of the same weight.",
    ]
    for order in ORDERS:
        rule = gauss_legendre(order)
        lines += array(f"gauss{order}Nodes", [node for node, _ in rule])
        lines += array(f"gauss{order}Weights", [weight for _, weight in rule])
    return "\n".join(lines) + "\n" + FOOTER


def main() -> int:
    return write_or_check(__doc__, OUTPUT, generate)


if __name__ == "__main__":
    sys.exit(main())
