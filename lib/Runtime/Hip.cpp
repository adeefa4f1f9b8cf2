//===- Hip.cpp - AMD's GPUs -----------------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Hip.h"
#include "StreamDriver.h"

#include <cstring>

using namespace fisher::runtime;

namespace {
class HipDriver : public StreamDriver {
public:
  /// Returns what is wrong, or nothing.
  std::string open();

  void copy(void *to, const void *from, size_t bytes) override {
    check(hip.hipMemcpyAsync(to, from, bytes, hipMemcpyDefault,
                             static_cast<hipStream_t>(queue)),
          "copying memory");
  }

private:
  void findFunctions();
  const char *getKind() const override { return "AMD GPU"; }
  int selectDevice(int index) override { return hip.hipSetDevice(index); }
  int getCurrent(void *&context, int &device) override;
  int describeDevice(int device, Place &place) override;
  std::string describe(int error) const override;
  void selectOwn() override {
    auto device = static_cast<int>(reinterpret_cast<intptr_t>(own->device));
    check(hip.hipSetDevice(device), "selecting the device");
  }

  HipFunctions hip = {};
};
} // namespace

void HipDriver::findFunctions() {
  find(api.init, "hipInit");
  find(api.getDeviceCount, "hipGetDeviceCount");
  find(api.loadModule, "hipModuleLoadDataEx");
  find(api.unloadModule, "hipModuleUnload");
  find(api.getFunction, "hipModuleGetFunction");
  find(api.launchKernel, "hipModuleLaunchKernel");
  find(api.createStream, "hipStreamCreateWithFlags");
  find(api.synchronizeStream, "hipStreamSynchronize");
  find(api.allocate, "hipMalloc");
  find(api.free, "hipFree");
  find(api.createPool, "hipMemPoolCreate");
  find(api.setPoolAttribute, "hipMemPoolSetAttribute");
  find(api.allocateFromPool, "hipMallocFromPoolAsync");
  find(api.freeInOrder, "hipFreeAsync");
  find(api.getMemory, "hipMemGetInfo");
  find(api.fill16, "hipMemsetD16Async");
  find(api.fill32, "hipMemsetD32Async");
  find(api.createEvent, "hipEventCreateWithFlags");
  find(api.destroyEvent, "hipEventDestroy");
  find(api.recordEvent, "hipEventRecord");
  find(api.synchronizeEvent, "hipEventSynchronize");
  find(api.getElapsedTime, "hipEventElapsedTime");
  find(hip.hipGetErrorName, "hipGetErrorName");
  find(hip.hipGetErrorString, "hipGetErrorString");
  find(hip.hipSetDevice, "hipSetDevice");
  find(hip.hipGetDevice, "hipGetDevice");
  find(hip.hipMemcpyAsync, "hipMemcpyAsync");
  // From ROCm 6 on, the old name is that of the old structure.
  if (!library.findOptional(hip.hipGetDeviceProperties,
                            "hipGetDevicePropertiesR0600"))
    find(hip.hipGetDeviceProperties, "hipGetDeviceProperties");
}

std::string HipDriver::describe(int error) const {
  return std::string(hip.hipGetErrorName(error)) + " (" +
         hip.hipGetErrorString(error) + ")";
}

/// The chip in what the driver tells of a device: "gfx90a" of
/// "gfx90a:sramecc+:xnack-"; code for any setting of these features runs.
static std::string findChip(const hipDeviceProp_t &properties) {
  const char *end = properties.others + sizeof(properties.others);
  for (const char *place = properties.others; end - place > 4; ++place)
    if (std::memcmp(place, "gfx", 3) == 0)
      return std::string(place, strcspn(place, ":"));
  return "";
}

/// Each device has one context, which every thread is in.
int HipDriver::getCurrent(void *&context, int &device) {
  context = this;
  return hip.hipGetDevice(&device);
}

int HipDriver::describeDevice(int device, Place &place) {
  auto properties = std::make_unique<hipDeviceProp_t>();
  std::memset(properties.get(), 0, sizeof(*properties));
  if (int error = hip.hipGetDeviceProperties(properties.get(), device))
    return error;
  place.name = properties->name;
  place.chip = findChip(*properties);
  return 0;
}

std::string HipDriver::open() {
  // Only a developer's installation has the name without a version.
  if (!library.open({"libamdhip64.so", "libamdhip64.so.7", "libamdhip64.so.6",
                     "libamdhip64.so.5"}))
    return "no AMD driver: libamdhip64.so could not be opened (" +
           library.getError() + ")";
  findFunctions();
  if (!library.getMissing().empty())
    return "the AMD driver is unfit: libamdhip64.so has no " +
           library.getMissing();
  return initialize();
}

std::unique_ptr<Driver> fisher::runtime::openHip(std::string &error) {
  return makeDriver<HipDriver>(error);
}
