# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gradient descent with momentum in a Triton kernel, on the gradients that the
compiled regularizer writes. Both are on one stream; nothing waits before the end.

    python3 examples/gpu/with_triton.py build/gpu-examples/libregularizer.so
"""

import sys

import formula
import numpy as np
import torch
import triton
import triton.language as tl
from compiled import load

WEIGHT, RATE, MOMENTUM, STEPS = 0.5, 0.02, 0.8, 50


@triton.jit
def descend(parameter, velocity, gradient, n, rate, momentum, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    v = momentum * tl.load(velocity + at, inside) + tl.load(gradient + at, inside)
    tl.store(velocity + at, v, inside)
    tl.store(parameter + at, tl.load(parameter + at, inside) - rate * v, inside)


def main():
    regularize = load(sys.argv[1])
    n = 100003
    numbers = np.random.default_rng(0)
    start = [np.float32(scale * numbers.standard_normal(n)) for scale in (1, 0.3)]

    with torch.cuda.stream(torch.cuda.Stream()):
        parameters = [torch.from_numpy(array).cuda() for array in start]
        velocities = [torch.zeros_like(parameter) for parameter in parameters]
        gradients = [torch.empty_like(parameter) for parameter in parameters]
        penalty = parameters[0].new_empty(())
        for _ in range(STEPS):
            regularize(*parameters, WEIGHT, penalty, *gradients)
            for trio in zip(parameters, velocities, gradients):
                descend[(triton.cdiv(n, 1024),)](*trio, n, RATE, MOMENTUM, BLOCK=1024)
        got = [penalty.cpu(), *(parameter.cpu() for parameter in parameters)]

    expected = [np.float64(array) for array in start]
    velocities = [np.zeros(n) for _ in range(2)]
    for _ in range(STEPS):
        value, *gradients = formula.penalty_with_gradient(*expected, WEIGHT)
        for i in range(2):
            velocities[i] = MOMENTUM * velocities[i] + gradients[i]
            expected[i] = expected[i] - RATE * velocities[i]
    worst = max(formula.error(a.numpy(), b) for a, b in zip(got, [value, *expected]))
    formula.finish("Triton", worst, 1e-4)


main()
