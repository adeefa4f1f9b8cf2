# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fisher-recognize finds in training steps that JAX wrote."""

import pathlib
import re

import pytest

from findings import recognize

HERE = pathlib.Path(__file__).parent
MODELS = sorted(path.parent.name for path in HERE.glob("*/step.mlir"))

MLP = ["fc0.w", "fc0.b", "fc1.w", "fc1.b"]
MATRICES = ["fc0.w", "fc1.w"]
BAYES = ["fc0.mu", "fc0.rho", "fc0.bias", "fc1.mu", "fc1.rho", "fc1.bias"]


def sgd(names, rate=0.05):
    return ("sgd", names, {"learning_rate": rate})


def prefixed(prefix, names):
    return [prefix + name for name in names]


EXPECTED = {
    "bayes_mlp": [sgd(BAYES)],
    "bayes_mlp_fr": [sgd(BAYES)],
    "bayes_mlp_kl": [
        sgd(BAYES),
        ("kl_to_prior", ["fc0.mu", "fc0.rho", "fc1.mu", "fc1.rho"],
         {"weight": 1e-3, "prior_mean": 0, "prior_sigma": 1,
          "chart": "softplus"})],
    "heading_net": [sgd(["fc0.w", "fc0.b", "dir.w", "conc.w", "conc.b"])],
    "mlp_adamw": [
        ("adamw", MLP,
         {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
          "bias_correction": True, "epsilon_inside_root": False,
          "first_moment_in": prefixed("adam.m.", MLP),
          "second_moment_in": prefixed("adam.v.", MLP)}),
        ("weight_decay", MATRICES, {"strength": 1e-2})],
    "mlp_dropout": [sgd(MLP), ("dropout", ["u"], {"keep": 0.8, "is_scaled": True})],
    "mlp_ema": [
        sgd(MLP),
        ("moving_average", MLP,
         {"decay": 0.99, "of": "parameter", "average_in": prefixed("ema.", MLP)})],
    "mlp_l2_loss": [sgd(MLP), ("l2_loss", MATRICES, {"strength": 1e-3})],
    "mlp_sgd": [sgd(MLP)],
    "mlp_sgd_l2": [
        ("momentum", MLP, {"learning_rate": 0.05, "momentum": 0.9,
                           "momentum_in": prefixed("momentum.", MLP)}),
        ("l2_gradient", MATRICES, {"strength": 1e-3})],
    "phase_bank": [sgd(["bank.mu", "bank.log_kappa"])],
    "policy_gradient": [sgd(MLP)],
}
# They return gradients, or no more than the loss or the output.
NOTHING = ["bayes_mlp_fr_grads", "bayes_mlp_grads", "bayes_mlp_loss",
           "bayes_mlp_predict", "vae"]

CLEAN = ["--canonicalize", "--cse"]
WAYS = {
    "marked": [],
    "plain": ["--fisher-strip-marks"],
    "clean": ["--fisher-strip-marks", *CLEAN],
    "fused": ["--fisher-strip-marks", *CLEAN, "--linalg-fuse-elementwise-ops", *CLEAN],
    # One loop for all that reads the same tensors, as on the way to a CPU.
    "siblings": ["--fisher-strip-marks", "--linalg-fold-unit-extent-dims", *CLEAN,
                 "--fisher-fuse-elementwise", "--fisher-fuse", *CLEAN],
    "stablehlo": [],
    "stablehlo-clean": CLEAN,
}


def argument_names(name):
    """The names of a step's arguments, by its marks."""
    lines = (HERE / name / "step.mlir").read_text().splitlines()
    signature = next(line for line in lines if "@main(" in line)
    return re.findall(r'%arg\d+: [^{]*\{fisher\.name = "([^"]*)"',
                      signature.split(" -> ")[0])


def test_all_models_are_expected():
    assert sorted([*EXPECTED, *NOTHING]) == MODELS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_findings(name, way):
    """The same in every form, with coefficients to 1e-6."""
    path = HERE / name / ("step.stablehlo.mlir" if "stablehlo" in way else "step.mlir")
    text = path.read_text()
    found = recognize(text, *WAYS[way])["main"]
    expected = EXPECTED.get(name, [])

    has_marks = "fisher.name" in text and "--fisher-strip-marks" not in WAYS[way]
    numbered = {f"arg{i}": argument for i, argument in enumerate(argument_names(name))}

    def named(names):
        return names if has_marks else [numbered[n] for n in names]

    assert [f.kind for f in found] == [kind for kind, _, _ in expected]
    for finding, (kind, names, values) in zip(found, expected):
        assert named(finding.names) == names
        assert finding.values.keys() == values.keys()
        for key, value in values.items():
            got = finding.values[key]
            if isinstance(value, list):
                assert named(got) == value
            elif isinstance(value, float):
                assert abs(got - value) <= 1e-6 * abs(value), (kind, key)
            else:
                assert got == value, (kind, key)
        assert finding.locations
