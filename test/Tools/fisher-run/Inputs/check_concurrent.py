# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls the function of emit-concurrent.mlir from several threads at once."""

import ctypes
import sys
import threading

import numpy as np

THREADS, CALLS = 3, 100
function = ctypes.CDLL(sys.argv[1]).fisher_main
barrier = threading.Barrier(THREADS)
wrong = []


def call(seed):
    rows = np.random.default_rng(seed).permutation(128)
    a = np.eye(128, dtype=np.float32)[rows]
    b = np.full((128, 128), seed, np.float32) + np.arange(128, dtype=np.float32)[:, None]
    expected = b.copy()
    barrier.wait()
    for _ in range(CALLS):
        expected = expected[rows][rows]
        function(ctypes.c_void_p(a.ctypes.data), ctypes.c_void_p(b.ctypes.data))
        if not np.array_equal(b, expected):
            wrong.append(seed)
            return


threads = [threading.Thread(target=call, args=(1000 * i,)) for i in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not wrong, wrong
