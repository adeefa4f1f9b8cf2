/* Part of the Fisher project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */

/* The function of emit-device.mlir on a device of OpenCL gives what it gives on
 * the CPU: on the queue of the run-time library and on one of this program. */

#define CL_TARGET_OPENCL_VERSION 200
#include "branch.h"
#include "cpu.h"
#include "fisher/Runtime/Runtime.h"
#include "opencl.h"

#include <CL/cl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most = 5000 };

static cl_context context;
static cl_command_queue queue;

static void *allocate(size_t bytes) {
  return queue ? clSVMAlloc(context, CL_MEM_READ_WRITE, bytes, 0)
               : fisherDeviceAllocate(bytes);
}

static void copy(void *to, const void *from, size_t bytes) {
  if (!queue)
    fisherDeviceCopy(to, from, bytes);
  else if (bytes != 0)
    clEnqueueSVMMemcpy(queue, CL_TRUE, to, from, bytes, 0, NULL, NULL);
}

/* Memory of the device, not aligned for more than an element. */
static void *toDevice(const void *from, size_t bytes, size_t element) {
  char *memory = allocate(bytes + element);
  copy(memory + element, from, bytes);
  return memory + element;
}

static void compare(const char *name, const float *got, const float *expected,
                    size_t count) {
  float difference = 0, largest = 0;
  for (size_t i = 0; i < count; ++i) {
    difference = fmaxf(difference, fabsf(got[i] - expected[i]));
    largest = fmaxf(largest, fabsf(expected[i]));
  }
  if (difference <= 1e-6f * largest)
    return;
  printf("%s: off by %g of %g\n", name, difference, largest);
  exit(1);
}

static void check(int64_t n) {
  static float mu[2 * most], log_sigma[2 * most], gradient[2 * most],
      result[2 * most];
  float loss = -1;
  uint16_t h[3] = {0x3f80, 0x4000, 0x4040}, twice[3];
  size_t bytes = 2 * n * sizeof(float);
  for (int i = 0; i < 2 * n; ++i) {
    mu[i] = sinf(i);
    log_sigma[i] = cosf(i);
  }
  float *mu_d = toDevice(mu, bytes, 4), *loss_d = allocate(4),
        *log_sigma_d = toDevice(log_sigma, bytes, 4),
        *gradient_d = toDevice(mu, bytes, 4);
  uint16_t *h_d = toDevice(h, 6, 2), *twice_d = toDevice(h, 6, 2);
  step(mu_d, n, log_sigma_d, n, 0.5f, h_d, loss_d, gradient_d, twice_d, queue);
  /* What follows in the queue comes after it. */
  step(mu_d, n, log_sigma_d, n, 0.25f, h_d, loss_d, gradient_d, twice_d, queue);

  float expected = 0;
  uint16_t twice_expected[3];
  cpu(mu, n, log_sigma, n, 0.5f, h, &expected, gradient, twice_expected);
  cpu(mu, n, log_sigma, n, 0.25f, h, &expected, gradient, twice_expected);
  copy(result, mu_d, bytes);
  compare("mu", result, mu, 2 * n);
  copy(result, gradient_d, bytes);
  compare("gradient", result, gradient, 2 * n);
  copy(&loss, loss_d, 4);
  compare("loss", &loss, &expected, 1);
  copy(twice, twice_d, 6);
  if (memcmp(twice, twice_expected, 6) != 0) {
    printf("h: other bits\n");
    exit(1);
  }
  printf("%d rows agree\n", (int)n);
}

/* The host needs a number of the device. */
static void checkBranch(uint8_t flag) {
  float x[4] = {1, 3, 5, 7}, got[4], expected[4];
  for (int i = 0; i < 4; ++i)
    expected[i] = flag ? x[i] + x[i] : x[i] * x[i];
  float *x_d = toDevice(x, sizeof(x), 4), *got_d = toDevice(x, sizeof(x), 4);
  uint8_t *flag_d = toDevice(&flag, 1, 1);
  branch(x_d, flag_d, got_d, queue);
  copy(got, got_d, sizeof(got));
  compare("branch", got, expected, 4);
  printf("branch %d agrees\n", flag);
}

static void openQueue(void) {
  cl_platform_id platforms[8];
  cl_uint count = 0;
  clGetPlatformIDs(8, platforms, &count);
  for (cl_uint i = 0; i < count; ++i) {
    char name[256] = "";
    cl_device_id device;
    clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof(name), name, NULL);
    if (!strstr(name, getenv("FISHER_OPENCL_PLATFORM")))
      continue;
    clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 1, &device, NULL);
    context = clCreateContext(NULL, 1, &device, NULL, NULL, NULL);
    queue = clCreateCommandQueueWithProperties(context, device, NULL, NULL);
  }
  if (!queue)
    exit(2);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "queue") == 0)
    openQueue();
  else if (fisherDeviceOpen("opencl"))
    return 2;
  check(3);
  check(0);
  check(most);
  checkBranch(0);
  checkBranch(1);
  return 0;
}
