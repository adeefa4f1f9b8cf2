# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks with Gaussian weights, and their penalty as one writes it."""

import os

# One process that compiles is enough for what the tests compile.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

import torch
from torch.nn import functional as F

import fisher

WEIGHT = 1e-2
SOFTPLUS = fisher.Gaussian("softplus")


def make_policy(toward=fisher.prior(0.1, 0.5), weight=WEIGHT, **options):
    return fisher.Policy().regularize(
        "(*).mu", "(*).rho", as_=SOFTPLUS, toward=toward, weight=weight, **options
    )


class Beliefs(torch.nn.Module):
    """Gaussian weights of a shape, drawn with noise that stays."""

    def __init__(self, *shape):
        super().__init__()
        self.mu = torch.nn.Parameter(torch.randn(shape) / shape[-1] ** 0.5)
        self.rho = torch.nn.Parameter(-2 + 0.1 * torch.randn(shape))
        self.register_buffer("noise", torch.randn(shape))

    def draw(self):
        return self.mu + F.softplus(self.rho) * self.noise


class Linear(Beliefs):
    def __init__(self, inputs, outputs):
        super().__init__(outputs, inputs)

    def forward(self, x):
        return x @ self.draw().T


class Conv(Beliefs):
    def forward(self, x):
        return F.conv2d(x, self.draw(), padding=1)


class TransformerBlock(torch.nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.norm1, self.norm2 = torch.nn.LayerNorm(size), torch.nn.LayerNorm(size)
        self.qkv, self.out = Linear(size, 3 * size), Linear(size, size)
        self.up, self.down = Linear(size, 2 * size), Linear(2 * size, size)
        self.heads = heads

    def forward(self, x):
        q, k, v = self.qkv(self.norm1(x)).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (q, k, v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(-2))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


def make_mlp(dtype=torch.float32):
    torch.manual_seed(0)
    model = torch.nn.Sequential(Linear(6, 16), torch.nn.ReLU(), Linear(16, 3)).to(dtype)
    return model, torch.randn(8, 6).to(dtype)


def make_conv_net(dtype=torch.float32):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        Conv(4, 2, 3, 3), torch.nn.ReLU(), Conv(3, 4, 3, 3), torch.nn.Flatten(), Linear(108, 3)
    ).to(dtype)
    return model, torch.randn(5, 2, 6, 6).to(dtype)


def make_transformer(dtype=torch.float32):
    torch.manual_seed(0)
    return TransformerBlock(8, 2).to(dtype), torch.randn(2, 5, 8).to(dtype)


MODELS = {"mlp": make_mlp, "conv": make_conv_net, "transformer": make_transformer}


def measure_by_hand(mu, rho, mean, sigma):
    """The sum of squared distances to a reference, textbook form."""
    scale = F.softplus(rho)
    chord = ((mu - mean) ** 2 / 2 + (scale - sigma) ** 2) / (2 * scale * sigma)
    return (2 * torch.acosh(1 + chord) ** 2).sum()


def penalize_by_hand(model, mean=0.1, sigma=0.5):
    layers = [module for module in model.modules() if isinstance(module, Beliefs)]
    return WEIGHT * sum(measure_by_hand(layer.mu, layer.rho, mean, sigma) for layer in layers)


def get_gradients(model, loss):
    """The value of a loss and its gradients, by names."""
    model.zero_grad()
    loss.backward()
    found = {name: param.grad.double() for name, param in model.named_parameters()}
    found["loss"] = loss.detach().double()
    return found


def assert_same(found, truth, tolerance):
    """Each relative to the largest element of its truth."""
    assert found.keys() == truth.keys()
    for name, value in truth.items():
        error = (found[name] - value).abs().max() / value.abs().max()
        assert error <= tolerance, (name, error)
