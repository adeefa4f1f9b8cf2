#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Five tasks, one after another: what is forgotten, in JAX and Optax.

A network learns to tell 0 from 1, then 2 from 3, and so on; the digits of earlier
tasks are not seen again. Each task has an output layer of its own, the rest is
shared. Four networks are compared:

- "none" is trained as it is,
- "L2" has its weights drawn toward zero, each with the same spread,
- "EWC" has them drawn toward what they were after the task before, each with the
  spread that Adam's second moment says (elastic weight consolidation),
- "Fisher-Rao" has a Gaussian belief about each weight, whose spread is learnt, and
  the belief is drawn toward what it was after the task before.

Each is one policy. What is shown is the accuracy on the held-out digits of each task
after the last. (The weights were chosen by the mean of that on three other seeds:
among powers of ten for L2, where the smallest that was tried is the best and changes
next to nothing, and for EWC; among more for Fisher-Rao, whose first task has a weight
of its own.)
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
parser.add_argument("--steps", type=int, default=600, help="of each task (default: %(default)s)")
parser.add_argument("--seeds", type=int, default=8, help="how many (default: %(default)s)")
parser.add_argument("--seed", type=int, default=0, help="the first (default: %(default)s)")
parser.add_argument("--l2", type=float, default=1e-6, help="default: %(default)s")
parser.add_argument("--ewc", type=float, default=10, help="default: %(default)s")
parser.add_argument("--rao", type=float, default=2e-4, help="default: %(default)s")
parser.add_argument("--output", default="jax_continual_digits.png", help="default: %(default)s")
parser.add_argument("--quick", action="store_true", help="few seeds, to see that all works")
options = parser.parse_args([] if IN_NOTEBOOK else None)
if options.quick:
    options.seeds = 4

# %% [markdown]
# ## Data
# 1797 digits of 8×8 pixels; the last 360, by other writers, are held out.

# %%
TASKS = [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)]
BATCH = 32
with np.load(HERE / "bayes_mlp" / "digits.npz") as digits:
    images, labels = digits["x"], digits["y"]


def select(rows, task):
    """The digits of a task among some rows, numbered from 0."""
    x, y = images[rows], labels[rows]
    is_task = np.isin(y, task)
    return x[is_task], (y[is_task] - task[0]).astype(np.int32)


training = [select(slice(0, 1437), task) for task in TASKS]
held_out = [select(slice(1437, None), task) for task in TASKS]

# %% [markdown]
# ## The network
# Two layers that the tasks share, and an output layer for each. A network of beliefs
# has the same layers, each with log σ beside the weights; in training, its weights
# are drawn.


# %%
def init(key, has_beliefs):
    keys = jax.random.split(key, 2 + len(TASKS))

    def layer(key, inputs, outputs):
        weight = jax.random.normal(key, (inputs, outputs)) / jnp.sqrt(inputs)
        spread = {"log_sigma": jnp.full((inputs, outputs), -3.0)} if has_beliefs else {}
        return {"weight": weight, **spread}

    return {
        "trunk": {"0": layer(keys[0], 64, 64), "1": layer(keys[1], 64, 32)},
        "head": {str(task): layer(keys[2 + task], 32, 2) for task in range(len(TASKS))},
    }


def draw(layer, key):
    if "log_sigma" not in layer or key is None:
        return layer["weight"]
    noise = jax.random.normal(key, layer["weight"].shape)
    return layer["weight"] + jnp.exp(layer["log_sigma"]) * noise


def apply(params, x, task, key=None):
    """The logits; without a key, of the means."""
    keys = [None] * 3 if key is None else jax.random.split(key, 3)
    hidden = jax.nn.relu(x @ draw(params["trunk"]["0"], keys[0]))
    hidden = jax.nn.relu(hidden @ draw(params["trunk"]["1"], keys[1]))
    return hidden @ draw(params["head"][task], keys[2])


# %% [markdown]
# ## The policies
# In the last three, what the glob captures is the name of a layer. A network that
# knows nothing of beliefs has the means of its weights as parameters; the spread is a
# number, or comes from the optimizer's second moment, which is handed over as
# `moment`. Toward `frozen` it is the moment at the end of the task before.

# %%
known = fisher.GaussianMean("sigma")
count = BATCH * len(training[0][0])
policies = {
    "none": fisher.Policy(),
    "L2": fisher.Policy().regularize(
        "trunk.(*).weight",
        as_=known,
        from_=fisher.fixed(sigma=1.0),
        toward=fisher.prior(0),
        weight=options.l2,
    ),
    "EWC": fisher.Policy().regularize(
        "trunk.(*).weight",
        as_=known,
        from_=fisher.adam("moment.trunk.{0}.weight", count=count),
        toward=fisher.frozen,
        weight=options.ewc,
    ),
    "Fisher-Rao": fisher.Policy().regularize(
        "trunk.(*).weight",
        "trunk.(*).log_sigma",
        as_=fisher.Gaussian("log_sigma"),
        toward=fisher.frozen,
        weight=options.rao,
    ),
}
# In the first task, nothing is to be kept: beliefs are drawn toward N(0, 0.3²).
first = fisher.Policy().regularize(
    "trunk.(*).weight",
    "trunk.(*).log_sigma",
    as_=fisher.Gaussian("log_sigma"),
    toward=fisher.prior(0, 0.3),
    weight=1e-6,
)
print(policies["EWC"])

# %% [markdown]
# ## Training
# A task begins with a new optimizer, and with a new state of the policy: that is when
# the reference is frozen. What Adam knew at the end of a task is added to what it
# knew of those before.


# %%
def make_training(policy, task):
    """A function that trains on one task."""
    optimizer = optax.adam(2e-3, b2=0.99)

    def loss(params, x, y, key):
        logits = apply(params, x, task, key)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

    value_and_grad = fisher.jax.value_and_grad(loss, policy)

    @jax.jit
    def train(params, moments, x, y, rows, keys):
        """The parameters after the task, and the second moments."""
        arguments = {"moment": moments}
        frozen = fisher.jax.init(params, policy, arguments=arguments)

        def step(carry, inputs):
            params, state = carry
            rows, key = inputs
            _, grads, _ = value_and_grad(
                params, x[rows], y[rows], key, fisher_state=frozen, fisher_arguments=arguments
            )
            updates, state = optimizer.update(grads, state)
            return (optax.apply_updates(params, updates), state), None

        (params, state), _ = jax.lax.scan(step, (params, optimizer.init(params)), (rows, keys))
        return params, jax.tree.map(jnp.add, moments, optax.tree_utils.tree_get(state, "nu"))

    return train


@jax.jit
def measure(params):
    """The accuracy on the held-out digits of each task, in percent."""
    right = [
        (apply(params, x, str(task)).argmax(1) == y).mean() for task, (x, y) in enumerate(held_out)
    ]
    return 100 * jnp.stack(right)


def run(trainings, seed, has_beliefs, progress):
    """The accuracies on all tasks after each."""
    params = init(jax.random.key(seed), has_beliefs)
    moments = jax.tree.map(jnp.zeros_like, params)
    batches = np.random.default_rng(seed)
    accuracies = []
    for task, (x, y) in enumerate(training):
        rows = batches.integers(len(x), size=(options.steps, BATCH))
        keys = jax.random.split(jax.random.key(1000 * seed + task), options.steps)
        params, moments = trainings[task](params, moments, x, y, rows, keys)
        accuracies.append(measure(params))
        progress.update()
    return np.array(accuracies)


results = {}
with tqdm(total=len(policies) * options.seeds * len(TASKS), desc="tasks") as progress:
    for label, policy in policies.items():
        starts = {"EWC": policies["none"], "Fisher-Rao": first}
        trainings = [make_training(starts.get(label, policy), "0")]
        trainings += [make_training(policy, str(task)) for task in range(1, len(TASKS))]
        results[label] = np.array(
            [
                run(trainings, options.seed + number, label == "Fisher-Rao", progress)
                for number in range(options.seeds)
            ]
        )

# %% [markdown]
# ## What came out
# The accuracy on each task after the last, and when it had just been learnt: a network
# that holds on to everything learns nothing new.

# %%
names = [f"{first} or {second}" for first, second in TASKS]
print("accuracy in percent after the last task")
print(f"{'':12}" + "".join(f"{name:>9}" for name in names) + f"{'mean':>9}{'just learnt':>14}")
for label, accuracies in results.items():
    last = accuracies[:, -1].mean(0)
    learnt = np.mean([accuracies[:, task, task] for task in range(len(TASKS))])
    numbers = "".join(f"{number:9.1f}" for number in [*last, last.mean()])
    print(f"{label:12}{numbers}{learnt:14.1f}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
colors = ("#999999", "#E69F00", "#0072B2", "#D55E00")
count = np.arange(1, len(TASKS) + 1)
for place, ((label, accuracies), color) in enumerate(zip(results.items(), colors)):
    so_far = np.array([[run[n - 1, :n].mean() for n in count] for run in accuracies])
    error = so_far.std(0) / np.sqrt(len(so_far))
    left.errorbar(count, so_far.mean(0), error, fmt="o-", color=color, label=label, capsize=3)
    right.bar(
        count + 0.2 * (place - 1.5), accuracies[:, -1].mean(0), 0.2, color=color, label=label
    )
left.set(
    xlabel="tasks learnt", xticks=count, ylabel="accuracy, %", title="All tasks so far (mean, s.e.)"
)
right.set(xticks=count, title="Each task after the last")
right.set_xticks(count, names)
right.set_ylim(50, 101)
left.legend(frameon=False)
figure.savefig(options.output, dpi=110)
print(f"picture: {options.output}")
