# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a module with stock MLIR and LLVM tools and the plugin, and calls
it through MLIR's C interface."""

import ctypes
import re
import subprocess

import numpy as np

from paths import BUILD, LLVM_TOOLS

# What upstream offers for linalg on tensors, and nothing of ours.
LOWERING = ",".join([
    "convert-elementwise-to-linalg",
    "one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map}",
    "buffer-deallocation-pipeline", "convert-bufferization-to-memref",
    "func.func(convert-linalg-to-loops)", "convert-scf-to-cf",
    "expand-strided-metadata", "lower-affine",
    "func.func(llvm-request-c-wrappers)", "convert-math-to-llvm",
    "convert-arith-to-llvm", "finalize-memref-to-llvm",
    "convert-func-to-llvm", "convert-cf-to-llvm", "reconcile-unrealized-casts"
])


def _tool(name, *arguments):
    return subprocess.run([str(LLVM_TOOLS / name), *map(str, arguments)],
                          capture_output=True, text=True, check=True).stdout


def _descriptor(rank):
    sizes = [("sizes", ctypes.c_int64 * rank), ("strides",
                                                ctypes.c_int64 * rank)]
    return type(f"MemRef{rank}", (ctypes.Structure,), {
        "_fields_": [("allocated", ctypes.c_void_p),
                     ("aligned", ctypes.c_void_p),
                     ("offset", ctypes.c_int64)] + (sizes if rank else [])
    })


def _pass_array(array):
    memref = _descriptor(array.ndim)()
    memref.allocated = memref.aligned = array.ctypes.data
    if array.ndim:
        memref.sizes[:] = array.shape
        memref.strides[:] = [s // array.itemsize for s in array.strides]
    return memref


def compile_with_stock_tools(module, policy, folder):
    """The text after convert-fisher-to-linalg, and a function that takes
    arrays and the results' shapes (all f32) and returns arrays."""
    plugin = BUILD / "lib" / "FisherPlugin.so"
    text = _tool(
        "mlir-opt", f"--load-dialect-plugin={plugin}",
        f"--load-pass-plugin={plugin}", "--allow-unregistered-dialect", module,
        f"--pass-pipeline=builtin.module(fisher-insert{{policy-file={policy}}},"
        "canonicalize,cse,convert-fisher-to-linalg)")
    linalg = folder / "linalg.mlir"
    linalg.write_text(text)
    # What is printed needs no plugin any more.
    lowered = _tool("mlir-opt", "--allow-unregistered-dialect", linalg,
                    f"--pass-pipeline=builtin.module({LOWERING})")
    # mlir-translate refuses attributes of dialects that it does not know.
    llvm = folder / "llvm.mlir"
    llvm.write_text(
        _strip_attributes(lowered, ["fisher", "mhlo"]))
    (folder / "step.ll").write_text(
        _tool("mlir-translate", "--mlir-to-llvmir", llvm))
    library = folder / "step.so"
    _tool("clang", "-O2", "-w", "-shared", "-fPIC", folder / "step.ll", "-lm",
          "-o", library)
    entry = ctypes.CDLL(str(library))._mlir_ciface_main

    def call(arguments, shapes):
        results = type("Results", (ctypes.Structure,), {
            "_fields_": [(f"r{i}", _descriptor(len(shape)))
                         for i, shape in enumerate(shapes)]
        })()
        arrays = [np.ascontiguousarray(array) for array in arguments]
        memrefs = [_pass_array(array) for array in arrays]
        entry(ctypes.byref(results), *map(ctypes.byref, memrefs))
        return [_read_array(getattr(results, f"r{i}"), shape)
                for i, shape in enumerate(shapes)]

    return text, call


def _read_array(memref, shape):
    size = int(np.prod(shape))
    data = (ctypes.c_float * size).from_address(memref.aligned +
                                                4 * memref.offset)
    return np.array(data, np.float32).reshape(shape)


def _strip_attributes(text, dialects):
    for dialect in dialects:
        text = re.sub(rf"{dialect}\.\w+ = (\"[^\"]*\"|\[\[.*?\]\]|\[[^]]*\]|\S+ : i32)(, )?", "", text)
    return text.replace(", }", "}")
