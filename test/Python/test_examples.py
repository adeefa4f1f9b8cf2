# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The programs in examples run, and what they print is what they claim."""

import os
import re
import subprocess
import sys

import pytest

from paths import ROOT

NAMES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))


def run(name, folder, *arguments):
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / f"{name}.py", *arguments],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr or "--help" in arguments
    return done.stdout


def read_table(text):
    """The rows of a table, by the label that they start with: lists of numbers."""
    rows = {}
    for line in text.splitlines():
        label, *cells = re.split(r",?\s{2,}|, ", line.strip())
        if cells and all(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in cells):
            rows[label] = list(map(float, cells))
    return rows


def run_quickly(name, folder):
    """The table that a program prints at the seed that it has by itself."""
    output = run(name, folder, "--quick", "--output", "picture.png")
    assert "nan" not in output
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert output.endswith("picture: picture.png\n")
    return read_table(output)


def test_bayes_mlp(tmp_path):
    table = run_quickly("jax_bayes_mlp", tmp_path)
    accuracy, nll, error, sigma, distance = zip(*table.values())
    assert list(table) == ["no regularization", "Fisher-Rao"]
    assert min(accuracy) > 88
    # Better probabilities at no cost in accuracy, by beliefs that are broader.
    assert accuracy[1] > accuracy[0] - 1.5
    assert nll[1] < 0.97 * nll[0] < 0.5 and error[1] < error[0]
    assert sigma[1] > 3 * sigma[0] and distance[1] < distance[0] / 2


def test_vae(tmp_path):
    table = run_quickly("jax_vae", tmp_path)
    assert list(table) == ["KL", "d² / 2", "0.3 d²"]
    drawn, kl, distance, spread, sigma, nll = zip(*table.values())
    # The distance keeps beliefs broader and lets means lie further apart.
    assert min(sigma[1:]) > sigma[0] and min(spread[1:]) > spread[0]
    assert distance[1] < distance[0] and kl[2] > kl[0]
    assert drawn[2] < drawn[0] < drawn[1]
    assert nll[0] < min(nll) + 1e-9 and max(nll) < nll[0] + 0.5 < 26


def test_policy_gradient(tmp_path):
    table = run_quickly("jax_policy_gradient", tmp_path)
    assert list(table) == ["nothing", "clipping", "Fisher-Rao"]
    mean, worst, moved = zip(*table.values())
    assert mean[2] > mean[0] + 20 and worst[2] > worst[0] + 20
    assert mean[1] > 150 and mean[2] > 150
    assert moved[2] < moved[1] < moved[0]


def test_heading(tmp_path):
    table = run_quickly("jax_heading", tmp_path)
    nothing, uniform, smooth = table["nothing"], table["the uniform belief"], table["a smooth path"]
    error, error_in_gap, nll, kappa, kappa_in_gap, good, poor = smooth
    assert error < 7 and error_in_gap < 30
    assert error < uniform[0] / 2 < nothing[0] / 2 and nll < 0 < uniform[2] < 1.2 < nothing[2]
    # A belief between two directions is less sure, and the compasses are told apart.
    assert kappa_in_gap < kappa / 4
    assert 10 < good < 40 and 1 < poor < 3


def test_finetune(tmp_path):
    table = run_quickly("torch_finetune", tmp_path)
    (old, new), (old_decay, _), (old_fisher, new_fisher) = table.values()
    assert list(table) == ["nothing", "weight decay", "Fisher-Rao"]
    assert old < 65 and old_fisher > old + 15 and old_fisher > old_decay
    assert new > 90 and new_fisher > new - 8


def test_continual_digits(tmp_path):
    table = run_quickly("jax_continual_digits", tmp_path)
    assert list(table) == ["none", "L2", "EWC", "Fisher-Rao"]
    first, *_, mean, learnt = (
        dict(zip(table, numbers)) for numbers in zip(*table.values())
    )
    # Less is forgotten, of the first task most of all, and what is new is learnt.
    for label in ("EWC", "Fisher-Rao"):
        assert mean[label] > mean["none"] + 2 and first[label] > first["none"] + 5
    assert mean["EWC"] > mean["L2"] and min(learnt.values()) > 95


def test_all_are_tested():
    tested = {name.removeprefix("test_") for name in globals()}
    assert NAMES and all(name.split("_", 1)[1] in tested for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_help(name, tmp_path):
    output = run(name, tmp_path, "--help")
    for option in ("--steps", "--seed", "--output", "--quick"):
        assert option in output
    text = (ROOT / "examples" / f"{name}.py").read_text()
    assert text.split('"""')[1].split("\n")[0] in output


def test_same_seed_same_figures(tmp_path):
    first, second = (run("jax_heading", tmp_path, "--steps", "20") for _ in range(2))
    assert first == second
