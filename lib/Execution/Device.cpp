//===- Device.cpp - The GPU of this process -------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Device.h"
#include "fisher/Runtime/Runtime.h"

#include "llvm/ADT/StringSwitch.h"

#include <cstring>

using namespace mlir;
using namespace mlir::fisher;

Device Device::get(StringRef api, StringRef chip) {
  StringRef target = llvm::StringSwitch<StringRef>(api)
                         .Case("cuda", "nvptx")
                         .Case("hip", "amdgpu")
                         .Default("spirv");
  return {api.str(), target.str(), chip.str()};
}

llvm::Expected<Device> Device::open(StringRef api) {
  if (const char *error = fisherDeviceOpen(api.str().c_str()))
    return llvm::createStringError(error);
  return get(api, fisherDeviceChip());
}

std::shared_ptr<void> fisher::ownDeviceMemory(void *memory) {
  return std::shared_ptr<void>(memory, fisherDeviceFree);
}

Array fisher::makeDeviceArray(ElementKind kind, ArrayRef<int64_t> shape) {
  int64_t numElements = *getNumElements(shape);
  auto memory =
      ownDeviceMemory(fisherDeviceAllocate(numElements * getByteSize(kind)));
  void *data = memory.get();
  return Array(kind, shape, std::move(memory), data, Array::Place::Device);
}

void fisher::copyElements(Array &to, const Array &from) {
  assert(to.getByteSize() == from.getByteSize() && "other number of elements");
  if (to.getData() == from.getData())
    return;
  if (to.isOnHost() && from.isOnHost())
    std::memcpy(to.getData(), from.getData(), from.getByteSize());
  else
    fisherDeviceCopy(to.getData(), from.getData(), from.getByteSize());
}

Array fisher::toDevice(const Array &array) {
  if (!array.isOnHost())
    return array;
  Array copy = makeDeviceArray(array.getKind(), array.getShape());
  copyElements(copy, array);
  return copy;
}

Array fisher::toHost(const Array &array) {
  if (array.isOnHost())
    return array;
  Array copy(array.getKind(), array.getShape());
  copyElements(copy, array);
  return copy;
}
