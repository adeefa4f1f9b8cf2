# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the regularizer costs in a training step of JAX on the CPU.

    python benchmarks/python/jax_overhead.py [--width 512] [--rounds 40]

Three jitted steps of one Bayesian network on batches of the digits' size: with
no regularizer, with fisher.jax.value_and_grad, and with the penalty written by
hand, in the form that has no NaN at distance zero. Rounds are interleaved.
"""

import argparse
import functools
import time

import jax
import jax.numpy as jnp
import numpy as np

import fisher
import fisher.jax

WEIGHT, RATE = 1e-3, 5e-2
POLICY = fisher.Policy().regularize(
    "(*).mu",
    "(*).rho",
    as_=fisher.Gaussian("softplus"),
    toward=fisher.prior(0, 1),
    weight=WEIGHT,
)


def make_params(width, key):
    """A network of 64, `width`, `width` and 10 units with Gaussian weights."""
    sizes = [64, width, width, 10]
    params = {}
    for layer, (rows, columns) in enumerate(zip(sizes, sizes[1:])):
        key, one, two = jax.random.split(key, 3)
        params[f"fc{layer}"] = {
            "mu": jax.random.normal(one, (rows, columns)) / np.sqrt(rows),
            "rho": -3 + 0.1 * jax.random.normal(two, (rows, columns)),
        }
    return params


def loss(params, x, y, noise):
    """The cross entropy of one draw of the weights."""
    hidden = x
    for layer, name in enumerate(params):
        weights = params[name]["mu"] + jax.nn.softplus(params[name]["rho"]) * noise[layer]
        hidden = (jax.nn.relu(hidden) if layer else hidden) @ weights
    return -jnp.mean(jax.nn.log_softmax(hidden)[jnp.arange(len(y)), y])


def penalty_by_hand(params):
    """The same penalty as one writes it: 2 arcosh² of 1 + chord/2."""
    total = 0.0
    for weights in params.values():
        sigma = jax.nn.softplus(weights["rho"])
        chord = (0.5 * weights["mu"] ** 2 + (sigma - 1) ** 2) / (2 * sigma)
        # The second where keeps the gradient finite where the chord is zero.
        safe = jnp.where(chord > 0, chord, 1.0)
        arc = jnp.where(chord > 0, jnp.log1p(safe + jnp.sqrt(safe * (safe + 2))), 0.0)
        total += jnp.sum(2 * arc**2)
    return WEIGHT * total


def make_step(gradients):
    """A step of gradient descent, jitted, that may write over its parameters."""

    @functools.partial(jax.jit, donate_argnums=0)
    def step(params, *batch):
        value, grads = gradients(params, *batch)
        return jax.tree.map(lambda p, g: p - RATE * g, params, grads), value

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--steps", type=int, default=10, help="steps in a round")
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()

    keys = jax.random.split(jax.random.key(0), 6)
    start = make_params(options.width, keys[0])
    x = jax.random.normal(keys[1], (options.batch, 64))
    y = jax.random.randint(keys[2], (options.batch,), 0, 10)
    noise = [
        jax.random.normal(key, layer["mu"].shape) for key, layer in zip(keys[3:], start.values())
    ]
    steps = {
        "none": make_step(jax.value_and_grad(loss)),
        "fisher": make_step(fisher.jax.value_and_grad(loss, POLICY)),
        "by hand": make_step(
            jax.value_and_grad(lambda params, *batch: loss(params, *batch) + penalty_by_hand(params))
        ),
    }
    params = {name: jax.tree.map(jnp.copy, start) for name in steps}
    times = {name: [] for name in steps}
    values = {}
    for round in range(options.rounds + 3):
        for name, step in steps.items():
            begin = time.perf_counter()
            for _ in range(options.steps):
                params[name], value = step(params[name], x, y, noise)
            value.block_until_ready()
            values[name] = float(value)
            if round >= 3:
                times[name].append((time.perf_counter() - begin) / options.steps * 1e6)
    print(f"width {options.width}, {sum(p.size for p in jax.tree.leaves(start))} parameters")
    for name, measured in times.items():
        print(f"{name:8}  {min(measured):8.0f} µs least, {np.median(measured):8.0f} µs median")
    for label, pick in (("least", min), ("median", np.median)):
        base, ours, hand = (pick(times[name]) for name in ("none", "fisher", "by hand"))
        print(f"overhead of fisher / overhead by hand, {label}: {(ours - base) / (hand - base):.2f}")
    error = abs(values["fisher"] - values["by hand"]) / abs(values["by hand"])
    print(f"losses agree to {error:.1e}")


main()
