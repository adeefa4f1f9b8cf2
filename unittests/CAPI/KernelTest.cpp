//===- KernelTest.cpp - Kernels, and the threads that they are lent -------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher-c/Kernel.h"
#include "Session.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>
#include <vector>

// Large enough for loops to be shared.
static constexpr size_t size = 300 * 1024;

static const char *const distances = R"(
  !b = !fisher.belief<#fisher.exponential<rate>, tensor<307200xf32>>
  func.func @main(%x: tensor<307200xf32>, %y: tensor<307200xf32>)
      -> (tensor<f32>, tensor<307200xf32>) {
    %w = arith.constant 1.0 : f32
    %a = fisher.belief %x : !b
    %b = fisher.belief %y : !b
    %p, %g = fisher.penalty_with_gradient %a toward %b weight %w
        : !b -> tensor<f32>, tensor<307200xf32>
    return %p, %g : tensor<f32>, tensor<307200xf32>
  })";

static FisherKernel compile(Session &session, const char *text,
                            const char *entry = "main") {
  MlirModule module = session.parse(text);
  if (mlirModuleIsNull(module))
    return {nullptr};
  FisherKernel kernel =
      fisherKernelCompile(module, mlirStringRefCreateFromCString(entry));
  mlirModuleDestroy(module);
  return kernel;
}

namespace {
struct Result {
  float penalty = 0;
  std::vector<float> gradient = std::vector<float>(size);

  bool operator==(const Result &other) const {
    return std::memcmp(&penalty, &other.penalty, sizeof(float)) == 0 &&
           std::memcmp(gradient.data(), other.gradient.data(),
                       size * sizeof(float)) == 0;
  }
};

/// Threads, one for each task, which wait before they begin if that is wanted.
class Pool {
public:
  explicit Pool(unsigned numThreads, int waitMilliseconds = 0)
      : waitMilliseconds(waitMilliseconds) {
    workers.numThreads = numThreads;
    workers.pool = this;
    workers.schedule = [](void *pool, void (*task)(void *), void *data) {
      static_cast<Pool *>(pool)->start(task, data);
    };
  }
  ~Pool() {
    for (std::thread &thread : threads)
      thread.join();
  }

  FisherWorkers workers = {};
  int started = 0;

private:
  void start(void (*task)(void *), void *data) {
    std::lock_guard<std::mutex> lock(mutex);
    ++started;
    threads.emplace_back([=] {
      std::this_thread::sleep_for(std::chrono::milliseconds(waitMilliseconds));
      task(data);
    });
  }

  int waitMilliseconds;
  std::mutex mutex;
  std::vector<std::thread> threads;
};

class KernelTest : public ::testing::Test {
protected:
  KernelTest() {
    for (size_t i = 0; i != size; ++i) {
      x[i] = 0.5F + static_cast<float>(i % 977) / 500;
      y[i] = 0.5F + static_cast<float>(i % 1009) / 500;
    }
  }

  template <typename Call>
  Result run(Call call) {
    Result result;
    std::vector<void *> addresses = {x.data(), y.data(), &result.penalty,
                                     result.gradient.data()};
    call(addresses.data());
    return result;
  }

  std::vector<float> x = std::vector<float>(size), y = std::vector<float>(size);
};
} // namespace

TEST_F(KernelTest, givesTheSameBitsWithAnyThreads) {
  Session session;
  FisherKernel kernel = compile(session, distances);
  ASSERT_FALSE(fisherKernelIsNull(kernel)) << session.reported;
  EXPECT_EQ(fisherKernelGetNumArguments(kernel), 2);
  EXPECT_EQ(fisherKernelGetNumAddresses(kernel), 4);
  Pool alone(1);
  Result expected = run([&](void **addresses) {
    fisherKernelCallWithWorkers(kernel, addresses, alone.workers);
  });
  EXPECT_EQ(alone.started, 0);
  // d^2 = log(x/y)^2 for exponential distributions.
  double penalty = 0;
  for (size_t i = 0; i != size; ++i)
    penalty += std::pow(std::log(double(x[i]) / y[i]), 2);
  EXPECT_NEAR(expected.penalty / penalty, 1.0, 1e-6);

  for (unsigned numThreads : {2U, 3U, 8U}) {
    Pool pool(numThreads);
    EXPECT_EQ(run([&](void **addresses) {
                fisherKernelCallWithWorkers(kernel, addresses, pool.workers);
              }),
              expected);
    EXPECT_EQ(pool.started, static_cast<int>(numThreads) - 1);
  }
  EXPECT_EQ(run([&](void **addresses) {
              fisherKernelCall(kernel, addresses, nullptr);
            }),
            expected);
  fisherKernelDestroy(kernel);
}

TEST_F(KernelTest, takesThreadsThatAllComeAtOnce) {
  Session session;
  FisherKernel kernel = compile(session, distances);
  ASSERT_FALSE(fisherKernelIsNull(kernel)) << session.reported;
  FisherWorkers workers = {};
  workers.numThreads = 3;
  int numRegions = 0;
  workers.pool = &numRegions;
  workers.runOnAll = [](void *pool, void (*task)(void *), void *data) {
    ++*static_cast<int *>(pool);
    std::thread one(task, data), other(task, data);
    task(data);
    one.join();
    other.join();
  };
  Result result = run([&](void **addresses) {
    fisherKernelCallWithWorkers(kernel, addresses, workers);
  });
  EXPECT_EQ(numRegions, 1);
  EXPECT_EQ(result, run([&](void **addresses) {
              fisherKernelCall(kernel, addresses, nullptr);
            }));
  fisherKernelDestroy(kernel);
}

TEST_F(KernelTest, waitsForNoThreadThatComesLate) {
  Session session;
  FisherKernel kernel = compile(session, distances);
  ASSERT_FALSE(fisherKernelIsNull(kernel)) << session.reported;
  Pool late(2, /*waitMilliseconds=*/2000);
  auto begin = std::chrono::steady_clock::now();
  Result result = run([&](void **addresses) {
    fisherKernelCallWithWorkers(kernel, addresses, late.workers);
  });
  EXPECT_LT(std::chrono::steady_clock::now() - begin,
            std::chrono::milliseconds(1500));
  EXPECT_GT(result.penalty, 0);
  // The thread comes when there is nothing left to do, and may find the kernel
  // gone.
  fisherKernelDestroy(kernel);
}

TEST_F(KernelTest, canBeCalledBySeveralThreads) {
  Session session;
  FisherKernel kernel = compile(session, distances);
  ASSERT_FALSE(fisherKernelIsNull(kernel)) << session.reported;
  std::vector<Result> results(4);
  std::vector<std::thread> callers;
  for (Result &result : results)
    callers.emplace_back([&] {
      for (int i = 0; i != 5; ++i)
        result = run([&](void **addresses) {
          fisherKernelCall(kernel, addresses, nullptr);
        });
    });
  for (std::thread &caller : callers)
    caller.join();
  for (const Result &result : results)
    EXPECT_EQ(result, results.front());
  fisherKernelDestroy(kernel);
}

TEST_F(KernelTest, refusesWhatItCannotServe) {
  Session session;
  EXPECT_TRUE(fisherKernelIsNull(compile(session, distances, "absent")));
  EXPECT_NE(session.reported.find("has no function 'absent'"),
            std::string::npos)
      << session.reported;
  session.reported.clear();
  EXPECT_TRUE(fisherKernelIsNull(
      compile(session, "func.func @main(%x: tensor<?xf32>) { return }")));
  EXPECT_NE(session.reported.find("static shape"), std::string::npos)
      << session.reported;
  session.reported.clear();
  EXPECT_TRUE(fisherKernelIsNull(
      compile(session, "func.func private @main(tensor<4xf32>)")));
  EXPECT_NE(session.reported.find("'main' with a body"), std::string::npos)
      << session.reported;
}
