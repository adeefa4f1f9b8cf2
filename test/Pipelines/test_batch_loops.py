# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Steps with many small tensors: one parallel region for many, the same bits."""

import re
import subprocess

import ml_dtypes
import numpy as np
import pytest

from execution import run, tool

TYPES = {"f32": np.float32, "bf16": ml_dtypes.bfloat16}
# Blocks are of 16384 elements here; some tensors are nothing, one, or several.
SIZES = [1, 7, 30000, 0, 1000, 16384, 40001, 64, 9000, 20000]


def parallel_regions(module, passes=("--fisher-cpu-pipeline",)):
    """How many parallel regions these passes make of a module."""
    done = subprocess.run([tool("fisher-opt"), *passes, "-"],
                          input=module, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.count("omp.parallel")


def runs(module, *arguments, monkeypatch):
    """The results without threads, and with 1, 2, 3 and 8 of them."""
    results = [run(module, *arguments, options=["--parallel=false"])]
    for threads in [1, 2, 3, 8]:
        monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
        results.append(run(module, *arguments))
    return results


def check_same(results):
    for others in results[1:]:
        for one, other in zip(results[0], others, strict=True):
            assert one.tobytes() == other.tobytes()


def normalize(sizes, element, count):
    """A module that divides each tensor by the root of one more than the mean of
    its squares, and adds up all those means."""
    arguments, body, results, types = [], "", [], []
    for i in range(count):
        size = sizes[i % len(sizes)]
        t = f"tensor<{size}x{element}>"
        arguments.append(f'%x{i}: {t} {{fisher.name = "x{i}"}}')
        results.append(f"%y{i}")
        types.append(t)
        body += f"""
  %n{i} = arith.constant {max(size, 1)}.0 : f64
  %s{i} = linalg.generic {{indexing_maps = [#id, #one], iterator_types = ["reduction"]}}
      ins(%x{i} : {t}) outs(%zero : tensor<f64>) {{
  ^bb0(%in: {element}, %sum: f64):
    %0 = arith.extf %in : {element} to f64
    %1 = arith.mulf %0, %0 : f64
    %2 = arith.addf %sum, %1 : f64
    linalg.yield %2 : f64
  }} -> tensor<f64>
  %v{i} = tensor.extract %s{i}[] : tensor<f64>
  %m{i} = arith.divf %v{i}, %n{i} : f64
  %p{i} = arith.addf %m{i}, %c1 : f64
  %r{i} = math.sqrt %p{i} : f64
  %k{i} = arith.truncf %r{i} : f64 to {element}
  %e{i} = tensor.empty() : {t}
  %y{i} = linalg.generic {{indexing_maps = [#id, #id], iterator_types = ["parallel"]}}
      ins(%x{i} : {t}) outs(%e{i} : {t}) {{
  ^bb0(%in: {element}, %out: {element}):
    %0 = arith.divf %in, %k{i} : {element}
    linalg.yield %0 : {element}
  }} -> {t}
  %t{i + 1} = arith.addf %t{i}, %m{i} : f64"""
    marks = [f'{t} {{fisher.updates = "x{i}"}}' for i, t in enumerate(types)]
    return f"""
#id = affine_map<(i) -> (i)>
#one = affine_map<(i) -> ()>
func.func @main({', '.join(arguments)}) -> ({', '.join(marks + ['f64'])}) {{
  %c1 = arith.constant 1.0 : f64
  %t0 = arith.constant 0.0 : f64
  %zero = arith.constant dense<0.0> : tensor<f64>{body}
  return {', '.join(results + [f'%t{count}'])} : {', '.join(types + ['f64'])}
}}
"""


@pytest.mark.parametrize("element", TYPES)
def test_sums_and_what_needs_them(element, monkeypatch):
    rng = np.random.default_rng(1)
    count = 2 * len(SIZES)
    arrays = [rng.standard_normal(SIZES[i % len(SIZES)]).astype(TYPES[element])
              for i in range(count)]
    module = normalize(SIZES, element, count)
    # The sums of all tensors, and then all of the rest.
    assert parallel_regions(module) == 2
    results = runs(module, *arrays, monkeypatch=monkeypatch)
    check_same(results)
    total = 0
    tolerance = {"f32": 1e-6, "bf16": 1e-2}[element]
    for array, result in zip(arrays, results[0]):
        wide = array.astype(np.float64)
        mean = np.sum(wide**2) / max(array.size, 1)
        total += mean
        np.testing.assert_allclose(result.astype(np.float64), wide / np.sqrt(1 + mean),
                                   rtol=tolerance, atol=0)  # fmt: skip
    np.testing.assert_allclose(results[0][-1], total, rtol=1e-12)


def test_more_loops_than_one_region_takes(monkeypatch):
    rng = np.random.default_rng(2)
    count = 150
    arrays = [rng.standard_normal(3000).astype(np.float32) for _ in range(count)]
    module = normalize([3000], "f32", count)
    # At most 64 loops each.
    assert parallel_regions(module) == 6
    check_same(runs(module, *arrays, monkeypatch=monkeypatch))


def test_too_little_work_for_threads():
    assert parallel_regions(normalize([100], "f32", 20)) == 0


def seconds(count):
    """How long the pass takes for so many loops, each with a sum behind it; the
    least of three times."""
    arguments, body = [], ""
    for i in range(count):
        arguments.append(f"%x{i}: memref<64xf32>, %s{i}: memref<f32>")
        body += f"""
  %p{i} = memref.alloca() : memref<4xf32>
  scf.parallel (%i) = (%c0) to (%c4) step (%c1) {{
    %0 = memref.load %x{i}[%i] : memref<64xf32>
    memref.store %0, %p{i}[%i] : memref<4xf32>
  }} {{fisher.work = 400000 : i64}}
  %v{i} = memref.load %p{i}[%c0] : memref<4xf32>
  memref.store %v{i}, %s{i}[] : memref<f32>"""
    module = f"""
func.func @main({', '.join(arguments)}) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index{body}
  return
}}
"""
    passes = "builtin.module(func.func(fisher-batch-loops{distinct-arguments}))"
    command = [tool("fisher-opt"), f"--pass-pipeline={passes}", "--mlir-disable-threading",
               "--mlir-timing", "--mlir-timing-display=list", "-"]  # fmt: skip
    times = []
    for _ in range(3):
        done = subprocess.run(command, input=module, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("scf.parallel") == -(-count // 64)
        times.append(float(re.search(r"(\d+\.\d+) .*  FisherBatchLoops$", done.stderr, re.M)[1]))
    return min(times)


def test_time_is_linear_in_the_number_of_loops():
    few, many = seconds(1000), seconds(8000)
    # Quadratic would be 64.
    assert many < 24 * max(few, 0.01)


def test_step_with_many_beliefs(monkeypatch):
    sizes = [5000, 300, 12000, 1, 40, 8000, 3000, 700]
    arguments, results, values, types = [], [], [], []
    for i, size in enumerate(sizes):
        for component in ["mu", "rho"]:
            t = f"tensor<{size}xf32>"
            name = f"layer{i}.{component}"
            values.append(f"%{component}{i}")
            types.append(t)
            arguments.append(f'{values[-1]}: {t} {{fisher.name = "{name}", fisher.role = "param"}}')
            results.append(f'{t} {{fisher.gradient_of = "{name}"}}')
    module = f"""
func.func @main(%loss: tensor<f32>, {', '.join(arguments)})
    -> (tensor<f32> {{fisher.role = "loss"}}, {', '.join(results)}) {{
  return %loss, {', '.join(values)} : tensor<f32>, {', '.join(types)}
}}
fisher.policy @policy {{
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<log_sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
}}
"""
    # Each of the larger ones would have its own.
    assert parallel_regions(module, ["--fisher-insert", "--fisher-cpu-pipeline"]) == 1
    rng = np.random.default_rng(3)
    arrays = [np.float32(1.0)] + [
        rng.standard_normal(size).astype(np.float32) for size in sizes for _ in range(2)
    ]
    check_same(runs(module, *arrays, monkeypatch=monkeypatch))
