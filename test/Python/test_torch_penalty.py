# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Penalties in PyTorch: values, gradients, states, errors, and torch.compile."""

import pytest

torch = pytest.importorskip("torch")

import fisher
import fisher.torch
from torch_models import (
    MODELS,
    SOFTPLUS,
    WEIGHT,
    assert_same,
    get_gradients,
    make_mlp,
    make_policy,
    measure_by_hand,
    penalize_by_hand,
)

F64, F32 = torch.float64, torch.float32


@pytest.fixture(autouse=True)
def forget_graphs():
    torch._dynamo.reset()


def make_params(dtype=F64, shape=(3, 4)):
    generator = torch.Generator().manual_seed(0)
    return {
        f"{layer}.{part}": torch.randn(shape, generator=generator, dtype=F64).to(dtype).requires_grad_()
        for layer in ("one", "two")
        for part in ("mu", "rho")
    }


def penalize_params(params, mean=0.1, sigma=0.5):
    return WEIGHT * sum(
        measure_by_hand(params[f"{layer}.mu"], params[f"{layer}.rho"], mean, sigma)
        for layer in ("one", "two")
    )


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
def test_models_against_formula(make):
    model, x = make(F64)
    truth = get_gradients(model, model(x).square().mean() + penalize_by_hand(model))
    found = get_gradients(model, model(x).square().mean() + fisher.torch.penalty(model, make_policy()))
    assert_same(found, truth, 1e-12)
    model, x = make(F32)
    found = get_gradients(model, model(x).square().mean() + fisher.torch.penalty(model, make_policy()))
    assert_same(found, truth, 1e-5)


def test_gradcheck():
    params = make_params()

    def penalize(*values):
        return fisher.torch.penalty(dict(zip(params, values)), make_policy())

    assert torch.autograd.gradcheck(penalize, tuple(params.values()))


@pytest.mark.parametrize("dtype", [F64, F32, torch.bfloat16, torch.float16], ids=str)
def test_types(dtype):
    params = make_params(dtype)
    penalty = fisher.torch.penalty(params, make_policy())
    assert penalty.dtype == (F64 if dtype == F64 else F32) and penalty.shape == ()
    wide = {name: value.detach().double().requires_grad_() for name, value in params.items()}
    truth = penalize_params(wide)
    # The reference is stored in the type of the parameters.
    assert torch.allclose(penalty.double(), truth, rtol=torch.finfo(dtype).eps + 1e-5)
    gradients = torch.autograd.grad(penalty, params.values())
    for found, slope in zip(gradients, torch.autograd.grad(truth, wide.values())):
        assert found.dtype == dtype
        error = (found.double() - slope).abs().max() / slope.abs().max()
        assert error < 4 * torch.finfo(dtype).eps + 1e-12


def test_only_what_needs_a_gradient_has_one():
    params = make_params()
    policy = make_policy()
    whole = torch.autograd.grad(fisher.torch.penalty(params, policy), params.values())
    params["one.rho"].requires_grad_(False)
    penalty = fisher.torch.penalty(params, policy)
    penalty.backward()
    assert params["one.rho"].grad is None
    assert torch.equal(params["one.mu"].grad, whole[0])
    with torch.no_grad():
        value = fisher.torch.penalty(params, policy)
    assert not value.requires_grad and torch.allclose(value, penalty, rtol=1e-12)
    # Twice as steep, twice the gradient; and what is not in the policy is left alone.
    params["one.mu"].grad = None
    params["other"] = torch.ones((), dtype=F64, requires_grad=True)
    (2 * fisher.torch.penalty(params, policy)).backward()
    assert torch.allclose(params["one.mu"].grad, 2 * whole[0], rtol=1e-12)
    assert params["other"].grad is None


def test_the_value_alone_is_another_program(monkeypatch):
    """Without a gradient none is computed."""
    from fisher.torch import _training

    modes = []
    build = _training.Step.build
    monkeypatch.setattr(
        _training.Step, "build", lambda self, mode, **more: modes.append(mode) or build(self, mode, **more)
    )
    params = make_params()
    fisher.torch.penalty(params, make_policy())
    with torch.no_grad():
        fisher.torch.penalty(params, make_policy())
    fisher.torch.penalty({name: value.detach() for name, value in params.items()}, make_policy())
    assert modes == ["coupled", "loss_only", "loss_only"]


def test_zero_distance_and_empty_tensors():
    for shape in ((), (0,), (2, 0)):
        params = make_params(F32, shape)
        penalty = fisher.torch.penalty(params, make_policy(fisher.frozen), fisher_state=fisher.torch.init(params, make_policy(fisher.frozen)))
        assert penalty == 0
        for gradient, param in zip(torch.autograd.grad(penalty, params.values()), params.values()):
            assert gradient.shape == param.shape and torch.all(gradient == 0)


def test_second_derivatives_are_refused():
    params = make_params()
    loss = fisher.torch.penalty(params, make_policy()) + (params["one.mu"] ** 3).sum()
    (slope,) = torch.autograd.grad(loss, params["one.mu"], create_graph=True)
    with pytest.raises(TypeError, match="differentiated again; keep it out with detach"):
        slope.sum().backward()


def test_func_grad_and_vmap():
    params = {name: value.detach() for name, value in make_params().items()}
    found = torch.func.grad(lambda params: fisher.torch.penalty(params, make_policy()))(params)
    wide = {name: value.clone().requires_grad_() for name, value in params.items()}
    for name, slope in zip(wide, torch.autograd.grad(penalize_params(wide), wide.values())):
        assert torch.allclose(found[name], slope, rtol=1e-10)
    rows = torch.func.vmap(lambda params: fisher.torch.penalty(params, make_policy()))(params)
    assert rows.shape == (3,)
    assert torch.allclose(rows.sum(), penalize_params(params), rtol=1e-10)


def test_names():
    model, _ = make_mlp()
    policy = make_policy()
    truth = fisher.torch.penalty(model, policy)
    nested = {"net": {0: {"mu": model[0].mu, "rho": model[0].rho}, 2: dict(model[2].named_parameters())}}
    assert torch.equal(fisher.torch.penalty(nested, policy), truth)
    assert torch.equal(fisher.torch.penalty(torch.compile(model), policy), truth)
    only = fisher.Policy().regularize(
        "0.mu", "0.rho", as_=SOFTPLUS, toward=fisher.prior(0.1, 0.5), weight=WEIGHT
    )
    assert fisher.torch.penalty(torch.compile(model), only) < truth
    with pytest.raises(fisher.PolicyError, match="two parameters have the name 'a.b'"):
        fisher.torch.penalty({"a": {"b": torch.ones(1)}, "a.b": torch.ones(1)}, policy)
    with pytest.raises(TypeError, match="a module or a dictionary"):
        fisher.torch.penalty([torch.ones(1)], policy)


def test_arguments():
    params = make_params()
    policy = make_policy(fisher.argument("{0}.mu0", "{0}.rho0"), weight="weight")
    arguments = {
        "weight": torch.tensor(WEIGHT, dtype=F32),
        **{f"{layer}.{part}0": torch.full((3, 4), value, dtype=F64)
           for layer in ("one", "two") for part, value in (("mu", 0.1), ("rho", -0.4327521295671886))},
    }
    # The softplus of the number is one half.
    penalty = fisher.torch.penalty(params, policy, arguments=arguments)
    assert torch.allclose(penalty, penalize_params(params), rtol=1e-6)
    with pytest.raises(fisher.PolicyError, match="no argument of the step"):
        fisher.torch.penalty(params, policy)
    with pytest.raises(TypeError, match="argument 'weight' requires a gradient; pass it through detach"):
        weight = arguments["weight"].clone().requires_grad_()
        fisher.torch.penalty(params, policy, arguments={**arguments, "weight": weight})


@pytest.mark.parametrize(
    "reference, suffix",
    [(fisher.frozen, "frozen"), (fisher.previous, "previous"), (fisher.moving_average(0.75), "average")],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_state(reference, suffix):
    params = make_params()
    policy = make_policy(reference)
    state = fisher.torch.init(params, policy)
    assert set(state) == {f"{name}.{suffix}" for name in params}
    start = {name: value.detach().clone() for name, value in params.items()}
    with torch.no_grad():
        for value in params.values():
            value.add_(0.1)
    penalty = fisher.torch.penalty(params, policy, fisher_state=state)
    distance = sum(
        fisher.torch.squared_distance(
            SOFTPLUS(params[f"{layer}.mu"], params[f"{layer}.rho"]),
            SOFTPLUS(start[f"{layer}.mu"], start[f"{layer}.rho"]),
        ).sum()
        for layer in ("one", "two")
    )
    assert torch.allclose(penalty, WEIGHT * distance, rtol=1e-10)
    updated = fisher.torch.update_state(params, policy, state)
    assert updated.keys() == state.keys()
    mu = start["one.mu"]
    if suffix == "previous":
        mu = params["one.mu"]
    if suffix == "average":
        mu, _ = fisher.torch.geodesic(
            SOFTPLUS(start["one.mu"], start["one.rho"]), SOFTPLUS(params["one.mu"], params["one.rho"]), 0.25
        ).components
    assert torch.allclose(updated[f"one.mu.{suffix}"], mu, rtol=1e-12)
    assert not updated[f"one.mu.{suffix}"].requires_grad

    with pytest.raises(fisher.PolicyError, match=rf"'one.mu.{suffix}' is missing; make it once with fisher.torch.init"):
        fisher.torch.penalty(params, policy)
    wrong = {**state, f"one.mu.{suffix}": torch.ones(2, dtype=F64)}
    with pytest.raises(fisher.PolicyError, match=rf"'one.mu.{suffix}' must be float64 of shape \(3, 4\)"):
        fisher.torch.penalty(params, policy, fisher_state=wrong)


def test_errors_name_the_parameter():
    params = make_params()
    with pytest.raises(fisher.PolicyError, match="'w.mu' matches no parameter(.|\n)*'one.mu', 'one.rho'"):
        fisher.torch.penalty(
            params,
            fisher.Policy().regularize("w.mu", "w.rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight=1),
        )
    with pytest.raises(fisher.PolicyError, match="'one.mu' .*and 'one.rho' .*differ"):
        fisher.torch.penalty({**params, "one.rho": torch.ones(5, dtype=F64)}, make_policy())
    with pytest.raises(fisher.PolicyError, match="'one.rho' is on meta, but 'one.mu' is on cpu; move them"):
        fisher.torch.penalty({**params, "one.rho": params["one.rho"].to("meta")}, make_policy())
    with pytest.raises(TypeError, match="a fisher.Policy is needed"):
        fisher.torch.penalty(params, None)
    with pytest.raises(TypeError, match="float32 tensor of shape"):
        from fisher.torch._training import Step

        bundle = Step(make_policy(), make_params(F32)).build("loss_only")
        torch.ops.fisher.programs(list(params.values()), bundle.modules, bundle.calls)


@pytest.mark.parametrize(
    "device, message",
    [("xpu:0", "runs on cpu and cuda, and a tensor is on xpu:0"), ("cuda:1", "set CUDA_VISIBLE_DEVICES")],
)
def test_devices_that_are_not_served(device, message):
    from fisher.torch._call import _get_place

    with pytest.raises(fisher.PolicyError, match=message):
        _get_place(torch.device(device))


def test_operators_follow_the_rules():
    from fisher.torch._training import Step

    values = {name: value.detach() for name, value in make_params(F32).items()}
    bundle = Step(make_policy(), values).build("coupled")
    tests = ("test_schema", "test_faketensor")
    torch.library.opcheck(
        torch.ops.fisher.programs.default,
        (list(values.values()), bundle.modules, bundle.calls),
        test_utils=tests,
    )
    torch.library.opcheck(
        torch.ops.fisher.operation.default,
        (list(values.values()), "squared_distance", str(SOFTPLUS)),
        test_utils=tests,
    )


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
def test_compile(make):
    model, x = make()
    policy = make_policy()
    step = torch.compile(
        lambda x: model(x).square().mean() + fisher.torch.penalty(model, policy), fullgraph=True
    )
    found = get_gradients(model, step(x))
    model, x = make(F64)
    truth = get_gradients(model, model(x).square().mean() + penalize_by_hand(model))
    assert_same(found, truth, 1e-5)


def test_compile_state_and_recompilation():
    """Another policy, or a state, is another graph; the same policy is not."""
    params = make_params()
    graphs = []

    def count(graph, inputs):
        graphs.append(graph)
        return graph

    @torch.compile(backend=count, fullgraph=True)
    def evaluate(params, policy, state):
        return fisher.torch.penalty(params, policy, fisher_state=state)

    policy = make_policy(fisher.previous)
    state = fisher.torch.init(params, policy)
    with torch.no_grad():
        params["one.mu"].add_(1)
    found = evaluate(params, policy, state)
    assert torch.equal(found, fisher.torch.penalty(params, policy, fisher_state=state)) and found > 0
    evaluate(params, make_policy(fisher.previous), state)
    assert len(graphs) == 1
    stronger = make_policy(fisher.previous, weight=2 * WEIGHT)
    assert torch.allclose(evaluate(params, stronger, state), 2 * found)
    assert len(graphs) == 2


def test_compile_with_dynamic_shapes():
    """Operations on beliefs have one graph for all sizes."""
    graphs = []

    def count(graph, inputs):
        graphs.append(graph)
        return graph

    @torch.compile(backend=count, fullgraph=True, dynamic=True)
    def measure(mu, rho):
        family = fisher.Gaussian("softplus")
        return fisher.torch.squared_distance(family(mu, rho), family(0.5, rho.detach())).sum()

    for size in (4, 5, 9):
        mu, rho = (torch.randn(size, 3, requires_grad=True) for _ in range(2))
        found = measure(mu, rho)
        truth = fisher.torch.squared_distance(SOFTPLUS(mu, rho), SOFTPLUS(0.5, rho.detach())).sum()
        assert torch.allclose(found, truth)
        one, other = (torch.autograd.grad(value, mu)[0] for value in (found, truth))
        assert torch.allclose(one, other)
    assert len(graphs) == 1
    # A policy has programs for shapes, so that each is a graph.
    policy = make_policy()
    penalize = torch.compile(
        lambda params: fisher.torch.penalty(params, policy),
        fullgraph=True,
        dynamic=True,
        backend="eager",
    )
    for size in (4, 5):
        params = make_params(F32, (size,))
        assert torch.allclose(penalize(params), fisher.torch.penalty(params, policy))


def test_compile_of_everything_else():
    a, b = ([torch.randn(5) for _ in range(2)] for _ in range(2))

    @torch.compile(fullgraph=True)
    def evaluate(a, b, t):
        one, other = SOFTPLUS(*a), SOFTPLUS(*b)
        return (
            fisher.torch.kl_divergence(one, other),
            *fisher.torch.geodesic(one, other, 0.3).components,
            *fisher.torch.proximal_step(one, other, t).components,
            *fisher.torch.natural_gradient(one, *b),
        )

    t = torch.tensor(0.7)
    one, other = SOFTPLUS(*a), SOFTPLUS(*b)
    truth = (
        fisher.torch.kl_divergence(one, other),
        *fisher.torch.geodesic(one, other, 0.3).components,
        *fisher.torch.proximal_step(one, other, t).components,
        *fisher.torch.natural_gradient(one, *b),
    )
    for found, value in zip(evaluate(a, b, t), truth, strict=True):
        assert torch.allclose(found, value)
