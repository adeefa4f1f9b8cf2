# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies in chains of Optax: the same as the penalty by hand in front of the
optimizer, or the geodesic step behind it. References that are kept are tested in
test_jax_state.py."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import fisher
import fisher.jax
import fisher.optax
from by_hand import PRIOR, assert_close, assert_equal, gaussian_geodesic, gaussian_prior

PARAMS = {
    "w": {
        "mu": np.linspace(-1.0, 1.0, 6, dtype=np.float32).reshape(2, 3),
        "rho": np.linspace(-2.0, 0.5, 6, dtype=np.float32).reshape(2, 3),
    },
    "bias": np.arange(3, dtype=np.float32),
}
SOFTPLUS = fisher.Gaussian("softplus")
STRONG = fisher.Policy().regularize(
    "(*).mu", "(*).rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight=0.5
)
STEPS = 5


def loss(params):
    return sum(((leaf - 0.3) ** 2).sum() for leaf in jax.tree.leaves(params))


def train(optimizer, params, loss=loss, **extra):
    """Parameters and the optimizer's state after some steps."""

    def body(carry, _):
        params, state = carry
        updates, state = optimizer.update(jax.grad(loss)(params), state, params, **extra)
        return (optax.apply_updates(params, updates), state), None

    start = params, optimizer.init(params)
    return jax.jit(lambda carry: jax.lax.scan(body, carry, length=STEPS)[0])(start)


def train_by_hand(make_step):
    """The same in float64, by a function of parameters and an optimizer's state."""
    with jax.enable_x64(True):
        params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), PARAMS)
        step, state = make_step(params)
        step = jax.jit(step)
        for number in range(STEPS):
            params, state = step(params, state, jnp.float64(number))
        return jax.tree.map(np.asarray, params)


def test_coupled_in_front_of_adam():
    optimizer = optax.chain(fisher.optax.coupled(STRONG), optax.adam(0.1))
    got, _ = train(optimizer, PARAMS)

    def make_step(params):
        adam = optax.adam(0.1)

        def step(params, state, _):
            grads = jax.grad(lambda p: loss(p) + 0.5 * gaussian_prior(p))(params)
            updates, state = adam.update(grads, state, params)
            return optax.apply_updates(params, updates), state

        return step, adam.init(params)

    assert_close(got, train_by_hand(make_step))
    # Which the policy changed.
    plain, _ = train(optax.adam(0.1), PARAMS)
    assert np.abs(plain["w"]["mu"] - got["w"]["mu"]).max() > 1e-2
    assert_close(plain["bias"], got["bias"], 1e-6)


def test_natural_in_front_of_sgd():
    policy = STRONG.in_mode("natural")
    got, _ = train(optax.chain(fisher.optax.natural(policy), optax.sgd(0.05)), PARAMS)

    def make_step(_):
        def step(params, state, _):
            grads = jax.grad(lambda p: loss(p) + 0.5 * gaussian_prior(p))(params)
            rho = params["w"]["rho"]
            sigma, slope = jnp.logaddexp(rho, 0), jax.nn.sigmoid(rho)
            grads["w"] = {
                "mu": grads["w"]["mu"] * sigma**2,
                "rho": grads["w"]["rho"] * sigma**2 / (2 * slope**2),
            }
            return jax.tree.map(lambda p, g: p - 0.05 * g, params, grads), state

        return step, None

    assert_close(got, train_by_hand(make_step))


@pytest.mark.parametrize("how", ["number", "schedule", "entry"])
def test_proximal_behind_the_optimizer(how):
    rate = lambda count: 0.05 / (1 + count)
    policy = STRONG.in_mode("proximal")
    if how == "number":
        proximal, rate = fisher.optax.proximal(policy, 0.05), lambda count: 0.05
    elif how == "schedule":
        proximal = fisher.optax.proximal(policy, rate)
    else:
        # An entry's own step size comes first.
        proximal = fisher.optax.proximal(policy.with_step_size(0.05), lambda count: 99.0)
        rate = lambda count: 0.05
    got, state = train(optax.chain(optax.sgd(rate), proximal), PARAMS)
    assert state[1].count == STEPS and state[1].references == {}

    def make_step(_):
        def step(params, state, number):
            size = rate(number)
            params = jax.tree.map(lambda p, g: p - size * g, params, jax.grad(loss)(params))
            strength = 2 * size * 0.5
            belief = params["w"]
            prior = 0 * belief["mu"], 0 * belief["rho"] + np.log(np.expm1(1.0))
            point = gaussian_geodesic(
                (belief["mu"], belief["rho"]), prior, strength / (1 + strength)
            )
            return {**params, "w": dict(zip(("mu", "rho"), point))}, state

        return step, None

    assert_close(got, train_by_hand(make_step))


def test_inside_other_transformations():
    """Masked, by labels, and accumulated, as Optax has it."""
    policy = fisher.Policy().regularize(
        "w.mu", "w.rho", as_=SOFTPLUS, toward=fisher.moving_average(0.5), weight=0.5
    )
    plain = optax.chain(fisher.optax.coupled(policy), optax.sgd(0.1))
    expected, _ = train(plain, PARAMS)
    mask = {"w": {"mu": True, "rho": True}, "bias": False}
    masked = optax.chain(optax.masked(fisher.optax.coupled(policy), mask), optax.sgd(0.1))
    assert_close(train(masked, PARAMS)[0], expected, 1e-6)
    labels = {"w": "belief", "bias": "rest"}
    by_label = optax.multi_transform({"belief": plain, "rest": optax.sgd(0.1)}, labels)
    assert_close(train(by_label, PARAMS)[0], expected, 1e-6)
    # Of each two gradients that are the same, the first is not used.
    params, state = PARAMS, (several := optax.MultiSteps(plain, 2)).init(PARAMS)
    update = jax.jit(several.update)
    for number in range(2):
        updates, state = update(jax.grad(loss)(PARAMS), state, params)
        assert (updates["bias"] == 0).all() == (number == 0)
    first, _ = jax.jit(plain.update)(jax.grad(loss)(PARAMS), plain.init(PARAMS), PARAMS)
    assert_close(updates, first, 1e-6)


def test_arguments():
    policy = fisher.Policy().regularize(
        "(*).mu", "(*).rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight="strength"
    )
    coupled = fisher.optax.coupled(policy, arguments={"strength": jnp.float32(0.5)})
    got, _ = train(optax.chain(coupled, optax.sgd(0.1)), PARAMS)
    expected, _ = train(optax.chain(fisher.optax.coupled(STRONG), optax.sgd(0.1)), PARAMS)
    assert_close(got, expected, 1e-6)


def test_short_types():
    """Updates are of the type that the optimizer made."""
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.bfloat16), PARAMS)
    for optimizer in (
        optax.chain(fisher.optax.coupled(STRONG), optax.sgd(0.1)),
        optax.chain(optax.sgd(0.1), fisher.optax.proximal(STRONG.in_mode("proximal"), 0.1)),
    ):
        updates, _ = optimizer.update(jax.grad(loss)(params), optimizer.init(params), params)
        assert {leaf.dtype for leaf in jax.tree.leaves(updates)} == {jnp.dtype(jnp.bfloat16)}
        wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), params)
        expected, _ = optimizer.update(jax.grad(loss)(wide), optimizer.init(wide), wide)
        assert_close(updates, expected, 2**-6)


def test_loss_only_entries_are_coupled():
    """There is no loss in an optimizer."""
    got, _ = train(
        optax.chain(fisher.optax.coupled(STRONG.in_mode("loss_only")), optax.sgd(0.1)), PARAMS
    )
    expected, _ = train(optax.chain(fisher.optax.coupled(STRONG), optax.sgd(0.1)), PARAMS)
    assert_equal(got, expected)


@pytest.mark.parametrize(
    "make,error,message",
    [
        (
            lambda: fisher.optax.coupled(PRIOR.in_mode("proximal")),
            fisher.PolicyError,
            "fisher.optax.coupled serves entries in mode coupled, but .* in mode proximal",
        ),
        (
            lambda: fisher.optax.proximal(PRIOR, 0.1),
            fisher.PolicyError,
            "fisher.optax.proximal serves entries in mode proximal, but .* in mode coupled",
        ),
        (
            lambda: train(fisher.optax.proximal(PRIOR.in_mode("proximal")), PARAMS),
            fisher.PolicyError,
            "the step size is not known.*state step_size=",
        ),
        (
            lambda: fisher.optax.coupled(PRIOR).update(
                PARAMS, fisher.optax.coupled(PRIOR).init(PARAMS)
            ),
            ValueError,
            r"needs the parameters: call update\(updates, state, params\)",
        ),
        (
            lambda: fisher.optax.coupled(PRIOR).init({"v": PARAMS["bias"]}),
            fisher.PolicyError,
            r"'\(\*\).mu' matches no parameter of the step.*'v'",
        ),
        (lambda: fisher.optax.coupled("policy"), TypeError, "a fisher.Policy is needed"),
        (
            lambda: fisher.optax.proximal(PRIOR.in_mode("proximal"), "fast"),
            TypeError,
            "step_size must be a number, got 'fast'",
        ),
        (
            lambda: fisher.optax.proximal(PRIOR.in_mode("proximal"), -0.1),
            ValueError,
            "step_size must be positive, got -0.1",
        ),
        (
            lambda: fisher.optax.coupled(PRIOR).update(
                {"w": {"mu": PARAMS["w"]["mu"]}}, fisher.optax.coupled(PRIOR).init(PARAMS), PARAMS
            ),
            fisher.PolicyError,
            "no gradient of 'w.rho'",
        ),
        (
            lambda: fisher.optax.coupled(PRIOR).update(
                {**PARAMS, "w": {**PARAMS["w"], "mu": jnp.zeros(3)}},
                fisher.optax.coupled(PRIOR).init(PARAMS),
                PARAMS,
            ),
            fisher.PolicyError,
            r"the gradient 'w.mu' must be f32\[2,3\], as the parameter is, but it is f32\[3\]",
        ),
    ],
)
def test_mistakes(make, error, message):
    with pytest.raises(error, match=f"(?s){message}"):
        make()
