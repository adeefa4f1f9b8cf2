# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls the function of emit-threads.mlir in each of the given libraries."""

import ctypes
import sys

import numpy as np


def call(path):
    a = np.linspace(0, 1, 1000000, dtype=np.float32)
    b = np.linspace(-1, 1, 1000000, dtype=np.float32)
    total = np.zeros((), np.float32)
    expected = a + b * b
    addresses = [ctypes.c_void_p(array.ctypes.data) for array in (a, b, total)]
    ctypes.CDLL(path).fisher_main(*addresses)
    np.testing.assert_allclose(a, expected, rtol=1e-6)
    np.testing.assert_allclose(total, expected.sum(dtype=np.float64), rtol=1e-3)
    return a.tobytes() + total.tobytes()


results = [call(path) for path in sys.argv[1:]]
assert len(results) == 2 and results[0] == results[1]
