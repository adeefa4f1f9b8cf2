#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fine-tuning that does not forget, in PyTorch.

A network learns the digits 0 to 4, with a Gaussian belief N(mean, exp(log_sigma)²)
about each weight. Beliefs about weights that matter become narrow; the others stay
broad. Then it is fine-tuned on the digits 5 to 9, with an output layer of their
own. In the Fisher-Rao metric a narrow belief is far away after a small step, so
what matters is held, and what does not is free. What is shown is the accuracy on
old and new digits that were held out, with nothing, with weight decay toward the
start, and with the distance to the frozen beliefs. (What is held is not learnt as
well: both weights were chosen so that the new digits cost one or two percent.
Decay that is tuned so comes close.)
"""

# %%
import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from tqdm import trange

import fisher
import fisher.torch

IN_NOTEBOOK = "__file__" not in globals()
HERE = Path("..") if IN_NOTEBOOK else Path(__file__).parent

parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
)
parser.add_argument("--steps", type=int, default=2000, help="of each task (default: %(default)s)")
parser.add_argument("--weight", type=float, default=1e-4, help="default: %(default)s")
parser.add_argument("--decay", type=float, default=1e-2, help="default: %(default)s")
parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
parser.add_argument("--output", default="torch_finetune.png", help="default: %(default)s")
parser.add_argument("--quick", action="store_true", help="few steps, to see that all works")
options = parser.parse_args([] if IN_NOTEBOOK else None)
if options.quick:
    options.steps = 600
# The matrices are small: more threads would only wait for each other.
torch.set_num_threads(1)

# %% [markdown]
# ## Data
# Two tasks of five digits each; the last fifth of the digits, by other writers, is
# held out.

# %%
with np.load(HERE / "bayes_mlp" / "digits.npz") as digits:
    images, labels = torch.from_numpy(digits["x"]), torch.from_numpy(digits["y"]).long()


def select(rows, first):
    """The digits of a task among some rows, numbered from 0."""
    x, y = images[rows], labels[rows] - first
    is_task = (y >= 0) & (y < 5)
    return x[is_task], y[is_task]


training = {first: select(slice(0, 1437), first) for first in (0, 5)}
held_out = {first: select(slice(1437, None), first) for first in (0, 5)}

# %% [markdown]
# ## The network
# In training, weights are drawn from their beliefs; to be used, they are the means.


# %%
class BayesLinear(torch.nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.mean = torch.nn.Parameter(torch.randn(inputs, outputs) / inputs**0.5)
        self.log_sigma = torch.nn.Parameter(torch.full((inputs, outputs), -3.0))

    def forward(self, x):
        weight = self.mean
        if self.training:
            weight = weight + self.log_sigma.exp() * torch.randn_like(weight)
        return x @ weight


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = torch.nn.Sequential(
            BayesLinear(64, 64), torch.nn.ReLU(), BayesLinear(64, 32), torch.nn.ReLU()
        )
        self.heads = torch.nn.ModuleDict({"0": BayesLinear(32, 5), "5": BayesLinear(32, 5)})

    def forward(self, x, first):
        return self.heads[str(first)](self.trunk(x))


# %% [markdown]
# ## Two policies
# While the old digits are learnt, all beliefs are drawn toward N(0, 0.3²). In
# fine-tuning those of the trunk are drawn toward what they were: `frozen`.

# %%
gaussian = fisher.Gaussian("log_sigma")
learning = fisher.Policy().regularize(
    "(*).mean", "(*).log_sigma", as_=gaussian, toward=fisher.prior(0, 0.3), weight=1e-5
)
tuning = fisher.Policy().regularize(
    "trunk.(*).mean", "trunk.(*).log_sigma", as_=gaussian, toward=fisher.frozen, weight=options.weight
)
print(tuning)

# %% [markdown]
# ## Training


# %%
@torch.no_grad()
def measure(network, first):
    """The held-out accuracy on a task, in percent."""
    x, y = held_out[first]
    network.eval()
    accuracy = 100 * (network(x, first).argmax(1) == y).float().mean()
    network.train()
    return float(accuracy)


def train(network, first, penalize, label):
    """Learns a task. Returns the accuracies on both on the way."""
    x, y = training[first]
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    curve = []
    for number in trange(options.steps, desc=label):
        if number % 50 == 0:
            curve.append((number, measure(network, 0), measure(network, 5)))
        rows = torch.randint(len(x), (64,))
        loss = torch.nn.functional.cross_entropy(network(x[rows], first), y[rows])
        optimizer.zero_grad()
        (loss + penalize(network)).backward()
        optimizer.step()
    curve.append((options.steps, measure(network, 0), measure(network, 5)))
    return np.array(curve)


torch.manual_seed(options.seed)
start = Network()
train(start, 0, lambda network: fisher.torch.penalty(network, learning), "digits 0 to 4")
sigmas = torch.cat([layer.log_sigma.detach().exp().ravel() for layer in (start.trunk[0], start.trunk[2])])
print(f"accuracy on 0 to 4: {measure(start, 0):.1f} %; σ from {sigmas.min():.3f} to {sigmas.max():.3f}")

# %% [markdown]
# ## Fine-tuning
# The state of the policy is a copy of the beliefs at the start.

# %%
state = fisher.torch.init(start, tuning)
old = {name: value.detach().clone() for name, value in start.named_parameters()}


def decay(network):
    """What weight decay toward the start does: it does not know what matters."""
    changes = [
        (value - old[name]).square().sum()
        for name, value in network.named_parameters()
        if name.startswith("trunk") and name.endswith("mean")
    ]
    return options.decay * sum(changes)


penalties = {
    "nothing": lambda network: 0.0,
    "weight decay": decay,
    "Fisher-Rao": lambda network: fisher.torch.penalty(network, tuning, fisher_state=state),
}
curves = {}
for label, penalize in penalties.items():
    torch.manual_seed(options.seed + 1)
    network = Network()
    network.load_state_dict(start.state_dict())
    curves[label] = train(network, 5, penalize, label)

print(f"{'accuracy, %':16}{'0 to 4':>8}{'5 to 9':>8}")
for label, curve in curves.items():
    print(f"{label:16}{curve[-1, 1]:8.1f}{curve[-1, 2]:8.1f}")

# %%
figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
for (label, curve), color in zip(curves.items(), ("#999999", "#D55E00", "#0072B2")):
    for place, axis in enumerate(axes, 1):
        axis.plot(curve[:, 0], curve[:, place], color=color, label=label)
axes[0].set(xlabel="step of fine-tuning", ylabel="held-out accuracy, %", title="Old digits, 0 to 4")
axes[1].set(xlabel="step of fine-tuning", title="New digits, 5 to 9")
axes[1].legend(frameon=False)
figure.savefig(options.output, dpi=110)
print(f"picture: {options.output}")
