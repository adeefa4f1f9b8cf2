# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The version is written once, in CMakeLists.txt; what else has it says the same."""

import datetime
import re
import subprocess
import tomllib

import pytest
from cffconvert import Citation
from paths import FISHER_OPT, ROOT
from test_tree import FILES

CMAKE = (ROOT / "CMakeLists.txt").read_text()
VERSION = re.search(r"^project\(fisher VERSION (\d+\.\d+\.\d+) ", CMAKE, re.MULTILINE)[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
CITATION = (ROOT / "CITATION.cff").read_text()

# The form of Keep a Changelog.
HEADING = re.compile(r"^## \[(Unreleased|\d+\.\d+\.\d+)\](?: - (\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def test_is_written_once():
    stated = rf"(?<![\w.-])v?{re.escape(VERSION)}(?![\w.-])"
    places = {str(path.relative_to(ROOT)) for path in FILES if re.search(stated, path.read_text(errors="replace"))}
    assert places == {"CMakeLists.txt", "CHANGELOG.md"}


def test_tools_and_wheel_have_it():
    printed = subprocess.run([FISHER_OPT, "--version"], capture_output=True, text=True).stdout
    assert f"Fisher version {VERSION}\n" in printed
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    provider = pyproject["tool"]["scikit-build"]["metadata"]["version"]
    assert re.search(provider["regex"], (ROOT / provider["input"]).read_text())["value"] == VERSION


def test_changelog():
    headings = HEADING.findall(CHANGELOG)
    assert len(headings) == CHANGELOG.count("\n## "), "a heading has another form"
    assert headings[0] == ("Unreleased", "")
    versions = [tuple(map(int, version.split("."))) for version, _ in headings[1:]]
    assert versions == sorted(set(versions), reverse=True)
    assert headings[1][0] == VERSION, f"write a section for {VERSION} into CHANGELOG.md"
    dates = [datetime.date.fromisoformat(date) for _, date in headings[1:]]
    assert dates == sorted(dates, reverse=True)
    assert set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE)) <= set(KINDS)


def test_citation():
    citation = Citation(CITATION)
    citation.validate()
    stated = [
        re.search(rf"^{key}: (.*)$", CITATION, re.MULTILINE)[1] for key in ("version", "date-released")
    ]
    assert tuple(stated) == HEADING.findall(CHANGELOG)[1]


def test_validation_can_fail():
    with pytest.raises(Exception, match="title"):
        Citation(re.sub(r"^title: .*\n", "", CITATION, flags=re.MULTILINE)).validate()
