# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A small version of each experiment: the verdicts in which there is no chance are
what they were, in it and in docs/experiments.md. After a change of an experiment,
run experiments/run.sh."""

import json
import os
import re
import subprocess
import xml.etree.ElementTree

import numpy as np
import pytest
from paths import BUILD, ROOT

EXPERIMENTS = ROOT / "experiments"
DOCUMENT = ROOT / "docs" / "experiments.md"
NAMES = sorted(path.parent.name for path in EXPERIMENTS.glob("*/run.sh"))

# Of the statements in which there is no chance. Whatever changes one of these has
# changed what the project computes, or what the theory says.
EXACT = {
    # What a sweep tells is a matter of chance, all of it.
    "generalization": {},
    "invariance": {
        "fisher_rao_is_invariant": "held",
        "decay_is_not_invariant": "held",
        # log σ² is twice log σ, which decay cannot tell.
        "decay_has_six": "did not hold",
        "sgd_is_not_invariant": "held",
        "sgd_has_six": "held",
    },
    "optimality": {
        "geodesic_is_least": "held",
        "lines_are_as_theory_says": "held",
    },
    "phases": {
        "likelihood_is_a_divergence": "held",
        "narrow_beliefs_are_gaussian": "held",
        "cut_is_no_place": "held",
        "broad_beliefs_are_flat": "held",
        "l2_is_steep_where_narrow": "held",
        "turned_phases_are_learnt_alike": "held",
        "stored_angle_depends_on_the_cut": "held",
    },
    "quasi_static": {
        "sudden_loss_is_kl": "held",
        "wasserstein_bounds_any_time": "held",
    },
}


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    monkeypatch.syspath_prepend(EXPERIMENTS)


def run(*arguments):
    return subprocess.run(
        [EXPERIMENTS / "run.sh", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "BUILD_DIR": str(BUILD)},
    )


def read(folder, name):
    statements = json.loads((folder / "experiments" / f"{name}.json").read_text())
    return {statement["name"]: statement for statement in statements}


def test_finds_experiments():
    assert EXACT.keys() <= set(NAMES)


@pytest.mark.parametrize("name", EXACT)
def test_exact_verdicts(name, tmp_path):
    done = run("--quick", f"--output={tmp_path}", name)
    assert done.returncode == 0, done.stderr
    found = read(tmp_path, name)
    exact = {key: s["verdict"] for key, s in found.items() if s["exact"]}
    assert exact == EXACT[name], done.stdout
    for statement in found.values():
        assert f"prediction {statement['verdict']}: {statement['text']}\n" in done.stdout
    section = (tmp_path / "experiments.md").read_text()
    assert f"<!-- {name} -->\n## " in section and "$" not in section
    xml.etree.ElementTree.parse(tmp_path / "experiments" / f"{name}.svg")


@pytest.mark.parametrize("name", NAMES)
def test_document(name):
    """It has the experiment as it was run in full, and its picture is small."""
    text = DOCUMENT.read_text()
    section = re.search(f"<!-- {name} -->\n(.*?)<!-- end of {name} -->", text, re.DOTALL)[1]
    found = read(DOCUMENT.parent, name)
    for statement in found.values():
        assert f"| **{statement['verdict']}** | {statement['text']}" in section
    # The text around the numbers is the one of now.
    pieces = re.split(r"\$\w+", (EXPERIMENTS / name / "section.md").read_text().strip())
    assert re.fullmatch(".*?".join(map(re.escape, pieces)) + "\n", section, re.DOTALL)
    assert text.startswith((EXPERIMENTS / "preface.md").read_text().strip())
    exact = {key: s["verdict"] for key, s in found.items() if s["exact"]}
    assert EXACT.get(name, {}).items() <= exact.items()
    assert f"(experiments/{name}.svg)" in section
    assert (DOCUMENT.parent / "experiments" / f"{name}.svg").stat().st_size < 300_000


def test_intervals():
    from common.statistics import interval, log_interval

    # By scipy.stats.t.interval(0.95, 3, 2.5, scipy.stats.sem([1, 2, 3, 4])).
    found = interval([1, 2, 3, 4])
    assert found.mean == 2.5 and abs(found.low - 0.445739743239121) < 1e-3
    assert abs(found.mean - found.low - (found.high - found.mean)) < 1e-12
    found = log_interval([1, 100])
    assert abs(found.mean - 10) < 1e-9 and found.low < 1 < 100 < found.high
    with pytest.raises(AssertionError):
        interval([1])


def test_shows_numbers():
    from common.statistics import Interval

    assert Interval(2834.5, 2780, 0.012345).format() == "2830 [2780, 0.0123]"
    assert Interval(110, 99, 1.234e9).format(2, " %") == "110 % [99, 1.2e+09]"


def test_verdicts():
    from common.statistics import FAILED, HELD, UNKNOWN, Interval, is_between, together

    found = Interval(2, 1, 3)
    assert is_between(found, 0, 4) == is_between(found, low=1) == HELD
    assert is_between(found, low=4) == is_between(found, high=0) == FAILED
    assert is_between(found, low=2) == is_between(Interval(np.nan, 1, 3), 0, 4) == UNKNOWN
    assert together([HELD, HELD]) == HELD
    assert together([HELD, UNKNOWN]) == UNKNOWN
    assert together([UNKNOWN, FAILED, HELD]) == FAILED


def test_agree():
    from common.statistics import FAILED, HELD, UNKNOWN, agree

    assert agree([HELD, HELD]) == HELD
    assert agree([HELD, FAILED]) == agree([FAILED, FAILED]) == FAILED
    assert agree([FAILED, UNKNOWN]) == agree([UNKNOWN, HELD]) == UNKNOWN


def test_rank_correlations():
    from common.statistics import bootstrap, rank_correlation, ranks

    assert list(ranks([3, 1, 4, 4, 9]) + 3) == [2, 1, 3.5, 3.5, 5]
    # By scipy.stats.spearmanr, with ties.
    x, y = np.array([[1, 2, 2, 4, 5], [3, 1, 4, 4, -9]], float)
    assert abs(rank_correlation(x, y) + 0.2894736842105264) < 1e-12
    assert list(rank_correlation(np.stack([x, x, x]), np.stack([x, -x, 0 * x]))) == [1, -1, 0]
    # Fisher's z has the standard error 1/sqrt(n - 3).
    random = np.random.default_rng(0)
    x = random.normal(size=60)
    y = x + random.normal(size=60)
    found = bootstrap(lambda i: rank_correlation(x[i], y[i]), len(x))
    assert found.mean == rank_correlation(x, y)
    width = np.arctanh(found.high) - np.arctanh(found.low)
    assert abs(width / (2 * 1.96 / np.sqrt(57)) - 1) < 0.2


def test_sweep_tells_levels_apart(monkeypatch):
    """Within each family, and between seeds, what goes up with efficiency may go
    down with it over the sweep."""
    monkeypatch.syspath_prepend(EXPERIMENTS / "generalization")
    from generalization import Sweep

    families = ["none", "a", "a", "a", "b", "b", "b"]
    efficiency = [0, 1, 2, 3, 101, 102, 103]
    accuracy = [60, 51, 52, 53, 1, 2, 3]

    def runs(e, a):
        return [{"efficiency": e + shift, "accuracy": a - shift} for shift in (0, 0.1, 0.2)]

    sweep = Sweep(families, [runs(e, a) for e, a in zip(efficiency, accuracy)])
    over = sweep.over_sweep("efficiency", "accuracy")
    assert -1 <= over.low < over.mean < -0.5
    within = sweep.within_families("efficiency", "accuracy")
    assert within.low == within.mean == within.high == 1
    between = sweep.between_seeds("efficiency", "accuracy")
    assert abs(between.mean + 1) < 1e-12 and abs(between.high + 1) < 1e-12
    better = sweep.advantage("efficiency", "accuracy", "accuracy")
    assert better.mean == abs(over.mean) - 1


def test_counts_trajectories(monkeypatch):
    """Those apart by rounding are one; one that left its domain is its own."""
    monkeypatch.syspath_prepend(EXPERIMENTS / "invariance")
    from invariance import PAIRS, count_trajectories

    def count(place):
        between = [[abs(place[i] - place[j]), 0.0] for i, j in PAIRS]
        return count_trajectories(np.array(between))

    assert count([0, 0, 1e-12, 0, 0, 0]) == 1
    assert count([0, 1, 2, 3, 1, 5]) == 5
    assert count([0, 0, 0, np.nan, 0, 0]) == 2
    assert count([0, 1, 2, 3, 4, 5]) == 6


def test_least_work(monkeypatch):
    """The bound is the least of what it is the least of, and has both limits."""
    monkeypatch.syspath_prepend(EXPERIMENTS / "quasi_static")
    from quasi_static import least_work, wasserstein_squared

    ends = [[np.array([0.0]), np.array([0.5])], [np.array([1.0]), np.array([2.0])]]
    mu, sigma = np.meshgrid(np.linspace(0, 1, 801), np.linspace(0.5, 2, 801))

    def kl(mu, sigma):
        ratio = (sigma / 2) ** 2
        return ((mu - 1) / 2) ** 2 / 2 + (ratio - 1 - np.log(ratio)) / 2

    for time in (0.3, 3.0, 30.0):
        sums = (mu**2 + (sigma - 0.5) ** 2) / time + kl(mu, sigma)
        assert 0 <= sums.min() - least_work(ends, time) < 1e-5
    assert abs(least_work(ends, 1e9) * 1e9 / wasserstein_squared(ends) - 1) < 1e-6
    assert abs(least_work(ends, 1e-9) / kl(0.0, 0.5) - 1) < 1e-6


def test_phases(monkeypatch):
    """They are of the digits' Fourier coefficients; the examples of a class are the
    first of one order, so that more of them have the fewer."""
    monkeypatch.syspath_prepend(EXPERIMENTS / "phases")
    from beliefs import stack
    from phases import FREQUENCIES, draw_examples, read_phases

    z, y = read_phases()
    with np.load(ROOT / "examples" / "bayes_mlp" / "digits.npz") as digits:
        image = digits["x"][7].reshape(8, 8)
    u, v = FREQUENCIES[3]
    at = np.arange(8)
    wave = np.exp(-2j * np.pi * (u * at[:, None] + v * at) / 8)
    assert abs(np.angle((image * wave).sum() / z[7, 3])) < 1e-12
    assert len(FREQUENCIES) == len({max(f, (-f[0], -f[1])) for f in FREQUENCIES}) == 12

    one, two, all_of_them = draw_examples(z, y, 1, [1, 2, len(y)])
    classes = [z[y == digit] for digit in range(10)]
    for digit, rows in enumerate(classes):
        assert np.abs(rows - one[digit]).sum(axis=1).min() < 1e-12
        assert np.abs(rows - (2 * two - one)[digit]).sum(axis=1).min() < 1e-12
        assert np.allclose(rows.mean(axis=0), all_of_them[digit])

    found = stack(lambda a, b: [a + b, a * b], {"x": ([[1.0], [2.0]], [3, 4.0]), "y": ([5.0], 6.0)})
    assert found["x"][0].tolist() == [[4, 5], [5, 6]]
    assert found["y"][1].tolist() == [30]


def test_belief_of_phases(monkeypatch):
    """It is where n·NLL + weight·D² is least, by a grid of beliefs and numpy's I₀."""
    monkeypatch.syspath_prepend(EXPERIMENTS / "phases")
    from beliefs import METHODS, learn, squared_distances
    from common.tools import Tools

    tools = Tools(BUILD)
    number, weight = 4.0, 0.5
    mean, toward = 0.8 * np.exp(2.9j), (1.9, 0.4)
    mu, c = np.meshgrid(np.linspace(0, 5, 501), np.linspace(-2, 2, 401), indexing="ij")
    kappa = np.exp(c)
    nll = np.log(np.i0(kappa)) - kappa * (mean * np.exp(-1j * mu)).real
    by_distance = squared_distances(tools, {"": (mu, kappa, toward[0], np.exp(toward[1]))})[""]
    case = {"": (np.array([mean]), number, *toward, weight)}
    for method, d2 in zip(("exact", "gaussian", "l2"), by_distance):
        found_mu, found_c, moved = (part[0] for part in learn(tools, METHODS[method], 400, case)[""])
        i, j = np.unravel_index((number * nll + weight * d2).argmin(), nll.shape)
        assert 0 < i < 500 and 0 < j < 400
        assert abs(found_mu - mu[i, j]) <= 0.011, method
        assert abs(found_c - c[i, j]) <= 0.011, method
        assert moved < 1e-9


def test_arguments(tmp_path):
    assert run("--help").stdout.startswith("usage: experiments/run.sh")
    for wrong in ("--frobnicate", "common"):
        done = run(wrong)
        assert done.returncode == 2 and f"unknown argument '{wrong}'" in done.stderr
    program = EXPERIMENTS / NAMES[0] / "run.sh"
    command = [program, f"--build-dir={tmp_path}", f"--output={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "run utils/setup.sh first" in done.stderr
