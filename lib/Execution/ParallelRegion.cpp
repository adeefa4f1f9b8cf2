//===- ParallelRegion.cpp - What compiled code calls to share a loop ------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An OpenMP runtime keeps threads of its own, which wait actively for the next
// region while the caller's library has work for the cores. These functions use
// the threads that are there instead. A region is cut into more parts than
// there are threads; whoever is free takes the next one, the caller too, so
// that nothing waits for a thread that does not come. What a loop computes does
// not depend on the number of parts.
//
//===----------------------------------------------------------------------===//

#include "ParallelRegion.h"

#include "llvm/Support/Compiler.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <condition_variable>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>

using namespace mlir::fisher;

//===----------------------------------------------------------------------===//
// Workers
//===----------------------------------------------------------------------===//

namespace {
class OwnWorkers : public Workers {
public:
  OwnWorkers() : numThreads(countThreads()) {
    if (numThreads > 1)
      pool = std::make_unique<llvm::DefaultThreadPool>(
          llvm::hardware_concurrency(numThreads - 1));
  }
  unsigned getNumThreads() const override { return numThreads; }
  void run(const std::function<void()> &task) override {
    for (unsigned i = 1; i != numThreads; ++i)
      pool->async(task);
    task();
  }

private:
  static unsigned countThreads() {
    unsigned wanted = 0;
    if (const char *text = std::getenv("OMP_NUM_THREADS"))
      llvm::StringRef(text).split(',').first.getAsInteger(10, wanted);
    return wanted ? wanted
                  : llvm::hardware_concurrency().compute_thread_count();
  }

  unsigned numThreads;
  std::unique_ptr<llvm::DefaultThreadPool> pool;
};

/// A part of a region that a thread is in.
struct Part {
  int32_t number = 0, count = 1;
};
} // namespace

Workers &Workers::getDefault() {
  // Never destroyed: threads of others may end later than static objects.
  static auto *workers = new OwnWorkers();
  return *workers;
}

static thread_local Workers *currentWorkers = nullptr;
static thread_local Part currentPart;

WorkersScope::WorkersScope(Workers &workers)
    : previous(std::exchange(currentWorkers, &workers)) {}
WorkersScope::~WorkersScope() { currentWorkers = previous; }

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

namespace {
using Body = void(int32_t *thread, int32_t *bound, void *argument);

/// A region that threads are working on.
class Region {
public:
  Region(Body *body, void *argument, int32_t numParts)
      : body(body), argument(argument), numParts(numParts) {}

  /// Takes parts as long as there are any.
  void work() {
    int32_t part;
    while ((part = next.fetch_add(1, std::memory_order_relaxed)) < numParts) {
      run(body, argument, {part, numParts});
      if (done.fetch_add(1, std::memory_order_acq_rel) + 1 == numParts) {
        std::lock_guard<std::mutex> lock(mutex);
        ended.notify_all();
      }
    }
  }

  /// Waits for the parts that others have taken: actively for as long as a part
  /// usually takes.
  void wait() {
    for (int turn = 0; turn != 2000; ++turn) {
      if (isDone())
        return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    std::unique_lock<std::mutex> lock(mutex);
    ended.wait(lock, [&] { return isDone(); });
  }

  static void run(Body *body, void *argument, Part part) {
    Part outer = std::exchange(currentPart, part);
    Workers *workers = std::exchange(currentWorkers, nullptr);
    int32_t bound = 0;
    body(&part.number, &bound, argument);
    currentPart = outer;
    currentWorkers = workers;
  }

private:
  bool isDone() const {
    return done.load(std::memory_order_acquire) == numParts;
  }

  Body *body;
  void *argument;
  int32_t numParts;
  std::atomic<int32_t> next{0}, done{0};
  std::mutex mutex;
  std::condition_variable ended;
};
} // namespace

/// Parts for each thread, so that one that comes late takes fewer.
static constexpr int32_t numPartsPerThread = 4;

// Compiled code lacks the description of its type that the sanitizer looks for
// in front of a function.
LLVM_NO_SANITIZE("function")
static void enterRegion(void *, int32_t, Body *body, int32_t isParallel,
                        void *argument) {
  unsigned numThreads =
      currentWorkers && isParallel ? currentWorkers->getNumThreads() : 1;
  if (numThreads == 1)
    return Region::run(body, argument, {});
  auto region = std::make_shared<Region>(
      body, argument, static_cast<int32_t>(numThreads) * numPartsPerThread);
  currentWorkers->run([region] { region->work(); });
  region->wait();
}

static void enterRegionAlways(void *, int32_t, Body *body, ...) {
  va_list arguments;
  va_start(arguments, body);
  auto *argument = va_arg(arguments, void *);
  va_end(arguments);
  enterRegion(nullptr, 1, body, /*isParallel=*/1, argument);
}

/// The iterations of a part: `lower` and `upper`, which are included, are those
/// of the whole loop before.
static void divideLoop(void *, int32_t, int32_t, int32_t *isLast,
                       uint64_t *lower, uint64_t *upper, int64_t *stride,
                       int64_t step, int64_t) {
  assert(step == 1 && "loops are counted");
  (void)step;
  uint64_t first = *lower, count = *upper - *lower + 1;
  auto [number, parts] = currentPart;
  // The first parts have one iteration more than the others.
  uint64_t least = count / parts, more = count % parts, part = number;
  uint64_t begin = part * least + std::min(part, more);
  uint64_t size = least + (part < more);
  *isLast = size != 0 && begin + size == count;
  *stride = static_cast<int64_t>(count);
  *lower = first + begin;
  *upper = first + begin + size - 1;
  // The loop of a part that has none must end before it begins.
  if (size == 0) {
    *lower = first + 1;
    *upper = first;
  }
}

static int32_t getPart(void *) { return currentPart.number; }
static void leaveLoop(void *, int32_t) {}
// The end of the loop is that of the region, where all parts are waited for.
static void passBarrier(void *, int32_t) {}

std::vector<std::pair<llvm::StringRef, void *>>
mlir::fisher::getParallelFunctions() {
  auto get = [](auto *function) { return reinterpret_cast<void *>(function); };
  return {{"__kmpc_fork_call", get(&enterRegionAlways)},
          {"__kmpc_fork_call_if", get(&enterRegion)},
          {"__kmpc_for_static_init_8u", get(&divideLoop)},
          {"__kmpc_for_static_fini", get(&leaveLoop)},
          {"__kmpc_barrier", get(&passBarrier)},
          {"__kmpc_global_thread_num", get(&getPart)}};
}
