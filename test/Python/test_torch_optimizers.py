# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies in optimizers: proximal steps behind them, natural gradients before."""

import copy

import pytest

torch = pytest.importorskip("torch")

import fisher
import fisher.torch
from torch_models import SOFTPLUS, WEIGHT, make_mlp, make_policy

F64 = torch.float64
RATE = 0.1


def get_beliefs(model):
    return {
        layer: SOFTPLUS(model[layer].mu.detach().clone(), model[layer].rho.detach().clone())
        for layer in (0, 2)
    }


def assert_beliefs(model, beliefs, rtol=1e-10):
    for layer, belief in beliefs.items():
        for found, truth in zip((model[layer].mu, model[layer].rho), belief.components):
            assert torch.allclose(found, truth, rtol=rtol, atol=1e-14)


def step(model, x, optimizer):
    optimizer.zero_grad()
    model(x).square().mean().backward()
    optimizer.step()


def make_prior(belief):
    # The softplus of the number is one half.
    return SOFTPLUS(torch.full_like(belief.components[0], 0.1), -0.4327521295671886)


@pytest.mark.parametrize("make", [torch.optim.SGD, torch.optim.AdamW], ids=lambda make: make.__name__)
def test_proximal(make):
    """Each group has a learning rate of its own, which may change."""
    model, x = make_mlp(F64)
    plain = copy.deepcopy(model)

    def make_optimizer(model):
        return make([{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 3 * RATE}], lr=RATE)

    optimizer, alone = make_optimizer(model), make_optimizer(plain)
    fisher.torch.proximal(optimizer, make_policy(mode="proximal"), model)
    addresses = [param.data_ptr() for param in model.parameters()]
    for rate in (RATE, RATE / 2):
        optimizer.param_groups[0]["lr"] = alone.param_groups[0]["lr"] = rate
        plain.load_state_dict(model.state_dict())
        step(model, x, optimizer)
        step(plain, x, alone)
        truth = {}
        for (layer, belief), step_size in zip(get_beliefs(plain).items(), (rate, 3 * RATE)):
            truth[layer] = fisher.torch.proximal_step(belief, make_prior(belief), 2 * step_size * WEIGHT)
        assert_beliefs(model, truth)
    assert addresses == [param.data_ptr() for param in model.parameters()]


def test_step_size_of_the_entry():
    model, x = make_mlp(F64)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    fisher.torch.proximal(optimizer, make_policy(mode="proximal", step_size=0.5), model)
    before = get_beliefs(model)
    step(model, x, optimizer)
    assert_beliefs(
        model,
        {
            layer: fisher.torch.proximal_step(belief, make_prior(belief), WEIGHT)
            for layer, belief in before.items()
        },
    )


def test_proximal_toward_the_previous_belief():
    """Where the parameters were before the optimizer's step."""
    model, x = make_mlp(F64)
    plain = copy.deepcopy(model)
    before = get_beliefs(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    fisher.torch.proximal(optimizer, make_policy(fisher.previous, weight=3.0, mode="proximal"), model)
    step(model, x, optimizer)
    step(plain, x, torch.optim.SGD(plain.parameters(), lr=RATE))
    assert_beliefs(
        model,
        {
            layer: fisher.torch.proximal_step(belief, before[layer], 2 * RATE * 3.0)
            for layer, belief in get_beliefs(plain).items()
        },
    )


def test_natural():
    """The gradient of the loss with the penalty, by the inverse metric."""
    model, x = make_mlp(F64)
    plain = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    fisher.torch.natural(optimizer, make_policy(mode="natural"), model)
    step(model, x, optimizer)
    loss = plain(x).square().mean() + fisher.torch.penalty(plain, make_policy())
    loss.backward()
    truth = {}
    for layer, belief in get_beliefs(plain).items():
        gradient = (plain[layer].mu.grad, plain[layer].rho.grad)
        natural = fisher.torch.natural_gradient(belief, *gradient)
        truth[layer] = SOFTPLUS(*(part - RATE * slope for part, slope in zip(belief.components, natural)))
    assert_beliefs(model, truth)
    with pytest.raises(fisher.PolicyError, match="closure"):
        optimizer.step(lambda: 0.0)


@pytest.mark.parametrize("kind", ["proximal", "natural"])
def test_state_is_the_optimizers(kind):
    """Training goes on where it was saved."""
    policy = make_policy(fisher.moving_average(0.5), weight=1.0, mode=kind)

    def make():
        model, x = make_mlp()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        return model, x, optimizer, getattr(fisher.torch, kind)(optimizer, policy, model)

    model, x, optimizer, hook = make()
    for _ in range(2):
        step(model, x, optimizer)
    saved = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    step(model, x, optimizer)

    again, x, optimizer, hook = make()
    again.load_state_dict(saved[0])
    optimizer.load_state_dict(saved[1])
    assert set(hook.state) == {f"{name}.average" for name, _ in model.named_parameters()}
    step(again, x, optimizer)
    for one, other in zip(model.parameters(), again.parameters()):
        assert torch.equal(one, other)
    del saved[1][f"fisher.{kind}"]
    with pytest.raises(fisher.PolicyError, match=r"'0.mu.average' is not in the optimizer's"):
        optimizer.load_state_dict(saved[1])


def test_removed():
    model, x = make_mlp(F64)
    plain = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    fisher.torch.proximal(optimizer, make_policy(mode="proximal"), model).remove()
    step(model, x, optimizer)
    step(plain, x, torch.optim.SGD(plain.parameters(), lr=RATE))
    assert_beliefs(model, get_beliefs(plain), rtol=0)


def test_errors():
    model, _ = make_mlp()
    optimizer = torch.optim.SGD(model[0].parameters(), lr=RATE)
    with pytest.raises(fisher.PolicyError, match="'2.mu' is not one of the optimizer; give it"):
        fisher.torch.proximal(optimizer, make_policy(mode="proximal"), model)
    with pytest.raises(fisher.PolicyError, match="fisher.torch.natural serves entries in mode natural .*mode coupled"):
        fisher.torch.natural(optimizer, make_policy(), model)
    policy = fisher.Policy().regularize(
        "w.mu", "w.rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight=1, mode="proximal"
    )
    with pytest.raises(fisher.PolicyError, match="'w.mu' matches no parameter"):
        fisher.torch.proximal(optimizer, policy, model)
    with pytest.raises(TypeError, match="a fisher.Policy is needed"):
        fisher.torch.proximal(optimizer, None, model)
