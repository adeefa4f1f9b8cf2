/* Trains a linear model with the step in step.mlir, compiled ahead of time.
 *
 *   build/bin/fisher-run examples/aot/step.mlir \
 *     --policy=examples/aot/policy.mlir --emit=object,header -o build/step
 *   cc -O2 -Ibuild examples/aot/main.c build/step.o -lm -o build/train
 *   build/train
 */

#include "step.h"

#include <stdio.h>

enum { rows = 64 };

int main(void) {
  static float x[rows * 3], y[rows], residual[rows];
  for (int i = 0; i < rows; ++i) {
    x[3 * i] = 1;
    x[3 * i + 1] = (float)(i % 8) / 4 - 1;
    x[3 * i + 2] = (float)(i / 8) / 4 - 1;
    y[i] = 0.5f + 2 * x[3 * i + 1] - x[3 * i + 2];
  }

  /* The state is this program's; each step writes over it. */
  float w[3] = {0}, log_sigma[3] = {0}, velocity[3] = {0}, loss = 0;
  for (int step = 0; step < 100; ++step)
    fisher_step(w, log_sigma, velocity, x, rows, y, rows, &loss, residual);
  printf("loss %.6f  w %.3f %.3f %.3f\n", loss, w[0], w[1], w[2]);
  return 0;
}
