#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An agent that learns to balance a pole, held near its old policy, in JAX.

Policy gradients take several steps on what the last policy has seen, which is
right only while the new policy is near it. PPO sees to that by clipping the
ratios of the policies' probabilities. Here the policy is a belief about the next
action, and the loss has the squared Fisher-Rao distance to the old belief in
each state that was visited. What is shown, of several agents: what they reach
with the distance, with clipping and with nothing, and how far a policy moves in
one iteration.
"""

# %%
import argparse

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax
from tqdm import trange

import fisher
import fisher.jax

IN_NOTEBOOK = "__file__" not in globals()

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("--steps", type=int, default=60, help="iterations (default: %(default)s)")
parser.add_argument("--agents", type=int, default=8, help="default: %(default)s")
parser.add_argument("--weight", type=float, default=1.0, help="default: %(default)s")
parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
parser.add_argument("--output", default="jax_policy_gradient.png", help="default: %(default)s")
parser.add_argument("--quick", action="store_true", help="few iterations, to see that all works")
options = parser.parse_args([] if IN_NOTEBOOK else None)
if options.quick:
    options.steps, options.agents = 20, 4

# %% [markdown]
# ## The pole
# A pole stands on a cart, which the agent pushes in one of five ways fifty times a
# second. An episode ends when the pole falls or the cart leaves its track, after
# 200 pushes at the latest. The return is the number of pushes.

# %%
FORCES = jnp.array([-10.0, -5.0, 0.0, 5.0, 10.0])
EPISODES, LENGTH = 16, 200


def move(state, force):
    """The cart's place and speed, and the pole's angle and speed, 0.02 s later."""
    place, speed, angle, turn = state
    sine, cosine = jnp.sin(angle), jnp.cos(angle)
    push = (force + 0.05 * turn**2 * sine) / 1.1
    turn_change = (9.8 * sine - cosine * push) / (0.5 * (4 / 3 - 0.1 * cosine**2 / 1.1))
    speed_change = push - 0.05 * turn_change * cosine / 1.1
    change = jnp.array([speed, speed_change, turn, turn_change])
    return state + 0.02 * change


def has_fallen(state):
    return (abs(state[0]) > 2.4) | (abs(state[2]) > 0.21)


# %% [markdown]
# ## The agent
# A network from states to logits. `fisher.Categorical("logits")` makes them
# distributions of one of five actions.

# %%
categorical = fisher.Categorical("logits")


def init(key):
    first, second = jax.random.split(key)
    return {
        "w0": jax.random.normal(first, (4, 32)) / 2,
        "b0": jnp.zeros(32),
        "w1": 0.1 * jax.random.normal(second, (32, len(FORCES))),
    }


def get_logits(params, state):
    return jnp.tanh(state @ params["w0"] + params["b0"]) @ params["w1"]


def play(params, key):
    """One episode: states, actions, and whether the pole still stood."""
    start_key, key = jax.random.split(key)

    def push(carry, key):
        state, stands = carry
        action = jax.random.categorical(key, get_logits(params, state))
        new = move(state, FORCES[action])
        return (new, stands & ~has_fallen(new)), (state, action, stands)

    start = jax.random.uniform(start_key, (4,), minval=-0.05, maxval=0.05)
    return jax.lax.scan(push, (start, True), jax.random.split(key, LENGTH))[1]


# %% [markdown]
# ## Three losses
# The advantage of an action is how much longer the pole stood than in the other
# episodes at the same time.


# %%
def get_chances(logits, actions):
    return jnp.take_along_axis(jax.nn.log_softmax(logits), actions[..., None], -1)[..., 0]


def loss_of_nothing(logits, old_logits, actions, advantages):
    ratio = jnp.exp(get_chances(logits, actions) - get_chances(old_logits, actions))
    return -ratio * advantages


def loss_of_clipping(logits, old_logits, actions, advantages):
    ratio = jnp.exp(get_chances(logits, actions) - get_chances(old_logits, actions))
    return -jnp.minimum(ratio * advantages, jnp.clip(ratio, 0.8, 1.2) * advantages)


def loss_of_fisher(logits, old_logits, actions, advantages):
    distance = fisher.jax.squared_distance(categorical(logits), categorical(old_logits))
    plain = loss_of_nothing(logits, old_logits, actions, advantages)
    return plain + options.weight * distance


optimizer = optax.adam(2e-2)


def iterate(loss, params, state, key):
    """Plays, and takes 32 steps on what was seen. Returns the mean return, and
    the mean distance that the policy has moved."""
    states, actions, stands = jax.vmap(play, (None, 0))(params, jax.random.split(key, EPISODES))
    left = jnp.cumsum(stands[:, ::-1], 1)[:, ::-1]
    advantages = left - left.mean(0)
    advantages = advantages / (advantages.std() + 1e-6)
    old_logits = get_logits(params, states)

    def average(values):
        return jnp.where(stands, values, 0).sum() / stands.sum()

    def step(carry, _):
        params, state = carry
        grads = jax.grad(
            lambda params: average(loss(get_logits(params, states), old_logits, actions, advantages))
        )(params)
        updates, state = optimizer.update(grads, state)
        return (optax.apply_updates(params, updates), state), None

    (params, state), _ = jax.lax.scan(step, (params, state), length=32)
    new, old = categorical(get_logits(params, states)), categorical(old_logits)
    moved = average(jnp.sqrt(fisher.jax.squared_distance(new, old)))
    return params, state, stands.sum(1).mean(), moved


# %% [markdown]
# ## Training
# `jax.vmap` trains all agents at once.


# %%
def train(loss, label):
    """The agents' returns, and how far they moved, one row an iteration."""
    iterate_all = jax.jit(jax.vmap(lambda *args: iterate(loss, *args)))
    key = jax.random.key(options.seed)
    params = jax.vmap(init)(jax.random.split(key, options.agents))
    state = jax.vmap(optimizer.init)(params)
    returns, moves = [], []
    for number in trange(options.steps, desc=label):
        keys = jax.random.split(jax.random.fold_in(key, number), options.agents)
        params, state, reached, moved = iterate_all(params, state, keys)
        returns.append(reached)
        moves.append(moved)
    return np.array(returns), np.array(moves)


losses = {"nothing": loss_of_nothing, "clipping": loss_of_clipping, "Fisher-Rao": loss_of_fisher}
runs = {label: train(loss, label) for label, loss in losses.items()}

# %%
last = max(options.steps // 4, 1)
print(f"{'last ' + str(last) + ' iterations':24}{'mean return':>12}{'worst agent':>13}{'distance moved':>16}")
for label, (returns, moves) in runs.items():
    late = returns[-last:]
    print(f"{label:24}{late.mean():12.1f}{late.mean(0).min():13.1f}{moves[-last:].mean():16.3f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
colors = "#999999", "#D55E00", "#0072B2"
for (label, (returns, moves)), color in zip(runs.items(), colors):
    left.plot(returns.mean(1), color=color, label=label)
    left.fill_between(
        np.arange(options.steps), returns.min(1), returns.max(1), color=color, alpha=0.15, lw=0
    )
    right.plot(moves.mean(1), color=color, label=label)
left.set(xlabel="iteration", ylabel="return", title=f"{options.agents} agents: mean, least and most")
left.legend(frameon=False)
right.set(xlabel="iteration", ylabel="Fisher-Rao distance", title="How far a policy moves")
right.set_yscale("log")
figure.savefig(options.output, dpi=110)
print(f"picture: {options.output}")
