# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiled MLIR, the textbook in C++, and the machine's memory limit, all
on the same arrays in one process."""

import ctypes
import functools

import numpy as np
import programs
from cases import BATCH, CLASSES, PIXELS, STATE, STEP, WEIGHT, aligned, digest, inputs


def version():
    return f"LLVM {programs.compiler_version()}"


def _kept(block, arrays):
    """Memory that points to arrays, which live as long."""
    block.arrays = arrays
    return block


def _descriptor(array):
    """What MLIR's C interface takes for a memref."""
    strides = [stride // array.itemsize for stride in array.strides]
    values = [array.ctypes.data] * 2 + [0, *array.shape, *strides]
    return _kept((ctypes.c_int64 * len(values))(*values), [array])


def _pointers(arrays):
    return _kept((ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in arrays)), arrays)


def _scalar(value, dtype):
    array = aligned((), dtype)
    array[...] = value
    return array


class Native:
    """A contestant that is a function of pointers to `operands`. They are kept
    here, and `restore` makes them what they were."""

    def __init__(self, function, operands, digest=None, restore=lambda: None):
        self.function = ctypes.cast(function, ctypes.c_void_p)
        self.operands = operands
        self.pointers = (ctypes.c_void_p * len(operands))(
            *(
                x.ctypes.data if isinstance(x, np.ndarray) else ctypes.addressof(x)
                for x in operands
            )
        )
        self._digest = digest
        self.restore = restore

    def digest(self):
        self.restore()
        _kernels().callPointers(self.function, self.pointers, ctypes.c_size_t(len(self.operands)))
        return self._digest and self._digest()

    def time(self, seconds):
        return _kernels().bestTime(
            self.function,
            self.pointers,
            ctypes.c_size_t(len(self.operands)),
            ctypes.c_double(seconds),
        )


class Fastest:
    """Of several contestants, the fastest each time."""

    def __init__(self, contestants):
        self.contestants = contestants

    def digest(self):
        for contestant in self.contestants:
            contestant.digest()

    def time(self, seconds):
        return min(c.time(seconds / len(self.contestants)) for c in self.contestants)


@functools.cache
def _kernels():
    library = ctypes.CDLL(programs.compile_kernels())
    library.bestTime.restype = ctypes.c_double
    return library


def _compiled(case, arrays, *, regularized=True, **options):
    library = ctypes.CDLL(programs.compile_case(case, regularized))
    return Native(library._mlir_ciface_main, [_descriptor(a) for a in arrays], **options)


def _limit(n, reads, writes):
    """Arrays that are read are written, if there are as many writes."""
    kernels = _kernels()
    numbers = [_scalar(x, np.int64) for x in (n, len(reads), len(writes))]

    return Fastest(
        [
            Native(
                kernels.moveMemory,
                [_scalar(variant, np.int64), *numbers, _pointers(reads), _pointers(writes)],
            )
            for variant in range(4)
        ]
    )


def make(case):
    given = inputs(case)
    penalty = aligned(())
    n = [_scalar(size, np.int64) for size in case.size]
    weight = _scalar(WEIGHT, np.float32)
    kernels = _kernels()
    if case.workload in ("W1", "W2", "W3"):
        gradients = [aligned(case.size) for _ in range(case.streams[1])]
        arrays = [*given.values(), penalty, *gradients]

        def results():
            return digest(penalty, gradients)

        found = {"Fisher": _compiled(case, arrays, digest=results)}
        textbook = {"W1": kernels.textbookGaussian, "W2": kernels.textbookCategorical}
        if case.workload in textbook:
            found["C++"] = Native(textbook[case.workload], [*n, weight, *arrays], results)
        found["limit"] = _limit(case.elements, list(given.values()), gradients)
        return found
    if case.workload == "W4":
        state = [given[name] for name in STATE]
        others = [given[name] for name in given if name not in STATE]
        first = [array.copy() for array in state]
        step = _scalar(STEP, np.float32)

        def results():
            return digest(penalty, state)

        def restore():
            for array, values in zip(state, first):
                array[...] = values

        options = {"digest": results, "restore": restore}
        return {
            "Fisher": _compiled(case, [*state, *others, step, penalty], **options),
            "C++": Native(
                kernels.textbookAdamW, [*n, weight, step, _pointers(state), *others, penalty], **options
            ),
            "limit": _limit(case.elements, [*state, *others], state),
        }
    (width,) = case.size
    assert given["x"].shape == (BATCH, PIXELS)
    loss = aligned(())
    gradients = [aligned(a.shape) for name, a in given.items() if name[:-1] in PARAMETERS]

    def results():
        return digest(loss, gradients)

    arrays = [*given.values(), loss, *gradients]
    streams = [aligned((width * (PIXELS + CLASSES),)) for _ in range(5)]
    return {
        "Fisher": _compiled(case, arrays, digest=results),
        "Fisher, plain": _compiled(case, arrays, digest=results, regularized=False),
        "limit": _limit(case.elements, streams[:3], streams[3:]),
    }


PARAMETERS = ("mu", "rho", "bias")
