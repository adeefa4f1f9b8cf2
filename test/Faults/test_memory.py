# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Too little memory, and sizes that no memory has."""

import resource
import subprocess

import numpy as np
import pytest

import training
from paths import read_cache

pytestmark = pytest.mark.skipif(bool(read_cache("FISHER_USE_SANITIZER")),
                                reason="sanitizers reserve much memory")

# x outer x outer x outer x, of which one element is returned or all are.
OUTER = """
#x = affine_map<(a, b, c, d) -> (a)>
#all = affine_map<(a, b, c, d) -> (a, b, c, d)>
func.func @main(%x: tensor<?xf32>, %i: index) -> RESULT {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?xf32>
  %empty = tensor.empty(%n, %n, %n, %n) : tensor<?x?x?x?xf32>
  %all = linalg.generic {indexing_maps = [#x, #all],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<?xf32>) outs(%empty : tensor<?x?x?x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.exp %in : f32
    linalg.yield %0 : f32
  } -> tensor<?x?x?x?xf32>
  %one = tensor.extract %all[%i, %i, %i, %i] : tensor<?x?x?x?xf32>
  return RETURN : RESULT
}
"""
NO_BUFFER = "error: out of memory for a buffer of the function\n"


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))


def write_outer(folder, size, returned):
    result = "tensor<?x?x?x?xf32>" if returned == "%all" else "f32"
    (folder / "outer.mlir").write_text(OUTER.replace("RESULT", result)
                                       .replace("RETURN", returned))
    np.savez(folder / "in.npz", arg0=np.zeros(size, np.float32), arg1=np.int64(1))
    return [folder / "outer.mlir", f"--inputs={folder}/in.npz",
            f"--outputs={folder}/out.npz"]


# 2^64 bytes and more are as many modulo 2^64.
@pytest.mark.parametrize("size", [400, 3000, 1 << 15, 1 << 16, 100_001])
@pytest.mark.parametrize("returned", ["%one", "%all"])
def test_buffers_of_compiled_code(tmp_path, size, returned):
    arguments = write_outer(tmp_path, size, returned)
    assert training.fail(*arguments, preexec_fn=limit_memory) == NO_BUFFER
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize("returned", ["%one", "%all"])
def test_small_buffers_are_fine(tmp_path, returned):
    training.succeed(*write_outer(tmp_path, 7, returned))
    (result,) = training.read(tmp_path / "out.npz").values()
    assert (result == 1).all() and result.size == (7**4 if returned == "%all" else 1)


def test_arrays(tmp_path):
    (tmp_path / "step.mlir").write_text("""
      func.func @main(%w: tensor<1000000x1000000xf32> {fisher.name = "w", fisher.role = "param"})
          -> (tensor<1000000x1000000xf32> {fisher.updates = "w"}) {
        return %w : tensor<1000000x1000000xf32>
      }""")
    assert "error: out of memory for an array float32[1000000,1000000]\n" in (
        training.fail(tmp_path / "step.mlir", "--steps=1", preexec_fn=limit_memory))


@pytest.mark.parametrize("kind, size", [
    ("f32", "4611686018427387904x2"), ("f64", "9223372036854775807"),
    ("i8", "4294967296x4294967296"), ("f32", "0x4611686018427387904x64")])
def test_types_beyond_addresses(tmp_path, kind, size):
    tensor = f"tensor<{size}x{kind}>"
    (tmp_path / "step.mlir").write_text(
        f"func.func @main(%x: {tensor}) -> {tensor} {{\n  return %x : {tensor}\n}}\n")
    assert (f"step.mlir:1:17: error: argument 'arg0' has type '{tensor}', which is more "
            "than can be addressed\n" in training.fail(tmp_path / "step.mlir"))


def test_values_beyond_addresses(tmp_path):
    (tmp_path / "step.mlir").write_text("""\
func.func @main(%x: tensor<1xf32>) -> tensor<1xf32> {
  %0 = tensor.empty() : tensor<4294967296x4294967296xf32>
  %1 = tensor.extract_slice %0[0, 0] [1, 1] [1, 1]
      : tensor<4294967296x4294967296xf32> to tensor<1xf32>
  %2 = arith.addf %1, %x : tensor<1xf32>
  return %2 : tensor<1xf32>
}
""")
    assert ("step.mlir:2:8: error: a value of type 'tensor<4294967296x4294967296xf32>' is "
            "more than can be addressed\n" in training.fail(tmp_path / "step.mlir"))


def test_rows_beyond_addresses(tmp_path):
    (tmp_path / "step.mlir").write_text("""\
func.func @main(%w: tensor<f32> {fisher.name = "w", fisher.role = "param"},
                %x: tensor<?xf32> {fisher.name = "x", fisher.role = "batch"},
                %e: tensor<?x4611686018427387904xf32> {fisher.name = "e", fisher.role = "eps"})
    -> (tensor<f32> {fisher.updates = "w"}) {
  return %w : tensor<f32>
}
""")
    np.savez(tmp_path / "data.npz", x=np.zeros(9, np.float32))
    assert ("argument 'e' (arg2) of type 'tensor<?x4611686018427387904xf32>' is more than "
            "can be addressed with 8 rows\n" in training.fail(
                tmp_path / "step.mlir", "--steps=1", "--batch-size=8",
                f"--data={tmp_path}/data.npz"))


def test_library_for_c(tmp_path):
    """A C program is told, and ends as an assertion ends it."""
    module, *_ = write_outer(tmp_path, 2, "%one")
    training.succeed(module, "--emit=object,header", "-o", tmp_path / "outer",
                     "--parallel=false")
    (tmp_path / "main.c").write_text("""
      #include "outer.h"
      #include <stdlib.h>
      int main(int argc, char **argv) {
        int64_t n = atoll(argv[1]);
        float *x = calloc(n, sizeof(float)), result = 0;
        fisher_main(x, n, 1, &result);
        return result != 1;
      }""")
    program = tmp_path / "program"
    subprocess.run([read_cache("CMAKE_C_COMPILER"), tmp_path / "main.c",
                    tmp_path / "outer.o", "-lm", "-o", program], check=True)
    subprocess.run([program, "7"], check=True)
    for size in ("3000", "65536"):
        done = subprocess.run([program, size], capture_output=True, text=True,
                              preexec_fn=limit_memory)
        assert done.returncode == -6
        assert "out of memory for a buffer of the function\n" in done.stdout
