# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Value and gradients in one pass in PyTorch."""

import re

import pytest

torch = pytest.importorskip("torch")

import fisher
import fisher.torch
from fisher.torch._training import Step
from torch_models import (
    MODELS,
    SOFTPLUS,
    assert_same,
    get_gradients,
    make_mlp,
    make_policy,
    penalize_by_hand,
)

F64, F32 = torch.float64, torch.float32
FAMILIES = [
    fisher.Gaussian("softplus"),
    fisher.Gaussian("log_sigma"),
    fisher.Poisson("log_rate"),
    fisher.Bernoulli("logit"),
    fisher.VonMises("log_kappa"),
    fisher.Categorical("logits"),
]


@pytest.fixture(autouse=True)
def forget_graphs():
    torch._dynamo.reset()


def make_loss(model):
    def loss(params, x):
        return torch.func.functional_call(model, params, (x,)).square().mean()

    return loss


def run(step, model, *args, **options):
    value, gradients = step(dict(model.named_parameters()), *args, **options)
    assert not value.requires_grad
    return {"loss": value.double(), **{name: each.double() for name, each in gradients.items()}}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
def test_models_against_formula(make):
    model, x = make(F64)
    truth = get_gradients(model, model(x).square().mean() + penalize_by_hand(model))
    step = fisher.torch.value_and_grad(make_loss(model), make_policy())
    assert_same(run(step, model, x), truth, 1e-12)
    model, x = make(F32)
    step = fisher.torch.value_and_grad(make_loss(model), make_policy())
    assert_same(run(torch.compile(step, fullgraph=True), model, x), truth, 1e-5)


def test_gradients_are_overwritten_in_a_compiled_step():
    from torch._inductor.utils import run_and_get_code

    model, x = make_mlp()
    step = torch.compile(fisher.torch.value_and_grad(make_loss(model), make_policy()), fullgraph=True)
    with torch._inductor.config.patch(force_disable_caches=True):
        _, (code,) = run_and_get_code(run, step, model, x)
    assert "fisher.add_to_gradients" in code and "fisher.programs" not in code
    # A mean's gradient is a matrix product, and it is not copied.
    written = re.search(r"add_to_gradients.default\(\[(.*?)\]", code)[1].split(", ")
    products = re.findall(r"extern_kernels.mm\(.*out=(\w+)\)", code)
    assert written[0] in products and written[2] in products


@pytest.mark.parametrize("family", FAMILIES, ids=repr)
@pytest.mark.parametrize("dtype", [F32, torch.bfloat16, F64], ids=str)
def test_overwritten_gradients_have_the_same_bits(family, dtype):
    generator = torch.Generator().manual_seed(0)
    policy = fisher.Policy().regularize(
        *(f"(*).{part}" for part in family.components),
        as_=family,
        toward=fisher.argument(*(f"there.{{0}}.{part}" for part in family.components)),
        weight=0.5,
    )
    for size in (0, 1, 31, 65, 40000):
        shape = (size, 5) if family.event_rank else (size,)

        def draw():
            return {
                f"w.{part}": torch.randn(shape, generator=generator, dtype=F64).to(dtype)
                for part in family.components
            }

        params, gradients = draw(), draw()
        arguments = {f"there.{name}": value for name, value in draw().items()}
        step = Step(policy, params, arguments)
        bundle = step.build("coupled", gradients=True)
        assert step.can_overwrite(bundle)
        made = {("gradient", name): value for name, value in gradients.items()}
        kept = bundle(step.get_tensors(bundle, {}, made))
        found = bundle.add_to_gradients(step.get_tensors(bundle, {}, made))
        assert kept.keys() == found.keys()
        for (kind, name), value in kept.items():
            assert torch.equal(found[kind, name], value), (kind, size)
            if kind == "gradient":
                assert found[kind, name] is gradients[name]


def make_pair(dtype=F64, shape=(3, 4), other=None):
    generator = torch.Generator().manual_seed(0)
    shapes = {"one.mu": shape, "one.rho": other or shape}
    return {
        name: torch.randn(size, generator=generator, dtype=F64).to(dtype)
        for name, size in shapes.items()
    }


def assert_as_penalty(loss, params, policy, **options):
    """What `penalty` and autograd make of it, in a compiled step and outside."""
    leaves = {name: value.clone().requires_grad_() for name, value in params.items()}
    names = {"fisher_state": "fisher_state", "fisher_arguments": "arguments"}
    total = loss(leaves) + fisher.torch.penalty(
        leaves, policy, **{names[name]: value for name, value in options.items()}
    )
    truth = torch.autograd.grad(total, leaves.values(), materialize_grads=True)
    step = fisher.torch.value_and_grad(loss, policy)
    kept = {name: value.clone() for name, value in params.items()}
    for call in (step, torch.compile(step, fullgraph=True)):
        value, gradients, *_ = call(params, **options)
        assert torch.allclose(value, total, rtol=1e-12)
        assert gradients.keys() == params.keys()
        for name, slope in zip(params, truth):
            assert torch.allclose(gradients[name], slope, rtol=1e-12, atol=1e-14), name
            assert torch.equal(params[name], kept[name])


LOSSES = {
    "one gradient for both": lambda p: (p["one.mu"] + p["one.rho"]).square().sum(),
    "one number for all": lambda p: (p["one.mu"] + p["one.rho"]).sum(),
    "views": lambda p: (p["one.mu"].flatten() + p["one.rho"].flatten()).square().sum(),
    "transposed": lambda p: (p["one.mu"].T.reshape(4, 3) + p["one.rho"].T).square().sum(),
    "unused": lambda p: p["one.mu"].square().sum(),
    "used twice": lambda p: (p["one.mu"] * p["one.mu"] + p["one.rho"]).sum() + p["one.mu"].sum(),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_gradients_that_share_memory(loss):
    assert_as_penalty(loss, make_pair(), make_policy())


class _Returns(torch.autograd.Function):
    """Its gradient is a tensor of the caller's."""

    @staticmethod
    def forward(x, slope):
        return x.sum()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx, _):
        return ctx.saved_tensors[0], None


def test_tensors_of_the_caller_are_not_overwritten():
    slope = torch.full((3, 4), 2.0, dtype=F64)
    assert_as_penalty(
        lambda p: _Returns.apply(p["one.mu"], slope) + p["one.rho"].sum(), make_pair(), make_policy()
    )
    assert torch.all(slope == 2)


def test_what_is_not_overwritten():
    def is_overwritten(params, policy):
        step = Step(policy, params)
        return step.can_overwrite(step.build("coupled", of="loss_only", gradients=True))

    shared = {"mean": torch.zeros(3), "one.rho": torch.zeros(3), "two.rho": torch.ones(3)}
    policy = fisher.Policy().regularize(
        "mean", "(*).rho", as_=SOFTPLUS, toward=fisher.prior(0.1, 0.5), weight=1e-2
    )
    assert is_overwritten(make_pair(), make_policy())
    assert not is_overwritten(make_pair(other=(4,)), make_policy())
    assert not is_overwritten(shared, policy)
    assert not is_overwritten(make_pair(), make_policy(mode="natural"))
    assert not is_overwritten(make_pair(), make_policy(fisher.moving_average(0.9)))
    loss = lambda p: sum(value.square().sum() for value in p.values())
    assert_as_penalty(loss, make_pair(other=(4,)), make_policy())
    assert_as_penalty(loss, {name: value.double() for name, value in shared.items()}, policy)


@pytest.mark.parametrize("toward", [fisher.frozen, fisher.previous, fisher.moving_average(0.9)], ids=repr)
def test_state_moves_on(toward):
    policy = make_policy(toward)
    state = fisher.torch.init(make_pair(), policy)
    moved = {name: value + 0.1 for name, value in make_pair().items()}
    loss = lambda p: (p["one.mu"] * p["one.rho"]).sum()
    assert_as_penalty(loss, moved, policy, fisher_state=state)
    *_, following = fisher.torch.value_and_grad(loss, policy)(moved, fisher_state=state)
    expected = fisher.torch.update_state(moved, policy, state)
    assert following.keys() == expected.keys()
    assert all(torch.equal(following[name], expected[name]) for name in expected)


def test_arguments_and_zero_distance():
    loss = lambda p: (p["one.mu"] * p["one.rho"]).sum()
    policy = make_policy(fisher.argument("there.{0}.mu", "there.{0}.rho"), weight="strength")
    arguments = {"there": {"one": {"mu": make_pair()["one.mu"] + 1, "rho": make_pair()["one.rho"]}}}
    for strength in (0.5, 2.0):
        arguments["strength"] = torch.tensor(strength, dtype=F64)
        assert_as_penalty(loss, make_pair(), policy, fisher_arguments=arguments)
    # At distance zero nothing is added, not even a rounding error.
    params, policy = make_pair(F32), make_policy(fisher.frozen)
    for wrap in (lambda step: step, torch.compile):
        value, gradients, _ = wrap(fisher.torch.value_and_grad(loss, policy))(
            params, fisher_state=fisher.torch.init(params, policy)
        )
        assert torch.allclose(value, loss(params), rtol=1e-6)
        assert torch.equal(gradients["one.mu"], params["one.rho"])


def test_natural_gradients():
    policy = make_policy(mode="natural")
    params = make_pair()
    loss = lambda p: (p["one.mu"] * p["one.rho"]).sum()
    _, plain = fisher.torch.value_and_grad(loss, policy.in_mode("coupled"))(params)
    expected = fisher.torch.natural_gradient(
        SOFTPLUS(params["one.mu"], params["one.rho"]), plain["one.mu"], plain["one.rho"]
    )
    step = fisher.torch.value_and_grad(loss, policy)
    for call in (step, torch.compile(step, fullgraph=True)):
        _, found = call(params)
        assert torch.allclose(found["one.mu"], expected[0], rtol=1e-10)
        assert torch.allclose(found["one.rho"], expected[1], rtol=1e-10)


def test_aux_nested_dictionaries_and_accumulation():
    params = {"one": {"mu": torch.randn(3), "rho": torch.randn(3)}, "bias": torch.randn(2)}
    step = fisher.torch.value_and_grad(
        lambda p, x: (x * p["one"]["mu"].sum() + p["bias"].sum(), {"x": x}), make_policy(), has_aux=True
    )
    (value, aux), gradients = step(params, torch.tensor(2.0))
    assert aux["x"] == 2 and value.shape == ()
    assert torch.equal(gradients["bias"], torch.ones(2)) and gradients["one"].keys() == {"mu", "rho"}
    (_, more), second = torch.compile(step, fullgraph=True)(params, torch.tensor(3.0))
    assert more["x"] == 3
    # What was returned stays as it is in later calls.
    assert torch.allclose(second["one"]["mu"] - gradients["one"]["mu"], torch.ones(3), rtol=1e-5)


def test_errors():
    loss = lambda p: p["one.mu"].sum()
    with pytest.raises(fisher.PolicyError, match="use fisher.torch.proximal with an optimizer"):
        fisher.torch.value_and_grad(loss, make_policy(mode="proximal"))
    with pytest.raises(TypeError, match="a fisher.Policy is needed"):
        fisher.torch.value_and_grad(loss, 3)
    with pytest.raises(TypeError, match="got a module; pass dict"):
        fisher.torch.value_and_grad(loss, make_policy())(make_mlp()[0])
    with pytest.raises(TypeError, match="'strength' requires a gradient; pass it through detach"):
        strength = torch.ones((), dtype=F64, requires_grad=True)
        fisher.torch.value_and_grad(loss, make_policy(weight="strength"))(
            make_pair(), fisher_arguments={"strength": strength}
        )
    with pytest.raises(fisher.PolicyError, match="make it once with fisher.torch.init"):
        fisher.torch.value_and_grad(loss, make_policy(fisher.frozen))(make_pair(), fisher_state={})
