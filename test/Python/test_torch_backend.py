# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A policy as a backend of torch.compile: models that know nothing of it."""

import pytest

torch = pytest.importorskip("torch")

import fisher
import fisher.torch
from torch_models import (
    MODELS,
    SOFTPLUS,
    assert_same,
    get_gradients,
    make_mlp,
    make_policy,
    penalize_by_hand,
)

F64 = torch.float64


@pytest.fixture(autouse=True)
def forget_graphs():
    torch._dynamo.reset()


def make_backend(policy, **options):
    return fisher.torch.backend(policy, inner="aot_eager", **options)


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
def test_models(make):
    """The penalty by hand, in float64, to 1e-5."""
    model, x = make()
    step = torch.compile(
        lambda x: model(x).square().mean(), backend=fisher.torch.backend(make_policy()), fullgraph=True
    )
    found = get_gradients(model, step(x))
    model, x = make(F64)
    truth = get_gradients(model, model(x).square().mean() + penalize_by_hand(model))
    assert_same(found, truth, 1e-5)


class WithLoss(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return {"loss": self.net(x).square().mean(), "output": self.net(x).detach()}


def test_module_that_returns_its_loss_has_its_own_names():
    model, x = make_mlp(F64)
    truth = get_gradients(model, model(x).square().mean() + penalize_by_hand(model))
    model, x = make_mlp(F64)
    policy = fisher.Policy().regularize(
        "net.(*).mu", "net.(*).rho", as_=SOFTPLUS, toward=fisher.prior(0.1, 0.5), weight=1e-2
    )
    whole = WithLoss(model)
    whole.compile(backend=make_backend(policy), fullgraph=True)
    result = whole(x)
    assert_same(get_gradients(model, result["loss"]), truth, 1e-12)
    assert torch.equal(result["output"], model(x))


def test_parameters_in_dictionaries():
    model, x = make_mlp(F64)
    truth = get_gradients(model, model(x).square().mean() + penalize_by_hand(model))
    named = dict(model.named_parameters())

    def step(params, x):
        return torch.func.functional_call(model, params, x).square().mean()

    compiled = torch.compile(step, backend=make_backend(make_policy()))
    assert_same(get_gradients(model, compiled(named, x)), truth, 1e-12)


def test_names_are_given_by_params():
    """Two modules have parameters of one name, which only the caller can tell."""
    one, x = make_mlp(F64)
    other, _ = make_mlp(F64)
    step = lambda x: (one(x) + other(x)).square().mean()
    with pytest.raises(fisher.PolicyError, match="two parameters of the step have the name '0.mu'"):
        torch.compile(step, backend=make_backend(make_policy()))(x)
    torch._dynamo.reset()
    both = torch.nn.ModuleDict({"one": one, "other": other})
    policy = fisher.Policy().regularize(
        "one.(*).mu", "one.(*).rho", as_=SOFTPLUS, toward=fisher.prior(0.1, 0.5), weight=1e-2
    )
    found = get_gradients(both, torch.compile(step, backend=make_backend(policy, params=both))(x))
    assert_same(found, get_gradients(both, step(x) + penalize_by_hand(one)), 1e-12)


def test_graph_breaks():
    model, x = make_mlp(F64)
    truth = get_gradients(model, model(x).square().mean() + penalize_by_hand(model))

    def step(x):
        hidden = model[1](model[0](x))
        torch._dynamo.graph_break()
        return model[2](hidden).square().mean()

    found = get_gradients(model, torch.compile(step, backend=make_backend(make_policy(), params=model))(x))
    assert_same(found, truth, 1e-12)
    torch._dynamo.reset()
    with pytest.raises(
        fisher.PolicyError, match=r"breaks between the parameters '0.mu', '0.rho' and the loss(.|\n)*pass the module"
    ):
        torch.compile(step, backend=make_backend(make_policy()))(x)


def test_what_follows_the_loss_is_left_alone():
    model, x = make_mlp(F64)

    def step(x):
        loss = model(x).square().mean()
        torch._dynamo.graph_break()
        return loss, loss.detach() * 2

    loss, twice = torch.compile(step, backend=make_backend(make_policy()))(x)
    assert torch.allclose(loss, model(x).square().mean() + penalize_by_hand(model))
    assert torch.allclose(twice, 2 * loss)


def test_without_gradients_nothing_is_added():
    model, x = make_mlp(F64)
    step = torch.compile(lambda x: model(x).square().mean(), backend=make_backend(make_policy()))
    with torch.no_grad():
        assert torch.allclose(step(x), model(x).square().mean(), rtol=1e-12)
    assert step(x) > 1.01 * model(x).square().mean()


def test_arguments_are_read_at_each_step():
    model, x = make_mlp(F64)
    weight = torch.tensor(0.0)
    backend = make_backend(make_policy(weight="weight"), arguments={"weight": weight})
    step = torch.compile(lambda x: model(x).square().mean(), backend=backend)
    plain = model(x).square().mean()
    assert torch.allclose(step(x), plain, rtol=1e-12)
    weight.fill_(1e-2)
    assert torch.allclose(step(x), plain + penalize_by_hand(model), rtol=1e-6)


@pytest.mark.parametrize("inner", ["aot_eager", "inductor"])
def test_state(inner):
    """It moves on with each step, as init and update_state do it, and is saved."""
    policy = make_policy(fisher.moving_average(0.5))
    model, x = make_mlp(F64)
    backend = fisher.torch.backend(policy, inner=inner)
    compiled = torch.compile(lambda x: model(x).square().mean(), backend=backend)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    state = fisher.torch.init(model, policy)
    penalties, saved = [], None
    for number in range(3):
        if number == 2:
            saved = {name: tensor.clone() for name, tensor in backend.state_dict().items()}
        penalties.append(fisher.torch.penalty(model, policy, fisher_state=state).item())
        plain = model(x).square().mean().item()
        optimizer.zero_grad()
        loss = compiled(x)
        assert loss.item() == pytest.approx(plain + penalties[-1], rel=1e-12)
        loss.backward()
        state = fisher.torch.update_state(model, policy, state)
        for name, tensor in state.items():
            assert torch.allclose(backend.state_dict()[name], tensor, rtol=1e-12)
        if number < 2:
            optimizer.step()
    assert penalties[0] == 0 and penalties[1] > 0

    # In another process it goes on where it was.
    torch._dynamo.reset()
    again = fisher.torch.backend(policy, inner=inner)
    again.load_state_dict(saved)
    loss = torch.compile(lambda x: model(x).square().mean(), backend=again)(x)
    assert loss.item() == pytest.approx(model(x).square().mean().item() + penalties[2], rel=1e-12)


def test_errors():
    model, x = make_mlp()
    backend = make_backend(make_policy())
    cases = {
        "the step returns no loss: a scalar that has a gradient": model,
        r"2 scalars that have a gradient \(.*\).*add them up, or detach": lambda x: (
            model(x).sum(), model(x).mean()
        ),
        "has no parameters that a policy could regularize; pass the module": lambda x: x.sum(),
    }
    for message, step in cases.items():
        torch._dynamo.reset()
        compiled = torch.compile(step, backend=backend)
        for _ in range(2):
            with pytest.raises(fisher.PolicyError, match=message):
                compiled(x.clone().requires_grad_())
    torch._dynamo.reset()
    policy = fisher.Policy().regularize("w.mu", "w.rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight=1)
    with pytest.raises(fisher.PolicyError, match="'w.mu' matches no parameter(.|\n)*'0.mu', '0.rho', '2.mu', '2.rho'"):
        torch.compile(lambda x: model(x).sum(), backend=make_backend(policy))(x)
    with pytest.raises(fisher.PolicyError, match="some in mode natural; use fisher.torch.proximal or"):
        make_backend(make_policy(mode="natural"))
    with pytest.raises(TypeError, match="a fisher.Policy is needed"):
        make_backend(None)
