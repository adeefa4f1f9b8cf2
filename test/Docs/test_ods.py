# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the .td files declare is documented and tested, and its examples parse."""

import re
import subprocess
from pathlib import Path

import pytest
from declarations import all_declarations
from paths import FISHER_OPT, ROOT

DECLARATIONS = all_declarations()
TESTS = [
    path.read_text()
    for folder in ("test", "unittests")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".mlir", ".test", ".cpp", ".py"} and path != Path(__file__)
]


@pytest.mark.parametrize("kind", ["op", "attr", "type", "enum", "interface", "pass", "option"])
def test_finds_declarations(kind):
    assert any(declaration.kind == kind for declaration in DECLARATIONS)


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=str)
def test_documented(declaration):
    empty = [name for name, text in declaration.texts.items() if not (text or "").strip()]
    assert not empty, f"{declaration.place}: {declaration.name} has no {', '.join(empty)}"


@pytest.mark.parametrize("declaration", [d for d in DECLARATIONS if d.mentions], ids=str)
def test_tested(declaration):
    unseen = [
        mention
        for mention in declaration.mentions
        if not any(re.search(mention, text) for text in TESTS)
    ]
    assert not unseen, f"{declaration.place}: no test mentions {declaration.name}: {unseen}"


def examples():
    """The pieces of IR in descriptions, which are complete but for passes."""
    for declaration in (d for d in DECLARATIONS if d.kind in {"op", "attr", "type"}):
        text = declaration.texts.get("description") or ""
        for code in re.findall(r"```mlir\n(.*?)```", text, re.DOTALL):
            yield pytest.param(declaration, code, id=str(declaration))


@pytest.mark.parametrize("declaration", [d for d in DECLARATIONS if d.kind == "op"], ids=str)
def test_op_has_example(declaration):
    assert "```mlir\n" in declaration.texts["description"], declaration.place


@pytest.mark.parametrize("declaration, code", list(examples()))
def test_example_parses(declaration, code):
    done = subprocess.run([FISHER_OPT], input=code, capture_output=True, text=True)
    assert done.returncode == 0, f"{declaration.place}: {code}\n{done.stderr}"
