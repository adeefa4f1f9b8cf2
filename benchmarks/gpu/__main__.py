#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure how fast kernels are on a GPU, next to the device's own copies.

Each case is compiled by fisher-gpu-pipeline for the chip of the device, run with
its data there, and compared once with what the CPU computes. Times are the
shortest of many calls:

  kernels  all kernels of a call, each between two events
  call     a call with all that the host does, until it is done
  copy     copies in the device, by its driver, of as many bytes as the case must
           read and write
  torch    torch.compile on the same GPU, by events around ten calls, where a
           Python that has PyTorch with CUDA is found

Workloads, in f32, are W1 to W4 of benchmarks/runtime:

  W1  sum of d² of Gaussians (sigma) and its gradients
  W2  the same of categorical distributions (logits)
  W3  the same of von Mises distributions (kappa)
  W4  W1 and AdamW in one step that updates parameters and moments in place

and, as "products", matrix products of f32 and bf16, which are compared with what
numpy computes in f64, and timed next to torch.matmul without tf32.

What is found is printed as a table, and written as gpu.json and gpu.md.
"""

import argparse
import ctypes
import datetime
import json
import math
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "runtime"))

import numpy as np
import products
import programs
from cases import STATE, STEP, aligned, all_cases, inputs
from device import Buffer, Device, DeviceError
from products import Product, all_products

WORKLOADS = ["W1", "W2", "W3", "W4", products.WORKLOAD]
TARGETS = {"cuda": "nvptx", "hip": "amdgpu", "opencl": "spirv"}
# Largest max|difference|/max|expected| of results.
TOLERANCE = 1e-5


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="benchmarks/gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--device", choices=TARGETS, default="cuda", help="(cuda)")
    parser.add_argument(
        "--only", nargs="+", choices=WORKLOADS, default=WORKLOADS, metavar="W",
        help="measure these workloads, of " + ", ".join(WORKLOADS),
    )  # fmt: skip
    parser.add_argument("--seconds", type=float, help="of a measurement (1)")
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and short, to see that all works"
    )
    parser.add_argument(
        "--compile-only",
        metavar="CHIP",
        help="only write the compiled code into the output folder, for a chip such as "
        "sm_90 that need not be here ('' for opencl)",
    )
    parser.add_argument(
        "--no-compile",
        action="store_true",
        help="take the code that the output folder has; LLVM is not needed then",
    )
    parser.add_argument(
        "--torch",
        metavar="PYTHON",
        help="the Python that has PyTorch with CUDA, or 'none' (the first found)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=programs.BUILD / "gpu",
        help="the folder that is written (gpu in the build folder)",
    )  # fmt: skip
    options = parser.parse_args()
    options.seconds = options.seconds or (0.05 if options.quick else 1)
    return options


def log(text):
    print(text, file=sys.stderr, flush=True)


def library_path(case, options, kind):
    return options.output / f"{str(case).replace(' ', '-')}.{kind}.so"


def compile_case(case, options, chip):
    """Libraries for the device, and for any CPU to compare with."""
    log(f"compiling {case} for {chip or options.device}")
    words = f"target={TARGETS[options.device]}" + (f" chip={chip}" if chip else "")
    any_cpu = {"cpu": "generic", "flags": ()}
    is_product = isinstance(case, Product)
    text = (products if is_product else programs).module_text(case)
    programs.make_library(
        library_path(case, options, "device").with_suffix(""), text,
        [f"--fisher-gpu-pipeline={words}"], **any_cpu,
    )  # fmt: skip
    if is_product:
        return
    programs.make_library(
        library_path(case, options, "cpu").with_suffix(""), text,
        ["--fisher-cpu-pipeline=threads=false vector-bits=128"], **any_cpu,
    )  # fmt: skip


def make_operands(case):
    """The arrays that a case's function takes, and which of them it writes."""
    given = inputs(case)
    penalty = aligned(())
    if case.workload == "W4":
        step = aligned(())
        step[...] = STEP
        state = [given[name] for name in STATE]
        others = [given[name] for name in given if name not in STATE]
        return [*state, *others, step, penalty], [*range(len(state)), len(given) + 1]
    gradients = [aligned(case.size) for _ in range(case.streams[1])]
    arrays = [*given.values(), penalty, *gradients]
    return arrays, list(range(len(given), len(arrays)))


def _function(library):
    function = ctypes.CDLL(str(library))._mlir_ciface_main
    function.restype = None
    return function


def _host_descriptor(array):
    strides = [stride // array.itemsize for stride in array.strides]
    values = [array.ctypes.data] * 2 + [0, *array.shape, *strides]
    return (ctypes.c_int64 * len(values))(*values)


def difference(got, expected):
    scale = np.max(np.abs(expected), initial=0)
    found = np.max(np.abs(got.astype(np.float64) - expected), initial=0)
    return float(found / scale) if scale else float(found)


def check(case, options, buffers, written):
    """The largest difference from what the CPU computes from the same arrays."""
    expected = [buffer.array.copy() for buffer in buffers]
    function = _function(library_path(case, options, "cpu"))
    function(*(ctypes.byref(_host_descriptor(array)) for array in expected))
    return max(difference(buffers[i].read(), expected[i]) for i in written)


def best_of(seconds, measure):
    """The shortest of many times, and how many they were."""
    best, count, end = math.inf, 0, time.perf_counter() + seconds
    while count < 3 or time.perf_counter() < end:
        best = min(best, measure())
        count += 1
    return best, count


def time_calls(call, options, device):
    """What is told of any case: the kernels' times, and those of whole calls."""
    _, kernel_count = device.kernel_seconds(call)

    def whole_call():
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    kernel_seconds, samples = best_of(options.seconds, lambda: device.kernel_seconds(call)[0])
    call_seconds, _ = best_of(options.seconds / 2, whole_call)
    return {
        "kernels": kernel_count,
        "kernel_seconds": kernel_seconds,
        "call_seconds": call_seconds,
        "samples": samples,
    }


def load_call(case, options, buffers):
    """A call of a case's code for the device, on buffers there."""
    function = _function(library_path(case, options, "device"))
    descriptors = [ctypes.byref(buffer.descriptor) for buffer in buffers]
    return lambda: function(*descriptors)


def measure_product(case, options, device):
    buffers = [Buffer(device, array) for array in products.make_operands(case)]
    call = load_call(case, options, buffers)
    call()
    error = products.difference(case, *(buffer.read() for buffer in buffers))
    if not error <= products.TOLERANCE[case.element]:
        raise SystemExit(f"{case}: results differ from numpy's by {error:.2e}")
    result = time_calls(call, options, device)
    for buffer in buffers:
        buffer.free()
    return {
        "case": str(case),
        "operations": case.operations,
        **result,
        "difference": error,
    }


def measure(case, options, device):
    if isinstance(case, Product):
        return measure_product(case, options, device)
    arrays, written = make_operands(case)
    buffers = [Buffer(device, array) for array in arrays]
    call = load_call(case, options, buffers)
    call()
    error = check(case, options, buffers, written)
    if not error <= TOLERANCE:
        raise SystemExit(f"{case}: results differ from the CPU's by {error:.2e}")

    result = time_calls(call, options, device)
    moved = sum(case.streams) * case.elements * 4
    half = moved // 2
    source, target = device.allocate(half), device.allocate(half)
    count = max(3, min(100, 10**9 // max(half, 1)))
    copy_seconds, _ = best_of(
        options.seconds / 2, lambda: device.copy_seconds(target, source, half, count)
    )
    for memory in (source, target):
        device.free(memory)
    for buffer in buffers:
        buffer.free()
    return {
        "case": str(case),
        "elements": case.elements,
        "bytes": moved,
        **result,
        "copy_seconds": copy_seconds,
        "difference": error,
    }


def find_torch(options):
    """A Python that has PyTorch and sees a CUDA device, or nothing."""
    if options.torch == "none" or options.device != "cuda":
        return None
    candidates = [options.torch] if options.torch else [
        str(programs.BUILD / "runtime-venv" / "bin" / "python"), "python3", "/usr/bin/python3",
        sys.executable,
    ]  # fmt: skip
    for python in candidates:
        try:
            done = subprocess.run(
                [python, "-c", "import torch; assert torch.cuda.is_available()"],
                capture_output=True, timeout=300,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return python
    if options.torch:
        raise SystemExit(f"{options.torch} has no PyTorch that sees a CUDA device")
    return None


def measure_torch(python, cases, options):
    """Seconds by case, and the version; what fails is told and left out."""
    names = [
        str(case)
        if isinstance(case, Product)
        else f"{case.workload}:{'x'.join(map(str, case.size))}"
        for case in cases
    ]
    process = subprocess.Popen(
        [python, HERE / "by_torch.py", str(options.seconds), *names],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    version, seconds = None, {}
    for line in process.stdout:
        found = json.loads(line)
        version = found.get("version", version)
        if "case" in found:
            log(f"PyTorch: {found['case']}")
            seconds[found["case"]] = found["seconds"]
    if process.wait():
        log(f"PyTorch ended with status {process.returncode}")
    return version, seconds


def _number(seconds):
    return f"{seconds * 1e6:,.1f}"


def _seconds(name):
    return lambda result: _number(result[name])


TIMES = [
    ("kernels, µs", _seconds("kernel_seconds")),
    ("call, µs", _seconds("call_seconds")),
]
# Of what moves memory, and of what multiplies: what PyTorch's rival is, and the
# columns behind the case.
MOVING = "torch.compile", [
    *TIMES,
    ("copy, µs", _seconds("copy_seconds")),
    ("GB/s", lambda result: f"{result['bytes'] / result['kernel_seconds'] / 1e9:,.0f}"),
    ("copy's GB/s", lambda result: f"{result['bytes'] / result['copy_seconds'] / 1e9:,.0f}"),
    ("of copy's speed", lambda result: f"{result['copy_seconds'] / result['kernel_seconds']:.0%}"),
]
PRODUCTS = "torch.matmul", [
    *TIMES,
    ("TFLOP/s", lambda result: f"{result['operations'] / result['kernel_seconds'] / 1e12:.3g}"),
    ("difference", lambda result: f"{result['difference']:.1e}"),
]


def _table(results, rival, columns):
    rows = [[result["case"], *(make(result) for _, make in columns)] for result in results]
    head = ["case", *(name for name, _ in columns)]
    if any("torch_seconds" in result for result in results):
        head += [f"{rival}, µs", "torch / kernels"]
        for row, result in zip(rows, results):
            seconds = result.get("torch_seconds")
            row += (
                [_number(seconds), f"{seconds / result['kernel_seconds']:.2f}"]
                if seconds
                else ["", ""]
            )
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def table(report):
    moving, products = (
        [result for result in report["results"] if ("operations" in result) == multiplies]
        for multiplies in (False, True)
    )
    tables = [(moving, *MOVING), (products, *PRODUCTS)]
    return "\n".join(_table(*arguments) for arguments in tables if arguments[0])


def document(report):
    torch = f" {report['torch']}." if report.get("torch") else ""
    return (
        f"# Kernels on {report['device']}\n\n"
        f"Measured {report['date']} by `utils/bench_gpu.sh` through "
        f"{report['api']}{', ' + report['chip'] if report['chip'] else ''}.{torch} "
        "Shortest times; a copy moves as many bytes as the case must.\n\n" + table(report)
    )


def main():
    options = parse_arguments()
    options.output.mkdir(parents=True, exist_ok=True)
    cases = [case for case in all_cases(options.quick) if case.workload in options.only]
    if products.WORKLOAD in options.only:
        cases += all_products(options.quick)
    if options.compile_only is not None:
        for case in cases:
            compile_case(case, options, options.compile_only)
        return
    try:
        device = Device(programs.BUILD / "lib" / "libFisherRuntime.so", options.device)
    except DeviceError as error:
        raise SystemExit(f"--device={options.device}: {error}") from None
    report = {
        "date": datetime.date.today().isoformat(),
        "api": options.device,
        "device": device.name,
        "chip": device.chip,
        "results": [],
    }
    log(f"{device.name} {device.chip}")
    for case in cases:
        if not options.no_compile:
            compile_case(case, options, device.chip)
        log(f"measuring {case}")
        report["results"].append(measure(case, options, device))
    if python := find_torch(options):
        report["torch"], seconds = measure_torch(python, cases, options)
        for result in report["results"]:
            if result["case"] in seconds:
                result["torch_seconds"] = seconds[result["case"]]
    (options.output / "gpu.json").write_text(json.dumps(report, indent=1) + "\n")
    (options.output / "gpu.md").write_text(document(report))
    print(table(report), end="")
    log(f"wrote gpu.json and gpu.md in {options.output}")


if __name__ == "__main__":
    try:
        main()
    except programs.BuildError as error:
        raise SystemExit(str(error)) from None
