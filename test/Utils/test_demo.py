# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The demo, cut short: the table has its figures, and the picture is there."""

import math
import os
import re
import subprocess
import sys

from paths import BUILD, ROOT

COLUMNS = ["accuracy, %", "NLL, nats", "ECE", "mean σ", "Σd²"]
ROWS = ["no regularization", "weight 1e-3"]


def demo(*arguments, **options):
    return subprocess.run(
        [ROOT / "utils" / "demo.sh", "--no-setup", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "BUILD_DIR": str(BUILD)},
        **options,
    )


def test_quick(tmp_path):
    done = demo("--quick", "--output=out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [re.split(r"\s{3,}", line.strip()) for line in done.stdout.splitlines()]
    assert COLUMNS in lines
    rows = [line for line in lines if len(line) == 1 + len(COLUMNS)]
    assert [row[0] for row in rows] == ROWS
    for row in rows:
        for cell in row[1:]:
            mean, spread = map(float, cell.split(" ± "))
            assert math.isfinite(mean) and math.isfinite(spread), row
            assert mean > 0 and spread >= 0, row
    # The penalty pulls toward the prior, and its weights start below σ = 1.
    distance, sigma = ([float(row[i].split()[0]) for row in rows] for i in (5, 4))
    assert distance[1] < distance[0] and sigma[1] > sigma[0]

    output = tmp_path / "out"
    assert (output / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert (output / "curves.png").stat().st_size > 20_000
    step = (output / "weight-1e-3.step.mlir").read_text()
    assert step.count("fisher.penalty_with_gradient") == 2


def test_says_how_to_build(tmp_path):
    program = ROOT / "utils" / "demo.py"
    command = [sys.executable, program, f"--build-dir={tmp_path}", f"--output={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "error: " in done.stderr and "run utils/setup.sh first" in done.stderr
