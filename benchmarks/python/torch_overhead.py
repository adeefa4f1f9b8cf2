#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a Fisher-Rao penalty adds to a training step of PyTorch.

The step is one of SGD of a mean-field Gaussian network on images of 8 x 8, with
one hidden layer, compiled by torch.compile: without a penalty, with that of
fisher.torch, and with the same written by hand. The steps take turns, so that
what else the machine does is the same for all of them.

    benchmarks/python/torch_overhead.py [--rounds 400] [--hidden 512]
"""

import argparse
import statistics
import time

import torch

import fisher
import fisher.torch

WEIGHT = 1e-3


class Layer(torch.nn.Module):
    """A linear layer whose weights are Gaussian beliefs, sampled at each call."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.mu = torch.nn.Parameter(torch.randn(outputs, inputs) * inputs**-0.5)
        self.rho = torch.nn.Parameter(torch.full((outputs, inputs), -3.0))

    def forward(self, x):
        sigma = torch.nn.functional.softplus(self.rho)
        return x @ (self.mu + sigma * torch.randn_like(self.mu)).T


def penalize_by_hand(model):
    """The sum of squared distances to N(0, 1), as one would write it."""
    total = 0.0
    for layer in (model[0], model[2]):
        sigma = torch.nn.functional.softplus(layer.rho)
        x = (layer.mu.square() + 2 * (sigma - 1).square()) / (8 * sigma)
        # The square root has no gradient at zero, which is kept away from it.
        total = total + 8 * torch.asinh(torch.sqrt(x + 1e-12)).square().sum()
    return WEIGHT * total


POLICY = fisher.Policy().regularize(
    "(*).mu",
    "(*).rho",
    as_=fisher.Gaussian("softplus"),
    toward=fisher.prior(0, 1),
    weight=WEIGHT,
)

PENALTIES = {
    "without": lambda model: 0.0,
    "fisher.torch": lambda model: fisher.torch.penalty(model, POLICY),
    "by hand": penalize_by_hand,
}


def make_step(penalize, hidden):
    torch.manual_seed(0)
    model = torch.nn.Sequential(Layer(64, hidden), torch.nn.ReLU(), Layer(hidden, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    @torch.compile(fullgraph=True)
    def get_loss(x, y):
        return torch.nn.functional.cross_entropy(model(x), y) + penalize(model)

    def step(x, y):
        optimizer.zero_grad()
        loss = get_loss(x, y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--batch", type=int, default=64)
    arguments = parser.parse_args()

    x, y = torch.rand(arguments.batch, 64), torch.randint(10, (arguments.batch,))
    steps = {name: make_step(penalize, arguments.hidden) for name, penalize in PENALTIES.items()}
    for step in steps.values():
        for _ in range(20):
            step(x, y)
    times = {name: [] for name in steps}
    for _ in range(arguments.rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            step(x, y)
            times[name].append(1e6 * (time.perf_counter() - start))

    print(f"{torch.get_num_threads()} threads, µs a step of {arguments.rounds}")
    print(f"{'penalty':<14}{'minimum':>10}{'median':>10}{'adds':>10}{'adds':>10}")
    added = {}
    for measure in (min, statistics.median):
        for name in steps:
            added[name, measure] = measure(times[name]) - measure(times["without"])
    for name in steps:
        print(
            f"{name:<14}{min(times[name]):>10.1f}{statistics.median(times[name]):>10.1f}"
            f"{added[name, min]:>10.1f}{added[name, statistics.median]:>10.1f}"
        )
    for measure, word in ((min, "minimum"), (statistics.median, "median")):
        ratio = added["fisher.torch", measure] / added["by hand", measure]
        print(f"fisher.torch adds {ratio:.2f} of what the penalty by hand adds ({word})")


if __name__ == "__main__":
    main()
