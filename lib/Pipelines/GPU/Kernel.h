//===- Kernel.h - A kernel that is being built ------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_GPU_KERNEL_H
#define FISHER_LIB_PIPELINES_GPU_KERNEL_H

#include "../IndexBuilder.h"
#include "../Reduction.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::fisher {

/// Numbers of LLVM's address spaces in kernels. The first two are the same for
/// all targets; the last is that of AMD's, and 0 in code for others.
struct AddressSpaces {
  static constexpr int64_t global = 1, workgroup = 3, privateToThread = 5;
};

class Kernel;

/// Code of the host around kernels: buffers are in the memory of the device,
/// of which the host knows the sizes only.
class HostCode {
public:
  HostCode(Operation *function, int64_t constantSpace, int64_t subgroupSize,
           bool hasShuffles);
  ~HostCode();

  /// Whether something is computed from what is read from a buffer.
  bool isFromDevice(Value value) const;
  /// Reads from the device, on the host, what a load reads; the load goes.
  void fetch(memref::LoadOp load);
  /// Fetches what `user` needs of loads whose memory has changed where it runs,
  /// so that its kernel cannot load it. `kernel` has some of it already.
  void fetchChanged(Operation *user, const Kernel *kernel = nullptr);

  Operation *function;
  int64_t constantSpace, subgroupSize;
  /// Whether threads of a subgroup can read each other's values.
  bool hasShuffles;
  /// Whether there is NVIDIA's `mma.sync`.
  bool hasTensorCores = false;
  /// The kernel that was built last, if one thread can go on in it.
  std::unique_ptr<Kernel> last;

  bool mayAlias(Value a, Value b) const;

private:
  /// Whether what a load reads is still there where `user` runs.
  bool isUnchanged(memref::LoadOp load, Operation *user) const;
};

/// A kernel of a fixed number of threads in each block, in one dimension, that
/// is being built in place of an operation.
class Kernel {
public:
  /// `numBlocks` is a value of the host.
  Kernel(HostCode &host, Operation *op, Value numBlocks, int64_t blockSize);

  /// What stands in the kernel for a value from outside: an argument, or its
  /// computation.
  Value import(Value value);
  bool hasImported(Value value) const { return imported.contains(value); }
  /// Imports all that a region takes from outside and that is not mapped yet.
  void import(Region &region, IRMapping &mapping);

  /// Builds what one thread of each block does.
  void onFirstThread(llvm::function_ref<void()> build);
  /// Whether the only thread that did something at the end can also run an
  /// operation of the host, which is behind the kernel: nothing is in between,
  /// and all that it needs is known before.
  bool canAppend(memref::StoreOp op) const;
  /// Lets that thread go on: builds, and imports, behind what it did.
  void append(llvm::function_ref<void()> build);
  /// Combines a value of each thread of the block, in a fixed order; every
  /// thread gets the totals.
  SmallVector<Value> combineThreads(ArrayRef<Reduction> reductions,
                                    ValueRange values);

  /// A buffer that the threads of a block share. Those of all kernels with the
  /// same type, size and number are one.
  Value getWorkgroupBuffer(Type element, int64_t size, int64_t number);
  /// A buffer that every thread has for itself.
  Value allocatePrivate(MemRefType type);

  IndexBuilder b;
  HostCode &host;
  /// Where code of the host goes.
  IndexBuilder before;
  int64_t blockSize;
  Value block, thread, numBlocks;
  /// The number among all threads, and how many there are.
  Value globalThread, numThreads;

private:
  Value importBuffer(Value buffer);
  Value importConstant(memref::GetGlobalOp constant);
  SmallVector<Value> combineInMemory(ArrayRef<Reduction> reductions,
                                     ValueRange values);
  /// Combines the values of neighbouring threads of a subgroup; each of so many
  /// gets the totals.
  void combineLanes(ArrayRef<Reduction> reductions,
                    SmallVectorImpl<Value> &values, int64_t lanes);

  ModuleOp module;
  gpu::LaunchOp launch;
  /// Imported values are before it.
  Operation *entry;
  IRMapping imported;
  /// Where the first thread may go on.
  Operation *end = nullptr;
};

/// How many blocks a kernel has at most that takes the rest in strides; it
/// depends on nothing but the sizes, so that sums are the same on every device.
inline constexpr int64_t maxBlocks = 65536;
inline constexpr int64_t defaultBlockSize = 256;

/// The type of a buffer, elsewhere.
MemRefType inSpace(MemRefType type, int64_t space);

/// The number that a copy fills its target with, if the source is a constant of
/// the program with one value; null otherwise.
TypedAttr getCopiedNumber(memref::CopyOp copy);

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_GPU_KERNEL_H
