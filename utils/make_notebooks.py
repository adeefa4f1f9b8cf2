#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Make the notebooks of examples/notebooks from the programs of examples.

A line `# %%` starts a cell of code in a program, and `# %% [markdown]` one of text.
The program's docstring is the first cell. Each notebook is executed, and kept with
what it prints and draws.
"""

import argparse
import json
import os
import re
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NOTEBOOKS = EXAMPLES / "notebooks"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))


def read_cells(program):
    """The cells of a program, as pairs of "markdown" or "code" and a text."""
    docstring, *parts = re.split(r"^# %%", program.read_text(), flags=re.MULTILINE)
    title, rest = docstring.split('"""')[1].split("\n", 1)
    text = f"# {title.rstrip('.')}\n{rest}\nThis is `examples/{program.name}`, cell by cell."
    cells = [("markdown", text)]
    for part in parts:
        kind, text = part.split("\n", 1)
        if kind.strip() == "[markdown]":
            text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
        cells.append(("markdown" if "markdown" in kind else "code", text.strip()))
    return cells


def make_notebook(program):
    """A notebook that has not been executed, in the JSON of its format."""
    cells = []
    for number, (kind, text) in enumerate(read_cells(program)):
        cell = {
            "cell_type": kind,
            "id": f"cell-{number}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        if kind == "code":
            cell.update(execution_count=None, outputs=[])
        cells.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def execute(notebook):
    """Runs a notebook where it finds its data, and where its picture may stay."""
    import nbclient
    import nbformat

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bayes_mlp").symlink_to(EXAMPLES / "bayes_mlp")
        place = Path(folder) / "notebooks"
        place.mkdir()
        client = nbclient.NotebookClient(
            nbformat.reads(json.dumps(notebook), as_version=4),
            timeout=3600,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(place)}},
        )
        # Progress is of no use afterwards.
        executed = client.execute(env={**os.environ, "TQDM_DISABLE": "1"})
    # Which Python it was does not matter.
    executed["metadata"] = notebook["metadata"]
    return json.loads(nbformat.writes(executed))


def main():
    parser = argparse.ArgumentParser(
        prog="utils/notebooks.sh",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [program.stem for program in PROGRAMS]
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"make these only, of {', '.join(names)}"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))} in examples")
    for program in PROGRAMS:
        if not options.names or program.stem in options.names:
            path = NOTEBOOKS / f"{program.stem}.ipynb"
            print(f"executing {path.relative_to(EXAMPLES.parent)}", flush=True)
            notebook = execute(make_notebook(program))
            path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
