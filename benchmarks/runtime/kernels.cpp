//===- kernels.cpp - What the compiled code is measured against -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A clock, the machine's own memory limit, and the guarded textbook formulas
// written by hand. Every kernel takes pointers only, so that one function can
// call and time them and the compiled MLIR alike.
//
//===----------------------------------------------------------------------===//

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

//===----------------------------------------------------------------------===//
// Clock
//===----------------------------------------------------------------------===//

template <size_t... I>
static void call(void *function, void **arguments, std::index_sequence<I...>) {
  // Every argument is a pointer; the type only has to have as many.
  using Function = void (*)(decltype((void *)I)...);
  reinterpret_cast<Function>(function)(arguments[I]...);
}

template <size_t... N>
static void callAny(void *function, void **arguments, size_t count,
                    std::index_sequence<N...>) {
  (void)((N == count &&
          (call(function, arguments, std::make_index_sequence<N>()), true)) ||
         ...);
}

static constexpr size_t mostArguments = 32;

/// Calls a function of up to 31 pointers.
extern "C" void callPointers(void *function, void **arguments, size_t count) {
  callAny(function, arguments, count,
          std::make_index_sequence<mostArguments>());
}

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// The shortest time of a call, of as many samples as fit in `seconds`, three
/// at least. Short calls are timed several together.
extern "C" double bestTime(void *function, void **arguments, size_t count,
                           double seconds) {
  auto sample = [&](int64_t calls) {
    double start = now();
    for (int64_t i = 0; i != calls; ++i)
      callPointers(function, arguments, count);
    return (now() - start) / calls;
  };
  sample(1);
  double end = now() + seconds, best = sample(1);
  int64_t calls = std::max<int64_t>(1, 5e-5 / best);
  for (int samples = 1; samples < 3 || now() < end; ++samples)
    best = std::min(best, sample(calls));
  return best;
}

//===----------------------------------------------------------------------===//
// Memory limit
//===----------------------------------------------------------------------===//

typedef float Pack __attribute__((vector_size(64), aligned(64)));
static constexpr int64_t lanes = 16;

template <bool NonTemporal>
static void store(Pack value, Pack *to) {
  if constexpr (NonTemporal)
    __builtin_nontemporal_store(value, to);
  else
    *to = value;
}

/// Reads `Reads` arrays and writes `Writes`, which may be the first of those
/// read. What is written is the array read at the same place, plus nothing.
template <int Reads, int Writes, bool NonTemporal>
static void stream(int64_t begin, int64_t end, float *const *in,
                   float *const *out) {
  for (int64_t i = begin; i != end; i += lanes) {
    Pack values[Reads], sum = {};
    for (int k = 0; k != Reads; ++k)
      sum += values[k] = *reinterpret_cast<const Pack *>(in[k] + i);
    for (int k = 0; k != Writes; ++k)
      store<NonTemporal>(values[k] + sum * 0.0f,
                         reinterpret_cast<Pack *>(out[k] + i));
  }
}

template <int Reads, int Writes>
static void streamAny(int64_t variant, int64_t n, float *const *in,
                      float *const *out) {
  auto *kernel =
      variant & 1 ? stream<Reads, Writes, true> : stream<Reads, Writes, false>;
  if (!(variant & 2))
    return kernel(0, n, in, out);
  constexpr int64_t block = 1 << 12;
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < n; i += block)
    kernel(i, std::min(n, i + block), in, out);
}

/// Moves `n` elements, rounded up to whole packs, of some streams. Bit 0 of the
/// variant says non-temporal stores, bit 1 threads.
extern "C" void moveMemory(const int64_t *variant, const int64_t *n,
                           const int64_t *reads, const int64_t *writes,
                           float *const *in, float *const *out) {
  int64_t size = (*n + lanes - 1) / lanes * lanes;
  if (*reads == 4 && *writes == 2)
    streamAny<4, 2>(*variant, size, in, out);
  else if (*reads == 2 && *writes == 1)
    streamAny<2, 1>(*variant, size, in, out);
  else if (*reads == 10 && *writes == 6)
    streamAny<10, 6>(*variant, size, in, out);
  else if (*reads == 3 && *writes == 2)
    streamAny<3, 2>(*variant, size, in, out);
  else
    __builtin_trap();
}

//===----------------------------------------------------------------------===//
// Textbook formulas
//===----------------------------------------------------------------------===//

namespace {
struct PenaltyAndGradient {
  float squaredDistance, mean, scale;
};
} // namespace

/// acosh is written as the logarithm that it is: there is a vector logf, and no
/// vector acoshf. The guard gives equal beliefs zero, and no division by zero.
static inline PenaltyAndGradient gaussian(float mu, float sigma, float mean,
                                          float scale) {
  float a = mu - mean, b = sigma - scale, product = sigma * scale;
  float z = 1 + (0.5f * a * a + b * b) / (2 * product);
  bool apart = z > 1;
  float safe = apart ? z : 2;
  float root = std::sqrt(safe * safe - 1);
  float distance = std::log(safe + root);
  float slope = apart ? 4 * distance / root : 0;
  return {apart ? 2 * distance * distance : 0, slope * (0.5f * a / product),
          slope * (b / product - (z - 1) / sigma)};
}

extern "C" void textbookGaussian(const int64_t *n, const float *weight,
                                 const float *__restrict mu,
                                 const float *__restrict sigma,
                                 const float *__restrict mean,
                                 const float *__restrict scale, float *penalty,
                                 float *__restrict muGradient,
                                 float *__restrict sigmaGradient) {
  double sum = 0;
  int64_t size = *n;
  float w = *weight;
#pragma omp parallel for simd schedule(static)                                 \
    reduction(+ : sum) if (parallel : size > 20000)
  for (int64_t i = 0; i < size; ++i) {
    PenaltyAndGradient x = gaussian(mu[i], sigma[i], mean[i], scale[i]);
    sum += x.squaredDistance;
    muGradient[i] = w * x.mean;
    sigmaGradient[i] = w * x.scale;
  }
  *penalty = w * sum;
}

/// In lanes, since a compiler that keeps NaNs does not vectorize a maximum.
static float maximum(const float *values, int64_t size) {
  float lane[lanes];
  std::fill(lane, lane + lanes, values[0]);
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes)
#pragma omp simd
    for (int64_t k = 0; k < lanes; ++k)
      lane[k] = values[i + k] > lane[k] ? values[i + k] : lane[k];
  float most = *std::max_element(lane, lane + lanes);
  for (; i < size; ++i)
    most = std::max(most, values[i]);
  return most;
}

/// One row at a time: the maxima; the sums, whose terms are kept; the gradient.
extern "C" void textbookCategorical(const int64_t *rows,
                                    const int64_t *outcomes,
                                    const float *weight, const float *logits,
                                    const float *reference, float *penalty,
                                    float *gradient) {
  double sum = 0;
  int64_t count = *rows, size = *outcomes;
  float w = *weight;
#pragma omp parallel reduction(+ : sum)
  {
    std::vector<float> kept(size);
    float *__restrict roots = kept.data();
#pragma omp for schedule(static)
    for (int64_t row = 0; row < count; ++row) {
      const float *__restrict a = logits + row * size;
      const float *__restrict b = reference + row * size;
      float *__restrict g = gradient + row * size;
      float mostA = maximum(a, size), mostB = maximum(b, size);
      float sumA = 0, sumB = 0, both = 0;
#pragma omp simd reduction(+ : sumA, sumB, both)
      for (int64_t i = 0; i < size; ++i) {
        float x = std::exp(0.5f * (a[i] - mostA));
        float y = std::exp(0.5f * (b[i] - mostB));
        roots[i] = x;
        g[i] = x * y;
        sumA += x * x;
        sumB += y * y;
        both += x * y;
      }
      float scale = 1 / std::sqrt(sumA * sumB);
      float c = both * scale;
      bool apart = c < 1;
      float angle = apart ? std::acos(c) : 0;
      float slope = apart ? -4 * w * angle / std::sqrt((1 - c) * (1 + c)) : 0;
      sum += 4 * angle * angle;
#pragma omp simd
      for (int64_t i = 0; i < size; ++i)
        g[i] = slope * (g[i] * scale - c * roots[i] * roots[i] / sumA);
    }
  }
  *penalty = w * sum;
}

/// The textbook Gaussian's gradient is added to the loss's, and AdamW follows.
extern "C" void textbookAdamW(const int64_t *n, const float *weight,
                              const float *step, float *const *state,
                              const float *muGradient,
                              const float *sigmaGradient, const float *mean,
                              const float *scale, float *penalty) {
  float first = 1 - std::pow(0.9f, *step), second = 1 - std::pow(0.999f, *step);
  auto update = [=](float &p, float &m, float &v, float g) {
    m = 0.9f * m + 0.1f * g;
    v = 0.999f * v + 0.001f * g * g;
    p -= 1e-5f * (m / first / (std::sqrt(v / second) + 1e-8f) + 1e-2f * p);
  };
  float *__restrict mu = state[0], *__restrict sigma = state[1];
  float *__restrict muM = state[2], *__restrict sigmaM = state[3];
  float *__restrict muV = state[4], *__restrict sigmaV = state[5];
  double sum = 0;
  int64_t size = *n;
  float w = *weight;
#pragma omp parallel for simd schedule(static) reduction(+ : sum)
  for (int64_t i = 0; i < size; ++i) {
    PenaltyAndGradient x = gaussian(mu[i], sigma[i], mean[i], scale[i]);
    sum += x.squaredDistance;
    update(mu[i], muM[i], muV[i], muGradient[i] + w * x.mean);
    update(sigma[i], sigmaM[i], sigmaV[i], sigmaGradient[i] + w * x.scale);
  }
  *penalty = w * sum;
}
