/* Part of the Fisher project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */

#include "step.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int rows = argc > 1 ? atoi(argv[1]) : 0;
  uint8_t set = argc > 2 ? (uint8_t)atoi(argv[2]) : 1;
  float mu[16], gradient[16], scalar;
  double base = 0.5, loss;
  uint16_t h[2] = {0x3f80, 0x4000}, twice[2];
  uint8_t flag;
  for (int i = 0; i < 2 * rows; ++i)
    mu[i] = (float)(i + 1);
  fisher_main(mu, rows, &base, 0.75f, h, set, &loss, gradient, &scalar, twice,
              &flag);
  printf("mu");
  for (int i = 0; i < 2 * rows; ++i)
    printf(" %g", mu[i]);
  printf("\nloss %g\ngradient", loss);
  for (int i = 0; i < 2 * rows; ++i)
    printf(" %.4f", gradient[i]);
  printf("\nscalar %g\nbfloat16 %x %x\nflag %d\n", scalar, (unsigned)twice[0],
         (unsigned)twice[1], flag);
  return 0;
}
