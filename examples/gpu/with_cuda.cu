/* Part of the Fisher project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Gradient descent on the compiled regularizer, between kernels of this program
 * and on its stream. Nothing waits before the end.
 *
 *   nvcc -Ibuild/gpu-examples examples/gpu/with_cuda.cu \
 *     build/gpu-examples/regularizer.o -Lbuild/lib -lFisherRuntime \
 *     -Xlinker -rpath=$PWD/build/lib -o build/gpu-examples/with_cuda
 */

#include "regularizer.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

constexpr int count = 1000003, steps = 10;
constexpr float weight = 0.5f, rate = 0.1f;

static void check(cudaError_t error) {
  if (error == cudaSuccess)
    return;
  std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(error));
  std::exit(1);
}

__global__ void initialize(float *mu, float *logSigma) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count)
    return;
  mu[i] = 0.001f * (i % 2003 - 1001);
  logSigma[i] = 0.002f * (i % 1009 - 503.5f);
}

__global__ void descend(float *parameter, const float *gradient) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count)
    parameter[i] -= rate * gradient[i];
}

/// One belief in float64: returns its penalty and takes a step.
static double descend(double &mu, double &logSigma) {
  double sigma = std::exp(logSigma), more = std::expm1(logSigma);
  double d = (mu * mu / 2 + more * more) / (2 * sigma);
  double length = 2 * std::asinh(std::sqrt(d / 2)); // arcosh(1 + d)
  double slope = 4 * length / std::sqrt(d * (d + 2));
  double gradMu = weight * slope * mu / (2 * sigma);
  double gradLogSigma = weight * slope * (more - d);
  mu -= rate * gradMu;
  logSigma -= rate * gradLogSigma;
  return weight * 2 * length * length;
}

int main() {
  constexpr size_t bytes = count * sizeof(float);
  cudaStream_t stream;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  float *mu, *logSigma, *gradMu, *gradLogSigma, *penalty;
  for (float **memory : {&mu, &logSigma, &gradMu, &gradLogSigma, &penalty})
    check(cudaMalloc(memory, bytes));

  int blocks = (count + 255) / 256;
  initialize<<<blocks, 256, 0, stream>>>(mu, logSigma);
  for (int step = 0; step < steps; ++step) {
    fisher_regularizer(mu, count, logSigma, count, weight, penalty, gradMu,
                       gradLogSigma, stream);
    descend<<<blocks, 256, 0, stream>>>(mu, gradMu);
    descend<<<blocks, 256, 0, stream>>>(logSigma, gradLogSigma);
  }
  float last;
  std::vector<float> means(count), logs(count);
  auto fetch = [&](void *to, const void *from, size_t size) {
    check(cudaMemcpyAsync(to, from, size, cudaMemcpyDeviceToHost, stream));
  };
  fetch(&last, penalty, sizeof(last));
  fetch(means.data(), mu, bytes);
  fetch(logs.data(), logSigma, bytes);
  check(cudaStreamSynchronize(stream));
  check(cudaGetLastError());

  double expected = 0, worst = 0;
  for (int i = 0; i < count; ++i) {
    double m = 0.001f * (i % 2003 - 1001);
    double l = 0.002f * (i % 1009 - 503.5f);
    double value = 0;
    for (int step = 0; step < steps; ++step)
      value = descend(m, l);
    expected += value;
    worst = std::max({worst, std::abs(means[i] - m), std::abs(logs[i] - l)});
  }
  worst = std::max(worst, std::abs(last - expected) / expected);
  bool isGood = worst <= 1e-5;
  std::printf("CUDA C++: error %.1e, %s\n", worst, isGood ? "good" : "TOO BIG");
  return isGood ? 0 : 1;
}
