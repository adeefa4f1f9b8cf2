# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains a Bayesian linear model in PyTorch, with the compiled regularizer as a
function that autograd knows.

    python3 examples/gpu/with_torch.py build/gpu-examples/libregularizer.so
"""

import sys

import formula
import torch
from compiled import load

WEIGHT = 1e-3
regularize = load(sys.argv[1])


class Regularizer(torch.autograd.Function):
    """The gradient is there with the penalty, in one pass."""

    @staticmethod
    def forward(ctx, mu, log_sigma):
        penalty = mu.new_empty(())
        gradients = torch.empty_like(mu), torch.empty_like(log_sigma)
        regularize(mu, log_sigma, WEIGHT, penalty, *gradients)
        ctx.save_for_backward(*gradients)
        return penalty

    @staticmethod
    def backward(ctx, factor):
        return tuple(factor * gradient for gradient in ctx.saved_tensors)


def compare(mu, log_sigma):
    """The error of the penalty and its gradient."""
    got = [Regularizer.apply(mu, log_sigma)]
    got += torch.autograd.grad(3 * got[0], [mu, log_sigma])
    value, *gradients = formula.penalty_with_gradient(
        mu.detach().cpu().numpy(), log_sigma.detach().cpu().numpy(), WEIGHT
    )
    expected = [value, *(3 * gradient for gradient in gradients)]
    return max(formula.error(a.detach().cpu().numpy(), b) for a, b in zip(got, expected))


def train():
    torch.manual_seed(0)
    x = torch.randn(512, 1000, device="cuda")
    y = x @ torch.randn(1000, device="cuda")
    mu = torch.zeros(1000, device="cuda").add_(0.01).requires_grad_()
    log_sigma = torch.full((1000,), -1.0, device="cuda", requires_grad=True)
    optimizer = torch.optim.Adam([mu, log_sigma], lr=0.02)
    worst, losses = compare(mu, log_sigma), []
    for _ in range(200):
        weights = mu + log_sigma.exp() * torch.randn_like(mu)
        loss = (x @ weights - y).square().mean() + Regularizer.apply(mu, log_sigma)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    assert losses[-1] < 0.5 * losses[0], "training does not help"
    return max(worst, compare(mu, log_sigma))


def capture():
    """The same in a CUDA graph, after a first call, which loads the kernels."""
    mu, log_sigma = torch.randn(2, 10001, device="cuda").unbind()
    mu, log_sigma = mu.contiguous(), log_sigma.contiguous()
    results = mu.new_empty(()), torch.empty_like(mu), torch.empty_like(mu)
    regularize(mu, log_sigma, WEIGHT, *results)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        regularize(mu, log_sigma, WEIGHT, *results)
    mu.mul_(-2)
    graph.replay()
    expected = formula.penalty_with_gradient(mu.cpu().numpy(), log_sigma.cpu().numpy(), WEIGHT)
    return max(formula.error(a.cpu().numpy(), b) for a, b in zip(results, expected))


formula.finish("PyTorch", max(train(), capture()), 1e-5)
