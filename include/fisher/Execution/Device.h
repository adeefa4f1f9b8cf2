//===- Device.h - The GPU of this process -----------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_EXECUTION_DEVICE_H
#define FISHER_EXECUTION_DEVICE_H

#include "fisher/Execution/Array.h"

#include "llvm/Support/Error.h"

#include <string>

namespace mlir::fisher {

/// A GPU that the run-time library drives, as `fisher-gpu-pipeline` calls it.
struct Device {
  /// cuda, hip or opencl.
  std::string api;
  /// nvptx, amdgpu or spirv.
  std::string target;
  /// Such as sm_90; empty for SPIR-V, which knows no chips.
  std::string chip;

  /// A device that need not be in this machine.
  static Device get(llvm::StringRef api, llvm::StringRef chip);

  /// Opens the first device of "cuda", "hip" or "opencl". A process has one.
  static llvm::Expected<Device> open(llvm::StringRef api);
};

/// An array in the memory of the device that was opened, of any content.
Array makeDeviceArray(ElementKind kind, llvm::ArrayRef<int64_t> shape);

/// The same elements in the memory of the device, or of the host: `array`
/// itself, if it is there.
Array toDevice(const Array &array);
Array toHost(const Array &array);

/// Copies the elements of an array of the same type and shape, wherever the
/// two are; nothing if they share their memory.
void copyElements(Array &to, const Array &from);

/// What frees memory of the device, as the owner of an array.
std::shared_ptr<void> ownDeviceMemory(void *memory);

} // namespace mlir::fisher

#endif // FISHER_EXECUTION_DEVICE_H
