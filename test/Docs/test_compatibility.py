# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/compatibility.md says of every interface whether it is stable."""

import re

import pytest
from declarations import all_declarations
from paths import ROOT

TEXT = (ROOT / "docs" / "compatibility.md").read_text()
ROWS = dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", TEXT, re.MULTILINE))


def interfaces():
    yield from (d.name for d in all_declarations() if d.kind == "pass")
    for source in (ROOT / "lib" / "Pipelines").rglob("*.cpp"):
        yield from re.findall(r'"(fisher-[a-z]+-pipeline)"', source.read_text())
    yield from (folder.name for folder in (ROOT / "tools").iterdir() if folder.is_dir())
    package = ROOT / "python" / "fisher"
    yield "fisher"
    for path in package.iterdir():
        is_module = path.suffix == ".py" or (path / "__init__.py").exists()
        if is_module and not path.stem.startswith("_"):
            yield f"fisher.{path.stem}"


@pytest.mark.parametrize("name", sorted(set(interfaces())))
def test_is_stable_or_experimental(name):
    assert re.match("stable|experimental", ROWS.get(name, "")), name


def test_names_no_interface_that_is_not_there():
    include = ROOT / "include"
    unknown = set(ROWS) - set(interfaces())
    assert not [name for name in unknown if not (include / name).exists()]


def test_states_the_version_of_the_dialect():
    header = (ROOT / "include" / "fisher" / "IR" / "Version.h").read_text()
    current = re.search(r"current = (\d+);", header)[1]
    assert f"now it is {current}." in TEXT
    assert f"fisher.version = #fisher.version<{current}>" in TEXT
