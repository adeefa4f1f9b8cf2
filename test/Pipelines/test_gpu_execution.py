# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels that run: on a CPU, for want of a device, through OpenCL."""

import concurrent.futures
import os
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

import execution
import gpu
from contraction import contraction
from paths import FAMILIES, ROOT
from test_gpu_code import penalty

pytestmark = pytest.mark.skipif(not gpu.can_run(),
                                reason="needs OpenCL and llvm-spirv-15")
MODELS = ROOT / "test" / "Models"


def run_family(name):
    """The tests of a family against its reference, on the device."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short", "-m", "reference",
         ROOT / "test" / "Families" / name],
        # PoCL's vectors would double the time: it goes into compiling.
        env={**os.environ, "FISHER_TEST_DEVICE": "opencl",
             "POCL_WORK_GROUP_METHOD": "loops"},
        capture_output=True, text=True)


@pytest.fixture(scope="module")
def families(request):
    """All runs that are asked for, as many at once as there are processors."""
    names = [item.callspec.params["family"] for item in request.session.items
             if item.originalname == "test_families"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield {name: pool.submit(run_family, name) for name in names}


@pytest.mark.parametrize("family", FAMILIES)
def test_families(families, family):
    """The reference tables hold on the device, with the CPU's bounds. What the
    CPU is tested with besides takes minutes there:
    FISHER_TEST_DEVICE=opencl pytest test/Families"""
    done = families[family].result()
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    assert " passed" in done.stdout and " skipped" not in done.stdout


@pytest.mark.parametrize("element", ["f64", "f32", "bf16", "f16"])
def test_sizes_and_alignments(element):
    """No element, whole vectors, what is left behind them, more than one block,
    and buffers that vectors may not be moved from."""
    module = penalty("gaussian<log_sigma>", "?x", element)
    program = gpu.Program(module)
    dtype = gpu.ELEMENTS[element]
    rng = np.random.default_rng(0)
    for size in (0, 1, 3, 8, 9, 1023, 2048, 70001):
        inputs = [rng.normal(size=size).astype(dtype) for _ in range(4)]
        inputs.append(np.array(0.37, gpu.ELEMENTS[
            "f64" if element == "f64" else "f32"]))
        expected = execution.run(module, *inputs)
        got = program(*inputs)
        # The same bits for memory that is aligned otherwise, and next time.
        for offset in (0, 1):
            for one, other in zip(got, program(*inputs, offset=offset)):
                np.testing.assert_array_equal(one, other)
        eps = float(ml_dtypes.finfo(dtype).eps)
        assert abs(got[0] - expected[0]) <= 1e-6 * abs(expected[0])
        for one, other in zip(got[1:], expected[1:]):
            np.testing.assert_allclose(one.astype("f8"), other.astype("f8"),
                                       rtol=16 * eps, atol=8 * eps)


def test_contractions():
    """Those of the CPU's tests, against numpy in f64 with the CPU's bounds: one
    tile and several, whole or not, every layout, type and start."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k",
         "layouts or sizes or empty or dimensions or wider or starts or "
         "convolution and 16-32",
         ROOT / "test" / "Transforms" / "test_contractions.py"],
        env={**os.environ, "FISHER_TEST_DEVICE": "opencl"},
        capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("element", ["f64", "f32", "bf16", "f16"])
@pytest.mark.parametrize("m, n, k", [
    (1, 3, 17), (64, 128, 65), (300, 40, 128), (64, 64, 1000), (3, 300, 0),
    (0, 64, 17),
])
def test_contraction_bits(m, n, k, element):
    """The same, whether vectors may be moved or not, and each time; and nothing
    is written behind the result."""
    program = gpu.Program(contraction("mk,kn->mn", {"m": m, "n": n, "k": k},
                                      (element,) * 3))
    dtype = gpu.ELEMENTS[element]
    rng = np.random.default_rng(2)
    a, b, c = (rng.normal(size=size).astype(dtype)
               for size in ((m, k), (k, n), (m, n)))
    (first,) = program(a, b, c)
    for offset in (0, 1):
        (again,) = program(a, b, c, offset=offset)
        np.testing.assert_array_equal(first, again)
    exact = a.astype("f8") @ b.astype("f8")
    eps = float(ml_dtypes.finfo(dtype).eps)
    depth = max(k, 1) * (2.0**-53 if element == "f64" else 2.0**-24)
    magnitude = abs(a.astype("f8")) @ abs(b.astype("f8"))
    assert np.all(abs(first.astype("f8") - exact) <=
                  eps * abs(exact) + depth * magnitude)


KERNELS = {
    "rows": """
  %i = linalg.fill ins(%zero : f32) outs(%row : tensor<65xf32>) -> tensor<65xf32>
  %r = linalg.reduce {arith.addf} ins(%x : tensor<65x300xf32>)
      outs(%i : tensor<65xf32>) dimensions = [1]
  return %r : tensor<65xf32>""",
    "columns": """
  %i = linalg.fill ins(%zero : f32) outs(%column : tensor<300xf32>) -> tensor<300xf32>
  %r = linalg.reduce {arith.addf} ins(%x : tensor<65x300xf32>)
      outs(%i : tensor<300xf32>) dimensions = [0]
  return %r : tensor<300xf32>""",
    "largest": """
  %i = linalg.fill ins(%zero : f32) outs(%one : tensor<f32>) -> tensor<f32>
  %r = linalg.reduce {arith.maximumf} ins(%x : tensor<65x300xf32>)
      outs(%i : tensor<f32>) dimensions = [0, 1]
  return %r : tensor<f32>""",
    "transposed": """
  %e = tensor.empty() : tensor<300x65xf32>
  %r = linalg.transpose ins(%x : tensor<65x300xf32>)
      outs(%e : tensor<300x65xf32>) permutation = [1, 0]
  return %r : tensor<300x65xf32>""",
    "product": """
  %e = tensor.empty() : tensor<65x64xf32>
  %i = linalg.fill ins(%zero : f32) outs(%e : tensor<65x64xf32>) -> tensor<65x64xf32>
  %s = tensor.extract_slice %x[0, 3] [65, 256] [1, 1] : tensor<65x300xf32> to tensor<65x256xf32>
  %y = arith.constant dense<0.25> : tensor<256x64xf32>
  %r = linalg.matmul ins(%s, %y : tensor<65x256xf32>, tensor<256x64xf32>)
      outs(%i : tensor<65x64xf32>) -> tensor<65x64xf32>
  return %r : tensor<65x64xf32>""",
    "condition": """
  %c0 = arith.constant 0 : index
  %first = tensor.extract %x[%c0, %c0] : tensor<65x300xf32>
  %positive = arith.cmpf ogt, %first, %zero : f32
  %r = scf.if %positive -> (tensor<65x300xf32>) {
    %n = arith.negf %x : tensor<65x300xf32>
    scf.yield %n : tensor<65x300xf32>
  } else {
    %n = arith.mulf %x, %x : tensor<65x300xf32>
    scf.yield %n : tensor<65x300xf32>
  }
  return %r : tensor<65x300xf32>""",
    "constant": """
  %c0 = arith.constant 0 : index
  %t = arith.constant dense<[1.0, 2.0, 4.0, 8.0, 16.0]> : tensor<5xf32>
  %e = tensor.empty() : tensor<5xf32>
  %s = tensor.extract_slice %x[0, 0] [1, 5] [1, 1] : tensor<65x300xf32> to tensor<5xf32>
  %r = linalg.add ins(%t, %s : tensor<5xf32>, tensor<5xf32>) outs(%e : tensor<5xf32>) -> tensor<5xf32>
  return %r : tensor<5xf32>""",
}


@pytest.mark.parametrize("name", KERNELS)
def test_kernels(name):
    body = KERNELS[name]
    result = body.rsplit(" : ", 1)[1]
    module = f"""
func.func @main(%x: tensor<65x300xf32>) -> {result} {{
  %zero = arith.constant 0.0 : f32
  %row = tensor.empty() : tensor<65xf32>
  %column = tensor.empty() : tensor<300xf32>
  %one = tensor.empty() : tensor<f32>{body}
}}"""
    x = np.random.default_rng(1).normal(size=(65, 300)).astype("f4")
    (expected,) = execution.run(module, x)
    (got,) = gpu.run(module, x)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["mlp_adamw", "vae", "policy_gradient"])
def test_training_steps(name):
    program = gpu.Program((MODELS / name / "step.mlir").read_text())
    with np.load(MODELS / name / "io.npz") as data:
        inputs = [data[f"arg{i}"] for i in range(len(data.files))
                  if f"arg{i}" in data.files]
        expected = [data[f"out{i}"] for i in range(len(data.files))
                    if f"out{i}" in data.files]
    for got, want in zip(program(*inputs), expected, strict=True):
        error = np.max(np.abs(got - want), initial=0)
        assert error <= 1e-5 * np.max(np.abs(want), initial=0)


def test_powers_of_f32():
    special = np.array([0, -0.0, 1, -1, 2, -2, 3, -3, .5, -.5, np.inf, -np.inf,
                        np.nan, 1e-40, 3e38, -3e38, 7.3, 0.9], "f4")
    x, y = (grid.ravel() for grid in np.meshgrid(special, special))
    module = """
func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %0 = math.powf %x, %y : tensor<?xf32>
  return %0 : tensor<?xf32>
}"""
    with np.errstate(all="ignore"):
        expected = (x.astype("f8") ** y.astype("f8")).astype("f4")
    for run in (execution.run, gpu.run):
        np.testing.assert_array_equal(run(module, x, y)[0], expected)


def test_halves_are_converted_exactly():
    """OpenCL may know no f16: its conversions are arithmetic on integers."""
    every = np.arange(1 << 16, dtype="u2").view("f2")
    (wide,) = gpu.run("""
func.func @main(%x: tensor<?xf16>) -> tensor<?xf32> {
  %0 = arith.extf %x : tensor<?xf16> to tensor<?xf32>
  return %0 : tensor<?xf32>
}""", every)
    np.testing.assert_array_equal(wide, every.astype("f4"))

    finite = np.sort(every[np.isfinite(every)]).astype("f8")
    middle = (finite[:-1] + finite[1:]) / 2
    bounds = np.array([65519.99, 65520, -65520, 65536, 1e300, 2.0**-25, np.inf])
    for element in ("f32", "f64"):
        dtype = gpu.ELEMENTS[element]
        with np.errstate(over="ignore"):
            numbers = np.concatenate([finite, middle, bounds]).astype(dtype)
        numbers = np.concatenate([numbers, np.nextafter(numbers, dtype(np.inf)),
                                  np.nextafter(numbers, dtype(-np.inf)),
                                  [dtype(np.nan)]])
        (narrow,) = gpu.run(f"""
func.func @main(%x: tensor<?x{element}>) -> tensor<?xf16> {{
  %0 = arith.truncf %x : tensor<?x{element}> to tensor<?xf16>
  return %0 : tensor<?xf16>
}}""", numbers)
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(narrow, numbers.astype("f2"))
