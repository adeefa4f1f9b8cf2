//===- EventKernel.h - Kernels of distributions -----------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_PIPELINES_GPU_EVENTKERNEL_H
#define FISHER_LIB_PIPELINES_GPU_EVENTKERNEL_H

#include "Kernel.h"
#include "KernelLoop.h"

namespace mlir::fisher {

/// Replaces a loop on the host, whose iterations work on buffers and have
/// buffers of their own, by a kernel. Small iterations are one thread's, others
/// a block's: its threads share the iterations of the loops inside.
LogicalResult launchForall(scf::ForallOp forall, HostCode &host);

/// Such a loop, of which a kernel is being built.
class EventKernel {
public:
  EventKernel(scf::ForallOp forall, HostCode &host)
      : forall(forall), host(host), before(forall.getLoc(), forall) {}
  LogicalResult run();

private:
  bool isForThreads();
  int64_t getBlockSize();

  /// A value of an iteration, on the host; null if the iteration finds it.
  Value onHost(Value value);
  /// Plans the buffers of an iteration: where each starts.
  LogicalResult planScratch();

  void clone(Block &block);
  void clone(Operation &op);
  void cloneRegions(Operation &op);
  void cloneCopy(memref::CopyOp copy);
  void allocate(memref::AllocOp buffer);

  /// Whether one thread alone sees a buffer.
  bool isPrivate(Value buffer) const;
  /// Waits for what other threads of the block read and write.
  void wait();
  void distribute(linalg::LinalgOp op);
  void finish(KernelLoop &body, const Reduction &reduction, Value total,
              ArrayRef<Value> at);
  void storeOnce(llvm::function_ref<void()> build);

  //===--------------------------------------------------------------------===//
  // Rows: ranges of memory that several loops of an iteration pass over.
  // Element i is that of thread i % numMembers in all of them. What only they
  // see of a buffer, each thread has for itself: in registers, if a row has few
  // elements for each, and else it is computed again by each loop that needs
  // it, as that takes less time than to write and read it.
  //===--------------------------------------------------------------------===//

  /// How many threads share a row.
  int64_t getNumMembers() const { return byThread ? 1 : blockSize; }
  /// The length of a loop over a row; null for other loops.
  OpFoldResult getRowLength(linalg::LinalgOp loop) const;
  /// Finds the buffers whose elements are seen by one thread each.
  void findOwn();
  /// Whether all that is written to them can be computed again.
  bool canRepeat();
  /// Whether the elements of a row that a thread has fit into registers.
  bool fitsRegisters(OpFoldResult length) const;
  /// The type that a thread's part of a buffer has; null if it is in the memory
  /// of the device.
  MemRefType getOwnType(memref::AllocOp buffer) const;

  /// The loops behind one that run together with it; clones what is between
  /// and needs none of them.
  SmallVector<linalg::LinalgOp> gather(linalg::LinalgOp first);
  /// The loops that compute again what some loops need.
  SmallVector<linalg::LinalgOp>
  getRepeated(ArrayRef<linalg::LinalgOp> loops) const;
  void distributeRow(ArrayRef<linalg::LinalgOp> loops, OpFoldResult length);
  linalg::GenericOp cloneLoop(linalg::LinalgOp op);
  /// Builds for each element of the row that the thread has, from its index and
  /// its place among those of the thread.
  SmallVector<Value> forEachElement(
      OpFoldResult length, ValueRange carried,
      llvm::function_ref<SmallVector<Value>(Value, Value, ValueRange)> build);

  scf::ForallOp forall;
  HostCode &host;
  IndexBuilder before;
  std::unique_ptr<Kernel> kernel;
  IRMapping mapping;
  bool byThread = false;
  int64_t blockSize = 0;
  /// Whether a thread may have all buffers for itself.
  bool isSmall = false;
  /// Whether some thread may still read what all see.
  bool isRead = true;
  /// The bytes before each buffer, on the host, and those of an iteration.
  llvm::MapVector<Operation *, Value> offsets;
  Value scratchBytes, scratch, scratchStart;

  /// How many elements of a row a thread may have in registers.
  int64_t rowElements = 0;
  /// Whether buffers of long rows are computed again.
  bool repeats = false;
  /// Buffers whose elements are seen by one thread each: outside, inside in the
  /// memory of the device, and inside where the thread has them.
  llvm::DenseSet<Operation *> ownBuffers;
  llvm::DenseSet<Value> ownInMemory, ownInRegisters;
  /// The loops so far that write to them.
  SmallVector<linalg::LinalgOp> producers;
  /// What was cloned before its turn.
  llvm::SmallPtrSet<Operation *, 16> cloned;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_PIPELINES_GPU_EVENTKERNEL_H
