#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A variational autoencoder whose codes are held by the Fisher-Rao distance, in JAX.

The encoder makes a belief about the code of a digit, N(mean, sigma²) in each of
eight dimensions, and the decoder draws the digit again. What keeps the codes
near N(0, 1) is the Kullback-Leibler (KL) divergence in the textbook, and here the
squared Fisher-Rao distance d². Near the prior, KL and d²/2 agree. Far away the KL
grows with the square of the mean, and d² with that of its logarithm; with the
logarithm of a small sigma it is the other way around. So d² lets means lie further
apart, and keeps beliefs broader.

What is shown, of digits that were held out: how well they are drawn, how far the
codes are from the prior, the log-likelihood, and digits that are drawn from codes of
the prior. With the KL, what is trained is a bound of the log-likelihood, so that by
this measure it is ahead.
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
parser.add_argument("--weight", type=float, default=0.3, help="of d² (default: %(default)s)")
parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
parser.add_argument("--output", default="jax_vae.png", help="default: %(default)s")
parser.add_argument("--quick", action="store_true", help="few steps, to see that all works")
options = parser.parse_args([] if IN_NOTEBOOK else None)
if options.quick:
    options.steps = 1000

CODE, HIDDEN = 8, 128

with np.load(HERE / "bayes_mlp" / "digits.npz") as digits:
    images = digits["x"] / digits["x"].max()
train_x, test_x = images[:1437], images[1437:]

# %% [markdown]
# ## Encoder and decoder
# The encoder's two outputs are the components of a belief: a mean, and the
# logarithm of a standard deviation. `fisher.Gaussian("log_sigma")` says so, and a
# belief is a tree of arrays like any other.

# %%
gaussian = fisher.Gaussian("log_sigma")
prior = gaussian(0.0, 0.0)


def init_layer(key, inputs, outputs):
    return {
        "w": jax.random.normal(key, (inputs, outputs)) * jnp.sqrt(2 / inputs),
        "b": jnp.zeros(outputs),
    }


def init(seed):
    keys = jax.random.split(jax.random.key(seed), 4)
    return {
        "encoder": [init_layer(keys[0], 64, HIDDEN), init_layer(keys[1], HIDDEN, 2 * CODE)],
        "decoder": [init_layer(keys[2], CODE, HIDDEN), init_layer(keys[3], HIDDEN, 64)],
    }


def apply(layers, x):
    first, second = layers
    return jax.nn.relu(x @ first["w"] + first["b"]) @ second["w"] + second["b"]


def encode(params, x):
    return gaussian(*jnp.split(apply(params["encoder"], x), 2, -1))


def draw(belief, key):
    mean, log_sigma = belief.components
    return mean + jnp.exp(log_sigma) * jax.random.normal(key, mean.shape)


def decode(params, code):
    return apply(params["decoder"], code)


# %% [markdown]
# ## The loss
# Pixels are shades of grey, which the decoder sees as chances of a Bernoulli
# distribution. Only the regularizer of the codes is different.


# %%
def negative_log_likelihood(logits, x):
    return optax.sigmoid_binary_cross_entropy(logits, x).sum(-1)


def squared_distance(belief):
    return fisher.jax.squared_distance(belief, prior).sum(-1)


def kl_divergence(belief):
    # The textbook's, which JAX differentiates.
    mean, log_sigma = belief.components
    return (mean**2 + jnp.exp(2 * log_sigma) - 1 - 2 * log_sigma).sum(-1) / 2


def make_loss(regularizer):
    def loss(params, x, key):
        belief = encode(params, x)
        drawn = decode(params, draw(belief, key))
        return (negative_log_likelihood(drawn, x) + regularizer(belief)).mean()

    return loss


def train(regularizer, label):
    loss = make_loss(regularizer)
    optimizer = optax.adam(1e-3)

    @jax.jit
    def step(params, state, x, key):
        _, grads = jax.value_and_grad(loss)(params, x, key)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), state

    params = init(options.seed)
    state = optimizer.init(params)
    batches = np.random.default_rng(options.seed)
    for key in tqdm(jax.random.split(jax.random.key(options.seed), options.steps), desc=label):
        x = train_x[batches.integers(len(train_x), size=128)]
        params, state = step(params, state, x, key)
    return params


regularizers = {
    "KL": kl_divergence,
    "d² / 2": lambda belief: squared_distance(belief) / 2,
    f"{options.weight} d²": lambda belief: options.weight * squared_distance(belief),
}
runs = {label: train(regularizer, label) for label, regularizer in regularizers.items()}

# %% [markdown]
# ## What came out
# The log-likelihood of a digit is estimated from 500 codes that are drawn from its
# belief and weighted by the prior's density over the belief's; it does not depend on
# what the codes were held by. "drawn again" is the negative log-likelihood of a digit
# that is drawn from the mean of its belief. All but the spreads are in nats.


# %%
@jax.jit
def evaluate(params, key):
    belief = encode(params, test_x)
    mean, log_sigma = belief.components

    def weigh(key):
        code = draw(belief, key)
        log_prior = jax.scipy.stats.norm.logpdf(code).sum(-1)
        log_belief = jax.scipy.stats.norm.logpdf(code, mean, jnp.exp(log_sigma)).sum(-1)
        return -negative_log_likelihood(decode(params, code), test_x) + log_prior - log_belief

    weights = jax.lax.map(weigh, jax.random.split(key, 500))
    return (
        negative_log_likelihood(decode(params, mean), test_x).mean(),
        kl_divergence(belief).mean(),
        squared_distance(belief).mean(),
        mean.std(0).mean(),
        jnp.exp(log_sigma).mean(),
        -(jax.nn.logsumexp(weights, 0) - jnp.log(500)).mean(),
    )


columns = "drawn again", "KL", "d²", "spread of means", "mean σ", "NLL"
print(f"{'':10}" + "".join(f"{name:>17}" for name in columns))
for label, params in runs.items():
    numbers = evaluate(params, jax.random.key(options.seed + 1))
    print(f"{label:10}" + "".join(f"{number:17.3f}" for number in numbers))

# %%
shown = test_x[:12]
codes = jax.random.normal(jax.random.key(options.seed + 2), (12, CODE))
rows = {"digit": shown}
for label, params in runs.items():
    mean, _ = encode(params, shown).components
    rows[f"{label}:\ndrawn again"] = jax.nn.sigmoid(decode(params, mean))
for label, params in runs.items():
    rows[f"{label}:\nfrom the prior"] = jax.nn.sigmoid(decode(params, codes))

figure, axes = plt.subplots(len(rows), 12, figsize=(9, 5.6))
figure.subplots_adjust(left=0.13, right=0.99, top=0.98, bottom=0.02, wspace=0.05, hspace=0.12)
for (label, pictures), line in zip(rows.items(), axes):
    line[0].set_ylabel(label, rotation=0, ha="right", va="center")
    for picture, place in zip(np.asarray(pictures), line):
        place.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        place.set(xticks=[], yticks=[])
figure.savefig(options.output, dpi=110)
print(f"picture: {options.output}")
