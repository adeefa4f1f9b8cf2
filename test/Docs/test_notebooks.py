# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The notebooks of the examples are of the programs as they are, and were executed.
When a program is changed: run utils/notebooks.sh."""

import importlib.util
import json

import pytest
from paths import ROOT

_spec = importlib.util.spec_from_file_location(
    "make_notebooks", ROOT / "utils" / "make_notebooks.py"
)
make_notebooks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make_notebooks)

PROGRAMS = make_notebooks.PROGRAMS


def read(program):
    return json.loads((make_notebooks.NOTEBOOKS / f"{program.stem}.ipynb").read_text())


def test_every_notebook_has_its_program():
    notebooks = {path.stem for path in make_notebooks.NOTEBOOKS.glob("*.ipynb")}
    assert len(PROGRAMS) >= 5 and notebooks == {program.stem for program in PROGRAMS}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_cells_are_those_of_the_program(program):
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in read(program)["cells"]]
    assert cells == make_notebooks.read_cells(program)
    # Nothing of the program is in no cell.
    code = "".join(text for kind, text in cells if kind == "code")
    lines = [line for line in program.read_text().splitlines() if line and line[0] not in '#"']
    assert lines[-1] in code.splitlines() and "import fisher" in code


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_notebook_was_executed(program):
    code = [cell for cell in read(program)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} == {"stream", "display_data"}
    assert all(output.get("name", "stdout") == "stdout" for output in outputs)
    assert any("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_notebook_is_small(program):
    assert (make_notebooks.NOTEBOOKS / f"{program.stem}.ipynb").stat().st_size < 300_000


def test_read_cells(tmp_path):
    program = tmp_path / "one.py"
    program.write_text('# A head.\n"""A title.\n\nText.\n"""\n\n# %%\nx = 1\n\n\n# %% [markdown]\n# ## Two\n#\n# Words\n# %%\ny = 2\n')
    assert make_notebooks.read_cells(program) == [
        ("markdown", "# A title\n\nText.\n\nThis is `examples/one.py`, cell by cell."),
        ("code", "x = 1"),
        ("markdown", "## Two\n\nWords"),
        ("code", "y = 2"),
    ]
