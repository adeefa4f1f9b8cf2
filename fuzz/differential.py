#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Computes random modules in four ways and compares what comes out.

The grammar of the other fuzzers makes a function of operations on beliefs
(fuzz-generate --plain --seed=N). It is run

- fused: by fisher-cpu-pipeline, as fisher-run does it;
- unfused: converted to linalg, lowered by upstream's passes alone, and compiled
  by clang;
- xla: converted to StableHLO, compiled by jaxlib, where that is installed;
- truth: by the textbook formulas of benchmarks/numerics in a hundred digits,
  where there are such.

How far the first three may be from the truth follows from the module: the truth
is computed again with every operand and result of every operation changed by a
random rounding of its type, and what that does to the results, a few times over,
is allowed.
"""

import argparse
import ctypes
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

from evaluation import APART, RANGE, UNIT, compute_truth
from plain_modules import DTYPES, EVENT_RANK, draw, read_signature

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "test" / "support"))

import execution
import stock_mlir
from paths import BUILD, FISHER_OPT

try:
    import xla
except ImportError:
    xla = None

# How many times what roundings do is allowed. Formulas are good to 18 units in
# the last place; solutions by quadrature to a hundred.
ROUNDINGS = 64


def run_fused(text, arguments, results):
    return execution.run(text, *arguments)


def run_unfused(text, arguments, results):
    """By stock passes and clang; the conversion is the only one of ours."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        lowering = ",".join(["convert-fisher-to-linalg", stock_mlir.LOWERING])
        # Half precision is computed in f32, as upstream's own passes do it.
        lowering = lowering.replace(
            "func.func(convert-linalg-to-loops)",
            "func.func(convert-linalg-to-loops),math-extend-to-supported-types{target-type=f32}"
            ",arith-emulate-unsupported-floats{source-types=bf16,f16 target-type=f32}"
            ",arith-expand{include-bf16=true include-f4e2m1=false}")
        done = subprocess.run([FISHER_OPT, f"--pass-pipeline=builtin.module({lowering})"],
                              input=text, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        (folder / "llvm.mlir").write_text(done.stdout)
        (folder / "module.ll").write_text(
            stock_mlir._tool("mlir-translate", "--mlir-to-llvmir", folder / "llvm.mlir"))
        library = folder / "module.so"
        stock_mlir._tool("clang", "-O1", "-ffp-contract=off", "-w", "-shared", "-fPIC",
                         folder / "module.ll", "-lm", "-o", library)
        entry = ctypes.CDLL(str(library))._mlir_ciface_main
        memrefs = [stock_mlir._pass_array(np.ascontiguousarray(a).reshape(a.shape)) for a in arguments]

        class Results(ctypes.Structure):
            _fields_ = [(f"r{i}", stock_mlir._descriptor(len(shape)))
                        for i, (shape, _) in enumerate(results)]

        out = Results()
        entry(ctypes.byref(out), *map(ctypes.byref, memrefs))
        arrays = []
        for i, (shape, element) in enumerate(results):
            memref, dtype = getattr(out, f"r{i}"), DTYPES[element]
            size = int(np.prod(shape)) * dtype.itemsize
            data = ctypes.string_at(memref.aligned + dtype.itemsize * memref.offset, size)
            arrays.append(np.frombuffer(data, dtype).reshape(shape))
        return arrays


def run_xla(text, arguments, results):
    return xla.run(text, *arguments)


def compare(text, arguments):
    """What is wrong, as texts."""
    _, results = read_signature(text)
    if not results:
        return []
    given = list(arguments.values())
    ways = {"fused": run_fused, "unfused": run_unfused}
    if xla:
        ways["xla"] = run_xla
    outputs = {}
    for way, run in ways.items():
        try:
            outputs[way] = run(text, given, results)
        except (AssertionError, subprocess.CalledProcessError) as error:
            return [f"{way} fails: {str(error)[-2000:]}"]
    truth = compute_truth(text, arguments)
    faults = []
    for index, (shape, element) in enumerate(results):
        for way, arrays in outputs.items():
            if arrays[index].shape != shape or arrays[index].dtype != DTYPES[element]:
                faults.append(f"result {index} is {arrays[index].dtype}{list(arrays[index].shape)} "
                              f"by {way}, but should be {element}{list(shape)}")
        if faults:
            return faults
        values = {way: arrays[index].astype(np.float64) for way, arrays in outputs.items()}
        low, _ = RANGE[element]
        unit = UNIT[element]
        if truth is None:
            # Against the others alone: their middle one, and what half of the
            # digits are.
            middle = np.median(list(values.values()), axis=0)
            allowed = np.sqrt(unit) * (np.abs(middle) + np.max(np.abs(middle), initial=0)) + low
        else:
            middle, spread = truth[index]
            middle, spread = middle.reshape(shape), spread.reshape(shape)
            # What is moved apart is so much away from zero.
            # Elements of one event are rounded as the largest of them is.
            size = np.abs(middle)
            if size.ndim and size.size and any(family in text for family in EVENT_RANK):
                size = size.max(axis=-1, keepdims=True)
            allowed = ROUNDINGS * (spread + unit * size) + low + float(APART) * 1e6
        for way, value in values.items():
            known = np.isfinite(middle) & np.isfinite(allowed)
            wrong = known & ~(np.abs(value - middle) <= allowed)
            if wrong.any():
                at = tuple(int(x) for x in np.argwhere(wrong)[0])
                faults.append(
                    f"result {index} at {list(at)}: {way} has {value[at]!r}, "
                    f"{'truth' if truth else 'the middle of all'} is {middle[at]!r}, "
                    f"allowed are {allowed[at]:.3g}; " +
                    ", ".join(f"{w} {v[at]!r}" for w, v in values.items()))
    return faults


def generate(seed):
    return subprocess.run([str(BUILD / "bin" / "fuzz-generate"), "--plain", f"--seed={seed}"],
                          capture_output=True, text=True, check=True).stdout


def check(seed):
    """The module of a seed, and what is wrong with it."""
    text = generate(seed)
    arguments = draw(text, np.random.default_rng(seed))
    return text, compare(text, arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="the first module")
    parser.add_argument("--count", type=int, default=1, help="how many modules")
    parser.add_argument("--minutes", type=float, help="as many as can be compared in this time")
    parser.add_argument("--artifacts", type=pathlib.Path, default=pathlib.Path("."),
                        help="where modules that differ are written")
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes if options.minutes else None
    done = findings = 0
    while time.monotonic() < end if end else done < options.count:
        seed = options.seed + done
        text, faults = check(seed)
        done += 1
        if faults:
            findings += 1
            path = options.artifacts / f"differential-{seed}.mlir"
            path.write_text("".join(f"// {line}\n" for fault in faults
                                    for line in fault.splitlines()) + text)
            print(f"seed {seed}: {faults[0]}\n  written to {path}", flush=True)
        elif done % 25 == 0:
            print(f"{done} modules, {findings} differ", flush=True)
    print(f"{done} modules, {findings} differ")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
