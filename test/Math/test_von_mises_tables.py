# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The functions of the von Mises family are as good as their tables say.

The truth is computed from the definition of the metric at random
concentrations, other points than those that the tables were fitted at.
"""

import random
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from mpmath import besseli, mp, mpf, sqrt

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "utils" / "fit_von_mises.py"
HEADER = ROOT / "include" / "fisher" / "Math" / "VonMisesCoefficients.h"
TEXT = HEADER.read_text()
NAMES = ["Ratio", "Variance", "Tail", "Stretch", "Inverse"]
POINTS = 400


def read_arrays():
    pattern = re.compile(r"double (\w+)\[\] = \{\n(.*?)\};", re.DOTALL)
    return {
        name: [float.fromhex(c) for c in body.replace(",", " ").split()]
        for name, body in pattern.findall(TEXT)
    }


def read_numbers():
    """Constants and the stated errors, which are listed in the order of the names."""
    numbers = {
        name: mpf(float.fromhex(value) if "0x" in value else float(value))
        for name, value in re.findall(r"double (\w+) = (\S+);", TEXT)
    }
    errors = re.findall(r"(f32|f64): .* error of \S+ < (\S+)", TEXT)
    cases = [(name, element) for name in NAMES for element in ("f32", "f64")]
    assert [element for element, _ in errors] == [element for _, element in cases]
    stated = {case: mpf(error) for case, (_, error) in zip(cases, errors)}
    return numbers, stated


ARRAYS = read_arrays()
NUMBERS, STATED = read_numbers()


def polynomial(coefficients, x):
    total = mpf(0)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


def value(name, element, s):
    """The table at its variable `s`."""
    prefix, suffix = f"vonMises{name}", element.upper()
    x = s - NUMBERS[f"{prefix}Center{suffix}"]
    numerator, denominator = (
        polynomial(ARRAYS[f"{prefix}{part}{suffix}"], x) for part in ("Numerator", "Denominator")
    )
    assert denominator > 0
    return numerator / denominator


@cache
def truth(kappa):
    """A, A', X and h in far more digits than the terms cancel."""
    with mp.workdps(110):
        a = besseli(1, kappa) / besseli(0, kappa)
        variance = 1 - a / kappa - a**2
        x = sqrt(kappa * a / 2)
        # d asinh(x)/d kappa, and the length of d kappa in the Fisher metric.
        radial = (a + kappa * variance) / (4 * x * sqrt(1 + x**2))
        return a, variance, x**2, sqrt(variance / 2) / radial


def ratio_error(element, kappa):
    return kappa * value("Ratio", element, kappa**2) / truth(kappa)[0] - 1


def variance_error(element, kappa):
    return value("Variance", element, kappa**2) / truth(kappa)[1] - 1


def tail_error(element, kappa):
    """The worse of those of A' and of 1 - A."""
    a, variance, _, _ = truth(kappa)
    y = 1 / kappa
    u = value("Tail", element, y)
    r = 1 + y * u
    return max(abs(y**2 * (u + r * (2 - r) / 4) / variance - 1), abs(y * r / 2 / (1 - a) - 1))


def stretch_error(element, kappa):
    _, _, square, h = truth(kappa)
    v = 1 / (1 + square)
    return (1 + v * (1 - v) * value("Stretch", element, v)) / h - 1


def inverse_error(element, kappa):
    square = truth(kappa)[2]
    w = value("Inverse", element, 1 / (1 + square))
    return 2 * sqrt(square * (1 + square * w)) / kappa - 1


SMALL, LARGE, ALL = "small", "large", "all"
CASES = {
    "Ratio": (ratio_error, SMALL),
    "Variance": (variance_error, SMALL),
    "Tail": (tail_error, LARGE),
    "Stretch": (stretch_error, ALL),
    "Inverse": (inverse_error, ALL),
}


def concentrations(where, element):
    """Random ones, even in t = kappa^2, in 1/kappa, or in 1/(1 + kappa), and the
    ends of the interval; the same for both element types where the interval is."""
    start = NUMBERS[f"vonMisesTailStart{element.upper()}"]
    draw = random.Random(where if where == ALL else where + element)
    numbers = [draw.uniform(1e-9, 1) for _ in range(POINTS)]
    if where == SMALL:
        return [start * sqrt(u) for u in numbers] + [start, mpf("1e-10")]
    if where == LARGE:
        return [start / u for u in numbers] + [start, mpf(10) ** 12, mpf(10) ** 20]
    return [mpf(1 / u - 1) for u in numbers] + [mpf("1e-10"), mpf(10) ** 12, mpf(10) ** 20]


@pytest.mark.parametrize("element", ["f32", "f64"])
@pytest.mark.parametrize("name", NAMES)
def test_stated_error(name, element):
    error, where = CASES[name]
    with mp.workdps(50):
        worst = max(abs(error(element, kappa)) for kappa in concentrations(where, element))
    print(f"{name} {element}: error {mp.nstr(worst, 3)}, stated {STATED[name, element]}")
    # Random points miss the very largest error by a little.
    assert STATED[name, element] * mpf("0.7") < worst < STATED[name, element] * mpf("1.02")


def test_stated_errors_are_small():
    for (name, element), stated in STATED.items():
        if element == "f32":
            assert stated < 2e-8
        else:
            assert stated < (5e-14 if name == "Stretch" else 6e-17)


def test_coefficients_have_their_type():
    for name, coefficients in ARRAYS.items():
        if name.endswith("F32"):
            # 24 bits leave the last 29 of a double zero.
            assert all(int(c.hex().split(".")[1].split("p")[0], 16) % 2**29 == 0 for c in coefficients)


def test_rules_integrate_polynomials():
    """A rule of n points is exact up to the degree 2n − 1."""
    orders = [int(order) for order in re.findall(r"gauss(\d+)Nodes", TEXT)]
    assert orders
    for order in orders:
        nodes, weights = ARRAYS[f"gauss{order}Nodes"], ARRAYS[f"gauss{order}Weights"]
        assert len(nodes) == len(weights) == order // 2 and max(nodes) < 0.5
        with mp.workdps(50):
            for degree in range(2 * order):
                integral = sum(w * (mpf(z) ** degree + (1 - mpf(z)) ** degree)
                               for z, w in zip(nodes, weights))
                assert abs(integral * (degree + 1) - 1) < 2e-15, (order, degree)


def test_header_is_up_to_date():
    subprocess.run([sys.executable, PROGRAM, "--check"], check=True)


def test_missing_header_is_noticed(tmp_path):
    done = subprocess.run(
        [sys.executable, PROGRAM, "--check", "--output", tmp_path / "missing.h"],
        capture_output=True, text=True,
    )
    assert done.returncode == 1 and "is out of date; run fit_von_mises.py" in done.stderr
