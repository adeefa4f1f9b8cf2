# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/performance.md, its picture and README.md say what was measured, and
benchmarks/runtime works. After a change of it, run utils/bench.sh, with --only
and no name if nothing has to be measured anew. No time is tested."""

import json
import os
import re
import subprocess
import sys

import pytest
from paths import BUILD, ROOT

PROGRAM = ROOT / "benchmarks" / "runtime"
DOCS = ROOT / "docs"


def program(*arguments):
    return subprocess.run(
        [sys.executable, PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "FISHER_BUILD_DIR": str(BUILD)},
    )


def words(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder that the document is written into from what is kept."""
    folder = tmp_path_factory.mktemp("docs")
    done = program("--only", "-o", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_document_is_from_the_measurements(written):
    for name in ("performance.md", "performance.svg"):
        assert (written / name).exists()
    assert (written / "performance.md").read_text() == (DOCS / "performance.md").read_text()


def test_picture_is_from_the_measurements(written):
    def fingerprint(folder):
        text = (folder / "performance.svg").read_text()
        return re.search(r"<dc:description>(\w{16})</dc:description>", text).group(1)

    assert fingerprint(DOCS) == fingerprint(written)


def test_readme_has_the_headline(monkeypatch):
    monkeypatch.syspath_prepend(PROGRAM)
    import report

    rows = report.read(json.loads((PROGRAM / "measurements.json").read_text()))
    readme = (ROOT / "README.md").read_text()
    assert report.with_headline(readme, rows) == readme
    headline = words(report.headline(rows))
    assert headline.startswith("Σd² and both gradients of 30 000 000 Gaussians")
    assert headline in words(readme) and headline in words((DOCS / "performance.md").read_text())


def test_everything_is_measured():
    """Each workload in full size, by everybody who can run it."""
    measured = json.loads((PROGRAM / "measurements.json").read_text())
    peers = {"C++", "JAX", "PyTorch"}
    steps = {"Fisher, plain", "JAX", "JAX, plain", "JAX, KL"}
    expected = {
        f"{workload} {size}, {threads} threads": contestants | {"Fisher", "limit"}
        for workload, sizes, contestants in (
            ("W1", ("1000", "100000", "30000000"), peers),
            ("W2", ("2000000x10", "20000x1000", "400x50000"), peers),
            ("W3", ("1000000", "10000000"), set()),
            ("W4", ("20000000",), peers),
            ("W5", ("32", "512", "2048"), steps),
        )
        for size in sizes
        for threads in (1, 2)
    }
    assert {name: set(entry["seconds"]) for name, entry in measured.items()} == expected
    for entry in measured.values():
        assert len({len(times) for times in entry["seconds"].values()}) == 1


def test_ratios(tmp_path):
    """Of what was measured in the same round; times are the shortest."""
    kept = tmp_path / "measurements.json"
    seconds = {"limit": [1e-3, 2e-3, 9e-3], "Fisher": [2e-3, 4e-3, 9e-3], "JAX": [8e-3, 8e-3, 27e-3]}
    entry = {"machine": "an abacus", "versions": ["JAX 0"], "date": "2026-01-01", "seconds": seconds}
    kept.write_text(json.dumps({"W1 1000000, 2 threads": entry}))
    done = program("--only", "-o", tmp_path, f"--measurements={kept}")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "performance.md").read_text()
    row = "| W1 Gaussian | 1 000 000 | 2 | 2.00 ms | 4.00 | 24.0 | 50 % | — | 3.00× | — |"
    assert row in text.splitlines()
    assert "- W1: an abacus, 2026-01-01, JAX 0." in text.splitlines()


def test_contestants_agree(tmp_path):
    """All cases in small, with the peers that are installed: what they compute
    is compared."""
    done = program(
        "--quick", "--threads=2", "--rounds=1", "--seconds=0.001", "-o", tmp_path,
        f"--measurements={tmp_path / 'x.json'}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    measured = json.loads((tmp_path / "x.json").read_text())
    assert {name.split()[0] for name in measured} == {"W1", "W2", "W3", "W4", "W5"}
    for name, entry in measured.items():
        workload = name.split()[0]
        assert {"Fisher", "limit"} <= set(entry["seconds"])
        assert ("C++" in entry["seconds"]) == (workload in ("W1", "W2", "W4"))


def test_help_and_errors(tmp_path):
    assert "--rounds" in program("--help").stdout
    done = program("--only", "W9", "-o", tmp_path)
    assert done.returncode != 0 and "no workload W9" in done.stderr
    done = program("--only", "-o", tmp_path, f"--measurements={tmp_path / 'none.json'}")
    assert done.returncode != 0 and "nothing is measured" in done.stderr
    assert not (tmp_path / "performance.md").exists()
