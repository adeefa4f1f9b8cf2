//===- StreamDriver.h - What CUDA and HIP have in common --------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// HIP is made after CUDA's driver: most functions differ by their names only.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_RUNTIME_STREAMDRIVER_H
#define FISHER_LIB_RUNTIME_STREAMDRIVER_H

#include "Driver.h"
#include "Library.h"

namespace fisher::runtime {

/// Functions that return an error's number, or 0. Handles and addresses are
/// pointers: both are 64 bits wide in either API.
struct StreamFunctions {
  int (*init)(unsigned flags);
  int (*getDeviceCount)(int *count);
  int (*loadModule)(void **module, const void *code, unsigned count,
                    int *options, void **values);
  int (*unloadModule)(void *module);
  int (*getFunction)(void **function, void *module, const char *name);
  int (*launchKernel)(void *function, unsigned gridX, unsigned gridY,
                      unsigned gridZ, unsigned blockX, unsigned blockY,
                      unsigned blockZ, unsigned sharedBytes, void *stream,
                      void **arguments, void **extra);
  int (*createStream)(void **stream, unsigned flags);
  int (*synchronizeStream)(void *stream);
  int (*allocate)(void **memory, size_t bytes);
  int (*free)(void *memory);
  int (*getMemory)(size_t *free, size_t *total);
  int (*fill16)(void *memory, unsigned short number, size_t count,
                void *stream);
  int (*fill32)(void *memory, unsigned number, size_t count, void *stream);
  int (*createEvent)(void **event, unsigned flags);
  int (*destroyEvent)(void *event);
  int (*recordEvent)(void *event, void *stream);
  int (*synchronizeEvent)(void *event);
  int (*getElapsedTime)(float *milliseconds, void *begin, void *end);
};

class StreamDriver : public Driver {
public:
  void *loadModule(const void *code, size_t size) override;
  void unloadModule(void *module) override;
  void *getFunction(void *module, const char *name) override;
  void launch(void *function, const Launch &launch) override;
  void synchronize() override;
  void *allocate(size_t bytes, std::string &error) override;
  void free(void *memory) override;
  void fill(void *memory, uint32_t number, size_t size, size_t count) override;
  void *createEvent() override;
  void destroyEvent(void *event) override;
  void recordEvent(void *event) override;
  void waitForEvent(void *event) override;
  double getSeconds(void *begin, void *end) override;

protected:
  /// Finds a function of the library; getMissing() tells what is not there.
  template <typename Function>
  void find(Function *&function, const char *name) {
    library.find(function, name);
  }

  /// Makes device `index` that of this thread, and a stream. Returns what is
  /// wrong, or nothing; `kind` is what messages call the device.
  std::string openDevice(int index, const char *kind);
  /// Sets the name and the chip, too; returns an error's number, or 0.
  virtual int selectDevice(int index) = 0;

  /// The API's name of an error and its explanation.
  virtual std::string describe(int error) const = 0;
  void check(int result, const std::string &what) const;

  Library library;
  StreamFunctions api = {};
  void *stream = nullptr;
};

} // namespace fisher::runtime

#endif // FISHER_LIB_RUNTIME_STREAMDRIVER_H
