#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The heading of a ship from two noisy sensors, in JAX.

At each moment the heading is a belief, a von Mises distribution with a direction
and a concentration. Two compasses are read, of which nobody knows how good they
are, and for a while none. The beliefs are held by the squared Fisher-Rao distance
to a reference: the uniform belief, or the belief one moment before (a smooth
path), or nothing. What is shown is the error of the directions, how probable the
true headings are (NLL), what is learnt of the compasses, and the beliefs in the
gap, which become broader by themselves: the shortest way between two directions
passes beliefs that are less sure.
"""

# %%
import argparse

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from jax.scipy.special import i0e, i1e
from tqdm import trange

import fisher
import fisher.jax

IN_NOTEBOOK = "__file__" not in globals()

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("--steps", type=int, default=2000, help="default: %(default)s")
parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
parser.add_argument("--output", default="jax_heading.png", help="default: %(default)s")
parser.add_argument("--quick", action="store_true", help="few steps, to see that all works")
options = parser.parse_args([] if IN_NOTEBOOK else None)
if options.quick:
    options.steps = 500

# %% [markdown]
# ## Data
# The ship turns at random, and more than once around. The first compass is good
# (concentration 20, some 13°), the second poor (2, some 50°). Both fail for 30
# moments.

# %%
MOMENTS, GAP = 300, slice(150, 180)
TRUE_KAPPA = np.array([20.0, 2.0])

random = np.random.default_rng(options.seed)
turns = 0.06 + 0.08 * random.normal(size=MOMENTS)
truth = np.angle(np.exp(1j * np.cumsum(turns)))
readings = random.vonmises(truth, TRUE_KAPPA[:, None])
is_read = np.ones(MOMENTS, bool)
is_read[GAP] = False

# %% [markdown]
# ## The model
# Of a belief with concentration κ, the mean of cos(θ - μ) is A(κ) = I₁(κ)/I₀(κ). So
# the expected log-likelihood of a reading r, of a compass with concentration k, is
# k A(κ) cos(r - μ) - log I₀(k), up to a constant.

# %%
von_mises = fisher.VonMises("log_kappa")


def negative_log_likelihood(params):
    """The mean over the moments that were read, of both compasses together."""
    direction, log_kappa = params["heading"]["direction"], params["heading"]["log_kappa"]
    kappa = jnp.exp(log_kappa)
    compass = jnp.exp(params["compass"])[:, None]
    fit = i1e(kappa) / i0e(kappa) * jnp.cos(readings - direction)
    log_i0 = jnp.log(i0e(compass)) + compass
    return jnp.where(is_read, log_i0 - compass * fit, 0).sum() / is_read.sum()


def init():
    return {
        "heading": {"direction": jnp.asarray(readings[1]), "log_kappa": jnp.zeros(MOMENTS)},
        "compass": jnp.zeros(2),
    }


# %% [markdown]
# ## References
# Toward the uniform belief, a policy says it: a von Mises prior whose concentration is
# nearly 0 (its direction does not matter, and 0 itself has no logarithm). For a smooth path, each belief's reference is
# another parameter, so the loss says it with `squared_distance`.

# %%
policy = fisher.Policy().regularize(
    "heading.direction",
    "heading.log_kappa",
    as_=von_mises,
    toward=fisher.prior(0, 0.01),
    weight=0.5 / MOMENTS,
)


def loss_to_uniform(params):
    return negative_log_likelihood(params) + fisher.jax.penalty(params, policy)


def loss_of_smooth_path(params):
    beliefs = von_mises(params["heading"]["direction"], params["heading"]["log_kappa"])
    before = jax.tree.map(lambda part: part[:-1], beliefs)
    after = jax.tree.map(lambda part: part[1:], beliefs)
    return negative_log_likelihood(params) + fisher.jax.squared_distance(before, after).mean()


# %% [markdown]
# ## Training


# %%
def train(loss, label):
    optimizer = optax.adam(0.02)

    @jax.jit
    def step(params, state):
        updates, state = optimizer.update(jax.grad(loss)(params), state)
        return optax.apply_updates(params, updates), state

    params = init()
    state = optimizer.init(params)
    for _ in trange(options.steps, desc=label):
        params, state = step(params, state)
    return params


losses = {
    "nothing": negative_log_likelihood,
    "the uniform belief": loss_to_uniform,
    "a smooth path": loss_of_smooth_path,
}
runs = {label: train(loss, label) for label, loss in losses.items()}

# %% [markdown]
# ## What came out
# Concentrations are geometric means. With nothing that holds them, the beliefs repeat
# one compass, of which they think that it is never wrong.


# %%
def measure(params):
    direction, log_kappa = params["heading"]["direction"], params["heading"]["log_kappa"]
    kappa = np.exp(log_kappa)
    error = np.degrees(np.abs(np.angle(np.exp(1j * (truth - direction)))))
    nll = np.log(2 * np.pi * i0e(kappa)) + kappa * (1 - np.cos(truth - direction))
    compasses = ", ".join(f"{k:.1f}" for k in np.exp(params["compass"]))
    return (
        f"{error[is_read].mean():10.1f}{error[GAP].mean():8.1f}{nll.mean():8.2f}"
        f"{np.exp(log_kappa[is_read].mean()):14.1f}{np.exp(log_kappa[GAP].mean()):8.1f}{compasses:>16}"
    )


print(f"{'':20}{'error, °':>10}{'in gap':>8}{'NLL':>8}{'concentration':>14}{'in gap':>8}{'compasses':>16}")
for label, params in runs.items():
    print(f"{label:20}{measure(params)}")
print(f"{'(true compasses)':20}{'20.0, 2.0':>64}")

# %%
figure, axes = plt.subplots(2, 1, figsize=(10, 6), sharex=True, layout="constrained")
moments = np.arange(MOMENTS)
params = runs["a smooth path"]
direction, kappa = params["heading"]["direction"], np.exp(params["heading"]["log_kappa"])
belief = np.angle(np.exp(1j * direction)), 1 / np.sqrt(kappa)
axes[0].plot(moments[is_read], readings[1, is_read], ".", ms=3, color="0.75", label="poor compass")
axes[0].plot(moments[is_read], readings[0, is_read], ".", ms=4, color="#D55E00", label="good compass")
axes[0].errorbar(moments, *belief, fmt=".", ms=3, lw=0.7, color="#0072B2", label="belief, ± 1/√κ")
axes[0].plot(moments, truth, "_", ms=3, color="black", label="truth")
axes[0].set(ylabel="heading, radians", title="Beliefs along a smooth path", ylim=(-3.5, 4.7))
axes[0].legend(frameon=False, ncols=4, loc="upper left")
for (label, params), color in zip(runs.items(), ("#999999", "#D55E00", "#0072B2")):
    axes[1].plot(moments, np.exp(params["heading"]["log_kappa"]), color=color, label=label)
axes[1].axvspan(GAP.start, GAP.stop - 1, color="0.9", zorder=0)
axes[1].set(xlabel="moment", ylabel="concentration κ", title="How sure the beliefs are")
axes[1].set_yscale("log")
axes[1].legend(frameon=False, ncols=3, loc="lower left")
figure.savefig(options.output, dpi=110)
print(f"picture: {options.output}")
