# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fisher-instrument adds to a training step.

    .venv/bin/python benchmarks/instrument.py [--width 512] [--batch 64]

Compiles the step of a Bayesian network of one hidden layer by itself, with a policy,
and with the policy measured in every step, in every step but read in one of so many
(option `totals-only`), and in one of so many, and lets them take turns.
FISHER_BUILD_DIR is the build folder (default: build).
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
INSERT = f"--fisher-insert=policy-file={POLICY}"
MEASURE = f"--fisher-instrument=policy-file={POLICY}"
VARIANTS = {
    "the step": [],
    "regularized": [INSERT],
    "measured and read": [INSERT, MEASURE],
    "measured": [INSERT, f"{MEASURE} totals-only"],
}


# The values of the step with a row for each of a batch and a column for each hidden
# unit, which is what the weights have for each input: there are 64 of both.
ROWS = {"%22", "%23", "%24", "%25", "%26", "%27", "%103", "%106"}


def step_text(width, batch):
    """The model's step with a hidden layer of another width and other batches."""
    text = (ROOT / "test" / "Models" / "bayes_mlp" / "step.mlir").read_text()
    for old, new in [
        (r"(?<!\d)32(?=x)", f"{width}"),
        (r"output_shape \[1, 32\]", f"output_shape [1, {width}]"),
        # 64 of something that the weights do not have.
        (r"<64x(?=10x|1x|64x|f32|i32)", f"<{batch}x"),
        (r"output_shape \[64,", f"output_shape [{batch},"),
        (r"6\.4\d*e\+01", f"{batch}.0"),
    ]:
        text = re.sub(old, new, text)
    lines, of_rows = [], False
    for line in text.splitlines():
        names = re.findall(r"%\w+", line)
        if not line.lstrip().startswith(("}", "linalg.yield", "^")) and names:
            of_rows = of_rows if line.startswith("      ") else bool(ROWS & set(names))
        if of_rows and not line.startswith("      "):
            line = re.sub(r"%([014])\b", r"%rows\1", line)
            # The weights are the second operand of a product.
            weights = f", tensor<64x{width}xf32>) outs" if "%21" in names else None
            line = line.replace(weights, "@") if weights else line
            line = line.replace(f"<64x{width}x", f"<{batch}x{width}x")
            line = line.replace("@", weights) if weights else line
        if line.startswith("    %22 ="):
            rows = f"tensor<{batch}x{width}x"
            lines += [
                f"    %rows0 = tensor.empty() : {rows}f32>",
                f"    %rows4 = tensor.empty() : {rows}i1>",
                f"    %rows1 = linalg.fill ins(%cst_2 : f32) outs(%rows0 : {rows}f32>) -> {rows}f32>",
            ]
        lines.append(line)
    return "\n".join(lines)


class Step:
    """A compiled variant and arrays for its arguments and results."""

    def __init__(self, folder, name, passes, text, threads):
        module = folder / "step.mlir"
        module.write_text(text)
        if passes:
            subprocess.run(
                [BUILD / "bin" / "fisher-opt", module, *passes, "-o", folder / "passed.mlir"],
                check=True, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            module = folder / "passed.mlir"
        base = folder / name.replace(" ", "_")
        subprocess.run(
            [BUILD / "bin" / "fisher-run", module, f"--parallel={threads}",
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
    parser.add_argument("--batch", type=int, default=64, help="rows of a batch")
    parser.add_argument("--rounds", type=int, default=200, help="turns of each variant")
    parser.add_argument("--calls", type=int, default=50, help="steps in a turn")
    parser.add_argument("--every", type=int, default=50, help="steps between readings")
    parser.add_argument("--one-thread", action="store_true", help="use one thread")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = step_text(options.width, options.batch)
        steps = {
            name: Step(pathlib.Path(folder), name, flags, text, str(not options.one_thread).lower())
            for name, flags in VARIANTS.items()
        }
        usual, read, measured = (steps[name] for name in list(VARIANTS)[1:])
        steps[f"measured, read every {options.every}"] = Sampled(measured, read, options.every)
        steps[f"measured every {options.every}"] = Sampled(usual, read, options.every)
        times = {name: [] for name in steps}
        for _ in range(options.rounds):
            for name, step in steps.items():
                times[name].append(microseconds(step, options.calls))
    for name, values in times.items():
        ratio = min(values) / min(times["regularized"])
        print(
            f"{name:25}  {min(values):8.1f} µs least, {np.median(values):8.1f} µs median, "
            f"{ratio:.3f} of regularized by the least"
        )


if __name__ == "__main__":
    main()
