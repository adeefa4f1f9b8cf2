# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles modules for GPUs, and runs them on an OpenCL device of the CPU."""

import ctypes
import functools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import ml_dtypes
import numpy as np

from execution import tool
from paths import BUILD

os.environ.setdefault("FISHER_OPENCL_PLATFORM", "Portable Computing Language")
os.environ.setdefault("FISHER_DEVICE", "opencl")
LLVM_TOOLS = "/usr/lib/llvm-22/bin"
RUNTIME = BUILD / "lib" / "libFisherRuntime.so"
ELEMENTS = {"f64": np.float64, "f32": np.float32, "i32": np.int32,
            "i64": np.int64, "i1": np.bool_, "bf16": ml_dtypes.bfloat16,
            "f16": np.float16}


def can_run():
    """Whether kernels can be run here."""
    return RUNTIME.exists() and shutil.which("llvm-spirv-15") is not None


def lower(module, target, chip="", check=True, **options):
    """The text of a module in the LLVM dialect, with its kernels' code."""
    words = {"target": target, "dynamic-destinations": "true", **options}
    if chip:
        words["chip"] = chip
    words = " ".join(f"{key}={value}" for key, value in words.items())
    done = subprocess.run(
        [tool("fisher-opt"),
         f"--pass-pipeline=builtin.module(fisher-gpu-pipeline{{{words}}})"],
        input=module, capture_output=True, text=True)
    if not check:
        return done
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@functools.cache
def _runtime():
    library = ctypes.CDLL(str(RUNTIME), mode=ctypes.RTLD_GLOBAL)
    library.fisherDeviceAllocate.restype = ctypes.c_void_p
    library.fisherDeviceAllocate.argtypes = [ctypes.c_size_t]
    library.fisherDeviceFree.argtypes = [ctypes.c_void_p]
    library.fisherDeviceCopy.argtypes = [ctypes.c_void_p, ctypes.c_void_p,
                                         ctypes.c_size_t]
    return library


class Buffer:
    """An array in the memory of the device, with bytes behind it that nothing may
    change."""

    BEHIND = np.full(4096, 0xA5, np.uint8)

    def __init__(self, array, offset=0):
        self.array = np.asarray(array, order="C")
        offset *= self.array.itemsize
        self.allocated = _runtime().fisherDeviceAllocate(
            self.array.nbytes + offset + self.BEHIND.nbytes)
        self.address = self.allocated + offset
        _runtime().fisherDeviceCopy(self.address, self.array.ctypes.data,
                                    self.array.nbytes)
        _runtime().fisherDeviceCopy(self.address + self.array.nbytes,
                                    self.BEHIND.ctypes.data,
                                    self.BEHIND.nbytes)

    def read(self):
        result = np.empty_like(self.array)
        _runtime().fisherDeviceCopy(result.ctypes.data, self.address,
                                    result.nbytes)
        behind = np.empty_like(self.BEHIND)
        _runtime().fisherDeviceCopy(behind.ctypes.data,
                                    self.address + result.nbytes,
                                    behind.nbytes)
        np.testing.assert_array_equal(behind, self.BEHIND)
        return result

    def free(self):
        _runtime().fisherDeviceFree(self.allocated)

    def arguments(self):
        """The fields of a memref."""
        shape = self.array.shape
        strides, stride = [], 1
        for size in reversed(shape):
            strides.insert(0, stride)
            stride *= size
        return [ctypes.c_void_p(self.address), ctypes.c_void_p(self.address),
                *map(ctypes.c_int64, (0, *shape, *strides))]


def result_types(module):
    """The tensor types that `@main` returns."""
    aliases = dict(re.findall(r"^\s*(!\w+) = (tensor<\S+>)", module, re.M))
    signature = re.search(r"@main\(.*?\)\s*->\s*(.*?)\{\s*$", module,
                          re.S | re.M)
    names = re.findall(r"tensor<[^>]+>|!\w+", signature[1])
    return [aliases.get(name, name) for name in names]


class Program:
    """A module's `@main`, compiled for OpenCL."""

    def __init__(self, module):
        # All results are new arguments then.
        module = re.sub(r'(fisher.updates = "[^"]*"|tf.aliasing_output = '
                        r'\d+ : i32)(, )?', "", module)
        self.types = result_types(module)
        lowered = lower(module, "spirv")
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            subprocess.run([f"{LLVM_TOOLS}/mlir-translate", "--mlir-to-llvmir",
                            "-o", folder / "host.ll"], input=lowered, text=True,
                           check=True)
            subprocess.run(["clang-22", "-shared", "-fPIC", "-O1", "-w",
                            folder / "host.ll", "-o", folder / "host.so"],
                           check=True)
            _runtime()
            self.library = ctypes.CDLL(str(folder / "host.so"))

    def __call__(self, *arrays, offset=0):
        """The results for arrays; each begins `offset` elements behind where
        its memory begins."""
        like = arrays[0] if arrays else None
        outs = []
        for text in self.types:
            *sizes, element = re.fullmatch(r"tensor<(.*)>", text)[1].split("x")
            shape = [like.shape[i] if size == "?" else int(size)
                     for i, size in enumerate(sizes)]
            outs.append(np.full(shape, -7, ELEMENTS[element]))
        buffers = [Buffer(array, offset) for array in (*arrays, *outs)]
        self.library.main(*(field for buffer in buffers
                            for field in buffer.arguments()))
        results = [buffer.read() for buffer in buffers[len(arrays):]]
        for buffer in buffers:
            buffer.free()
        return results


def run(module, *arrays, offset=0):
    """The results of `@main` of the module's text for arrays, in order."""
    return Program(module)(*arrays, offset=offset)
