# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The same bytes of code from every run, in whatever folder and at whatever
addresses. utils/reproduce.sh has a second build of the compiler, too."""

import pathlib
import shutil
import subprocess

import pytest

from execution import tool
from paths import ROOT

MODELS = sorted(path.parent.name for path in (ROOT / "test" / "Models").glob("*/step.mlir"))
POLICY = ROOT / "examples" / "prior.policy.mlir"


def make(folder, number, files, command):
    """The bytes of each file that a command writes, which runs in a folder of its
    own with copies of what it reads."""
    # The lengths of the paths differ, too.
    place = folder / f"run{number}" / "of a user's" / ("x" * 17 * number)
    place.mkdir(parents=True)
    for file in files:
        shutil.copy(file, place)
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    names = {pathlib.Path(file).name for file in files}
    made = {path.name: path.read_bytes() for path in place.iterdir() if path.name not in names}
    assert made and all(made.values())
    # No path has got into what was written.
    assert not any(str(folder).encode() in text for text in made.values())
    return made


def check(folder, files, command, runs):
    expected = make(folder, 0, files, command)
    for number in range(1, runs):
        assert make(folder, number, files, command) == expected
    return expected


def check_text(folder, file, passes, runs):
    """The text that fisher-opt prints after passes."""
    check(folder, [ROOT / file],
          [tool("fisher-opt"), pathlib.Path(file).name, f"--{passes}", "-o", "made.mlir"], runs)


@pytest.mark.parametrize("name", MODELS)
def test_objects_of_models(tmp_path, name):
    made = check(
        tmp_path, [ROOT / "test" / "Models" / name / "step.mlir"],
        [tool("fisher-run"), "step.mlir", "--emit=object,header", "-o", "made"], runs=5,
    )  # fmt: skip
    assert sorted(made) == ["made.h", "made.o"]


@pytest.mark.parametrize("options", [[], ["--measure", "--trace=3"]])
def test_objects_with_a_policy(tmp_path, options):
    check(
        tmp_path, [ROOT / "test" / "Models" / "bayes_mlp" / "step.mlir", POLICY],
        [tool("fisher-run"), "step.mlir", f"--policy={POLICY.name}", *options,
         "--emit=object,shared,header", "-o", "made"], runs=3,
    )  # fmt: skip


@pytest.mark.parametrize(
    "device", ["--device=cuda --chip=sm_90", "--device=hip --chip=gfx942", "--device=opencl"]
)
def test_kernels_of_devices(tmp_path, device):
    check(
        tmp_path, [ROOT / "test" / "Models" / "bayes_mlp" / "step.mlir", POLICY],
        [tool("fisher-run"), "step.mlir", f"--policy={POLICY.name}", *device.split(),
         "--emit=object,header", "-o", "made"], runs=3,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["bayes_mlp_fr", "mlp_l2_loss", "mlp_sgd_l2", "vae"])
@pytest.mark.parametrize("passes", ["fisher-recognize", "fisher-upgrade", "fisher-cpu-pipeline"])
def test_text_of_passes(tmp_path, name, passes):
    check_text(tmp_path, f"test/Models/{name}/step.mlir", passes, runs=3)


@pytest.mark.parametrize("name", MODELS)
def test_text_of_code_without_fusion(tmp_path, name):
    check_text(tmp_path, f"test/Models/{name}/step.mlir", "fisher-cpu-pipeline=fuse=false", runs=2)


@pytest.mark.parametrize("file, passes", [
    ("examples/tutorial/step.mlir", "fisher-cpu-pipeline"),
    ("test/Pipelines/vector-code.mlir", "fisher-cpu-pipeline"),
    ("test/Pipelines/vector-code.mlir", "fisher-gpu-pipeline=target=nvptx")])
def test_text_of_modules_with_many_functions(tmp_path, file, passes):
    """Where functions are in memory, by which upstream orders them, is chance."""
    check_text(tmp_path, file, passes, runs=6)
