# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What docs/torch.md shows can be run, from its beginning to its end, and it
names all functions."""

import pathlib
import re

import pytest

torch = pytest.importorskip("torch")

import fisher.torch

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "torch.md").read_text()


def test_page(capsys):
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(compile(block, "docs/torch.md", "exec"), names)
    assert "'bias' matches no parameter" in capsys.readouterr().out
    assert names["model"]["w_rho"].grad is not None


@pytest.mark.parametrize("name", fisher.torch.__all__)
def test_functions_are_documented(name):
    assert f"`{name}" in PAGE
    assert "Raises:" in getattr(fisher.torch, name).__doc__
