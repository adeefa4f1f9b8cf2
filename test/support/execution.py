# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs modules as fisher-run does and reads reference tables."""

import atexit
import contextlib
import csv
import os
import pathlib
import subprocess
import tempfile

import ml_dtypes
import numpy as np

from paths import BUILD

# Where modules run, as fisher-run's --device says it, or xla. PoCL runs OpenCL's
# kernels on the CPU.
os.environ.setdefault("FISHER_OPENCL_PLATFORM", "Portable Computing Language")
DEVICE = os.environ.get("FISHER_TEST_DEVICE", "cpu")
# XLA multiplies and adds with one rounding wherever it can, in an order that
# depends on what else a module computes.
CONTRACTS = DEVICE == "xla"


def tool(name):
    """The path of a tool that was built."""
    return str(BUILD / "bin" / name)


class Server:
    """A process that runs modules on the device, one after another: starting one
    and opening a device take longer than most of them, and the last modules
    stay compiled."""

    def __init__(self, options):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [tool("fisher-run-many"), f"--device={DEVICE}", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            text=True)

    def run(self, *paths):
        """What was wrong, or nothing."""
        self.errors.seek(0)
        self.errors.truncate()
        with contextlib.suppress(BrokenPipeError):
            print(*paths, sep="\n", file=self.process.stdin, flush=True)
        if self.process.stdout.readline() == "done\n":
            return ""
        self.errors.seek(0)
        return self.errors.read().decode() or "it failed without a message"

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


_servers = {}


@atexit.register
def end_servers():
    while _servers:
        _servers.popitem()[1].end()


def _run_in_server(options, *paths):
    # OpenMP reads the number of threads once.
    key = options, os.environ.get("OMP_NUM_THREADS")
    if key not in _servers:
        _servers[key] = Server(options)
    error = _servers[key].run(*paths)
    if error:
        # A driver's error ends the process.
        end_servers()
    return error


def _run_alone(options, module, inputs, outputs):
    done = subprocess.run([tool("fisher-run"), module, f"--inputs={inputs}",
                           f"--outputs={outputs}", f"--device={DEVICE}", *options],
                          capture_output=True, text=True)
    return done.stderr if done.returncode else ""


# What a server knows of fisher-run's options.
SERVED = ("--parallel", "--load-dialect-plugin")


def run(module, *arguments, options=(), alone=False):
    """The results of `@main` of the module's text for arrays, in order. What is
    run alone has a process that ends with it."""
    if DEVICE == "xla":
        import xla
        return xla.run(module, *arguments)
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / name
                 for name in ("module.mlir", "in.npz", "out.npz")]
        paths[0].write_text(module)
        np.savez(paths[1], **{f"arg{i}": array
                              for i, array in enumerate(arguments)})
        served = not alone and all(option.startswith(SERVED) for option in options)
        run_there = _run_in_server if served else _run_alone
        error = run_there(tuple(options), *paths)
        assert not error, error
        with np.load(paths[2]) as results:
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
