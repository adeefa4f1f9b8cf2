/* Part of the Fisher project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */

/* Calls a function that was compiled for a device, on a driver that only tells
 * what it is asked. */

#ifdef BRANCH
#include "branch.h"
#elif defined(HIP)
#include "hip.h"
#else
#include "cuda.h"
#endif

#include <stdio.h>

int main(void) {
  fprintf(stderr, "begin\n");
#ifdef BRANCH
  float x[4] = {0}, out[4];
  uint8_t flag = 1;
  fisher_branch(x, &flag, out, (void *)STREAM);
#else
  float mu[6] = {0}, log_sigma[6] = {0}, loss, gradient[6];
  uint16_t h[3] = {0}, out[3];
  step(mu, 3, log_sigma, 3, 1.0f, h, &loss, gradient, out, (void *)STREAM);
#endif
  fprintf(stderr, "end\n");
  return 0;
}
