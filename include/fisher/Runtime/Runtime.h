//===- Runtime.h - What compiled code calls for a GPU -----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C interface of the run-time library of kernels. Besides these functions
// it has those that MLIR's gpu-to-llvm makes calls of, mgpuLaunchKernel and the
// like. The drivers of CUDA, HIP and OpenCL are opened when they are needed.
//
// One queue of one device takes all that is to be done, in order, whatever
// streams compiled code asks for: this library's own, or one that the caller
// enters for its thread. What fails after the device was opened ends the
// process with status 1, after a message with the driver's name of the error:
// compiled code knows no errors.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_RUNTIME_RUNTIME_H
#define FISHER_RUNTIME_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Opens the first device of "cuda", "hip" or "opencl"; of FISHER_DEVICE, if
/// `api` is null. Returns null, or what is wrong. Without this call, the
/// environment or else the kind of the first code that is loaded decides.
const char *fisherDeviceOpen(const char *api);

/// What the device calls itself, and its chip as LLVM names it, such as sm_90;
/// "" for OpenCL. The device is opened.
const char *fisherDeviceName(void);
const char *fisherDeviceChip(void);

/// Memory of the device for `bytes`, which fisherDeviceFree takes back and may
/// give again. It is not cleared.
void *fisherDeviceAllocate(size_t bytes);
void fisherDeviceFree(void *memory);

/// Copies between memory of the device and of the host, in any direction, and
/// waits for it.
void fisherDeviceCopy(void *to, const void *from, size_t bytes);

/// From here to fisherDeviceLeaveStream, what this thread calls works on a
/// stream of the caller: a CUstream or cudaStream_t for "cuda", a hipStream_t
/// for "hip", in the context that is current in the thread, or a
/// cl_command_queue that runs in order for "opencl", whose memory is shared
/// virtual memory of its context. Null is the default stream of CUDA and HIP,
/// and this library's own queue of OpenCL.
///
/// Nothing waits but fisherDeviceCopy and mgpuStreamSynchronize. Memory that
/// compiled code has for a while is had and given back in the order of the
/// stream; what it takes most is kept until the process ends. Kernels are
/// loaded for each context at their first call, which cannot be captured in a
/// graph; later ones can. This library's own device is not opened.
///
/// Functions that `fisher-run --emit --device` wrote make both calls
/// themselves.
void fisherDeviceEnterStream(const char *api, void *stream);
void fisherDeviceLeaveStream(void);

/// Takes the time of every kernel on this library's own queue from now on, or
/// no longer.
void fisherDeviceTimeKernels(int enabled);

/// How many seconds kernels took since the last call, and how many they were,
/// if `count` is not null.
double fisherDeviceTakeSeconds(size_t *count);

#ifdef __cplusplus
}
#endif

#endif // FISHER_RUNTIME_RUNTIME_H
