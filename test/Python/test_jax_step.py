# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`fisher.jax.regularize`: which results of a step a policy changes, and what is
said where that cannot be told."""

import dataclasses
import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import fisher
import fisher.jax
from by_hand import PRIOR, assert_close, assert_equal, gaussian_geodesic, gaussian_prior, in_float64

PARAMS = {
    "w": {
        "mu": jnp.linspace(-1.0, 1.0, 6).reshape(2, 3),
        "rho": jnp.linspace(-2.0, 0.5, 6).reshape(2, 3),
    },
    "bias": jnp.arange(3.0),
}
X = jnp.array([[0.5, -1.0]])


def loss(params, x=X):
    y = x @ params["w"]["mu"] * jax.nn.softplus(params["w"]["rho"]).sum() + params["bias"]
    return (y**2).mean()


def penalized(params, x=X):
    return loss(params, jnp.asarray(x)) + 1e-3 * gaussian_prior(params)


@functools.cache
def get_expected():
    """Loss and gradients with the penalty by hand, in float64, and without."""
    return in_float64(
        lambda params, x: (
            jax.value_and_grad(penalized)(params, x),
            jax.value_and_grad(loss)(params, x),
        ),
        PARAMS,
        X,
    )


class Results(typing.NamedTuple):
    aux: dict
    grads: dict
    loss: jax.Array


def step_of(shape):
    """Steps that return the same in different structures."""

    def step(params, x=X):
        value, grads = jax.value_and_grad(loss)(params, x)
        return {
            "pair": lambda: (value, grads),
            "reversed": lambda: (grads, value),
            "dictionary": lambda: {"loss": value, "grads": grads, "count": jnp.int32(3)},
            "named": lambda: Results({"norm": jnp.ones(3)}, grads, value),
            "nested": lambda: ([value], {"deep": {"er": (grads,)}}),
        }[shape]()

    return step


@pytest.mark.parametrize("shape", ["pair", "reversed", "dictionary", "named", "nested"])
def test_results_are_found_by_their_structure(shape):
    (value, grads), _ = get_expected()
    step = step_of(shape)
    plain, got = jax.jit(step)(PARAMS), jax.jit(fisher.jax.regularize(step, PRIOR))(PARAMS)
    assert jax.tree.structure(got) == jax.tree.structure(plain)
    for (path, leaf), before in zip(
        jax.tree_util.tree_leaves_with_path(got), jax.tree.leaves(plain)
    ):
        name = jax.tree_util.keystr(path)
        if name.endswith(("['mu']", "['rho']")):
            assert_close(leaf, grads["w"][name[-5:].strip("[]'")[-3:].strip("'[")], 1e-5)
        elif leaf.shape == () and leaf.dtype == jnp.float32:
            np.testing.assert_allclose(leaf, value, rtol=1e-5)
        else:
            assert_equal(leaf, before)


def test_selectors():
    """What is ambiguous can be said."""

    def step(params):
        value, grads = jax.value_and_grad(loss)(params)
        return {
            "losses": (value, value * 2),
            "grads": grads,
            "noise": jax.tree.map(jnp.cos, params),
        }

    chosen = fisher.jax.regularize(
        step,
        PRIOR,
        loss=lambda results: results["losses"][1],
        gradients=lambda results: results["grads"],
    )
    plain, got = step(PARAMS), jax.jit(chosen)(PARAMS)
    (value, grads), (plain_value, _) = get_expected()
    np.testing.assert_allclose(got["losses"][1], plain_value + value, rtol=1e-5)
    assert_close(got["grads"]["w"], grads["w"])
    for name in ("noise",):
        assert_close(got[name], plain[name], 1e-6)
    np.testing.assert_allclose(got["losses"][0], plain["losses"][0], rtol=1e-6)


def test_loss_can_be_absent():
    """Gradients alone, with loss=None."""
    step = fisher.jax.regularize(jax.grad(loss), PRIOR, loss=None)
    assert_close(step(PARAMS), get_expected()[0][1])


def test_argument_number_keywords_and_other_arguments():
    def step(x, state, params, *, scale=1.0):
        value, grads = jax.value_and_grad(lambda p: scale * loss(p, x))(params)
        return state + 1, value, grads

    regularized = jax.jit(fisher.jax.regularize(step, PRIOR, argnum=2))
    count, value, grads = regularized(X, jnp.int32(4), PARAMS, scale=1.0)
    assert count == 5
    assert_close((value, grads), get_expected()[0])


def test_static_arguments():
    """What a step takes need not be arrays."""

    @functools.partial(jax.jit, static_argnums=1)
    @functools.partial(fisher.jax.regularize, policy=PRIOR)
    def step(params, config):
        assert config == ("text", len)
        return jax.value_and_grad(loss)(params)

    assert_close(step(PARAMS, ("text", len)), get_expected()[0])


def test_loss_only():
    """The loss changes, and its gradients do when one takes them."""
    policy = PRIOR.in_mode("loss_only")
    step = jax.jit(fisher.jax.regularize(step_of("pair"), policy))
    (value, _), (_, plain_grads) = get_expected()
    assert_close(step(PARAMS), (value, plain_grads))


def test_coupled_and_natural_entries_together():
    """Each entry changes its own parameters."""
    params = {"a": PARAMS["w"], "b": PARAMS["w"]}
    policy = (
        fisher.Policy()
        .regularize(
            "a.mu", "a.rho", as_=fisher.Gaussian("softplus"), toward=fisher.prior(0, 1), weight=0.1
        )
        .regularize(
            "b.mu",
            "b.rho",
            as_=fisher.Gaussian("softplus"),
            toward=fisher.prior(0, 1),
            weight=0.1,
            mode="natural",
        )
    )

    def total(params):
        return sum((leaf**2).sum() for leaf in jax.tree.leaves(params))

    def by_hand(params):
        value, grads = jax.value_and_grad(lambda p: total(p) + 0.1 * gaussian_prior(p))(params)
        rho = params["b"]["rho"]
        sigma, slope = jnp.logaddexp(rho, 0), jax.nn.sigmoid(rho)
        natural = {
            "mu": grads["b"]["mu"] * sigma**2,
            "rho": grads["b"]["rho"] * sigma**2 / (2 * slope**2),
        }
        return value, {"a": grads["a"], "b": natural}

    got = jax.jit(fisher.jax.regularize(jax.value_and_grad(total), policy))(params)
    assert_close(got, in_float64(by_hand, params))


def sgd(params, rate=0.1):
    value, grads = jax.value_and_grad(loss)(params)
    return jax.tree.map(lambda p, g: p - rate * g, params, grads), value


STEP_SIZE, WEIGHT = 0.1, 0.7
PROXIMAL = fisher.Policy().regularize(
    "(*).mu",
    "(*).rho",
    as_=fisher.Gaussian("softplus"),
    toward=fisher.prior(0, 1),
    weight=WEIGHT,
    mode="proximal",
)


def sgd_by_hand(params):
    """The step, and the geodesic's point after it."""
    params, value = sgd(params)
    strength = 2 * STEP_SIZE * WEIGHT
    rho = jnp.full_like(params["w"]["rho"], np.log(np.expm1(1.0)))
    stepped = gaussian_geodesic(
        (params["w"]["mu"], params["w"]["rho"]), (0 * rho, rho), strength / (1 + strength)
    )
    return {**params, "w": dict(zip(("mu", "rho"), stepped))}, value


@pytest.mark.parametrize("how", ["option", "entry", "argument"])
def test_proximal(how):
    policy, options, arguments = PROXIMAL, {}, None
    if how == "option":
        options = {"step_size": STEP_SIZE}
    elif how == "entry":
        policy = PROXIMAL.with_step_size(STEP_SIZE)
    else:
        policy, arguments = PROXIMAL.with_step_size("rate"), {"rate": jnp.float32(STEP_SIZE)}
    step = jax.jit(fisher.jax.regularize(sgd, policy, **options))
    got = step(PARAMS, fisher_arguments=arguments)
    assert_close(got, in_float64(sgd_by_hand, PARAMS))
    # The loss is that of the step: a proximal entry has no penalty in it.
    np.testing.assert_allclose(got[1], loss(PARAMS), rtol=1e-6)


def test_optimizers_state_is_not_taken_for_parameters():
    """Adam's moments have the structure of parameters, too, but lie deeper."""
    optimizer = optax.adam(0.1)

    def step(params, opt_state):
        value, grads = jax.value_and_grad(loss)(params)
        updates, opt_state = optimizer.update(grads, opt_state)
        return optax.apply_updates(params, updates), opt_state, value

    regularized = jax.jit(fisher.jax.regularize(step, PROXIMAL, step_size=STEP_SIZE))
    opt_state = optimizer.init(PARAMS)
    plain, got = jax.jit(step)(PARAMS, opt_state), regularized(PARAMS, opt_state)
    assert_close(got[1:], plain[1:], 1e-6)
    assert_close(got[0]["bias"], plain[0]["bias"], 1e-6)
    strength = 2 * STEP_SIZE * WEIGHT
    belief = plain[0]["w"]
    mean, _ = in_float64(
        lambda m, r: gaussian_geodesic(
            (m, r), (0 * m, 0 * r + np.log(np.expm1(1.0))), strength / (1 + strength)
        ),
        belief["mu"],
        belief["rho"],
    )
    assert_close(got[0]["w"]["mu"], mean)


def test_train_state_as_the_argument():
    """A step of a structure that holds more than parameters, said by selectors."""

    @jax.tree_util.register_dataclass
    @dataclasses.dataclass
    class State:
        params: dict
        count: int

    state = State(PARAMS, jnp.int32(0))

    def step(params, state):
        new, value = sgd(params)
        return State(new, state.count + 1), value

    regularized = fisher.jax.regularize(
        step, PROXIMAL, step_size=STEP_SIZE, updates=lambda results: results[0].params
    )
    got, value = jax.jit(regularized)(state.params, state)
    expected, expected_value = in_float64(sgd_by_hand, PARAMS)
    assert got.count == 1
    assert_close((got.params, value), (expected, expected_value))


@pytest.mark.parametrize(
    "step,policy,options,message",
    [
        (
            lambda params: jax.grad(loss)(params),
            PRIOR,
            {},
            r"the step's loss cannot be found.*there are none; say which with loss=lambda",
        ),
        (
            lambda params: (*jax.value_and_grad(loss)(params), {"norm": loss(params)}),
            PRIOR,
            {},
            r"there are '0', '2.norm'; say which with loss=lambda",
        ),
        (
            lambda params: (loss(params), params["w"]),
            PRIOR,
            {},
            r"returns no tree like the parameters, so the gradients cannot be told; say which "
            r"with gradients=lambda",
        ),
        (
            lambda params: (*jax.value_and_grad(loss)(params), jax.tree.map(jnp.cos, params)),
            PRIOR,
            {},
            r"returns '1', '2' trees like the parameters, so the gradients cannot be told",
        ),
        (sgd, PRIOR, {}, "the step returns no gradients:.*fisher.optax.coupled"),
        (
            lambda params: jax.jit(sgd)(params),
            PRIOR,
            {},
            "the step returns no gradients",
        ),
        (
            lambda params: (loss(params),),
            PROXIMAL,
            {"step_size": 0.1},
            "returns no tree like the parameters, so the new parameters cannot be told; say "
            "which with updates=lambda",
        ),
        (sgd, PROXIMAL, {}, "the step size is not known.*state step_size= in the entry"),
        (
            sgd,
            PROXIMAL,
            {"step_size": 0.1, "updates": lambda results: results[1]},
            "what updates selects of the step's results is no tree like the parameters",
        ),
        (
            jax.value_and_grad(loss),
            PRIOR,
            {"gradients": lambda results: results[0]},
            "what gradients selects of the step's results is no tree like the parameters",
        ),
        (
            sgd,
            PROXIMAL.with_step_size("rate"),
            {},
            "the step size 'rate' is no argument of the step.*arguments=",
        ),
        (
            jax.value_and_grad(loss),
            fisher.Policy().regularize(
                "(*).mu",
                "(*).rho",
                as_=fisher.Gaussian("softplus"),
                toward=fisher.frozen,
                weight=1.0,
            ),
            {},
            "the policy keeps a state, of which 'w.mu.frozen' is missing.*fisher.jax.init",
        ),
        (
            jax.value_and_grad(loss),
            PRIOR,
            {"argnum": 3},
            "has 1 arguments by position, and the parameters are argument 3, which argnum names",
        ),
        (
            jax.value_and_grad(loss),
            PRIOR,
            {"loss": lambda results: results[1]},
            "what loss selects of the step's results is not one floating-point number",
        ),
        (
            jax.value_and_grad(loss),
            PRIOR,
            {"loss": lambda results: results["loss"]},
            "indices must be integers",
        ),
    ],
)
def test_mistakes(step, policy, options, message):
    with pytest.raises((fisher.PolicyError, TypeError), match=f"(?s){message}"):
        fisher.jax.regularize(step, policy, **options)(PARAMS)


@pytest.mark.parametrize(
    "policy,options,error,message",
    [
        ("policy", {}, TypeError, "a fisher.Policy is needed, got 'policy'"),
        (PROXIMAL, {"step_size": "fast"}, TypeError, "step_size must be a number, got 'fast'"),
        (PROXIMAL, {"step_size": 0}, ValueError, "step_size must be positive, got 0.0"),
        (PROXIMAL, {"step_size": float("nan")}, ValueError, "step_size must be finite, got nan"),
    ],
)
def test_mistakes_that_need_no_call(policy, options, error, message):
    with pytest.raises(error, match=message):
        fisher.jax.regularize(sgd, policy, **options)


def test_gradients_that_use_parameters_are_gradients():
    """What only contains parameters, such as a decayed gradient, is no update
    unless it is a parameter plus something; a selector says which."""

    def step(params):
        value, grads = jax.value_and_grad(loss)(params)
        return value, jax.tree.map(lambda g, p: g + p * 1e-2, grads, params)

    value, grads = jax.jit(fisher.jax.regularize(step, PRIOR))(PARAMS)
    expected = in_float64(
        lambda params: jax.tree.map(lambda g, p: g + 1e-2 * p, jax.grad(penalized)(params), params),
        PARAMS,
    )
    assert_close(grads, expected)

    # The gradient of a square is the parameter itself, plus nothing.
    square = lambda p: sum((leaf**2).sum() / 2 for leaf in jax.tree.leaves(p))
    _, grads = fisher.jax.regularize(jax.value_and_grad(square), PRIOR)(PARAMS)
    expected = in_float64(jax.grad(lambda p: square(p) + 1e-3 * gaussian_prior(p)), PARAMS)
    assert_close(grads, expected)


def test_an_empty_policy_changes_nothing():
    step = fisher.jax.regularize(step_of("pair"), fisher.Policy())
    assert_equal(step(PARAMS), step_of("pair")(PARAMS))


def test_steps_keep_their_names():
    def train_one(params):
        "Documented."

    wrapped = fisher.jax.regularize(train_one, PRIOR)
    assert wrapped.__name__ == "train_one" and wrapped.__doc__ == "Documented."
