# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`python -m fisher.report`: what it reads, what it refuses, and what it shows."""

import json
import os
import re
import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest
from scipy import integrate, special

import fisher
from fisher.report import __main__ as program
from fisher.report import _geometry, _html, _panels, _runs, _summary
from paths import ROOT

COLUMNS = ["efficiency", "length", "action", "displacement", "information"]
GAUSSIAN = ("#fisher.gaussian<sigma>", ["element", "mean", "standard deviation"])
VON_MISES = ("#fisher.von_mises<kappa>", ["element", "direction", "concentration"])


def make_row(step, scale=1.0):
    return {"moved": 1.0, **{column: scale * step * (i + 1) for i, column in enumerate(COLUMNS)}}


def make_lines(beliefs=("a.mu, a.rho", "b.mu, b.rho"), steps=5, trace=True):
    """Lines of a run; of the beliefs, the last ones have the largest action."""
    for step in range(1, steps + 1):
        line = {"step": step, "loss": 8.0 / step, "penalty": 0.5}
        rows = {belief: make_row(step, i + 1) for i, belief in enumerate(beliefs)}
        line["measurements"] = {"all": make_row(step, 10), "beliefs": rows}
        if trace:
            turn = 0.1 * step
            line["trace"] = {}
            for i, belief in enumerate(beliefs[:4]):
                family, columns = (GAUSSIAN, VON_MISES)[i % 2]
                elements = [[0, turn, 1 + turn], [7, -turn, 2 + turn * turn]]
                line["trace"][belief] = {
                    "family": family, "columns": columns, "elements": elements,
                }  # fmt: skip
        yield line


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def report(*arguments):
    return program.main([str(argument) for argument in arguments])


@pytest.fixture
def run(tmp_path):
    return write(tmp_path / "run.jsonl", make_lines())


# ===----------------------------------------------------------------------=== #
# What is shown
# ===----------------------------------------------------------------------=== #


def test_documented_commands(tmp_path):
    """The page on efficiency shows how to make a run and its report."""
    page = (ROOT / "docs" / "efficiency.md").read_text()
    (training,) = [
        text for text in re.findall(r"```sh run\n(.*?)```", page, re.DOTALL) if "--trace=" in text
    ]
    (reporting,) = re.findall(r"```sh\n(.*?fisher\.report.*?)```", page, re.DOTALL)
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path),
        "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]),
    }
    done = subprocess.run(
        ["bash", "-ec", training + reporting],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "fc0.mu, fc0.rho" in done.stdout
    html = (tmp_path / "report.html").read_text()
    assert 'id="trajectory-2"' in html and "Poincaré half plane" in html
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert names == {"totals.png", "beliefs.png", "trajectory-1.png", "trajectory-2.png"}


def test_page_needs_nothing_else(run, tmp_path):
    assert report(run, "-o", tmp_path / "report.html") == 0
    html = (tmp_path / "report.html").read_text()
    # But for the library, in which there are addresses of its own.
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    library = max(scripts, key=len)
    assert len(library) > 1e6 and "plotly.js v" in library[:1000]
    rest = html.replace(library, "")
    assert not re.search(r"https?:|\bsrc=|\bhref=|@import", rest)
    assert html.startswith("<!DOCTYPE html>") and html.rstrip().endswith("</html>")
    for slug in ("totals", "beliefs", "trajectory-1", "trajectory-2"):
        assert f'id="{slug}"' in rest and re.search(rf'Plotly\.newPlot\(\s*"{slug}"', rest)


def read_runs(*paths):
    return [_runs.read_run(path, path.stem, print) for path in paths]


def test_figures(run, tmp_path):
    other = write(tmp_path / "other.jsonl", make_lines(steps=3))
    runs = read_runs(run, other)
    beliefs = list(runs[0].beliefs)
    totals = _html.make_figure(_panels.make_totals(runs))
    assert [a.text for a in totals.layout.annotations] == [
        "Loss", "Penalty", "Efficiency", "Length", "Action",
    ]  # fmt: skip
    loss, other_loss = totals.data[:2]
    np.testing.assert_array_equal(loss.x, [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(loss.y, 8 / np.arange(1, 6))
    # Runs of different lengths, each named once.
    np.testing.assert_array_equal(other_loss.x, [1, 2, 3])
    assert [trace.name for trace in totals.data if trace.showlegend] == ["run", "other"]

    each = _html.make_figure(_panels.make_beliefs(runs, beliefs))
    assert len(each.data) == 2 * 2 * 3
    assert each.layout.annotations[0].text == "Efficiency: run"

    plane, disc = map(_html.make_figure, _panels.make_trajectories(runs, beliefs))
    for figure in (plane, disc):
        assert figure.layout.yaxis.scaleanchor == "x" and figure.layout.yaxis2.scaleanchor == "x2"
        assert figure.layout.xaxis.range == figure.layout.xaxis2.range
        assert figure.layout.legend.x > 1
    path = next(trace for trace in plane.data if trace.name == "element 7")
    turn = 0.1 * np.arange(1, 6)
    np.testing.assert_allclose(path.x, -turn / np.sqrt(2))
    np.testing.assert_allclose(path.y, 2 + turn**2)
    assert plane.layout.xaxis.title.text == "mean / √2"


def test_pictures(run, tmp_path):
    assert report(run, "--png", tmp_path / "new" / "figures") == 0
    for name in ("totals", "beliefs", "trajectory-1", "trajectory-2"):
        pixels = matplotlib.image.imread(tmp_path / "new" / "figures" / f"{name}.png")
        assert min(pixels.shape[:2]) > 300 and pixels[..., :3].std() > 0.02


def test_summary(run, capsys):
    assert report(run) == 0
    table = capsys.readouterr().out
    last = [float(cell) for cell in re.search(r"^run +(.*)$", table, re.MULTILINE)[1].split()]
    expected = [5, 1.6, 50, 100, 150, 200, 250, 1.380649e-23 * 300 * 250]
    np.testing.assert_allclose(last, expected, rtol=1e-3)
    # Those with the largest action come first.
    assert table.index("  b.mu, b.rho") < table.index("  a.mu, a.rho")
    assert "η" in table and _summary.BOLTZMANN == 1.380649e-23


def test_labels(run, tmp_path, capsys):
    (tmp_path / "other").mkdir()
    other = write(tmp_path / "other" / "run.jsonl", make_lines(steps=3))
    assert report(run, other) == 0
    table = capsys.readouterr().out
    assert f"{tmp_path.name}/run " in table and "other/run " in table
    assert report(run, other, "--label", "one", "--label", "two words") == 0
    assert re.search(r"^one .*^two words ", capsys.readouterr().out, re.MULTILINE | re.DOTALL)


def test_lines_without_measurements(tmp_path, capsys):
    """Where one step in two is measured, what is last of it is shown."""
    lines = list(make_lines())
    for line in lines[1::2] + lines[4:]:
        del line["measurements"], line["trace"]
    run = write(tmp_path / "run.jsonl", lines)
    assert report(run, "-o", tmp_path / "report.html") == 0
    assert re.search(r"^run +5 +1\.6 +30 +60 ", capsys.readouterr().out, re.MULTILINE)
    rows = _panels.make_totals(read_runs(run)).rows
    panels = {panel.title: panel for row in rows for panel in row}
    np.testing.assert_array_equal(panels["Efficiency"].series[0].x, [1, 3])
    np.testing.assert_array_equal(panels["Loss"].series[0].x, [1, 2, 3, 4, 5])


def test_without_trajectories(tmp_path):
    run = write(tmp_path / "run.jsonl", make_lines(trace=False))
    assert report(run, "-o", tmp_path / "report.html") == 0
    assert "--trace" in (tmp_path / "report.html").read_text()


def test_numbers_that_are_not_finite(tmp_path, capsys):
    lines = list(make_lines())
    lines[1]["loss"] = "Infinity"
    lines[-1]["loss"] = "NaN"
    lines[-1]["measurements"]["all"]["efficiency"] = "NaN"
    lines[2]["trace"]["a.mu, a.rho"]["elements"][0][1] = "-Infinity"
    lines[0]["trace"]["b.mu, b.rho"]["elements"][0][1] = "NaN"
    run = write(tmp_path / "run.jsonl", lines)
    assert report(run, "-o", tmp_path / "report.html", "--png", tmp_path) == 0
    assert re.search(r"^run +5 +nan +nan +100 ", capsys.readouterr().out, re.MULTILINE)
    (read,) = read_runs(run)
    assert np.isposinf(read.numbers["loss"][1]) and np.isnan(read.numbers["loss"][-1])


ODD_NAMES = [
    "</script><script>alert(1)</script>.mu", "<b>bold</b>", "$x_1^$", "_hidden", "new\nline\x1b",
    "🐟", "a" * 300, "&amp;", "{0}", "%s",
]  # fmt: skip


def test_odd_names(tmp_path, capsys):
    run = write(tmp_path / "run.jsonl", make_lines(ODD_NAMES))
    options = ("-o", tmp_path / "report.html", "--png", tmp_path, "--top", len(ODD_NAMES))
    assert report(run, *options, "--label", "<i>label</i> $") == 0
    html = (tmp_path / "report.html").read_text()
    assert "<script>alert" not in html and "<b>bold" not in html and "<i>label" not in html
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    table = capsys.readouterr().out
    assert "new\\nline\\x1b" in table and "_hidden" in table
    assert max(map(len, table.splitlines())) < 200
    runs = read_runs(run)
    names = {trace.name for trace in _html.make_figure(_panels.make_beliefs(runs, ODD_NAMES)).data}
    assert len(names) == len(ODD_NAMES) and "&lt;b&gt;bold&lt;/b&gt;" in names


def test_thousands_of_beliefs(tmp_path, capsys):
    names = [f"layer{i}.mu, layer{i}.rho" for i in range(3000)]
    run = write(tmp_path / "run.jsonl", make_lines(names, steps=3))
    assert report(run, "-o", tmp_path / "report.html") == 0
    table = capsys.readouterr().out
    assert table.count("layer") == 2 * 8 and "layer2999.mu" in table
    assert "2992 more beliefs" in table
    assert (tmp_path / "report.html").stat().st_size < 8e6
    assert report(run, "--belief", "layer12?.mu", "--belief", "*, layer7.rho") == 0
    table = capsys.readouterr().out
    assert table.count("layer") == 2 * 11 and "layer7.mu" in table and "more beliefs" not in table
    assert report(run, "--belief", "layer12?.mu", "--top", "3") == 0
    table = capsys.readouterr().out
    assert table.count("layer") == 2 * 3 and "layer129.mu" in table and "7 more beliefs" in table


def test_long_runs_are_thinned(tmp_path):
    (read,) = read_runs(write(tmp_path / "run.jsonl", make_lines(steps=5000, trace=False)))
    loss = _panels.make_totals([read]).rows[0][0].series[0]
    assert len(loss.x) == 1000 and loss.x[0] == 1 and loss.x[-1] == 5000
    np.testing.assert_array_equal(loss.y, 8 / loss.x)


def test_an_interrupted_line_is_left_out(run, tmp_path, capsys):
    assert report(run) == 0
    whole = capsys.readouterr().out
    with open(run, "a") as file:
        file.write('{"step": 6, "loss": 0.2, "measur')
    assert report(run) == 0
    captured = capsys.readouterr()
    assert captured.out == whole
    assert f"warning: {run}:6: the last line was cut off, and is left out" in captured.err


# ===----------------------------------------------------------------------=== #
# What is refused
# ===----------------------------------------------------------------------=== #

FIRST = json.dumps(next(make_lines()))


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "there is no line of metrics in it"),
        ("{}x\n" + FIRST + "\n", "run.jsonl:1: this is not JSON"),
        (FIRST + "\nloss\n" + FIRST + "\n", "run.jsonl:2: this is not JSON"),
        (FIRST + "\n\xff\n", "run.jsonl:2: this is not JSON"),
        ("[" * 100000 + "\n", "run.jsonl:1: this is not JSON"),
        (FIRST + "\n\n[1]\n", "run.jsonl:3: this is not a line of metrics"),
        ('{"loss": 1}\n', "it has no step"),
        ('{"step": 1, "measurements": {"beliefs": {}}}\n', "there is no 'all'"),
        ('{"step": 1, "measurements": 5}\n', "run.jsonl:1: this is not a line of metrics"),
        ('{"step": 1, "loss": 1%s}\n' % ("0" * 400), "run.jsonl:1: this is not a line of metrics"),
        ('{"step": 1%s}\n' % ("0" * 40), "its step is 1e+40"),
        ('{"step": 1, "trace": {"a": {}}}\n', "there is no 'columns'"),
        ('{"step": 1, "loss": 1}\n', "nothing is measured in it; give fisher-run --measure, too"),
        (FIRST + "\n" + FIRST.replace("a.mu", "c.mu") + "\n", "not those of the lines before"),
        (FIRST + "\n" + FIRST.replace("[7, ", "[8, ") + "\n", "not of what it was before"),
    ],
)
def test_files_that_are_wrong(tmp_path, capsys, text, message):
    run = tmp_path / "run.jsonl"
    run.write_bytes(text.encode("latin-1"))
    page = tmp_path / "report.html"
    page.write_text("old")
    assert report(run, "-o", page, "--png", tmp_path / "figures") == 1
    captured = capsys.readouterr()
    assert message in captured.err and captured.err.startswith("fisher.report: error: ")
    assert captured.out == "" and len(captured.err) < 1000
    assert page.read_text() == "old" and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "options, message",
    [
        (["{tmp}/none.jsonl"], "none.jsonl: No such file or directory"),
        (["{tmp}"], ": Is a directory"),
        (["{run}", "{run}"], "two runs have the same name"),
        (["{run}", "--label", "a", "--label", "b"], "there are 1 runs, but 2 labels"),
        (["{run}", "--belief", "c*"], "--belief=c* matches no belief; there are 'a.mu, a.rho'"),
        (["{run}", "-o", "{tmp}/none/report.html"], "report.html: No such file or directory"),
        (["{run}", "--png", "{run}"], "run.jsonl: File exists"),
    ],
)
def test_options_that_are_wrong(run, tmp_path, capsys, options, message):
    options = [option.format(run=run, tmp=tmp_path) for option in options]
    assert report(*options) == 1
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [run]


@pytest.mark.parametrize("options", [[], ["run.jsonl", "--top", "0"], ["run.jsonl", "--la", "x"]])
def test_usage(options, capsys):
    with pytest.raises(SystemExit) as stopped:
        report(*options)
    assert stopped.value.code == 2 and "usage: python -m fisher.report" in capsys.readouterr().err


def test_nothing_is_half_written(run, tmp_path, monkeypatch, capsys):
    page = tmp_path / "report.html"
    page.write_text("old")

    def replace(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(program.os, "replace", replace)
    assert report(run, "-o", page) == 1
    assert "report.html: No space left on device" in capsys.readouterr().err
    assert page.read_text() == "old" and set(tmp_path.iterdir()) == {run, page}


def run_alone(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )


def test_needs_no_framework(run, tmp_path):
    code = """
import sys
from fisher.report.__main__ import main
assert main(sys.argv[1:]) == 0
assert not {"jax", "jaxlib", "torch"} & set(sys.modules)
"""
    done = run_alone(code, run, "-o", tmp_path / "report.html", "--png", tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package, option", [("plotly", "-o"), ("matplotlib", "--png")])
def test_packages_that_are_not_there(tmp_path, package, option):
    run = write(tmp_path / "run.jsonl", make_lines(trace=False))
    code = f"""
import sys
sys.modules["{package}"] = None
from fisher.report.__main__ import main
assert main([sys.argv[1]]) == 0
sys.exit(main(sys.argv[1:]))
"""
    done = run_alone(code, run, option, tmp_path / "made")
    assert done.returncode == 1
    assert f"{package} is not installed; pip install 'fisher[report]'" in done.stderr
    assert list(tmp_path.iterdir()) == [run]


# ===----------------------------------------------------------------------=== #
# Geometry
# ===----------------------------------------------------------------------=== #


def get_plane(family, columns=("mean", "standard deviation")):
    return _geometry.get_plane(_runs.Trace(family, columns, (0,), None, None))


def test_geodesics_of_the_half_plane_are_half_circles():
    points = np.array([[[0.0, 1.0], [1.0, 0.5]], [[3.0, 2.0], [1.0, 4.0]]])
    plane, family = get_plane("#fisher.gaussian<sigma>")
    (x, y), (geodesic_x, geodesic_y) = _geometry.place_paths(plane, family, points)
    np.testing.assert_allclose(x, points[..., 0] / np.sqrt(2))
    for end in (0, -1):
        np.testing.assert_allclose(geodesic_x[end], x[end])
        np.testing.assert_allclose(geodesic_y[end], y[end])
    # The center of the circle through both ends is on the axis.
    (x0, y0), (x1, y1) = (x[0, 0], y[0, 0]), (x[1, 0], y[1, 0])
    center = (x1**2 + y1**2 - x0**2 - y0**2) / (2 * (x1 - x0))
    radius = np.hypot(geodesic_x[:, 0] - center, geodesic_y[:, 0])
    np.testing.assert_allclose(radius, radius[0], rtol=1e-12)
    np.testing.assert_allclose(geodesic_x[:, 1], x[0, 1], rtol=1e-12)


def test_disc_has_the_distance_from_the_uniform_belief():
    def speed(kappa):
        ratio = special.i1e(kappa) / special.i0e(kappa)
        return np.sqrt(1 - ratio / kappa - ratio**2) if kappa > 1e-4 else np.sqrt(0.5)

    kappa = np.array([0.0, 0.3, 2.0, 20.0])
    distance = [integrate.quad(speed, 0, k)[0] for k in kappa]
    plane, family = get_plane("#fisher.von_mises<kappa>")
    x, y = plane.place(family, np.stack([np.full(4, 2.5), kappa]))
    np.testing.assert_allclose(np.hypot(x, y), np.tanh(np.divide(distance, np.sqrt(8))), rtol=1e-6)
    np.testing.assert_allclose(np.arctan2(y, x)[1:], 2.5)


def test_geodesic_of_the_disc_through_the_center():
    points = np.array([[[0.0, 2.0]], [[np.pi, 2.0]]])
    plane, family = get_plane("#fisher.von_mises<kappa>")
    _, (x, y) = _geometry.place_paths(plane, family, points)
    np.testing.assert_allclose(y, 0, atol=1e-6)
    assert (np.diff(x[:, 0]) < 0).all()


def test_families_that_are_in_no_plane():
    for family in ("#fisher.bernoulli<logit>", "#other.family<chart>", "#fisher.gaussian<other>"):
        assert get_plane(family) is None
    assert get_plane("#fisher.gaussian<sigma>", ("mean",)) is None


def test_operations_on_arrays():
    family = fisher.Gaussian("sigma")
    ones = np.ones((2, 3))
    (kl,) = _geometry.run_operation("kl_divergence", family, (ones, 2 * ones), 0 * ones, ones)
    np.testing.assert_allclose(kl, (1 + 4 - 1) / 2 - np.log(2))
