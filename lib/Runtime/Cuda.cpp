//===- Cuda.cpp - NVIDIA's GPUs -------------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cuda.h"
#include "StreamDriver.h"

using namespace fisher::runtime;

namespace {
class CudaDriver : public StreamDriver {
public:
  /// Returns what is wrong, or nothing.
  std::string open();

  /// Any address is known to be the host's or the device's.
  void copy(void *to, const void *from, size_t bytes) override {
    check(cuda.cuMemcpyAsync(reinterpret_cast<CUdeviceptr>(to),
                             reinterpret_cast<CUdeviceptr>(from), bytes,
                             static_cast<CUstream>(queue)),
          "copying memory");
  }

private:
  void findFunctions();
  const char *getKind() const override { return "NVIDIA GPU"; }
  int selectDevice(int index) override;
  int getCurrent(void *&context, int &device) override;
  int describeDevice(int device, Place &place) override;
  std::string describe(int error) const override;
  void selectOwn() override {
    check(cuda.cuCtxSetCurrent(static_cast<CUcontext>(own->context)),
          "entering the context");
  }

  CudaFunctions cuda = {};
};
} // namespace

void CudaDriver::findFunctions() {
  find(api.init, "cuInit");
  find(api.getDeviceCount, "cuDeviceGetCount");
  find(api.loadModule, "cuModuleLoadDataEx");
  find(api.unloadModule, "cuModuleUnload");
  find(api.getFunction, "cuModuleGetFunction");
  find(api.launchKernel, "cuLaunchKernel");
  find(api.createStream, "cuStreamCreate");
  find(api.synchronizeStream, "cuStreamSynchronize");
  find(api.allocate, "cuMemAlloc_v2");
  find(api.free, "cuMemFree_v2");
  find(api.createPool, "cuMemPoolCreate");
  find(api.setPoolAttribute, "cuMemPoolSetAttribute");
  find(api.allocateFromPool, "cuMemAllocFromPoolAsync");
  find(api.freeInOrder, "cuMemFreeAsync");
  find(api.getMemory, "cuMemGetInfo_v2");
  find(api.fill16, "cuMemsetD16Async");
  find(api.fill32, "cuMemsetD32Async");
  find(api.createEvent, "cuEventCreate");
  find(api.destroyEvent, "cuEventDestroy_v2");
  find(api.recordEvent, "cuEventRecord");
  find(api.synchronizeEvent, "cuEventSynchronize");
  find(api.getElapsedTime, "cuEventElapsedTime");
  find(cuda.cuGetErrorName, "cuGetErrorName");
  find(cuda.cuGetErrorString, "cuGetErrorString");
  find(cuda.cuDeviceGet, "cuDeviceGet");
  find(cuda.cuDeviceGetName, "cuDeviceGetName");
  find(cuda.cuDeviceGetAttribute, "cuDeviceGetAttribute");
  find(cuda.cuDevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain");
  find(cuda.cuCtxSetCurrent, "cuCtxSetCurrent");
  find(cuda.cuCtxGetCurrent, "cuCtxGetCurrent");
  find(cuda.cuCtxGetDevice, "cuCtxGetDevice");
  find(cuda.cuMemcpyAsync, "cuMemcpyAsync");
}

std::string CudaDriver::describe(int error) const {
  const char *text = nullptr, *explanation = nullptr;
  if (cuda.cuGetErrorName(error, &text) != 0 || !text)
    return "error " + std::to_string(error);
  std::string result = text;
  if (cuda.cuGetErrorString(error, &explanation) == 0 && explanation)
    result += std::string(" (") + explanation + ")";
  return result;
}

int CudaDriver::selectDevice(int index) {
  CUdevice device;
  CUcontext context;
  if (int error = cuda.cuDeviceGet(&device, index))
    return error;
  // Other libraries of the process are in the primary context, too.
  if (int error = cuda.cuDevicePrimaryCtxRetain(&context, device))
    return error;
  return cuda.cuCtxSetCurrent(context);
}

int CudaDriver::getCurrent(void *&context, int &device) {
  CUcontext current = nullptr;
  int error = cuda.cuCtxGetCurrent(&current);
  context = current;
  return error != 0 || !current ? error : cuda.cuCtxGetDevice(&device);
}

int CudaDriver::describeDevice(int device, Place &place) {
  int major = 0, minor = 0;
  char text[256] = "";
  if (int error = cuda.cuDeviceGetName(text, sizeof(text), device))
    return error;
  if (int error = cuda.cuDeviceGetAttribute(
          &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device))
    return error;
  if (int error = cuda.cuDeviceGetAttribute(
          &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device))
    return error;
  place.name = text;
  place.chip = "sm_" + std::to_string(10 * major + minor);
  return 0;
}

std::string CudaDriver::open() {
  if (!library.open({"libcuda.so.1"}))
    return "no NVIDIA driver: libcuda.so.1 could not be opened (" +
           library.getError() + ")";
  findFunctions();
  if (!library.getMissing().empty())
    return "the NVIDIA driver is unfit: libcuda.so.1 has no " +
           library.getMissing();
  return initialize();
}

std::unique_ptr<Driver> fisher::runtime::openCuda(std::string &error) {
  return makeDriver<CudaDriver>(error);
}
