# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training steps on a device give what they give on the CPU."""

import os
import subprocess

import numpy as np
import pytest

from execution import tool
from paths import ROOT

MODELS = ROOT / "test" / "Models"
EXAMPLE = ROOT / "examples" / "bayes_mlp"
PRIOR = ROOT / "examples" / "prior.policy.mlir"
ENVIRONMENT = {**os.environ,
               "FISHER_OPENCL_PLATFORM": "Portable Computing Language"}


def fisher_run(*arguments):
    done = subprocess.run([tool("fisher-run"), *map(str, arguments)],
                          capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["heading_net", "mlp_ema", "phase_bank", "vae"])
def test_models_of_jax(name):
    io = MODELS / name / "io.npz"
    fisher_run(MODELS / name / "step.mlir", "--device=opencl",
               f"--inputs={io}", f"--compare={io}", "--tolerance=1e-5")


def test_a_policy():
    io = MODELS / "bayes_mlp_grads" / "io.npz"
    fisher_run(MODELS / "bayes_mlp_grads" / "step.mlir", f"--policy={PRIOR}",
               "--device=opencl", f"--inputs={io}", "--tolerance=1e-5",
               f"--compare={MODELS / 'bayes_mlp_fr_grads' / 'io.npz'}")


def test_training_with_evaluation(tmp_path):
    """The shown numbers and the parameters after twenty steps."""
    results = []
    for device in ("cpu", "opencl"):
        output = tmp_path / f"{device}.npz"
        text = fisher_run(
            EXAMPLE / "step.mlir", f"--policy={PRIOR}", f"--device={device}",
            f"--data={EXAMPLE / 'digits.npz'}", "--steps=20", "--seed=1",
            f"--evaluate={EXAMPLE / 'predict.mlir'}", "--evaluate-every=10",
            "--optimizer=adam", "--learning-rate=1e-3", f"--outputs={output}")
        with np.load(output) as arrays:
            results.append((text, dict(arrays)))
    (text, expected), (other_text, got) = results
    assert "accuracy" in text
    for word, other in zip(text.split(), other_text.split(), strict=True):
        if word != other:
            assert float(other) == pytest.approx(float(word), rel=1e-5)
    assert got.keys() == expected.keys()
    for name, array in expected.items():
        assert np.max(np.abs(got[name] - array)) <= 1e-5 * np.max(np.abs(array))
