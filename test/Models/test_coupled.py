# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies in training steps that return no gradients: what the optimizer is
given is found, and its learning rate is the step size of proximal steps."""

import pathlib
import re
import subprocess

import numpy as np
import pytest

from execution import tool
from paths import FISHER_OPT, ROOT

HERE = pathlib.Path(__file__).parent
PRIOR = (ROOT / "examples" / "prior.policy.mlir").read_text()
TOLERANCE = 1e-5

CLEAN = ["--canonicalize", "--cse"]
# As in test_recognition.py: what other passes make of a step before.
WAYS = {
    "marked": [],
    "plain": ["--fisher-strip-marks"],
    "clean": ["--fisher-strip-marks", *CLEAN],
    "fused": ["--fisher-strip-marks", *CLEAN, "--linalg-fuse-elementwise-ops", *CLEAN],
    "siblings": ["--fisher-strip-marks", "--linalg-fold-unit-extent-dims", *CLEAN,
                 "--fisher-fuse-elementwise", "--fisher-fuse", *CLEAN],
}


def read_marks(name):
    """The names of a step's arguments, and what its results are."""
    lines = (HERE / name / "step.mlir").read_text().splitlines()
    arguments, results = next(
        line for line in lines if "@main(" in line).split(" -> ")
    return (re.findall(r'fisher\.name = "([^"]*)"', arguments),
            re.findall(r'fisher\.(?:updates|role) = "([^"]*)"', results))


def regularize(*beliefs, mode="coupled"):
    """A policy of lines, each the names of a belief, its family, its reference
    and its weight."""
    return "fisher.policy @default {\n" + "\n".join(
        f'  fisher.regularize {", ".join(f"{chr(34)}{n}{chr(34)}" for n in names)} '
        f"as #fisher.{family} toward #fisher.prior<[{prior}]> {weight} mode {mode}"
        for names, family, prior, weight in beliefs) + "\n}\n"


def bayes(mode="coupled", weight="weight 1.0e-3"):
    return regularize(*[
        ([f"{layer}.mu", f"{layer}.rho"], "gaussian<softplus>", "0.0, 1.0", weight)
        for layer in ("fc0", "fc1")], mode=mode)


def matrices(mode="coupled", weight="weight 0.01"):
    return regularize(*[([f"{layer}.w"], "bernoulli<logit>", "0.7", weight)
                        for layer in ("fc0", "fc1")], mode=mode)


def run(name, policy, tmp_path, way="marked", *options):
    """The results of a model after passes and with a policy, by their marks.
    Where marks are stripped, the policy names arguments by their numbers."""
    arguments, results = read_marks(name)
    if way != "marked":
        policy = re.sub(r'"([^"]*)"',
                        lambda m: f'"arg{arguments.index(m[1])}"', policy)
    (tmp_path / "policy.mlir").write_text(policy)
    subprocess.run([FISHER_OPT, HERE / name / "step.mlir", *WAYS[way],
                    "-o", tmp_path / "step.mlir"], check=True)
    done = subprocess.run(
        [tool("fisher-run"), tmp_path / "step.mlir",
         f"--policy={tmp_path / 'policy.mlir'}",
         f"--inputs={HERE / name / 'io.npz'}",
         f"--outputs={tmp_path / 'out.npz'}", *options],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as out:
        assert len(out.files) == len(results)
        return {mark: out[f"out{i}"] for i, mark in enumerate(results)}


def read(name):
    """A model's inputs and JAX's results, in f64."""
    arguments, results = read_marks(name)
    with np.load(HERE / name / "io.npz") as io:
        before = {n: io[f"arg{i}"].astype(np.float64) for i, n in enumerate(arguments)}
        after = {n: io[f"out{i}"].astype(np.float64) for i, n in enumerate(results)}
    return before, after


def assert_close(got, expected, tolerance=TOLERANCE):
    error = np.max(np.abs(got - expected), initial=0)
    assert error <= tolerance * np.max(np.abs(expected), initial=0), error


def bernoulli(logit, probability, weight):
    """The penalty, and its gradient by the logit: distances are those of
    2 asin √p."""
    p = 1 / (1 + np.exp(-logit))
    distance = 2 * np.arcsin(np.sqrt(p)) - 2 * np.arcsin(np.sqrt(probability))
    return (weight * np.sum(distance**2),
            weight * 2 * distance * np.sqrt(p * (1 - p)))


@pytest.mark.parametrize("way", WAYS)
def test_sgd_equals_the_penalty_written_by_hand(way, tmp_path):
    results = run("bayes_mlp", bayes(), tmp_path, way)
    _, expected = read("bayes_mlp_fr")
    _, without = read("bayes_mlp")
    for name in results:
        assert_close(results[name], expected[name])
    # The regularizer matters far more than the tolerance.
    change = np.abs(expected["fc0.rho"] - without["fc0.rho"]).max()
    assert change > 10 * TOLERANCE * np.abs(without["fc0.rho"]).max()


def test_a_policy_of_globs(tmp_path):
    results = run("bayes_mlp", PRIOR, tmp_path)
    _, expected = read("bayes_mlp_fr")
    for name in results:
        assert_close(results[name], expected[name])


def adamw(p, m, v, t, g, decay, beta1=0.9, beta2=0.999, rate=1e-3, epsilon=1e-8):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    step = m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon)
    return p - rate * (step + decay * p), m, v


@pytest.mark.parametrize("way", WAYS)
def test_adamw_sees_the_penalty_in_both_moments(way, tmp_path):
    results = run("mlp_adamw", matrices(), tmp_path, way)
    before, after = read("mlp_adamw")
    loss = after["loss"]
    for name in ("fc0.w", "fc0.b", "fc1.w", "fc1.b"):
        p, m, v = (before[prefix + name] for prefix in ("", "adam.m.", "adam.v."))
        decay = 1e-2 if name.endswith("w") else 0
        gradient = (after["adam.m." + name] - 0.9 * m) / 0.1
        # That is the gradient, and this the optimizer.
        for got, other in zip(adamw(p, m, v, after["adam.t"], gradient, decay),
                              (after[prefix + name]
                               for prefix in ("", "adam.m.", "adam.v."))):
            assert_close(got, other)
        if name.endswith("w"):
            penalty, more = bernoulli(p, 0.7, 0.01)
            assert np.abs(more).max() > 0.05 * np.abs(gradient).max()
            loss, gradient = loss + penalty, gradient + more
        for prefix, expected in zip(
                ("", "adam.m.", "adam.v."),
                adamw(p, m, v, after["adam.t"], gradient, decay)):
            assert_close(results[prefix + name], expected)
    assert_close(results["loss"], loss)
    assert results["adam.t"] == after["adam.t"]


@pytest.mark.parametrize("way", WAYS)
def test_momentum_keeps_the_penalty(way, tmp_path):
    results = run("mlp_sgd_l2", matrices(), tmp_path, way)
    before, after = read("mlp_sgd_l2")
    for name in ("fc0.w", "fc0.b", "fc1.w", "fc1.b"):
        more = bernoulli(before[name], 0.7, 0.01)[1] if name.endswith("w") else 0
        assert_close(results["momentum." + name], after["momentum." + name] + more)
        assert_close(results[name], after[name] - 0.05 * more)


@pytest.mark.parametrize("way", WAYS)
def test_averages_of_weights_follow(way, tmp_path):
    results = run("mlp_ema", matrices(weight="weight 1.0"), tmp_path, way)
    before, after = read("mlp_ema")
    for name in ("fc0.w", "fc0.b", "fc1.w", "fc1.b"):
        more = bernoulli(before[name], 0.7, 1.0)[1] if name.endswith("w") else 0
        assert_close(results[name], after[name] - 0.05 * more)
        assert_close(results["ema." + name], after["ema." + name] - 0.01 * 0.05 * more)
    assert np.abs(results["ema.fc0.w"] - after["ema.fc0.w"]).max() > 1e-4


def read_gradients(name):
    """The gradients that JAX computed, by the names of their parameters."""
    results = next(line for line in (HERE / name / "step.mlir").open()
                   if "@main(" in line).split(" -> ")[1]
    with np.load(HERE / name / "io.npz") as io:
        return {mark: io[f"out{i}"].astype(np.float64) for i, mark in enumerate(
            re.findall(r'tensor<[^>]*> \{[^}]*?(?:gradient_of = |role = )"([^"]*)"\}',
                       results))}


@pytest.mark.parametrize("way", WAYS)
def test_natural_gradient_of_what_the_optimizer_is_given(way, tmp_path):
    """The metric is dμ²/σ² + 2dσ²/σ²."""
    results = run("bayes_mlp", bayes("natural"), tmp_path, way)
    before, _ = read("bayes_mlp")
    gradients = read_gradients("bayes_mlp_fr_grads")
    for layer in ("fc0", "fc1"):
        rho = before[f"{layer}.rho"]
        sigma, slope = np.logaddexp(0, rho), 1 / (1 + np.exp(-rho))
        assert_close(results[f"{layer}.mu"], before[f"{layer}.mu"]
                     - 0.05 * sigma**2 * gradients[f"{layer}.mu"])
        assert_close(results[f"{layer}.rho"], before[f"{layer}.rho"]
                     - 0.05 * sigma**2 / (2 * slope**2) * gradients[f"{layer}.rho"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name, policy, rate", [
    ("bayes_mlp", bayes, 0.05), ("mlp_adamw", matrices, 1e-3),
    ("mlp_sgd_l2", matrices, 0.05)])
def test_proximal_takes_the_learning_rate(name, policy, rate, way, tmp_path):
    """Bit by bit what the same step size gives, by the entry or the option."""
    results = run(name, policy("proximal", "weight 0.7"), tmp_path, way)
    clause = run(name, policy("proximal", f"weight 0.7 step_size {rate}"), tmp_path, way)
    option = run(name, policy("proximal", "weight 0.7"), tmp_path, way,
                 f"--step-size={rate}")
    other = run(name, policy("proximal", f"weight 0.7 step_size {2 * rate}"), tmp_path, way)
    for mark in results:
        assert np.array_equal(results[mark], clause[mark])
        assert np.array_equal(results[mark], option[mark])
    first = next(iter(results))
    assert not np.array_equal(results[first], other[first])


def train(name, tmp_path, *options):
    with np.load(HERE / name / "io.npz") as io:
        np.savez(tmp_path / "data.npz", x=io["arg6"], y=io["arg7"])
        start = {n: io[f"arg{i}"] for i, n in enumerate(read_marks(name)[0][:6])}
    np.savez(tmp_path / "start.npz", **start)
    done = subprocess.run(
        [tool("fisher-run"), HERE / name / "step.mlir", f"--data={tmp_path / 'data.npz'}",
         f"--init={tmp_path / 'start.npz'}", "--steps=50", "--seed=3",
         f"--outputs={tmp_path / 'final.npz'}", *options],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "final.npz") as final:
        return {key: final[key] for key in final.files}


def test_training(tmp_path):
    """Fifty steps with the policy, and with the penalty written by hand."""
    (tmp_path / "policy.mlir").write_text(bayes())
    results = train("bayes_mlp", tmp_path, f"--policy={tmp_path / 'policy.mlir'}")
    expected = train("bayes_mlp_fr", tmp_path)
    without = train("bayes_mlp", tmp_path)
    assert results.keys() == expected.keys()
    for key in results:
        assert_close(results[key], expected[key], 1e-4)
    assert np.abs(without["fc0.rho"] - expected["fc0.rho"]).max() > 1e-2
