//===- OpenCL.h - What is used of OpenCL ------------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of CL/cl.h, with its names: the library is opened at run time, and the build
// needs no headers.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RUNTIME_OPENCL_H
#define FISHER_LIB_RUNTIME_OPENCL_H

#include <cstddef>
#include <cstdint>

using cl_int = int32_t;
using cl_uint = uint32_t;
using cl_bool = uint32_t;
using cl_ulong = uint64_t;
using cl_bitfield = uint64_t;
using cl_platform_id = struct _cl_platform_id *;
using cl_device_id = struct _cl_device_id *;
using cl_context = struct _cl_context *;
using cl_command_queue = struct _cl_command_queue *;
using cl_program = struct _cl_program *;
using cl_kernel = struct _cl_kernel *;
using cl_event = struct _cl_event *;

enum : cl_int { CL_SUCCESS = 0 };
enum : cl_bool { CL_FALSE = 0, CL_TRUE = 1 };
enum : cl_bitfield {
  CL_DEVICE_TYPE_GPU = 1 << 2,
  CL_DEVICE_TYPE_ALL = 0xFFFFFFFF,
  CL_QUEUE_PROFILING_ENABLE = 1 << 1,
  CL_MEM_READ_WRITE = 1 << 0,
  CL_DEVICE_SVM_COARSE_GRAIN_BUFFER = 1 << 0,
  CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT = 1 << 7
};
enum : cl_uint {
  CL_PLATFORM_NAME = 0x0902,
  CL_DEVICE_TYPE = 0x1000,
  CL_DEVICE_MAX_MEM_ALLOC_SIZE = 0x1010,
  CL_DEVICE_SINGLE_FP_CONFIG = 0x101B,
  CL_DEVICE_NAME = 0x102B,
  CL_DEVICE_EXTENSIONS = 0x1030,
  CL_DEVICE_DOUBLE_FP_CONFIG = 0x1032,
  CL_DEVICE_SVM_CAPABILITIES = 0x1053,
  CL_DEVICE_IL_VERSION = 0x105B,
  CL_QUEUE_CONTEXT = 0x1090,
  CL_QUEUE_DEVICE = 0x1091,
  CL_QUEUE_PROPERTIES = 0x1093,
  CL_PROGRAM_BUILD_LOG = 0x1183,
  CL_PROFILING_COMMAND_END = 0x1283
};

struct OpenCLFunctions {
  cl_int (*clGetPlatformIDs)(cl_uint size, cl_platform_id *platforms,
                             cl_uint *count);
  cl_int (*clGetPlatformInfo)(cl_platform_id platform, cl_uint name,
                              size_t size, void *value, size_t *actualSize);
  cl_int (*clGetDeviceIDs)(cl_platform_id platform, cl_bitfield type,
                           cl_uint size, cl_device_id *devices, cl_uint *count);
  cl_int (*clGetDeviceInfo)(cl_device_id device, cl_uint name, size_t size,
                            void *value, size_t *actualSize);
  cl_context (*clCreateContext)(const intptr_t *properties, cl_uint count,
                                const cl_device_id *devices,
                                void (*notify)(const char *, const void *,
                                               size_t, void *),
                                void *data, cl_int *status);
  cl_command_queue (*clCreateCommandQueueWithProperties)(
      cl_context context, cl_device_id device, const cl_bitfield *properties,
      cl_int *status);
  cl_int (*clGetCommandQueueInfo)(cl_command_queue queue, cl_uint name,
                                  size_t size, void *value, size_t *actualSize);
  cl_int (*clRetainContext)(cl_context context);
  cl_program (*clCreateProgramWithBinary)(cl_context context, cl_uint count,
                                          const cl_device_id *devices,
                                          const size_t *sizes,
                                          const unsigned char **binaries,
                                          cl_int *binaryStatus, cl_int *status);
  /// Of OpenCL 2.1; null in older ones.
  cl_program (*clCreateProgramWithIL)(cl_context context, const void *code,
                                      size_t size, cl_int *status);
  cl_int (*clBuildProgram)(cl_program program, cl_uint count,
                           const cl_device_id *devices, const char *options,
                           void (*notify)(cl_program, void *), void *data);
  cl_int (*clGetProgramBuildInfo)(cl_program program, cl_device_id device,
                                  cl_uint name, size_t size, void *value,
                                  size_t *actualSize);
  cl_int (*clReleaseProgram)(cl_program program);
  cl_kernel (*clCreateKernel)(cl_program program, const char *name,
                              cl_int *status);
  cl_int (*clReleaseKernel)(cl_kernel kernel);
  cl_int (*clSetKernelArg)(cl_kernel kernel, cl_uint index, size_t size,
                           const void *value);
  cl_int (*clSetKernelArgSVMPointer)(cl_kernel kernel, cl_uint index,
                                     const void *value);
  cl_int (*clEnqueueNDRangeKernel)(cl_command_queue queue, cl_kernel kernel,
                                   cl_uint rank, const size_t *offset,
                                   const size_t *global, const size_t *local,
                                   cl_uint waitCount, const cl_event *waits,
                                   cl_event *event);
  cl_int (*clFinish)(cl_command_queue queue);
  void *(*clSVMAlloc)(cl_context context, cl_bitfield flags, size_t bytes,
                      cl_uint alignment);
  void (*clSVMFree)(cl_context context, void *memory);
  cl_int (*clEnqueueSVMFree)(
      cl_command_queue queue, cl_uint count, void **memory,
      void (*free)(cl_command_queue, cl_uint, void **, void *), void *data,
      cl_uint waitCount, const cl_event *waits, cl_event *event);
  cl_int (*clEnqueueSVMMemcpy)(cl_command_queue queue, cl_bool blocking,
                               void *to, const void *from, size_t bytes,
                               cl_uint waitCount, const cl_event *waits,
                               cl_event *event);
  cl_int (*clEnqueueSVMMemFill)(cl_command_queue queue, void *memory,
                                const void *pattern, size_t patternSize,
                                size_t bytes, cl_uint waitCount,
                                const cl_event *waits, cl_event *event);
  cl_int (*clEnqueueMarkerWithWaitList)(cl_command_queue queue,
                                        cl_uint waitCount,
                                        const cl_event *waits, cl_event *event);
  cl_int (*clWaitForEvents)(cl_uint count, const cl_event *events);
  cl_int (*clReleaseEvent)(cl_event event);
  cl_int (*clGetEventProfilingInfo)(cl_event event, cl_uint name, size_t size,
                                    void *value, size_t *actualSize);
};

#endif // FISHER_LIB_RUNTIME_OPENCL_H
