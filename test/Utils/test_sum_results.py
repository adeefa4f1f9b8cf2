# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The line that sums up the suites must not hide a suite that did not run."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "utils" / "sum_results.py"

# As ctest, pytest and lit write them.
CTEST = """<testsuite name="c" tests="4">
  <testcase name="A.good" classname="A.good" status="run"><system-out/></testcase>
  <testcase name="A.bad" classname="A.bad" status="fail"><failure message=""/></testcase>
  <testcase name="A.off" classname="A.off" status="disabled"><disabled message="Disabled"/></testcase>
  <testcase name="A.gone" classname="A.gone" status="notrun"><skipped message="Unable to find"/></testcase>
</testsuite>"""
PYTEST = """<testsuites><testsuite name="pytest" errors="1">
  <testcase classname="test_a" name="test_one"/>
  <testcase classname="test_a" name="test_two"><skipped type="pytest.skip"/></testcase>
  <testcase classname="test_b" name="test_three"><error message="no such fixture"/></testcase>
</testsuite></testsuites>"""
LIT = """<testsuites time="1"><testsuite name="Fisher">
  <testcase classname="Fisher.IR" name="ops.mlir"/>
  <testcase classname="Fisher.IR" name="plugin.mlir"><skipped message="feature"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def summarize(tmp_path):
    """Runs the program on (status, file text or None) of each suite."""

    def run(*suites):
        arguments = []
        for index, (status, text) in enumerate(suites):
            path = tmp_path / f"{index}.xml"
            if text is not None:
                path.write_text(text)
            arguments.append(f"suite{index}={status}={path}")
        done = subprocess.run(
            [sys.executable, PROGRAM, *arguments], capture_output=True, text=True
        )
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()

    return run


def test_sums_over_suites(summarize):
    status, lines = summarize((8, CTEST), (1, PYTEST), (0, LIT))
    assert lines[-1] == "3 passed, 2 failed, 4 skipped"
    assert "suite0: failed: A.bad" in lines
    assert "suite1: failed: test_b test_three" in lines
    assert status == 1


def test_all_passed(summarize):
    good = '<testsuite><testcase name="a"/><testcase name="b"/></testsuite>'
    assert summarize((0, good), (0, good)) == (
        0,
        ["suite0: 2 passed, 0 failed", "suite1: 2 passed, 0 failed", "4 passed, 0 failed"],
    )


@pytest.mark.parametrize(
    "status, text, message",
    [
        (139, None, "exited with 139 and left no results"),
        (0, None, "exited with 0 and left no results"),
        (0, "<testsuite><testcase", "left no results"),
        (0, "<testsuite/>", "ran no test"),
        (5, "<testsuite/>", "exited with 5 though no test failed"),
        (0, '<testsuite><testcase name="a"><skipped/></testcase></testsuite>', "ran no test"),
        (8, LIT, "exited with 8 though no test failed"),
    ],
)
def test_broken_suite_is_a_failure(summarize, status, text, message):
    good = '<testsuite><testcase name="a"/></testsuite>'
    code, lines = summarize((0, good), (status, text))
    assert code == 1
    assert lines[-1].split(", ")[1] == "1 failed"
    assert any(line.startswith("suite1: ") and message in line for line in lines)
