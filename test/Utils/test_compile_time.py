# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""benchmarks/compile_time.py makes modules of every family and layout."""

import re
import subprocess
import sys

from paths import FISHER_OPT, ROOT

PROGRAM = ROOT / "benchmarks" / "compile_time.py"


def test_times_every_layout():
    done = subprocess.run(
        [sys.executable, PROGRAM, "--beliefs", "20", "120", f"--fisher-opt={FISHER_OPT}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [row[:2] for row in rows] == [
        [layout, count]
        for layout in ("glob", "average", "literal", "functions")
        for count in ("20", "120")
    ]
    for row in rows:
        assert all(float(number) >= 0 for number in row[2:])


def test_times_every_family():
    families = (ROOT / "include/fisher/Families/Families.td").read_text()
    defined = set(re.findall(r'Family<"\w+", "(\w+)"', families))
    assert len(defined) >= 4
    timed = set(re.findall(r'^    Family\("(\w+)<', PROGRAM.read_text(), re.M))
    assert timed == defined
