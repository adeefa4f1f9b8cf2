# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The benchmark of kernels, cut short, on what runs OpenCL on the CPU."""

import json
import os
import subprocess
import sys

import pytest

from paths import BUILD, ROOT

DRIVERS = BUILD / "test" / "fake_drivers"


def bench(*arguments, **environment):
    return subprocess.run(
        [ROOT / "utils" / "bench_gpu.sh", *map(str, arguments)],
        capture_output=True, text=True,
        env={**os.environ, "BUILD_DIR": str(BUILD), "PYTHON": sys.executable,
             "FISHER_OPENCL_PLATFORM": "Portable Computing Language",
             **environment})


def test_quick(tmp_path):
    done = bench("--device", "opencl", "--quick", "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "gpu.json").read_text())
    assert {result["case"].split()[0] for result in report["results"]} == {
        "W1", "W2", "W3", "W4", "product"}
    for result in report["results"]:
        assert result["kernels"] > 0
        assert 0 < result["kernel_seconds"] < 1
        if result["case"].startswith("product"):
            assert result["operations"] > 0
            assert 0 <= result["difference"] <= (
                2.0**-8 if "bf16" in result["case"] else 1e-5)
        else:
            assert 0 < result["copy_seconds"] < 1
            assert 0 <= result["difference"] <= 1e-5
        assert f"| {result['case']} |" in done.stdout
    assert done.stdout in (tmp_path / "gpu.md").read_text()


@pytest.mark.parametrize("workload, told", [
    ("W1", "W1 1000: results differ from the CPU's by"),
    ("products", "product 40x50x60 f32: results differ from numpy's by"),
])
def test_wrong_results_are_told(workload, told, tmp_path):
    """Kernels that do nothing, of code that was compiled before."""
    chosen = ("--device", "cuda", "--quick", "--only", workload, "-o", tmp_path)
    done = bench(*chosen, "--compile-only", "sm_90")
    assert done.returncode == 0, done.stderr
    done = bench(*chosen, "--no-compile", LD_LIBRARY_PATH=str(DRIVERS))
    assert done.returncode == 1
    assert "code for .target sm_90" in done.stderr
    assert told in done.stderr
    assert not (tmp_path / "gpu.json").exists()


def test_a_device_that_cannot_be_opened():
    done = bench("--device", "opencl", "--quick", FISHER_OPENCL_PLATFORM="Nobody's")
    assert done.returncode == 1
    assert "--device=opencl: no OpenCL device" in done.stderr
