//===- Hip.h - What is used of HIP ------------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of hip_runtime_api.h, with its names: the library is opened at run time, and
// the build needs no ROCm. StreamDriver.h has what CUDA's driver has, too.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RUNTIME_HIP_H
#define FISHER_LIB_RUNTIME_HIP_H

#include <cstddef>

using hipError_t = int;
using hipMemcpyKind = int;
using hipStream_t = struct ihipStream_t *;

/// Addresses are known to be the host's or the device's.
enum : hipMemcpyKind { hipMemcpyDefault = 4 };

/// The name comes first. Where the name of the chip is depends on the version
/// of ROCm; the structure is smaller than this in all of them.
struct hipDeviceProp_t {
  char name[256];
  char others[8192 - 256];
};

struct HipFunctions {
  const char *(*hipGetErrorName)(hipError_t error);
  const char *(*hipGetErrorString)(hipError_t error);
  hipError_t (*hipSetDevice)(int device);
  hipError_t (*hipGetDevice)(int *device);
  hipError_t (*hipGetDeviceProperties)(hipDeviceProp_t *properties, int device);
  hipError_t (*hipMemcpyAsync)(void *to, const void *from, size_t bytes,
                               hipMemcpyKind kind, hipStream_t stream);
};

#endif // FISHER_LIB_RUNTIME_HIP_H
