# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The device, through the run-time library."""

import ctypes
import time

import numpy as np


class DeviceError(Exception):
    """There is no such device."""


class Device:
    """The first device of an API. Whatever fails later ends the process."""

    def __init__(self, library, api):
        # What is compiled finds its functions here.
        self.library = ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
        self.library.fisherDeviceOpen.restype = ctypes.c_char_p
        self.library.fisherDeviceName.restype = ctypes.c_char_p
        self.library.fisherDeviceChip.restype = ctypes.c_char_p
        self.library.fisherDeviceAllocate.restype = ctypes.c_void_p
        self.library.fisherDeviceTakeSeconds.restype = ctypes.c_double
        if error := self.library.fisherDeviceOpen(api.encode()):
            raise DeviceError(error.decode())

    @property
    def name(self):
        return self.library.fisherDeviceName().decode()

    @property
    def chip(self):
        return self.library.fisherDeviceChip().decode()

    def allocate(self, size):
        return self.library.fisherDeviceAllocate(ctypes.c_size_t(size))

    def free(self, memory):
        self.library.fisherDeviceFree(ctypes.c_void_p(memory))

    def copy(self, to, source, size):
        self.library.fisherDeviceCopy(
            ctypes.c_void_p(to), ctypes.c_void_p(source), ctypes.c_size_t(size)
        )

    def kernel_seconds(self, call):
        """How long the kernels of a call took, and how many they were."""
        count = ctypes.c_size_t()
        self.library.fisherDeviceTimeKernels(1)
        call()
        seconds = self.library.fisherDeviceTakeSeconds(ctypes.byref(count))
        self.library.fisherDeviceTimeKernels(0)
        return seconds, count.value

    def copy_seconds(self, to, source, size, count):
        """Of one of `count` copies in the device that are queued at once."""
        arguments = (
            ctypes.c_void_p(to), ctypes.c_void_p(source), ctypes.c_size_t(size), None
        )  # fmt: skip
        self.library.mgpuStreamSynchronize(None)
        start = time.perf_counter()
        for _ in range(count):
            self.library.mgpuMemcpy(*arguments)
        self.library.mgpuStreamSynchronize(None)
        return (time.perf_counter() - start) / count


class Buffer:
    """A copy of an array in the memory of the device, and what MLIR's C interface
    takes for it."""

    def __init__(self, device, array):
        self.device = device
        self.array = array
        self.memory = device.allocate(array.nbytes)
        self.write()
        strides = [stride // array.itemsize for stride in array.strides]
        values = [self.memory] * 2 + [0, *array.shape, *strides]
        self.descriptor = (ctypes.c_int64 * len(values))(*values)

    def write(self):
        self.device.copy(self.memory, self.array.ctypes.data, self.array.nbytes)

    def read(self):
        result = np.empty_like(self.array)
        self.device.copy(result.ctypes.data, self.memory, result.nbytes)
        return result

    def free(self):
        self.device.free(self.memory)
