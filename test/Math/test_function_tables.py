# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The polynomials of the elementary functions are as good as they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from mpmath import asin, asinh, atan, cos, cot, coth, erf, expm1, linspace, log1p, mp, mpf
from mpmath import pi, sin, sqrt, tan

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "utils" / "fit_functions.py"
HEADER = ROOT / "include" / "fisher" / "Math" / "Coefficients.h"
POINTS = 2000


def read_tables():
    """(name, element type) -> (low, high, degree, stated error, coefficients)."""
    tables = {}
    pattern = re.compile(
        r"// (f32|f64): interval \[(\S+), (\S+)\], degree (\d+), error < (\S+)\n"
        r"inline constexpr double (\w+)F\d\d\[\] = \{\n(.*?)\};",
        re.DOTALL,
    )
    with mp.workdps(50):
        for element, low, high, degree, error, name, body in pattern.findall(HEADER.read_text()):
            coefficients = [float.fromhex(c) for c in body.replace(",", " ").split()]
            tables[name, element] = (mpf(low), mpf(high), int(degree), mpf(error), coefficients)
    return tables


TABLES = read_tables()


def polynomial(coefficients, x):
    total = mpf(0)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def exp_error(p, r):
    return (r + r**2 * polynomial(p, r)) / expm1(r) - 1


def log_error(p, w):
    z = sqrt(w)
    f = 2 * z / (1 - z)
    return (f - z * (f - w * polynomial(p, w))) / log1p(f) - 1


def root_error(function):
    """For function(t) = t + t x P(x) with x = t^2."""
    return lambda p, x: (1 + x * polynomial(p, x)) * sqrt(x) / function(sqrt(x)) - 1


def cos_error(p, x):
    return (1 - x / 2 + x**2 * polynomial(p, x)) / cos(sqrt(x)) - 1


def coth_error(p, y):
    x = sqrt(abs(y))
    return (mpf(1) / 3 + y * polynomial(p, y)) / ((x * (coth(x) if y > 0 else cot(x)) - 1) / y) - 1


ERRORS = {
    "expTable": exp_error,
    "logTable": log_error,
    "logTailTable": lambda p, f: (f - f**2 * polynomial(p, f)) / log1p(f) - 1,
    "logWideTable": log_error,
    "asinhRootTable": root_error(asinh),
    "atanTable": root_error(atan),
    "asinTable": root_error(asin),
    "sinTable": root_error(sin),
    "cosTable": cos_error,
    "tanTable": root_error(tan),
    "cothTable": coth_error,
    "erfTable": lambda p, x: -expm1(x * (x * polynomial(p, x) - 2 / sqrt(pi))) / erf(x) - 1,
}


def test_every_table_is_there():
    both = {(name, element) for name in ERRORS for element in ("f32", "f64")}
    # The logarithm is computed differently.
    assert set(TABLES) == both - {("logTable", "f32"), ("logTailTable", "f64")}


@pytest.mark.parametrize("name, element", list(TABLES))
def test_stated_error(name, element):
    low, high, degree, stated, coefficients = TABLES[name, element]
    assert len(coefficients) == degree + 1
    assert stated < mpf(2) ** (-26 if element == "f32" else -55)
    with mp.workdps(50):
        points = [x for x in linspace(low, high, POINTS) if x != 0]
        worst = max(abs(ERRORS[name](coefficients, x)) for x in points)
    # The statement is rounded up to two digits; the end of the interval that the
    # header prints is rounded, too.
    assert stated * mpf("0.85") < worst <= stated * mpf("1.001")


def test_coefficients_have_their_type():
    for (_, element), (*_, coefficients) in TABLES.items():
        if element == "f32":
            # 24 bits leave the last 29 of a double zero.
            assert all(int(c.hex().split(".")[1].split("p")[0], 16) % 2**29 == 0 for c in coefficients)


@pytest.mark.parametrize("element, bits, product_bits", [("f32", 14, 24), ("f64", 23, 53)])
def test_parts_of_a_quarter_turn(element, bits, product_bits):
    suffix = element.upper()
    body = re.search(
        rf"error < (\S+)\ninline constexpr double quarterTurnParts{suffix}\[\] = \{{\n(.*?)\}};",
        HEADER.read_text(),
        re.DOTALL,
    )
    parts = [float.fromhex(part) for part in body[2].replace(",", " ").split()]
    with mp.workdps(60):
        assert mpf(body[1]) * mpf("0.85") < abs(sum(map(mpf, parts)) - pi / 2) <= mpf(body[1])
    # Each part ends where the next begins, so that products with integers of
    # the other bits are exact.
    for index, part in enumerate(parts[:-1]):
        scaled = part * 2.0 ** (bits * (index + 1) - 1)
        assert scaled == int(scaled) and 0 < scaled < 2**bits
    last = int(parts[-1].hex().split(".")[1].split("p")[0], 16)
    assert last % 2 ** (53 - product_bits) == 0


def test_header_is_up_to_date():
    subprocess.run([sys.executable, PROGRAM, "--check"], check=True)


def test_changed_header_is_noticed(tmp_path):
    changed = tmp_path / "Coefficients.h"
    changed.write_text(HEADER.read_text().replace("p-2,", "p-3,", 1))
    done = subprocess.run(
        [sys.executable, PROGRAM, "--check", "--output", changed], capture_output=True, text=True
    )
    assert done.returncode == 1 and "is out of date; run fit_functions.py" in done.stderr
