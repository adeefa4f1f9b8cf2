# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""benchmarks/instructions.py finds the inner loop and counts it."""

import subprocess
import sys

import pytest
from paths import BUILD, ROOT

PROGRAM = ROOT / "benchmarks" / "instructions.py"


def table(*arguments):
    """Family -> column -> number."""
    done = subprocess.run(
        [sys.executable, PROGRAM, "--build-dir", BUILD, *arguments],
        capture_output=True, text=True, check=True,
    )
    header, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()
    ]
    return {row[0].strip("`"): dict(zip(header[1:], map(float, row[1:]))) for row in rows}


@pytest.mark.parametrize("mcpu, lanes", [("x86-64-v3", 8), ("x86-64-v4", 16)])
def test_gaussian(mcpu, lanes):
    counts = table("--mcpu", mcpu, "--families", "gaussian<sigma>")["gaussian<sigma>"]
    everything = counts.pop("all")
    assert counts.pop("elements") == lanes
    assert everything == pytest.approx(sum(counts.values()), abs=0.5)
    # One over the product of the scales, the root, and D/sinh D.
    assert counts["divide"] == 3
    assert counts["store"] >= 2
    assert counts["load"] + counts["add"] + counts["multiply"] > 30


def test_one_component():
    counts = table("--families", "poisson<rate>")["poisson<rate>"]
    # The square roots of both rates, and what the gradient divides.
    assert 2 <= counts["divide"] <= 4
    assert counts["store"] == 1


def test_unknown_family():
    done = subprocess.run([sys.executable, PROGRAM, "--families", "cauchy"],
                          capture_output=True, text=True)
    assert done.returncode == 2 and "invalid choice: 'cauchy'" in done.stderr
