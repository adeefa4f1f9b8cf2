#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A Bayesian network on digits, in JAX and Optax.

Each weight of the network is a belief, the Gaussian N(mu, softplus(rho)²). A
training step draws the weights from their beliefs and lowers the negative
log-likelihood (NLL) of a batch. Alone, that sharpens the beliefs until the
network is sure of things that it cannot know. With a policy of one line, each
belief is also drawn toward N(0, 1) by the squared Fisher-Rao distance. What is
shown is what this does to the NLL and to the calibration on digits that were
held out.
"""

# %%
import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from tqdm import tqdm

import fisher
import fisher.jax

IN_NOTEBOOK = "__file__" not in globals()
HERE = Path("..") if IN_NOTEBOOK else Path(__file__).parent

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("--steps", type=int, default=4000, help="default: %(default)s")
parser.add_argument("--weight", type=float, default=1e-5, help="default: %(default)s")
parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
parser.add_argument("--output", default="jax_bayes_mlp.png", help="default: %(default)s")
parser.add_argument("--quick", action="store_true", help="few steps, to see that all works")
options = parser.parse_args([] if IN_NOTEBOOK else None)
if options.quick:
    options.steps = 1500

# %% [markdown]
# ## Data
# 1797 digits of 8×8 pixels; the last 360, by other writers, are held out.

# %%
with np.load(HERE / "bayes_mlp" / "digits.npz") as digits:
    images, labels = digits["x"], digits["y"]
train_x, train_y = images[:1437], labels[:1437]
test_x, test_y = images[1437:], labels[1437:]

# %% [markdown]
# ## The network
# A layer is a dictionary with the means and the scales of its weights, and biases
# that are plain numbers. To use it, draw its weights.


# %%
def init_layer(key, inputs, outputs):
    return {
        "mu": jax.random.normal(key, (inputs, outputs)) / jnp.sqrt(inputs),
        "rho": jnp.full((inputs, outputs), -3.0, jnp.float32),
        "bias": jnp.zeros(outputs),
    }


def init(seed):
    keys = jax.random.split(jax.random.key(seed))
    return {"fc0": init_layer(keys[0], 64, 32), "fc1": init_layer(keys[1], 32, 10)}


def draw_weights(layer, key):
    noise = jax.random.normal(key, layer["mu"].shape)
    return layer["mu"] + jax.nn.softplus(layer["rho"]) * noise


def apply(params, x, key):
    """The logits of one network that is drawn from the beliefs."""
    keys = jax.random.split(key)
    hidden = jax.nn.relu(x @ draw_weights(params["fc0"], keys[0]) + params["fc0"]["bias"])
    return hidden @ draw_weights(params["fc1"], keys[1]) + params["fc1"]["bias"]


def loss(params, x, y, key):
    logits = apply(params, x, key)
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


# %% [markdown]
# ## The policy
# What `(*).mu` and `(*).rho` match with the same text in the parentheses is one
# belief: here the weights of `fc0`, and those of `fc1`. The biases are matched by
# nothing, and are left alone.

# %%
policy = fisher.Policy().regularize(
    "(*).mu",
    "(*).rho",
    as_=fisher.Gaussian("softplus"),
    toward=fisher.prior(0, 1),
    weight=options.weight,
)
print(policy)

# %% [markdown]
# ## Training
# `fisher.jax.value_and_grad` stands where `jax.value_and_grad` would; the rest of
# the loop is what it was. Predictions are averaged over 32 networks.


# %%
@jax.jit
def evaluate(params, key):
    """Accuracy, NLL and the probabilities of the held-out digits."""
    keys = jax.random.split(key, 32)
    logits = jax.vmap(lambda key: apply(params, test_x, key))(keys)
    probabilities = jax.nn.softmax(logits).mean(0)
    accuracy = (probabilities.argmax(1) == test_y).mean()
    nll = -jnp.log(probabilities[jnp.arange(len(test_y)), test_y]).mean()
    return accuracy, nll, probabilities


def train(value_and_grad, label):
    """What was learnt, and the held-out accuracy and NLL on the way."""
    optimizer = optax.adam(3e-3)

    @jax.jit
    def step(params, state, x, y, key):
        _, grads = value_and_grad(params, x, y, key)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), state

    params = init(options.seed)
    state = optimizer.init(params)
    keys = jax.random.split(jax.random.key(options.seed + 1), options.steps)
    batches = np.random.default_rng(options.seed)
    curve = []
    for number, key in enumerate(tqdm(keys, desc=label), 1):
        rows = batches.integers(len(train_x), size=128)
        params, state = step(params, state, train_x[rows], train_y[rows], key)
        if number % 50 == 0 or number == options.steps:
            accuracy, nll, _ = evaluate(params, key)
            curve.append((number, accuracy, nll))
    return params, np.array(curve)


runs = {
    "no regularization": train(jax.value_and_grad(loss), "no regularization"),
    "Fisher-Rao": train(fisher.jax.value_and_grad(loss, policy), "Fisher-Rao"),
}

# %% [markdown]
# ## What came out
# A network is calibrated if it is right in as many cases as it says: of the digits
# to which it gives 80 %, 80 % are what it says. The calibration error is the mean
# difference.


# %%
def measure_calibration(probabilities, bins=5):
    """For each bin: how sure the network is, how often it is right, and the share
    of the digits that are in it."""
    confidence, is_right = probabilities.max(1), probabilities.argmax(1) == test_y
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = [
        (confidence[places == i].mean(), is_right[places == i].mean(), (places == i).mean())
        for i in range(bins)
        if (places == i).any()
    ]
    return np.array(rows).T


measured = {}
print(f"{'':20}{'accuracy, %':>12}{'NLL':>8}{'calibration error':>20}{'mean σ':>9}{'Σd²':>9}")
for label, (params, curve) in runs.items():
    accuracy, nll, probabilities = evaluate(params, jax.random.key(options.seed + 2))
    calibration = measure_calibration(np.asarray(probabilities))
    error = (abs(calibration[0] - calibration[1]) * calibration[2]).sum()
    sigmas = np.concatenate([jax.nn.softplus(layer["rho"]).ravel() for layer in params.values()])
    distance = fisher.jax.penalty(params, policy) / options.weight
    measured[label] = calibration
    print(
        f"{label:20}{100 * accuracy:12.1f}{nll:8.3f}{error:20.3f}{sigmas.mean():9.3f}{distance:9.0f}"
    )

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for (label, (_, curve)), color in zip(runs.items(), ("#D55E00", "#0072B2")):
    left.plot(curve[:, 0], curve[:, 2], color=color, label=label)
    right.plot(*measured[label][:2], "o-", color=color, label=label)
left.set(xlabel="training step", ylabel="nats per digit", title="Held-out NLL (lower is better)")
left.set_ylim(0.2, 0.8)
left.legend(frameon=False)
right.plot([0, 1], [0, 1], color="0.6", lw=1)
right.set(xlabel="how sure the network is", ylabel="how often it is right", title="Calibration")
figure.savefig(options.output, dpi=110)
print(f"picture: {options.output}")
