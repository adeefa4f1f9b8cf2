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

/// Where a pool of memory gets its memory from.
struct PoolProperties {
  int kind, handles, placeKind, device;
  char others[88 - 4 * sizeof(int)];
};

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
  int (*createPool)(void **pool, const PoolProperties *properties);
  int (*setPoolAttribute)(void *pool, int attribute, void *value);
  int (*allocateFromPool)(void **memory, size_t bytes, void *pool,
                          void *stream);
  int (*freeInOrder)(void *memory, void *stream);
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
  std::string openOwn(int index) override;
  Place *findPlace(void *queue) override;
  void *loadModule(const void *code, size_t size) override;
  void unloadModule(void *module) override;
  void *getFunction(void *module, const char *name) override;
  void launch(void *function, const Launch &launch) override;
  void synchronize() override;
  void *allocate(size_t bytes, std::string &error) override;
  void free(void *memory) override;
  void *allocateInOrder(size_t bytes, std::string &error) override;
  void freeInOrder(void *memory) override;
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

  /// Initializes the API. Returns what is wrong, or nothing.
  std::string initialize();
  /// What messages call a device.
  virtual const char *getKind() const = 0;
  /// Makes device `index` that of this thread. Returns an error's number, or 0,
  /// as do the next two.
  virtual int selectDevice(int index) = 0;
  /// The context of this thread, null if there is none, and its device.
  virtual int getCurrent(void *&context, int &device) = 0;
  /// Sets the name and the chip.
  virtual int describeDevice(int device, Place &place) = 0;

  /// The API's name of an error and its explanation.
  virtual std::string describe(int error) const = 0;
  void check(int result, const std::string &what) const;

  Library library;
  StreamFunctions api = {};

private:
  /// The place of this thread; sets it, or returns an error's number.
  int findCurrent(Place *&current);
  std::string explain(const char *what, int error) const;
};

} // namespace fisher::runtime

#endif // FISHER_LIB_RUNTIME_STREAMDRIVER_H
