# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tree speaks of itself alone, and its scripts and sources are in form."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

TOP = {
    "benchmarks", "cmake", "docs", "examples", "experiments", "fuzz", "include", "lib", "python", "test",
    "tools", "unittests", "utils", ".ci",
}  # fmt: skip
LICENSED = {".cpp", ".h", ".py", ".sh", ".td"}
TEXT = LICENSED | {".cmake", ".in", ".md", ".mlir", ".test", ".txt", ".yml", ".json", ""}


def tree_files():
    """The files of the source tree, without what is built or made in it."""
    yield from (path for path in ROOT.iterdir() if path.is_file())
    for top in sorted(TOP):
        for folder, folders, names in os.walk(ROOT / top):
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield from (Path(folder) / name for name in names)


MADE = {".git", "compile_commands.json"}
FILES = sorted(path for path in tree_files() if path.suffix in TEXT and path.name not in MADE)


def find(pattern, flags=0):
    """The places, as file:line, of the text files where the pattern is found."""
    regex = re.compile(pattern, flags)
    places = []
    for path in FILES:
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if regex.search(line):
                places.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return places


def test_walks_the_tree():
    assert Path(__file__) in FILES and ROOT / "LICENSE" in FILES


@pytest.mark.parametrize(
    "pattern",
    [
        # Written in pieces, so that this file does not find itself.
        "/wor" + "k/",
        "/home/" + r"\w",
        r"\.\./shar" + r"ed\b",
        r"(pypi|pythonhosted|deb\.debian|snapshot\.debian)" + r"\.(org|com)",
        r"--(extra-)?index" + "-url",
    ],
)
def test_names_no_place_outside(pattern):
    assert find(pattern) == []


def test_no_conflict_marks_or_leftovers():
    assert find("^(<<<<<<<|>>>>>>>) ") == []
    leftovers = [path for path in tree_files() if path.suffix in {".orig", ".rej", ".bak"}]
    assert leftovers == []


def test_sources_name_the_license():
    identifier = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
    unlicensed = [
        str(path.relative_to(ROOT))
        for path in FILES
        if path.suffix in LICENSED and identifier not in path.read_text()[:1000]
    ]
    assert unlicensed == []


@pytest.mark.parametrize(
    "script",
    [p for p in FILES if p.suffix == ".sh" or p == ROOT / ".ci" / "run"],
    ids=lambda path: path.name,
)
def test_script(script):
    """A script is executable, has no syntax error, and a user's has --help."""
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    if script.parent.name == "utils":
        done = subprocess.run([script, "--help"], capture_output=True, text=True, cwd="/")
        assert done.returncode == 0 and done.stdout.startswith("usage: "), done


@pytest.mark.parametrize(
    "name", ["bare_root.sh", "demo.sh", "docs.sh", "fuzz.sh", "setup.sh", "test.sh"]
)
def test_script_refuses_what_it_does_not_know(name):
    done = subprocess.run([ROOT / "utils" / name, "--frobnicate"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "unknown argument '--frobnicate'" in done.stderr


def test_python_is_clean():
    done = subprocess.run(
        [Path(sys.executable).parent / "ruff", "check", "--no-cache", "--output-format=concise", ROOT],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
