# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""JAX, jitted, with the buffers of results given to it."""

import jax
import jax.numpy as jnp
import numpy as np
from cases import STATE, STEP, WEIGHT, digest, inputs

from . import Python


def version():
    return f"JAX {jax.__version__}"


def _guarded(function, z, inside, safe):
    """function(z), and zero with a gradient of zero where z is outside."""
    return jnp.where(inside, function(jnp.where(inside, z, safe)), 0)


def _gaussian(mu, sigma, mean, scale):
    z = 1 + ((mu - mean) ** 2 / 2 + (sigma - scale) ** 2) / (2 * sigma * scale)
    return WEIGHT * jnp.sum(2 * _guarded(jnp.arccosh, z, z > 1, 2) ** 2)


def _categorical(logits, reference):
    roots = [jnp.exp(jax.nn.log_softmax(x) / 2) for x in (logits, reference)]
    c = jnp.sum(roots[0] * roots[1], -1)
    return WEIGHT * jnp.sum(4 * _guarded(jnp.arccos, c, c < 1, 0.5) ** 2)


def _kl(mu, sigma):
    return WEIGHT * jnp.sum((mu**2 + sigma**2 - 1) / 2 - jnp.log(sigma))


def _adamw(state, mu_gradient, sigma_gradient, mean, scale, step):
    mu, sigma = state[:2]
    penalty, gradients = jax.value_and_grad(_gaussian, (0, 1))(mu, sigma, mean, scale)
    first, second = 1 - 0.9**step, 1 - 0.999**step
    updated = []
    for p, m, v, g, q in zip(
        state[:2], state[2:4], state[4:], (mu_gradient, sigma_gradient), gradients
    ):
        g = g + q
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        p = p - 1e-5 * (m / first / (jnp.sqrt(v / second) + 1e-8) + 1e-2 * p)
        updated.append((p, m, v))
    return penalty, [part for parts in zip(*updated) for part in parts]


def _loss(parameters, x, y, eps0, eps1, regularizer):
    mu0, rho0, bias0, mu1, rho1, bias1 = parameters
    sigmas = [jax.nn.softplus(rho0), jax.nn.softplus(rho1)]
    hidden = jax.nn.relu(x @ (mu0 + sigmas[0] * eps0) + bias0)
    logits = hidden @ (mu1 + sigmas[1] * eps1) + bias1
    chosen = jax.nn.one_hot(y, logits.shape[-1]) * jax.nn.log_softmax(logits)
    loss = -jnp.sum(chosen) / len(y)
    if regularizer:
        loss += sum(regularizer(mu, sigma) for mu, sigma in zip((mu0, mu1), sigmas))
    return loss


class _Donated(Python):
    """Calls with the last results as buffers for the next."""

    def __init__(self, function, given, buffers, first=None):
        self.function = function
        self.given = given
        self.buffers = buffers
        self.first = first
        super().__init__(self._call, self._digest)

    def _call(self):
        self.value, self.buffers = self.function(self.buffers, *self.given)
        jax.block_until_ready((self.value, self.buffers))

    def _digest(self):
        self._call()
        return digest(self.value, self.buffers)


def _donating(function):
    """A jitted function of buffers for its gradients, then of its arguments."""

    def call(buffers, *given):
        return function(*given)

    return jax.jit(call, donate_argnums=0, keep_unused=True)


def make(case):
    if case.workload == "W3":
        return {}
    arrays = {name: jnp.asarray(np.array(a)) for name, a in inputs(case).items()}
    if case.workload == "W1":
        function = _donating(jax.value_and_grad(_gaussian, (0, 1)))
        buffers = tuple(jnp.zeros_like(arrays["mu"]) for _ in range(2))
        return {"JAX": _Donated(function, list(arrays.values()), buffers)}
    if case.workload == "W2":

        def one(*given):
            value, gradient = jax.value_and_grad(_categorical)(*given)
            return value, (gradient,)

        buffers = (jnp.zeros_like(arrays["logits"]),)
        return {"JAX": _Donated(_donating(one), list(arrays.values()), buffers)}
    if case.workload == "W4":
        state = [arrays.pop(name) for name in STATE]
        function = jax.jit(_adamw, donate_argnums=0)
        return {"JAX": _Donated(function, [*arrays.values(), jnp.float32(STEP)], state)}

    def step(regularizer):
        parameters = tuple(list(arrays.values())[:6])
        others = list(arrays.values())[6:]
        function = jax.value_and_grad(lambda p, *rest: _loss(p, *rest, regularizer))
        buffers = tuple(jnp.zeros_like(p) for p in parameters)
        return _Donated(_donating(function), [parameters, *others], buffers)

    def fisher_rao(mu, sigma):
        return _gaussian(mu, sigma, 0.0, 1.0)

    return {"JAX": step(fisher_rao), "JAX, plain": step(None), "JAX, KL": step(_kl)}
