# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/numerics.md is of all families, and what the program measures now is what
it says. When a family or chart is added: write its module in benchmarks/numerics
and run utils/numerics.sh."""

import itertools
import os
import re
import subprocess
import sys

import modules
import pytest
from paths import BUILD, LLVM_PREFIX, ROOT

DOCUMENT = ROOT / "docs" / "numerics.md"
OPERATIONS = {
    "squared_distance", "squared_distance_with_gradient", "kl_divergence", "metric",
    "natural_gradient", "log", "exp", "geodesic",
}  # fmt: skip
CELL = re.compile(r"(?:∞|<?[\d.e]+) / <?[\d.e]+(?:, <?[\d.]+ % lost)?|—")


def read(path):
    """The rows of all tables of single operations: cells by
    (family, chart, size, operation, type)."""
    rows, place, title = {}, None, None
    for line in path.read_text().splitlines():
        if heading := re.fullmatch(r"#### `(\w+)<(\w+)>`(.*)", line):
            place, title = heading.groups(), None
        elif line.startswith("#"):
            place = None
        elif place and line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            if title is None:
                title = cells
            else:
                assert len(cells) == len(title), line
                operation, element, *rest = cells
                rows[(*place, operation, element)] = dict(zip(title[2:], rest))
    return rows


def fisher_error(row):
    """Worst error in ulps, share that was lost, and worst × rounding."""
    worst, _, lost = row["Fisher"].split(" / ")[1].partition(", ")
    share = float(lost.split()[0].lstrip("<")) / 100 if lost else 0.0
    return float(worst.lstrip("<")), share, float(row["× rounding"].lstrip("<"))


CHARTS = {family: set(charts) for family, charts in modules.charts(LLVM_PREFIX).items()}


def program(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "numerics", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "FISHER_BUILD_DIR": str(BUILD)},
    )


def test_finds_families():
    assert {"sigma", "log_variance"} <= CHARTS["gaussian"]


@pytest.mark.parametrize("family", CHARTS)
def test_covers_family(family):
    """Every operation, in every chart and element type, from a million pairs."""
    rows = read(DOCUMENT)
    sizes = {place[2] for place in rows if place[0] == family}
    assert sizes, f"{DOCUMENT.name} has no {family}"
    for chart, size in itertools.product(CHARTS[family], sizes):
        conversions = {f"convert` to `{other}" for other in CHARTS[family] - {chart}}
        for operation in OPERATIONS | conversions:
            for element in ("f64", "f32"):
                row = rows[(family, chart, size, f"`{operation}`", element)]
                assert list(row) == [
                    "Fisher", "× rounding", "textbook", "geomstats", "JAX, guarded"
                ]  # fmt: skip
                for title in ("Fisher", "textbook", "geomstats", "JAX, guarded"):
                    assert CELL.fullmatch(row[title]), row
    pairs = re.findall(rf"^### {family}\b.*\n\n([\d ]+) pairs", DOCUMENT.read_text(), re.M)
    assert len(pairs) == len(sizes)
    assert max(int(number.replace(" ", "")) for number in pairs) >= 1_000_000


def test_says_what_is_measured(tmp_path):
    """A small run of two families finds no worse errors than the document."""
    output = tmp_path / "numerics.md"
    families = ["bernoulli", "exponential"]
    done = program(
        "--pairs=2000", "--checks=3", "--jobs=1", "--families", *families, "-o", output,
        f"--measurements={tmp_path / 'measurements.json'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("times what rounding can do") == 8
    measured, told = read(output), read(DOCUMENT)
    assert {place[0] for place in measured} == set(families)
    assert len(measured) == 2 * 2 * 2 * (len(OPERATIONS) + 1)
    for place, row in measured.items():
        worst, lost, times = fisher_error(row)
        worst_told, lost_told, times_told = fisher_error(told[place])
        # The pairs are others.
        assert times <= 1.5 * times_told + 1, place
        assert worst <= 3 * worst_told + 1, place
        assert lost <= lost_told + 0.005, place
        # Nothing but numpy is needed for the textbook.
        assert CELL.fullmatch(row["textbook"]) and row["textbook"] != "—"


def test_readme_has_the_headline():
    def words(path):
        return " ".join(path.read_text().split())

    headline = re.search(r"The median error of d² .*? JAX with guards for up to [\d.]+ %", words(DOCUMENT))
    assert headline and headline.group() in words(ROOT / "README.md")


def test_help_and_errors(tmp_path):
    assert "--pairs" in program("--help").stdout
    done = program("--pairs=0", "-o", tmp_path / "x.md", f"--measurements={tmp_path / 'x.json'}")
    assert done.returncode != 0 and "--pairs must be positive" in done.stderr
    assert not (tmp_path / "x.md").exists()
