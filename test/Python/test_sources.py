# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Beliefs of ordinary networks: spreads from Adam's second moment and spreads that
are fixed, in JAX, Optax and PyTorch, against what one writes by hand."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

import fisher
import fisher.jax
import fisher.optax
import fisher.torch

KNOWN = fisher.GaussianMean("sigma")
COUNT, EPSILON, WEIGHT = 500, 1e-4, 0.25
ADAM = fisher.adam("adam.v.{0}", count=COUNT, epsilon=EPSILON)
RNG = np.random.default_rng(1)
OLD = {"fc": RNG.normal(size=(5, 3)).astype(np.float32), "out": RNG.normal(size=3).astype(np.float32)}
NEW = {name: array + RNG.normal(size=array.shape).astype(np.float32) for name, array in OLD.items()}
OLD_V, NEW_V = (
    {name: np.exp(RNG.normal(size=array.shape)).astype(np.float32) for name, array in OLD.items()}
    for _ in range(2)
)


def make(toward=fisher.frozen, from_=ADAM, as_=KNOWN, mode="coupled", **how):
    return fisher.Policy().regularize(
        "(*)", as_=as_, from_=from_, toward=toward, weight=WEIGHT, mode=mode, **how
    )


def by_hand(params, toward, v):
    """Elastic weight consolidation: the penalty and its gradient."""
    precision = {name: COUNT * (v[name].astype(np.float64) + EPSILON) for name in v}
    step = {name: np.float64(params[name]) - toward[name] for name in params}
    penalty = WEIGHT * sum((precision[name] * step[name] ** 2).sum() for name in params)
    return penalty, {name: 2 * WEIGHT * precision[name] * step[name] for name in params}


def assert_close(got, expected, tolerance=2e-6):
    for name in expected:
        np.testing.assert_allclose(np.asarray(got[name]), expected[name], rtol=tolerance)


def in_torch(arrays):
    return {name: torch.tensor(array) for name, array in arrays.items()}


def test_frozen_is_elastic_weight_consolidation():
    """The second moment that counts is that of the old task."""
    policy = make()
    state = fisher.jax.init(OLD, policy, arguments={"adam": {"v": OLD_V}})
    assert set(state) == {
        "fc.frozen", "out.frozen", "adam.v.fc.frozen", "adam.v.out.frozen"
    }
    how = {"arguments": {"adam": {"v": NEW_V}}, "fisher_state": state}
    penalty, gradient = by_hand(NEW, OLD, OLD_V)
    value, slope = jax.value_and_grad(fisher.jax.penalty)(NEW, policy, **how)
    np.testing.assert_allclose(value, penalty, rtol=2e-6)
    assert_close(slope, gradient)
    # The same in PyTorch.
    params = {name: tensor.requires_grad_() for name, tensor in in_torch(NEW).items()}
    state = fisher.torch.init(
        in_torch(OLD), policy, arguments={"adam": {"v": in_torch(OLD_V)}}
    )
    value = fisher.torch.penalty(
        params, policy, arguments={"adam": {"v": in_torch(NEW_V)}}, fisher_state=state
    )
    value.backward()
    np.testing.assert_allclose(value.item(), penalty, rtol=2e-6)
    assert_close({name: tensor.grad for name, tensor in params.items()}, gradient)


def test_prior_has_the_current_moment():
    value = fisher.jax.penalty(NEW, make(fisher.prior(0.5)), arguments={"adam": {"v": NEW_V}})
    middle = {name: 0.5 for name in NEW}
    np.testing.assert_allclose(value, by_hand(NEW, middle, NEW_V)[0], rtol=2e-6)


def test_argument_names_the_moment_too():
    policy = make(fisher.argument("old.{0}", "old_v.{0}"))
    arguments = {"adam": {"v": NEW_V}, "old": OLD, "old_v": OLD_V}
    value = fisher.jax.penalty(NEW, policy, arguments=arguments)
    np.testing.assert_allclose(value, by_hand(NEW, OLD, OLD_V)[0], rtol=2e-6)


def test_previous_moves_on():
    policy = make(fisher.previous)
    arguments = {"adam": {"v": NEW_V}}
    state = fisher.jax.init(OLD, policy, arguments={"adam": {"v": OLD_V}})
    state = fisher.jax.update_state(NEW, policy, state, arguments=arguments)
    assert_close(state, {"fc.previous": NEW["fc"], "adam.v.fc.previous": NEW_V["fc"]}, 0)


def test_average_is_that_of_the_mean():
    policy = make(fisher.moving_average(0.75))
    state = fisher.jax.init(OLD, policy, arguments={"adam": {"v": OLD_V}})
    assert set(state) == {"fc.average", "out.average"}
    state = fisher.jax.update_state(NEW, policy, state, arguments={"adam": {"v": NEW_V}})
    assert_close(state, {f"{name}.average": 0.75 * OLD[name] + 0.25 * NEW[name] for name in OLD})


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_fixed_spread_is_l2(dtype):
    """Of strength 2 weight/sigma² in the gradient."""
    policy = make(fisher.prior(0), fisher.fixed(sigma=0.5))
    params = jax.tree.map(lambda x: jnp.asarray(x, dtype), NEW)
    value, slope = jax.value_and_grad(fisher.jax.penalty)(params, policy)
    wide = {name: np.asarray(array, np.float64) for name, array in params.items()}
    expected = WEIGHT / 0.25 * sum((array**2).sum() for array in wide.values())
    np.testing.assert_allclose(value, expected, rtol=2e-6)
    for name, array in wide.items():
        np.testing.assert_allclose(
            np.asarray(slope[name], np.float64), 2 * WEIGHT / 0.25 * array,
            rtol=2e-6 if dtype == "float32" else 2**-8,
        )


def test_gaussians_are_the_same_to_second_order():
    """And their pull is bounded."""
    ratios = []
    for scale in (0.1, 0.05, 0.025):
        params = {name: np.float32(scale) * array / abs(array).max() for name, array in NEW.items()}
        plane, line = (
            float(fisher.jax.penalty(params, make(fisher.prior(0), fisher.fixed(sigma=0.5), as_)))
            for as_ in (fisher.Gaussian("sigma"), KNOWN)
        )
        assert plane < line
        ratios.append(1 - plane / line)
    # Relative to the distance, what is left is of second order.
    assert 3.6 < ratios[0] / ratios[1] < 4.4 and 3.6 < ratios[1] / ratios[2] < 4.4


def test_natural_and_proximal():
    natural = make(fisher.prior(0), fisher.fixed(sigma=0.5), mode="natural")
    regularized = fisher.jax.value_and_grad(lambda params: params["fc"].sum() * 3.0, natural)
    _, slope = regularized(NEW)
    assert_close(slope, {"fc": 0.25 * (3 + 2 * WEIGHT * NEW["fc"] / 0.25),
                         "out": 2 * WEIGHT * NEW["out"]})
    stepped = fisher.optax.proximal(
        make(fisher.prior(0), fisher.fixed(sigma=0.5), mode="proximal"), step_size=0.1
    )
    updates, _ = stepped.update(jax.tree.map(jnp.zeros_like, NEW), stepped.init(NEW), NEW)
    strength = 2 * 0.1 * WEIGHT
    assert_close(updates, {name: -strength / (1 + strength) * NEW[name] for name in NEW}, 1e-5)


def test_moments_of_optax():
    """What Optax's Adam keeps is handed over as it is."""
    optimizer = optax.adam(1e-2)
    state = optimizer.init(OLD)
    for _ in range(3):
        _, state = optimizer.update(NEW, state)
    moments = optax.tree_utils.tree_get(state, "nu")
    policy = make()
    arguments = {"adam": {"v": moments}}
    transform = fisher.optax.coupled(policy, arguments=arguments)
    references = transform.init(OLD)
    grads, _ = transform.update(jax.tree.map(jnp.zeros_like, NEW), references, NEW)
    expected = by_hand(NEW, OLD, {name: np.asarray(array) for name, array in moments.items()})[1]
    assert_close(grads, expected, 1e-5)


def test_moments_of_torch():
    """What PyTorch's Adam keeps."""
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 4)).square().sum().backward()
    optimizer.step()
    moments = {
        name: optimizer.state[parameter]["exp_avg_sq"]
        for name, parameter in model.named_parameters()
    }
    policy = make()
    arguments = {"adam": {"v": moments}}
    state = fisher.torch.init(model, policy, arguments=arguments)
    old = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.125
    expected = by_hand(
        {name: parameter.detach().numpy() for name, parameter in model.named_parameters()},
        {name: tensor.numpy() for name, tensor in old.items()},
        {name: tensor.numpy() for name, tensor in moments.items()},
    )[0]
    value = fisher.torch.penalty(model, policy, arguments=arguments, fisher_state=state)
    np.testing.assert_allclose(value.item(), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "mistake,error,message",
    [
        (lambda: make(from_="adam"), TypeError, r"from_ must be fisher.adam\(...\)"),
        (lambda: fisher.fixed(), TypeError, "one number by its name is needed, such as sigma=0.1"),
        (lambda: fisher.fixed(sigma="1"), TypeError, "sigma must be a number, got '1'"),
        (lambda: fisher.adam("v", 1.5), TypeError, "count must be a whole number, got 1.5"),
        (lambda: fisher.adam(1, 1), TypeError, "name must be a string, got 1"),
        (lambda: fisher.adam("v", 1, float("nan")), ValueError, "epsilon must be finite"),
        (
            lambda: make(from_=fisher.adam("v", 0)),
            fisher.PolicyError,
            r"test_sources.py:\d+: needs a count of examples that is positive, got 0",
        ),
        (
            lambda: make(from_=fisher.fixed(sigma=-1)),
            fisher.PolicyError,
            "fixes sigma at -1.0*e.00; needs sigma > 0",
        ),
        (
            lambda: fisher.jax.penalty(NEW, make(fisher.prior(0))),
            fisher.PolicyError,
            r"the scale 'adam.v.fc' of 'fc' is no argument of the step.*arguments=",
        ),
        (
            lambda: fisher.jax.penalty(
                NEW,
                make(fisher.prior(0)),
                arguments={"adam": {"v": {"fc": NEW["out"], "out": NEW["out"]}}},
            ),
            fisher.PolicyError,
            r"'adam.v.fc', which the scale of 'fc' is made from, must be a float tensor of the "
            r"same shape.*'f32\[3\]' and 'f32\[5,3\]'",
        ),
    ],
)
def test_mistakes(mistake, error, message):
    with pytest.raises(error) as caught:
        mistake()
    assert re.search(message, str(caught.value), re.S), caught.value


def test_prints_as_the_ir():
    text = str(make(from_=fisher.adam("v", 7)))
    assert '"(*)" as #fisher.gaussian_mean<sigma>\n      from adam("v") count 7\n' in text
    text = str(make(from_=fisher.adam("v", 7, epsilon=0)))
    assert 'from adam("v") count 7 epsilon 0.0\n' in text
    assert "fixed sigma 0.125\n" in str(make(from_=fisher.fixed(sigma=0.125)))
    assert make() != make(from_=fisher.fixed(sigma=0.125))
