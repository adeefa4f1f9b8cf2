# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fisher-instrument adds to a training step.

    .venv/bin/python benchmarks/instrument.py [--width 512] [--rounds 200]

Compiles the step of a Bayesian network of one hidden layer, batches of 64 rows, by
itself, with a policy, and with the policy measured in every step or in one of so
many, and lets them take turns. FISHER_BUILD_DIR is the build folder (default:
build).
"""

import argparse
import ctypes
import os
import pathlib
import re
import subprocess
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("FISHER_BUILD_DIR", ROOT / "build"))
POLICY = ROOT / "examples" / "prior.policy.mlir"
VARIANTS = {
    "the step": [],
    "regularized": [f"--policy={POLICY}"],
    "regularized and measured": [f"--policy={POLICY}", "--measure"],
}


def step_text(width):
    """The model's step with a hidden layer of another width."""
    text = (ROOT / "test" / "Models" / "bayes_mlp" / "step.mlir").read_text()

    def widen(shape):
        return re.sub(r"(?<!\d)32(?=x)", str(width), shape[0])

    text = re.sub(r"tensor<[\dx]+x\w+>", widen, text)
    return text.replace("output_shape [1, 32]", f"output_shape [1, {width}]")


class Step:
    """A compiled variant and arrays for its arguments and results."""

    def __init__(self, folder, name, options, text, threads):
        module = folder / "step.mlir"
        module.write_text(text)
        base = folder / name.replace(" ", "_")
        subprocess.run(
            [BUILD / "bin" / "fisher-run", module, *options, f"--parallel={threads}",
             "--emit=shared,header", "-o", base],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.function = ctypes.CDLL(base.with_suffix(".so")).fisher_main
        random = np.random.default_rng(0)
        self.arrays = {}
        header = base.with_suffix(".h").read_text()
        kinds = {"float": np.float32, "double": np.float64, "int32_t": np.int32}
        pattern = r": \w+ \[([\d, ]*)\].*\*/\s+(?:const )?(\w+) \*(\w+)"
        for sizes, kind, argument in re.findall(pattern, header):
            shape = [int(size) for size in sizes.split(",") if size.strip()]
            array = np.zeros(shape, kinds[kind])
            if argument.endswith(("_mu", "_mu_frozen")) or argument in ("x", "eps0", "eps1"):
                array[...] = random.normal(0, 0.1, shape)
            elif argument.endswith(("_rho", "_rho_frozen")):
                array[...] = -3
            self.arrays[argument] = array
        self.pointers = [ctypes.c_void_p(a.ctypes.data) for a in self.arrays.values()]

    def call(self):
        self.function(*self.pointers)


class Sampled:
    """One step in so many is another."""

    def __init__(self, usual, measured, every):
        self.usual, self.measured, self.every, self.number = usual, measured, every, 0

    def call(self):
        (self.usual if self.number % self.every else self.measured).call()
        self.number += 1


def microseconds(step, calls):
    begin = time.perf_counter()
    for _ in range(calls):
        step.call()
    return (time.perf_counter() - begin) / calls * 1e6


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--width", type=int, default=512, help="of the hidden layer")
    parser.add_argument("--rounds", type=int, default=200, help="turns of each variant")
    parser.add_argument("--calls", type=int, default=50, help="steps in a turn")
    parser.add_argument("--every", type=int, default=50, help="steps between measurements")
    parser.add_argument("--one-thread", action="store_true", help="use one thread")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = step_text(options.width)
        steps = {
            name: Step(pathlib.Path(folder), name, flags, text, str(not options.one_thread).lower())
            for name, flags in VARIANTS.items()
        }
        usual, measured = (steps[name] for name in list(VARIANTS)[1:])
        steps[f"measured every {options.every}"] = Sampled(usual, measured, options.every)
        times = {name: [] for name in steps}
        for _ in range(options.rounds):
            for name, step in steps.items():
                times[name].append(microseconds(step, options.calls))
    for name, values in times.items():
        ratio = np.median(np.array(values) / np.array(times["regularized"]))
        print(
            f"{name:24}  {min(values):8.1f} µs least, {np.median(values):8.1f} µs median, "
            f"{ratio:.3f} of regularized"
        )


if __name__ == "__main__":
    main()
