# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs modules through fisher-run and reads reference tables."""

import csv
import os
import pathlib
import subprocess
import tempfile

import ml_dtypes
import numpy as np

from paths import BUILD

# Where modules run, as fisher-run's --device says it. PoCL runs OpenCL's kernels
# on the CPU.
os.environ.setdefault("FISHER_OPENCL_PLATFORM", "Portable Computing Language")
DEVICE = os.environ.get("FISHER_TEST_DEVICE", "cpu")


def tool(name):
    """The path of a tool that was built."""
    return str(BUILD / "bin" / name)


def run(module, *arguments, options=()):
    """The results of `@main` of the module's text for arrays, in order."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "module.mlir").write_text(module)
        inputs = {f"arg{i}": array for i, array in enumerate(arguments)}
        np.savez(folder / "in.npz", **inputs)
        command = [tool("fisher-run"), str(folder / "module.mlir"),
                   f"--inputs={folder / 'in.npz'}",
                   f"--outputs={folder / 'out.npz'}", f"--device={DEVICE}",
                   *options]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        with np.load(folder / "out.npz") as results:
            return [_as_bfloat16(results[f"out{i}"])
                    for i in range(len(results.files))]


def _as_bfloat16(array):
    """numpy stores bfloat16 as raw pairs of bytes."""
    return array.view(ml_dtypes.bfloat16) if array.dtype == "V2" else array


def read_table(path):
    """The rows of a table of reference/, as dictionaries of decimal texts."""
    with open(path) as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.DictReader(lines))
