# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gradient descent in JAX, jitted, with the compiled regularizer as a function
that jax.grad knows.

    python3 examples/gpu/with_jax.py build/gpu-examples/libjax_regularizer.so
"""

import ctypes
import functools
import sys

import formula
import jax
import jax.numpy as jnp
import numpy as np

PLATFORM = "CUDA"
WEIGHT, RATE, STEPS = 0.5, 0.05, 50

library = ctypes.CDLL(sys.argv[1])
jax.ffi.register_ffi_target(
    "fisher_regularizer", jax.ffi.pycapsule(library.Regularizer), platform=PLATFORM
)


def compiled(mu, log_sigma, weight):
    """The penalty and its gradients."""
    types = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in ((), mu.shape, mu.shape)]
    call = jax.ffi.ffi_call("fisher_regularizer", types)
    return call(mu, log_sigma, weight=np.float32(weight))


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def penalty(mu, log_sigma, weight):
    return compiled(mu, log_sigma, weight)[0]


def forward(mu, log_sigma, weight):
    value, *gradients = compiled(mu, log_sigma, weight)
    return value, gradients


def backward(_, gradients, factor):
    return tuple(factor * gradient for gradient in gradients)


penalty.defvjp(forward, backward)


@jax.jit
def step(mu, log_sigma):
    """The loss is twice the penalty and half of the sum of squared means."""

    def loss(mu, log_sigma):
        return 2 * penalty(mu, log_sigma, WEIGHT) + 0.5 * jnp.sum(mu**2)

    value, gradients = jax.value_and_grad(loss, argnums=(0, 1))(mu, log_sigma)
    return value, mu - RATE * gradients[0], log_sigma - RATE * gradients[1]


def main():
    numbers = np.random.default_rng(0)
    start = [np.float32(scale * numbers.standard_normal((301, 97))) for scale in (1, 0.3)]
    got = [None, *start]
    for _ in range(STEPS):
        got = step(*got[1:])
    mu, log_sigma = map(np.float64, start)
    for _ in range(STEPS):
        value, *gradients = formula.penalty_with_gradient(mu, log_sigma, WEIGHT)
        value = 2 * value + 0.5 * np.sum(mu**2)
        mu = mu - RATE * (2 * gradients[0] + mu)
        log_sigma = log_sigma - RATE * 2 * gradients[1]
    worst = max(formula.error(a, b) for a, b in zip(got, (value, mu, log_sigma)))
    formula.finish("JAX", worst, 1e-4)


main()
