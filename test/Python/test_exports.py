# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the public modules export is what docs/python-api.md lists."""

import pathlib
import re

import pytest

import fisher
from paths import ROOT

DOCUMENT = (ROOT / "docs" / "python-api.md").read_text()
MODULES = re.findall(r"^## `([\w.]+)`$", DOCUMENT, re.MULTILINE)


def test_every_public_module_is_listed():
    folder = pathlib.Path(fisher.__file__).parent
    files = [*folder.glob("*.py"), *(path.parent for path in folder.glob("*/__init__.py"))]
    public = [f"fisher.{path.stem}" for path in files if not path.stem.startswith("_")]
    assert sorted(MODULES) == ["fisher", *sorted(public)]


@pytest.mark.parametrize("name", MODULES)
def test_exports_what_is_listed(name):
    if name == "fisher.torch":
        pytest.importorskip("torch")
    listed = re.findall(rf"^### `{re.escape(name)}\.(\w+)[(`]", DOCUMENT, re.MULTILINE)
    exported = {}
    exec(f"from {name} import *", exported)
    del exported["__builtins__"]
    assert sorted(exported) == sorted(listed)
