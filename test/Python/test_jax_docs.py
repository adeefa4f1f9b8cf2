# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What README.md and the pages on Python show can be run, from their beginnings to
their ends, and prints what is in the block of text behind it. docs/jax.md names all
functions."""

import re
import subprocess
import sys
import traceback

import pytest

import fisher.jax
import fisher.optax
from paths import ROOT

PAGES = ["README.md", "docs/architecture.md", "docs/jax.md", "docs/differentiation.md",
         "docs/ordinary-networks.md", "docs/troubleshooting.md"]
BLOCK = re.compile(r"^```(python|python raises|text)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def matches(shown, printed):
    """Whether words are the same; a line `# ...` stands for anything."""
    parts = re.split(r"^# \.\.\..*$", shown, flags=re.MULTILINE)
    patterns = [r"\s+".join(map(re.escape, part.split())) for part in parts]
    return bool(re.fullmatch(r"\s*" + r".*".join(patterns) + r"\s*", printed, re.DOTALL))


@pytest.mark.parametrize("page", PAGES)
def test_page(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names, printed = {}, ""
    blocks = BLOCK.findall((ROOT / page).read_text())
    assert "python" in dict(blocks)
    for kind, text in blocks:
        if kind == "python":
            exec(compile(text, page, "exec"), names)
            printed = capsys.readouterr().out
        elif kind == "python raises":
            # Messages name the program.
            with pytest.raises(Exception) as raised:
                exec(compile(text, "train.py", "exec"), names)
            # The last line that Python prints, and those that belong to it.
            printed = "".join(traceback.format_exception_only(raised.value))
        else:
            assert matches(text, printed), f"{page} shows\n{text}but printed is\n{printed}"


@pytest.mark.parametrize("part, package", [("jax", "jax"), ("optax", "optax"), ("torch", "torch")])
def test_frameworks_that_are_not_there(part, package):
    """docs/troubleshooting.md shows what is printed then."""
    code = f"import sys; sys.modules['{package}'] = None; import fisher.{part}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    printed = done.stderr.splitlines()[-1]
    assert f"fisher.{part} needs {package}, which is not installed" in printed
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    assert printed in page.replace("fisher.jax needs jax", f"fisher.{part} needs {package}").replace(
        "'fisher[jax]' brings", f"'fisher[{part}]' brings")


def test_matches():
    assert matches("a\n b\n", "a b\n") and matches("# ... some\nb", "x\ny b")
    assert not matches("a", "a b") and not matches("# ...\nb", "b c")


@pytest.mark.parametrize("name", fisher.jax.__all__)
def test_functions_are_documented(name):
    assert f"`{name}" in (ROOT / "docs" / "jax.md").read_text()


@pytest.mark.parametrize("name", ["coupled", "natural", "proximal"])
def test_transformations_are_documented(name):
    assert hasattr(fisher.optax, name)
    assert re.search(rf"`(fisher\.optax\.)?{name}\(", (ROOT / "docs" / "jax.md").read_text())
