//===- OpenCLRuntime.cpp - What the host's code calls, on OpenCL ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions of MLIR's runtime wrappers that compiled code uses, for the
// tests: on the first OpenCL device of the platform that FISHER_OPENCL_PLATFORM
// names. Memory is shared virtual memory, so that pointers are pointers. PoCL
// takes no SPIR-V but bitcode, which llvm-spirv makes of it.
//
//===----------------------------------------------------------------------===//

#define CL_TARGET_OPENCL_VERSION 200
#include <CL/cl.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <unistd.h>

namespace {
struct Kernel {
  cl_kernel kernel;
  std::string arguments;
};

struct Device {
  cl_device_id device = nullptr;
  cl_context context = nullptr;
};
} // namespace

static void check(cl_int status, const char *what) {
  if (status == CL_SUCCESS)
    return;
  std::fprintf(stderr, "%s failed: OpenCL error %d\n", what, status);
  std::exit(1);
}

static Device &getDevice() {
  static Device device;
  if (device.context)
    return device;
  cl_platform_id platforms[16];
  cl_uint count = 0;
  check(clGetPlatformIDs(16, platforms, &count), "clGetPlatformIDs");
  const char *wanted = std::getenv("FISHER_OPENCL_PLATFORM");
  for (cl_uint i = 0; i != count && !device.device; ++i) {
    char name[256] = "";
    clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof(name), name,
                      nullptr);
    if (!wanted || std::strstr(name, wanted))
      check(clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &device.device,
                           nullptr),
            "clGetDeviceIDs");
  }
  if (!device.device) {
    std::fprintf(stderr, "no OpenCL platform\n");
    std::exit(1);
  }
  cl_int status;
  device.context =
      clCreateContext(nullptr, 1, &device.device, nullptr, nullptr, &status);
  check(status, "clCreateContext");
  return device;
}

/// SPIR-V as the bitcode that PoCL takes.
static std::string toBitcode(const char *data, size_t size) {
  char from[] = "/tmp/fisher-kernels-XXXXXX";
  int file = mkstemp(from);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size))
    check(-1, "writing SPIR-V");
  close(file);
  std::string to = std::string(from) + ".bc";
  std::string command = "llvm-spirv-15 -r " + std::string(from) + " -o " + to;
  if (std::system(command.c_str()) != 0)
    check(-1, command.c_str());
  std::ifstream stream(to, std::ios::binary);
  std::string bitcode((std::istreambuf_iterator<char>(stream)), {});
  unlink(from);
  unlink(to.c_str());
  return bitcode;
}

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void *mgpuModuleLoad(void *data, size_t size) {
  Device &device = getDevice();
  std::string code = toBitcode(static_cast<const char *>(data), size);
  size_t length = code.size();
  auto *bytes = reinterpret_cast<const unsigned char *>(code.data());
  cl_int status, binaryStatus;
  cl_program program =
      clCreateProgramWithBinary(device.context, 1, &device.device, &length,
                                &bytes, &binaryStatus, &status);
  check(status, "clCreateProgramWithBinary");
  status = clBuildProgram(program, 1, &device.device,
                          "-x spir -spir-std=1.2 "
                          "-cl-fp32-correctly-rounded-divide-sqrt",
                          nullptr, nullptr);
  if (status != CL_SUCCESS) {
    std::vector<char> log(1 << 16);
    clGetProgramBuildInfo(program, device.device, CL_PROGRAM_BUILD_LOG,
                          log.size() - 1, log.data(), nullptr);
    std::fprintf(stderr, "%s\n", log.data());
  }
  check(status, "clBuildProgram");
  return program;
}

EXPORT void mgpuModuleUnload(void *module) {
  clReleaseProgram(static_cast<cl_program>(module));
}

EXPORT void *mgpuModuleGetFunction(void *module, const char *name) {
  cl_int status;
  cl_kernel kernel =
      clCreateKernel(static_cast<cl_program>(module), name, &status);
  check(status, name);
  std::string text = name;
  return new Kernel{kernel, text.substr(text.rfind('_') + 1)};
}

EXPORT void mgpuLaunchKernel(void *function, intptr_t gridX, intptr_t gridY,
                             intptr_t gridZ, intptr_t blockX, intptr_t blockY,
                             intptr_t blockZ, int32_t, void *stream,
                             void **params, void **, size_t) {
  auto *kernel = static_cast<Kernel *>(function);
  cl_uint index = 0;
  for (char letter : kernel->arguments) {
    cl_int status;
    if (letter == 'p') {
      status = clSetKernelArgSVMPointer(kernel->kernel, index,
                                        *static_cast<void **>(params[index]));
    } else {
      size_t size = letter == 'l' || letter == 'd'   ? 8
                    : letter == 'i' || letter == 'f' ? 4
                    : letter == 's'                  ? 2
                                                     : 1;
      status = clSetKernelArg(kernel->kernel, index, size, params[index]);
    }
    check(status, "setting an argument");
    ++index;
  }
  size_t local[] = {static_cast<size_t>(blockX), static_cast<size_t>(blockY),
                    static_cast<size_t>(blockZ)};
  size_t global[] = {gridX * local[0], gridY * local[1], gridZ * local[2]};
  // The host passes the addresses of parts of buffers, too.
  cl_bool anywhere = CL_TRUE;
  clSetKernelExecInfo(kernel->kernel, CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM,
                      sizeof(anywhere), &anywhere);
  check(clEnqueueNDRangeKernel(static_cast<cl_command_queue>(stream),
                               kernel->kernel, 3, nullptr, global, local, 0,
                               nullptr, nullptr),
        "clEnqueueNDRangeKernel");
}

EXPORT void *mgpuStreamCreate() {
  cl_int status;
  cl_command_queue queue = clCreateCommandQueueWithProperties(
      getDevice().context, getDevice().device, nullptr, &status);
  check(status, "clCreateCommandQueueWithProperties");
  return queue;
}

EXPORT void mgpuStreamDestroy(void *stream) {
  clReleaseCommandQueue(static_cast<cl_command_queue>(stream));
}

EXPORT void mgpuStreamSynchronize(void *stream) {
  check(clFinish(static_cast<cl_command_queue>(stream)), "clFinish");
}

EXPORT void *mgpuMemAlloc(uint64_t size, void *, bool) {
  void *memory =
      clSVMAlloc(getDevice().context, CL_MEM_READ_WRITE, size ? size : 1, 128);
  if (!memory)
    check(-1, "clSVMAlloc");
  return memory;
}

EXPORT void mgpuMemFree(void *memory, void *stream) {
  if (stream)
    mgpuStreamSynchronize(stream);
  clSVMFree(getDevice().context, memory);
}

EXPORT void mgpuMemcpy(void *to, void *from, size_t size, void *stream) {
  auto *queue = static_cast<cl_command_queue>(stream);
  void *own = queue ? nullptr : mgpuStreamCreate();
  if (size != 0)
    check(clEnqueueSVMMemcpy(queue ? queue : static_cast<cl_command_queue>(own),
                             CL_TRUE, to, from, size, 0, nullptr, nullptr),
          "clEnqueueSVMMemcpy");
  if (own)
    mgpuStreamDestroy(own);
}
