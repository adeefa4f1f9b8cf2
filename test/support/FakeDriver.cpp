//===- FakeDriver.cpp - Drivers of GPUs that are not there ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What libcuda.so.1 has, or with FAKE_HIP what libamdhip64.so has, for tests on
// machines without a GPU. Memory is the host's, kernels do nothing, and calls
// are told on stderr, with the stream if it is not one that was made here.
// FAKE_ERROR=NAME:NUMBER makes the function of this name
// return the error; FAKE_CHIP is 90, or gfx942:sramecc+, unless it is set.
//
//===----------------------------------------------------------------------===//

#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifdef FAKE_HIP
#define NAME(cuda, hip) hip
#else
#define NAME(cuda, hip) cuda
#endif
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
#define EXPORT extern "C" __attribute__((visibility("default")))
/// A function of the API, which fails where FAKE_ERROR says so.
#define FUNCTION(cuda, hip, parameters, ...)                                   \
  EXPORT int NAME(cuda, hip) parameters {                                      \
    if (int error = getError(TEXT(NAME(cuda, hip))))                           \
      return error;                                                            \
    __VA_ARGS__;                                                               \
    return 0;                                                                  \
  }

static bool hasEnded = false;
static void end() { hasEnded = true; }

static int getError(const char *name) {
  if (hasEnded) {
    std::fprintf(stderr, "%s was called after the driver's end\n", name);
    return 4;
  }
  const char *wanted = std::getenv("FAKE_ERROR");
  size_t length = std::strlen(name);
  if (!wanted || std::strncmp(wanted, name, length) != 0 ||
      wanted[length] != ':')
    return 0;
  return std::atoi(wanted + length + 1);
}

/// The stream that was made last; none is this.
static void *madeStream = static_cast<void *>(&madeStream);

/// Tells a stream of others, and ends the line.
static void tellStream(void *stream) {
  if (stream != madeStream)
    std::fprintf(stderr, " on stream %p", stream);
  std::fprintf(stderr, "\n");
}

/// Tells what is done on a stream of others.
static void tellOthers(const char *what, void *stream) {
  if (stream == madeStream)
    return;
  std::fprintf(stderr, "%s", what);
  tellStream(stream);
}

static const char *getChip() {
  const char *chip = std::getenv("FAKE_CHIP");
  return chip ? chip : NAME("90", "gfx942:sramecc+");
}

static const char *getErrorName(int error) {
  switch (error) {
  case 2:
    return NAME("CUDA_ERROR_OUT_OF_MEMORY", "hipErrorOutOfMemory");
  case 100:
    return NAME("CUDA_ERROR_NO_DEVICE", "hipErrorNoDevice");
  case 209:
    return NAME("CUDA_ERROR_NO_BINARY_FOR_GPU", "hipErrorNoBinaryForGpu");
  case 222:
    return NAME("CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "hipErrorUnknown");
  default:
    return NAME("CUDA_ERROR_UNKNOWN", "hipErrorUnknown");
  }
}

/// The code of PTX says what it is for.
static void tellCode(const char *code) {
#ifndef FAKE_HIP
  const char *target = std::strstr(code, ".target");
  std::fprintf(stderr, "code for %.*s\n",
               static_cast<int>(std::strcspn(target, "\n")), target);
#else
  std::fprintf(stderr, "code in ELF: %s\n",
               std::memcmp(code, "\177ELF", 4) ? "no" : "yes");
#endif
}

FUNCTION(cuInit, hipInit, (unsigned), std::atexit(end))
FUNCTION(cuDeviceGetCount, hipGetDeviceCount, (int *count), *count = 1)
FUNCTION(cuModuleLoadDataEx, hipModuleLoadDataEx,
         (void **module, const void *code, unsigned, int *, void **),
         tellCode(static_cast<const char *>(code)), *module = module)
FUNCTION(cuModuleUnload, hipModuleUnload, (void *),
         std::fprintf(stderr, "unload\n"))
FUNCTION(cuModuleGetFunction, hipModuleGetFunction,
         (void **function, void *, const char *name),
         *function = const_cast<char *>(name))
FUNCTION(cuLaunchKernel, hipModuleLaunchKernel,
         (void *function, unsigned x, unsigned y, unsigned z, unsigned blockX,
          unsigned blockY, unsigned blockZ, unsigned, void *stream, void **,
          void **),
         std::fprintf(stderr, "launch %s: %u %u %u of %u %u %u",
                      static_cast<const char *>(function), x, y, z, blockX,
                      blockY, blockZ),
         tellStream(stream))
FUNCTION(cuStreamCreate, hipStreamCreateWithFlags,
         (void **stream, unsigned flags), *stream = madeStream = stream)
FUNCTION(cuStreamSynchronize, hipStreamSynchronize, (void *stream),
         tellOthers("wait", stream))
FUNCTION(cuMemAlloc_v2, hipMalloc, (void **memory, size_t bytes),
         std::fprintf(stderr, "allocate %zu\n", bytes),
         *memory = std::calloc(1, bytes))
FUNCTION(cuMemFree_v2, hipFree, (void *memory), std::fprintf(stderr, "free\n"),
         std::free(memory))
FUNCTION(cuMemPoolCreate, hipMemPoolCreate, (void **pool, const void *),
         std::fprintf(stderr, "make a pool\n"), *pool = pool)
FUNCTION(cuMemPoolSetAttribute, hipMemPoolSetAttribute, (void *, int, void *))
FUNCTION(cuMemAllocFromPoolAsync, hipMallocFromPoolAsync,
         (void **memory, size_t bytes, void *, void *stream),
         std::fprintf(stderr, "allocate %zu", bytes), tellStream(stream),
         *memory = std::calloc(1, bytes))
FUNCTION(cuMemFreeAsync, hipFreeAsync, (void *memory, void *stream),
         std::fprintf(stderr, "free"), tellStream(stream), std::free(memory))
FUNCTION(cuMemGetInfo_v2, hipMemGetInfo, (size_t *free, size_t *total),
         *free = 1000, *total = 2000)
FUNCTION(cuMemsetD16Async, hipMemsetD16Async,
         (void *memory, unsigned short number, size_t count, void *))
FUNCTION(cuMemsetD32Async, hipMemsetD32Async,
         (void *memory, unsigned number, size_t count, void *))
FUNCTION(cuEventCreate, hipEventCreateWithFlags, (void **event, unsigned),
         *event = event)
FUNCTION(cuEventDestroy_v2, hipEventDestroy, (void *))
FUNCTION(cuEventRecord, hipEventRecord, (void *, void *))
FUNCTION(cuEventSynchronize, hipEventSynchronize, (void *))
FUNCTION(cuEventElapsedTime, hipEventElapsedTime,
         (float *milliseconds, void *, void *), *milliseconds = 1)

#ifndef FAKE_HIP
EXPORT int cuGetErrorName(int error, const char **text) {
  *text = getErrorName(error);
  return 0;
}
EXPORT int cuGetErrorString(int, const char **text) {
  *text = "an explanation";
  return 0;
}
FUNCTION(cuDeviceGet, , (int *device, int index), *device = index)
FUNCTION(cuDeviceGetName, , (char *name, int size, int),
         std::snprintf(name, size, "Fake GPU"))
FUNCTION(cuDeviceGetAttribute, , (int *value, int attribute, int),
         *value = attribute == 75 ? std::atoi(getChip()) / 10
                                  : std::atoi(getChip()) % 10)
static thread_local void *currentContext;
static int primaryContext;
FUNCTION(cuDevicePrimaryCtxRetain, , (void **context, int),
         *context = &primaryContext)
FUNCTION(cuCtxSetCurrent, , (void *context), currentContext = context)
FUNCTION(cuCtxGetCurrent, , (void **context), *context = currentContext)
FUNCTION(cuCtxGetDevice, , (int *device), *device = 0)
FUNCTION(cuMemcpyAsync, , (void *to, void *from, size_t bytes, void *stream),
         tellOthers("copy", stream), std::memmove(to, from, bytes))
#else
EXPORT const char *hipGetErrorName(int error) { return getErrorName(error); }
EXPORT const char *hipGetErrorString(int) { return "an explanation"; }
FUNCTION(, hipSetDevice, (int))
FUNCTION(, hipGetDevice, (int *device), *device = 0)
FUNCTION(, hipGetDevicePropertiesR0600, (char *properties, int),
         std::strcpy(properties, "Fake GPU"),
         std::strcpy(properties + 1160, getChip()))
FUNCTION(, hipMemcpyAsync,
         (void *to, void *from, size_t bytes, int, void *stream),
         tellOthers("copy", stream), std::memmove(to, from, bytes))
#endif
