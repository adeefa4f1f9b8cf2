# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What an experiment tells: statements with verdicts, a picture, and its section of
docs/experiments.md."""

import argparse
import json
import os
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from string import Template

from .tools import ROOT, ToolError, Tools

# Okabe and Ito's colors, which those who confuse red and green can tell apart.
COLORS = ["#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]


@dataclass
class Statement:
    """Something that theory says, and whether the data agree. An exact one has no
    chance in it: a test fails if its verdict changes."""

    name: str
    text: str
    verdict: str
    evidence: str
    exact: bool = False


@dataclass
class Report:
    """What an experiment found. `values` go into the section's text."""

    statements: list = field(default_factory=list)
    values: dict = field(default_factory=dict)

    def add(self, *arguments, **options):
        self.statements.append(Statement(*arguments, **options))


def write_picture(path, panels, draw, width=12.5, height=4.2):
    """Makes a row of panels, has them drawn, and saves the picture. The same numbers
    make the same bytes."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "font.size": 10,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "0.9",
            "lines.linewidth": 1.6,
            "legend.frameon": False,
            "legend.fontsize": 9,
            "svg.hashsalt": "fisher",
        }
    )
    figure, axes = plt.subplots(1, panels, figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.06)
    draw(*axes)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def draw_band(axes, x, runs, color, label, **options):
    """The median of the rows, in a band from the least to the greatest."""
    import numpy as np

    runs = np.asarray(runs, float)
    axes.fill_between(x, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.15, lw=0)
    axes.plot(x, np.median(runs, axis=0), color=color, label=label, **options)


def format_table(head, rows):
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _format_statements(report):
    rows = [
        (f"**{s.verdict}**", s.text + (" *(exact)*" if s.exact else ""), s.evidence)
        for s in report.statements
    ]
    return format_table(("", "prediction", "measured"), rows)


def _write_section(document, name, text):
    """Puts the text in the place of the experiment's section, or at the end."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    section = f"{begin}\n{text.strip()}\n{end}"
    if document.exists():
        whole = document.read_text()
    else:
        whole = (ROOT / "experiments" / "preface.md").read_text()
    old = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if old.search(whole):
        whole = old.sub(lambda _: section, whole)
    else:
        whole = f"{whole.rstrip()}\n\n{section}\n"
    document.write_text(whole)


def main(folder, run):
    """Runs an experiment: `run(tools, quick, picture)` gives its report. Its name is
    its folder's, and section.md there is the text."""
    folder = Path(folder).resolve().parent
    name = folder.name
    parser = argparse.ArgumentParser(prog=f"experiments/{name}/run.sh", description=run.__doc__)
    build = Path(os.environ.get("BUILD_DIR", ROOT / "build"))
    parser.add_argument("--build-dir", type=Path, default=build, help="default: build")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs", metavar="FOLDER",
        help="where experiments.md and experiments/ are written; default: docs",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="a small version, for tests")
    options = parser.parse_args()
    pictures = options.output / "experiments"
    pictures.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        report = run(Tools(options.build_dir), options.quick, pictures / f"{name}.svg")
    except ToolError as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 1
    template = Template((folder / "section.md").read_text())
    values = {"statements": _format_statements(report), **report.values}
    _write_section(options.output / "experiments.md", name, template.substitute(values))
    found = [asdict(statement) for statement in report.statements]
    (pictures / f"{name}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    print(f"{name}, {time.monotonic() - began:.0f} s")
    for s in report.statements:
        print(f"  prediction {s.verdict}: {s.text}\n    {s.evidence}")
    return 0
