#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fit the polynomials of the elementary functions.

Writes include/fisher/Math/Coefficients.h: for each function one near-minimax
polynomial for f32 and one for f64, whose coefficients are numbers of that
type, with the largest relative error that the function has if it is evaluated
without rounding; and constants in parts, for exact products. The output depends
on nothing but this program.
"""

import argparse
import pathlib
import sys
from dataclasses import dataclass
from collections.abc import Callable

import mpmath
from mpmath import mp, mpf

DIGITS = 50
OUTPUT = (
    pathlib.Path(__file__).resolve().parent.parent
    / "include/fisher/Math/Coefficients.h"
)
PRECISION = {"f32": 24, "f64": 53}


@dataclass
class Table:
    """A polynomial P(x) and the function that is computed with it.

    target: what P approximates.
    sensitivity: by how much the relative error of the function exceeds the
      absolute error of P, at x.
    """

    name: str
    formula: str
    function: str
    low: mpf
    high: mpf
    target: Callable[[mpf], mpf]
    sensitivity: Callable[[mpf], mpf]
    degree: dict[str, int]


def atanh_series(w: mpf) -> mpf:
    """(2·atanh(√w)/√w − 2)/w, 2/3 at 0."""
    if w == 0:
        return mpf(2) / 3
    z = mpmath.sqrt(w)
    return (2 * mpmath.atanh(z) / z - 2) / w


def exp_series(r: mpf) -> mpf:
    """(e^r − 1 − r)/r², 1/2 at 0."""
    return (mpmath.expm1(r) - r) / r**2 if r else mpf(1) / 2


def asinh_series(x: mpf) -> mpf:
    """(asinh(√x)/√x − 1)/x, −1/6 at 0."""
    if x == 0:
        return -mpf(1) / 6
    s = mpmath.sqrt(x)
    return (mpmath.asinh(s) / s - 1) / x


def erf_series(x: mpf) -> mpf:
    """(log(erfc x)/x + 2/√π)/x, −2/π at 0."""
    if x == 0:
        return -2 / mpmath.pi
    return (mpmath.log(mpmath.erfc(x)) / x + 2 / mpmath.sqrt(mpmath.pi)) / x


def root_quotient(f: Callable[[mpf], mpf], x: mpf) -> mpf:
    """f(√x)/√x for an odd f with slope 1, 1 at 0."""
    s = mpmath.sqrt(x)
    return f(s) / s if x else mpf(1)


def root_series(f: Callable[[mpf], mpf], limit: mpf) -> Callable[[mpf], mpf]:
    """(f(√x)/√x − 1)/x, `limit` at 0."""
    return lambda x: (root_quotient(f, x) - 1) / x if x else limit


def root_sensitivity(f: Callable[[mpf], mpf]) -> Callable[[mpf], mpf]:
    return lambda x: x / root_quotient(f, x)


def cos_series(x: mpf) -> mpf:
    """(cos √x − 1 + x/2)/x², 1/24 at 0."""
    return (mpmath.cos(mpmath.sqrt(x)) - 1 + x / 2) / x**2 if x else mpf(1) / 24


def coth_remainder(y: mpf) -> mpf:
    """(√y·coth √y − 1)/y, (1 − x·cot x)/x² for y = −x², 1/3 at 0."""
    if y == 0:
        return mpf(1) / 3
    x = mpmath.sqrt(abs(y))
    return (x * (mpmath.coth(x) if y > 0 else mpmath.cot(x)) - 1) / y


def coth_series(y: mpf) -> mpf:
    """What the former has over 1/3, over y, −1/45 at 0."""
    return (coth_remainder(y) - mpf(1) / 3) / y if y else -mpf(1) / 45


def exp_sensitivity(r: mpf) -> mpf:
    return r**2 / abs(mpmath.expm1(r)) if r else mpf(0)


def log_sensitivity(w: mpf) -> mpf:
    """For log1p(f) = 2·atanh z = f − z(f − w·P(w))."""
    z = mpmath.sqrt(w)
    return z * w / (2 * mpmath.atanh(z)) if w else mpf(0)


def log_tail_series(f: mpf) -> mpf:
    """(f − log(1 + f))/f², 1/2 at 0."""
    return (f - mpmath.log1p(f)) / f**2 if f else mpf(1) / 2


def tables() -> list[Table]:
    sqrt2 = mpmath.sqrt(2)
    # A little wider than an eighth of a turn, as quotients are rounded.
    eighth_turn_squared = (mpmath.pi / 4) ** 2 * mpf("1.001")
    return [
        Table(
            name="expTable",
            formula="(e^r - 1 - r) / r^2",
            function="expm1(r) = r + r^2 P(r)",
            low=mpf("-0.3467"),
            high=mpf("0.3467"),
            target=exp_series,
            sensitivity=exp_sensitivity,
            degree={"f32": 4, "f64": 9},
        ),
        Table(
            name="logTable",
            formula="(2 atanh(sqrt w)/sqrt w - 2) / w",
            function="log1p(f) = f - z (f - w P(w)), z = f/(2+f), w = z^2",
            low=mpf(0),
            high=((sqrt2 - 1) / (sqrt2 + 1)) ** 2 * mpf("1.001"),
            target=atanh_series,
            sensitivity=log_sensitivity,
            degree={"f64": 6},
        ),
        Table(
            name="logTailTable",
            formula="(f - log1p(f)) / f^2",
            function="log1p(f) = f - f^2 P(f)",
            low=mpmath.sqrt(mpf(1) / 2) - 1,
            high=sqrt2 - 1,
            target=log_tail_series,
            sensitivity=lambda f: f**2 / abs(mpmath.log1p(f)) if f else mpf(0),
            degree={"f32": 8},
        ),
        Table(
            name="logWideTable",
            formula="(2 atanh(sqrt w)/sqrt w - 2) / w",
            function="log1p(f) = f - z (f - w P(w)), z = f/(2+f), w = z^2",
            low=mpf(0),
            high=mpf(1) / 9,
            target=atanh_series,
            sensitivity=log_sensitivity,
            degree={"f32": 3, "f64": 9},
        ),
        Table(
            name="asinhRootTable",
            formula="(asinh(sqrt x)/sqrt x - 1) / x",
            function="asinh(sqrt x)/sqrt x = 1 + x P(x)",
            low=mpf(0),
            high=mpf(3) / 4,
            target=asinh_series,
            sensitivity=lambda x: x / (1 + x * asinh_series(x)),
            degree={"f32": 6, "f64": 15},
        ),
        Table(
            name="atanTable",
            formula="(atan(sqrt x)/sqrt x - 1) / x",
            function="atan t = t + t x P(x), x = t^2",
            low=mpf(0),
            high=mpf(1),
            target=root_series(mpmath.atan, -mpf(1) / 3),
            sensitivity=root_sensitivity(mpmath.atan),
            degree={"f32": 8, "f64": 19},
        ),
        Table(
            name="asinTable",
            formula="(asin(sqrt x)/sqrt x - 1) / x",
            function="asin t = t + t x P(x), x = t^2",
            low=mpf(0),
            high=mpf(1) / 4,
            target=root_series(mpmath.asin, mpf(1) / 6),
            sensitivity=root_sensitivity(mpmath.asin),
            degree={"f32": 4, "f64": 12},
        ),
        Table(
            name="sinTable",
            formula="(sin(sqrt x)/sqrt x - 1) / x",
            function="sin r = r + r x P(x), x = r^2",
            low=mpf(0),
            high=eighth_turn_squared,
            target=root_series(mpmath.sin, -mpf(1) / 6),
            sensitivity=root_sensitivity(mpmath.sin),
            degree={"f32": 2, "f64": 5},
        ),
        Table(
            name="cosTable",
            formula="(cos(sqrt x) - 1 + x/2) / x^2",
            function="cos r = 1 - x/2 + x^2 P(x), x = r^2",
            low=mpf(0),
            high=eighth_turn_squared,
            target=cos_series,
            sensitivity=lambda x: x**2 / mpmath.cos(mpmath.sqrt(x)),
            degree={"f32": 2, "f64": 5},
        ),
        Table(
            name="tanTable",
            formula="(tan(sqrt x)/sqrt x - 1) / x",
            function="tan t = t + t x P(x), x = t^2",
            low=mpf(0),
            high=eighth_turn_squared,
            target=root_series(mpmath.tan, mpf(1) / 3),
            sensitivity=root_sensitivity(mpmath.tan),
            degree={"f32": 6, "f64": 13},
        ),
        Table(
            name="cothTable",
            formula="((sqrt y coth(sqrt y) - 1)/y - 1/3) / y",
            function="(sqrt y coth(sqrt y) - 1)/y = 1/3 + y P(y)",
            low=mpf(-1),
            high=mpf(1),
            target=coth_series,
            sensitivity=lambda y: abs(y) / coth_remainder(y),
            degree={"f32": 5, "f64": 11},
        ),
        Table(
            name="erfTable",
            formula="(log(erfc x)/x + 2/sqrt(pi)) / x",
            function="erf x = 1 - e^u, u = x (x P(x) - 2/sqrt(pi))",
            low=mpf(0),
            high=mpf(6),
            target=erf_series,
            sensitivity=lambda x: x**2 / (1 / mpmath.erfc(x) - 1) if x else mpf(0),
            degree={"f32": 9, "f64": 22},
        ),
    ]


def round_to(x: mpf, bits: int) -> mpf:
    with mp.workprec(bits):
        return +x


@dataclass
class Parts:
    """A number as a sum of numbers of few bits, whose products with integers
    are exact, and a last one that has all bits of the type."""

    name: str
    formula: str
    number: mpf
    count: int
    bits: dict[str, int]


def parts_tables() -> list[Parts]:
    return [
        Parts(
            name="quarterTurnParts",
            formula="pi/2",
            number=mpmath.pi / 2,
            count=5,
            bits={"f32": 14, "f64": 23},
        )
    ]


def split(parts: Parts, element: str) -> list[mpf]:
    """Each part continues where the one before ends; all are positive."""
    result, rest = [], +parts.number
    # The number is in [1, 2).
    for k in range(1, parts.count):
        scale = mpf(2) ** (k * parts.bits[element] - 1)
        result.append(mpmath.floor(rest * scale) / scale)
        rest -= result[-1]
    return result + [round_to(rest, PRECISION[element])]


def points(low: mpf, high: mpf, count: int) -> list[mpf]:
    """Chebyshev points of the interval, its ends included."""
    middle, radius = (low + high) / 2, (high - low) / 2
    return [
        middle - radius * mpmath.cos(mpmath.pi * i / (count - 1)) for i in range(count)
    ]


def weighted_fit(basis, values, weights):
    """The coefficients of the weighted least squares fit, where each row of the
    basis holds consecutive powers of a point."""
    n = len(basis[0])
    gram, right = mpmath.zeros(n), mpmath.zeros(n, 1)
    # The product of two powers depends on the sum of their exponents only.
    moments = [mpf(0)] * (2 * n - 1)
    for row, value, weight in zip(basis, values, weights):
        for i in range(n):
            scaled = weight * row[i]
            right[i] += scaled * value
            moments[i] += scaled * row[0]
            moments[n - 1 + i] += scaled * row[n - 1] if i else 0
    for i in range(n):
        for j in range(n):
            gram[i, j] = moments[i + j]
    return list(mpmath.lu_solve(gram, right))


def fit(table: Table, element: str) -> list[mpf]:
    """Rounds the coefficients from the constant one up; those that follow are
    fitted anew to what the rounded ones leave. Each fit is near-minimax by
    Lawson's reweighting: points of large error gain weight."""
    degree = table.degree[element]
    xs = points(table.low, table.high, 8 * (degree + 1))
    sensitivity = [table.sensitivity(x) for x in xs]
    rest = [table.target(x) for x in xs]
    coefficients: list[mpf] = []
    emphasis = [mpf(1)] * len(xs)
    for k in range(degree + 1):
        basis = [[x**j for j in range(k, degree + 1)] for x in xs]
        for _ in range(12 if k == 0 else 3):
            weights = [e * s**2 for e, s in zip(emphasis, sensitivity)]
            free = weighted_fit(basis, rest, weights)
            errors = [
                s * abs(mpmath.fdot(free, row) - value)
                for s, row, value in zip(sensitivity, basis, rest)
            ]
            mean = sum(e * m for e, m in zip(errors, emphasis)) / sum(emphasis)
            emphasis = [m * (e / mean + mpf("0.01")) for e, m in zip(errors, emphasis)]
        coefficients.append(round_to(free[0], PRECISION[element]))
        rest = [value - coefficients[k] * x**k for value, x in zip(rest, xs)]
    return coefficients


def relative_error(table: Table, coefficients: list[mpf], count: int = 1000) -> mpf:
    """The largest relative error of the function over `count` points."""
    return max(
        table.sensitivity(x)
        * abs(mpmath.polyval(coefficients[::-1], x) - table.target(x))
        for x in points(table.low, table.high, count)
    )


def round_up(x: mpf) -> str:
    """Two significant digits, not below x."""
    exponent = int(mpmath.floor(mpmath.log10(x)))
    digits = int(mpmath.ceil(x / mpf(10) ** (exponent - 1)))
    if digits == 100:
        digits, exponent = 10, exponent + 1
    return f"{digits // 10}.{digits % 10}e{exponent}"


HEADER = """\
//===- Coefficients.h - Polynomials of the elementary functions -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Generated by utils/fit_functions.py; do not edit.
//
// Coefficients are listed from the constant one up. Errors are relative ones
// of the named function, without what rounding adds, those of sums absolute.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_COEFFICIENTS_H
#define FISHER_MATH_COEFFICIENTS_H

namespace mlir::fisher::coefficients {
// clang-format off
"""

FOOTER = """
// clang-format on
} // namespace mlir::fisher::coefficients

#endif // FISHER_MATH_COEFFICIENTS_H
"""


def generate() -> str:
    lines = [HEADER]
    for table in tables():
        lines.append(f"// P = {table.formula}")
        lines.append(f"// for {table.function}")
        low, high = mpmath.nstr(table.low, 8), mpmath.nstr(table.high, 8)
        for element in table.degree:
            coefficients = fit(table, element)
            error = round_up(relative_error(table, coefficients))
            lines.append(
                f"// {element}: interval [{low}, {high}], "
                f"degree {table.degree[element]}, error < {error}"
            )
            suffix = element.upper()
            lines.append(f"inline constexpr double {table.name}{suffix}[] = {{")
            lines += [f"    {float(c).hex()}," for c in coefficients]
            lines.append("};")
        lines.append("")
    for parts in parts_tables():
        lines.append(f"// {parts.formula} as a sum")
        for element in PRECISION:
            values = split(parts, element)
            error = round_up(abs(mpmath.fsum(values) - parts.number))
            lines.append(
                f"// {element}: {parts.count - 1} parts of {parts.bits[element]} bits "
                f"and a rest, error < {error}"
            )
            suffix = element.upper()
            lines.append(f"inline constexpr double {parts.name}{suffix}[] = {{")
            lines += [f"    {float(v).hex()}," for v in values]
            lines.append("};")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n" + FOOTER


def write_or_check(description: str, output: pathlib.Path, generate) -> int:
    """The command line of a program that writes a header, `generate()`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "-o", "--output", type=pathlib.Path, default=output, help="the file to write"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 if the file is not what would be written",
    )
    arguments = parser.parse_args()
    mp.dps = DIGITS
    if not arguments.check:
        arguments.output.write_text(generate())
        return 0
    if arguments.output.exists() and arguments.output.read_text() == generate():
        return 0
    print(
        f"{arguments.output} is out of date; run {parser.prog} to write it anew",
        file=sys.stderr,
    )
    return 1


def main() -> int:
    return write_or_check(__doc__, OUTPUT, generate)


if __name__ == "__main__":
    sys.exit(main())
