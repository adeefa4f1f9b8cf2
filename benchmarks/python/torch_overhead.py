# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the regularizer costs in a training step of PyTorch on the CPU.

    python benchmarks/python/torch_overhead.py [--width 512] [--rounds 100]

Compiled steps of one Bayesian network on batches of the digits' size: with no
regularizer, with Fisher's, and with the penalty written by hand, in the form that
has no NaN at distance zero. Gradients are made by `backward`, with
fisher.torch.penalty, and as those of a function by torch.func.grad_and_value, with
fisher.torch.value_and_grad. Rounds are interleaved.
"""

import argparse
import statistics
import time

import torch
from torch.nn.functional import cross_entropy, softplus

import fisher
import fisher.torch

WEIGHT, RATE = 1e-3, 5e-2
POLICY = fisher.Policy().regularize(
    "(*).mu",
    "(*).rho",
    as_=fisher.Gaussian("softplus"),
    toward=fisher.prior(0, 1),
    weight=WEIGHT,
)


class Layer(torch.nn.Module):
    """A linear layer with Gaussian weights."""

    def __init__(self, rows, columns):
        super().__init__()
        self.mu = torch.nn.Parameter(torch.randn(rows, columns) / rows**0.5)
        self.rho = torch.nn.Parameter(-3 + 0.1 * torch.randn(rows, columns))

    def forward(self, x, noise):
        return x @ (self.mu + softplus(self.rho) * noise)


class Network(torch.nn.Module):
    """A network of 64, `width`, `width` and 10 units."""

    def __init__(self, width):
        super().__init__()
        sizes = [64, width, width, 10]
        self.layers = torch.nn.ModuleList(map(Layer, sizes, sizes[1:]))

    def forward(self, x, noise):
        for index, layer in enumerate(self.layers):
            x = layer(torch.relu(x) if index else x, noise[index])
        return x


def penalty_by_hand(model):
    """The same penalty as one writes it: 2 arcosh² of 1 + chord."""
    total = 0.0
    for layer in model.layers:
        sigma = softplus(layer.rho)
        chord = (0.5 * layer.mu**2 + (sigma - 1) ** 2) / (2 * sigma)
        # The second where keeps the gradient finite where the chord is zero.
        safe = torch.where(chord > 0, chord, 1.0)
        arc = torch.where(chord > 0, torch.log1p(safe + torch.sqrt(safe * (safe + 2))), 0.0)
        total = total + torch.sum(2 * arc**2)
    return WEIGHT * total


PENALTIES = {
    "none": lambda model: 0.0,
    "fisher": lambda model: fisher.torch.penalty(model, POLICY),
    "by hand": penalty_by_hand,
}


def make_model(width):
    """All start from the same parameters."""
    torch.manual_seed(0)
    model = Network(width)
    return model, torch.optim.SGD(model.parameters(), lr=RATE)


def make_backward_step(penalize, width):
    """A step of gradient descent by `backward`."""
    model, optimizer = make_model(width)

    @torch.compile(fullgraph=True)
    def loss(x, y, noise):
        return cross_entropy(model(x, noise), y) + penalize(model)

    def step(*batch):
        optimizer.zero_grad()
        value = loss(*batch)
        value.backward()
        optimizer.step()
        return value.item()

    return step


class WithLoss(torch.nn.Module):
    """A network that returns its loss, with a penalty or without."""

    def __init__(self, net, penalize):
        super().__init__()
        self.net = net
        self.penalize = penalize

    def forward(self, x, y, noise):
        return cross_entropy(self.net(x, noise), y) + self.penalize(self.net)


def make_gradient_step(name, width):
    """The same step with the gradients of a function."""
    model, optimizer = make_model(width)
    whole = WithLoss(model, PENALTIES["by hand" if name == "by hand" else "none"])
    params = dict(whole.named_parameters())

    def loss(params, *batch):
        return torch.func.functional_call(whole, params, batch)

    def without(params, *batch):
        # Autograd is kept out, as value_and_grad keeps it out.
        params = {name: param.detach() for name, param in params.items()}
        gradients, value = torch.func.grad_and_value(loss)(params, *batch)
        return value, gradients

    compiled = torch.compile(
        fisher.torch.value_and_grad(loss, POLICY) if name == "fisher" else without, fullgraph=True
    )

    def step(*batch):
        value, gradients = compiled(params, *batch)
        for name, param in params.items():
            param.grad = gradients[name]
        optimizer.step()
        return value.item()

    return step


def make_steps(width):
    """The steps by how their gradients are made, and by their regularizer."""
    made = {("backward", name): make_backward_step(each, width) for name, each in PENALTIES.items()}
    made.update({("gradients", name): make_gradient_step(name, width) for name in PENALTIES})
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--steps", type=int, default=5, help="steps in a round")
    parser.add_argument("--batch", type=int, default=64)
    options = parser.parse_args()

    made = make_steps(options.width)
    x, y = torch.randn(options.batch, 64), torch.randint(10, (options.batch,))
    sizes = [64, options.width, options.width, 10]
    noise = [torch.randn(size) for size in zip(sizes, sizes[1:])]
    times = {name: [] for name in made}
    values = {}
    for round in range(options.rounds + 5):
        for name, step in made.items():
            begin = time.perf_counter()
            for _ in range(options.steps):
                values[name] = step(x, y, noise)
            if round >= 5:
                times[name].append((time.perf_counter() - begin) / options.steps * 1e6)

    print(f"width {options.width}, {torch.get_num_threads()} threads")
    for (way, name), measured in times.items():
        least, median = min(measured), statistics.median(measured)
        print(f"{way:9} {name:8} {least:8.0f} µs least, {median:8.0f} µs median")
    for way in ("backward", "gradients"):
        for label, pick in (("least", min), ("median", statistics.median)):
            base, ours, hand = (pick(times[way, name]) for name in PENALTIES)
            ratio = (ours - base) / (hand - base)
            print(f"{way:9} overhead of fisher / overhead by hand, {label}: {ratio:.2f}")
        error = abs(values[way, "fisher"] - values[way, "by hand"]) / abs(values[way, "by hand"])
        print(f"{way:9} losses agree to {error:.1e}")


if __name__ == "__main__":
    main()
