# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""References that are kept: what they are after many steps, saved, restored and
donated."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import fisher
import fisher.jax
import fisher.optax
from by_hand import assert_close, assert_equal, gaussian, gaussian_geodesic

SOFTPLUS = fisher.Gaussian("softplus")
DECAY, RATE, WEIGHT, STEPS = 0.9, 0.05, 0.3, 20
REFERENCES = {
    "frozen": fisher.frozen,
    "previous": fisher.previous,
    "average": fisher.moving_average(DECAY),
}
every_reference = pytest.mark.parametrize("reference", REFERENCES)


def make_policy(reference, **how):
    return fisher.Policy().regularize(
        "(*).mu",
        "(*).rho",
        as_=SOFTPLUS,
        toward=REFERENCES[reference],
        weight=WEIGHT,
        **how,
    )


@functools.cache
def make_params():
    rng = np.random.default_rng(0)
    draw = lambda *shape: jnp.asarray(rng.normal(size=shape), jnp.float32)
    return {"a": {"mu": draw(3, 4), "rho": draw(3, 4) - 1}, "b": {"mu": draw(5), "rho": draw(5)}}


TARGET = 0.7


def loss(params):
    return sum(((leaf - TARGET) ** 2).sum() for leaf in jax.tree.leaves(params))


def penalty_by_hand(params, reference):
    pairs = zip(params.values(), reference.values())
    return WEIGHT * sum(
        gaussian((one["mu"], one["rho"]), (other["mu"], other["rho"])).sum() for one, other in pairs
    )


def move(kind, reference, params):
    """The reference of the next step, by hand."""
    if kind == "frozen":
        return reference
    if kind == "previous":
        return params
    moved = {}
    for name, belief in reference.items():
        point = gaussian_geodesic(
            (belief["mu"], belief["rho"]), (params[name]["mu"], params[name]["rho"]), 1 - DECAY
        )
        moved[name] = dict(zip(("mu", "rho"), point))
    return moved


@functools.cache
def train_by_hand(kind):
    """Parameters, the reference and the losses after many steps of gradient
    descent in float64, as lists."""

    def body(carry, _):
        params, reference = carry
        value, grads = jax.value_and_grad(lambda p: loss(p) + penalty_by_hand(p, reference))(params)
        next_params = jax.tree.map(lambda p, g: p - RATE * g, params, grads)
        return (next_params, move(kind, reference, params)), value

    with jax.enable_x64(True):
        params = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), make_params())
        (params, reference), losses = jax.jit(
            lambda params: jax.lax.scan(body, (params, params), length=STEPS)
        )(params)
        return jax.tree.map(np.asarray, (params, reference, losses))


def get_reference(kind, state):
    """The state's arrays as a tree like the parameters."""
    names = {"frozen": "frozen", "previous": "previous", "average": "average"}
    return {
        part: {component: state[f"{part}.{component}.{names[kind]}"] for component in ("mu", "rho")}
        for part in ("a", "b")
    }


def by_value_and_grad(policy):
    def step(params, state):
        value, grads, state = fisher.jax.value_and_grad(loss, policy)(params, fisher_state=state)
        return jax.tree.map(lambda p, g: p - RATE * g, params, grads), state, value

    return step


def by_regularize(policy):
    step = fisher.jax.regularize(jax.value_and_grad(loss), policy)

    def run(params, state):
        (value, grads), state = step(params, fisher_state=state)
        return jax.tree.map(lambda p, g: p - RATE * g, params, grads), state, value

    return run


def by_penalty(policy):
    def step(params, state):
        value, grads = jax.value_and_grad(
            lambda p: loss(p) + fisher.jax.penalty(p, policy, fisher_state=state)
        )(params)
        state = fisher.jax.update_state(params, policy, state)
        return jax.tree.map(lambda p, g: p - RATE * g, params, grads), state, value

    return step


@every_reference
@pytest.mark.parametrize("way", [by_value_and_grad, by_regularize, by_penalty])
def test_many_steps(reference, way):
    policy = make_policy(reference)
    params = make_params()
    state = fisher.jax.init(params, policy)
    assert_equal(get_reference(reference, state), params)
    step = jax.jit(way(policy))
    losses = []
    for _ in range(STEPS):
        params, state, value = step(params, state)
        losses.append(value)
    expected_params, expected_reference, expected_losses = train_by_hand(reference)
    assert_close(params, expected_params, 1e-5)
    assert_close(get_reference(reference, state), expected_reference, 1e-5)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    # The reference matters: training without a policy ends elsewhere, but for
    # `previous`, which only slows it.
    plain = make_params()
    for _ in range(STEPS):
        plain = jax.tree.map(lambda p: p - RATE * 2 * (p - TARGET), plain)
    assert np.abs(plain["a"]["rho"] - params["a"]["rho"]).max() > 1e-3


@every_reference
def test_many_steps_of_optax(reference):
    """The reference is part of the optimizer's state."""
    optimizer = optax.chain(fisher.optax.coupled(make_policy(reference)), optax.sgd(RATE))
    params = make_params()
    state = optimizer.init(params)

    @jax.jit
    def step(params, state):
        updates, state = optimizer.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    for _ in range(STEPS):
        params, state = step(params, state)
    expected_params, expected_reference, _ = train_by_hand(reference)
    assert_close(params, expected_params, 1e-5)
    assert_close(get_reference(reference, state[0].references), expected_reference, 1e-5)
    assert state[0].count == STEPS


@every_reference
def test_many_proximal_steps(reference):
    """The reference of a proximal step, by hand: `previous` is the belief before
    the update."""
    policy = make_policy(reference, mode="proximal")

    def sgd(params):
        return jax.tree.map(lambda p, g: p - RATE * g, params, jax.grad(loss)(params))

    strength = 2 * RATE * WEIGHT

    def by_hand(carry, _):
        params, kept = carry
        arrived = sgd(params)
        toward = params if reference == "previous" else kept
        stepped = {}
        for name, belief in arrived.items():
            other = toward[name]
            point = gaussian_geodesic(
                (belief["mu"], belief["rho"]),
                (other["mu"], other["rho"]),
                strength / (1 + strength),
            )
            stepped[name] = dict(zip(("mu", "rho"), point))
        kept = {"frozen": kept, "previous": kept, "average": None}[reference] or move(
            "average", kept, stepped
        )
        return (stepped, kept), None

    with jax.enable_x64(True):
        start = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), make_params())
        (expected, _), _ = jax.jit(lambda p: jax.lax.scan(by_hand, (p, p), length=STEPS))(start)
        expected = jax.tree.map(np.asarray, expected)

    step = jax.jit(fisher.jax.regularize(sgd, policy, step_size=RATE))
    params = make_params()
    state = fisher.jax.init(params, policy)
    for _ in range(STEPS):
        params, state = step(params, fisher_state=state)
    assert_close(params, expected, 1e-5)

    # The same by Optax.
    optimizer = optax.chain(optax.sgd(RATE), fisher.optax.proximal(policy, RATE))
    params = make_params()
    opt_state = optimizer.init(params)

    @jax.jit
    def update(params, opt_state):
        updates, opt_state = optimizer.update(jax.grad(loss)(params), opt_state, params)
        return optax.apply_updates(params, updates), opt_state

    for _ in range(STEPS):
        params, opt_state = update(params, opt_state)
    assert_close(params, expected, 1e-5)


def run_some(step, params, state, count):
    for _ in range(count):
        params, state, _ = step(params, state)
    return params, state


@pytest.mark.parametrize("library", ["numpy", "orbax"])
def test_training_goes_on_from_a_checkpoint(library, tmp_path):
    """To the same bits, and in arrays of the same types."""
    policy = make_policy("average")
    step = jax.jit(by_value_and_grad(policy))
    params = make_params()
    saved = run_some(step, params, fisher.jax.init(params, policy), 5)
    expected = run_some(step, *saved, 5)
    if library == "numpy":
        leaves, structure = jax.tree.flatten(saved)
        np.savez(tmp_path / "saved.npz", *leaves)
        with np.load(tmp_path / "saved.npz") as file:
            restored = jax.tree.unflatten(structure, [file[name] for name in file.files])
    else:
        import orbax.checkpoint as ocp

        with ocp.StandardCheckpointer() as checkpointer:
            checkpointer.save(tmp_path / "saved", saved)
            checkpointer.wait_until_finished()
            restored = checkpointer.restore(tmp_path / "saved", jax.tree.map(jnp.zeros_like, saved))
    assert_equal(jax.tree.map(jnp.asarray, restored), saved)
    assert_equal(run_some(step, *restored, 5), expected)


def test_checkpoint_of_an_optimizer(tmp_path):
    import orbax.checkpoint as ocp

    optimizer = optax.chain(fisher.optax.coupled(make_policy("average")), optax.adam(RATE))

    @jax.jit
    def step(params, state):
        updates, state = optimizer.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    saved = make_params(), optimizer.init(make_params())
    for _ in range(3):
        saved = step(*saved)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "saved", saved)
        checkpointer.wait_until_finished()
        restored = checkpointer.restore(tmp_path / "saved", jax.tree.map(jnp.zeros_like, saved))
    assert_equal(restored, saved)
    assert_equal(step(*restored), step(*saved))


def test_donated_state():
    """State and parameters that are donated: the same bits, and the state is no
    alias of the parameters it was made of."""
    policy = fisher.Policy()
    for name, reference in (("a", fisher.moving_average(DECAY)), ("b", fisher.frozen)):
        policy = policy.regularize(
            f"{name}.mu", f"{name}.rho", as_=SOFTPLUS, toward=reference, weight=WEIGHT
        )
    step = by_value_and_grad(policy)
    kept, donating = jax.jit(step), jax.jit(step, donate_argnums=(0, 1))
    params = jax.tree.map(jnp.copy, make_params())
    state = fisher.jax.init(params, policy)
    expected = run_some(kept, params, state, 4)
    got_params, got_state = params, state
    for _ in range(4):
        given = got_params, got_state
        got_params, got_state, _ = donating(got_params, got_state)
        assert all(leaf.is_deleted() for leaf in jax.tree.leaves(given))
    assert_equal((got_params, got_state), expected)


def test_state_in_scan():
    policy = make_policy("average")
    step = by_value_and_grad(policy)
    params = make_params()
    state = fisher.jax.init(params, policy)

    def body(carry, _):
        *carry, value = step(*carry)
        return tuple(carry), value

    (params, state), losses = jax.jit(lambda *carry: jax.lax.scan(body, carry, length=STEPS))(
        params, state
    )
    expected_params, expected_reference, expected_losses = train_by_hand("average")
    assert_close(params, expected_params, 1e-5)
    assert_close(get_reference("average", state), expected_reference, 1e-5)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)


def test_state_has_what_the_policy_needs():
    assert fisher.jax.init(make_params(), make_policy("frozen", mode="loss_only")).keys() == {
        "a.mu.frozen",
        "a.rho.frozen",
        "b.mu.frozen",
        "b.rho.frozen",
    }
    prior = fisher.Policy().regularize(
        "(*).mu", "(*).rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight=1.0
    )
    assert fisher.jax.init(make_params(), prior) == {}
    # More than there is to keep is handed on.
    _, _, state = fisher.jax.value_and_grad(loss, prior)(make_params(), fisher_state={"mine": 3})
    assert state == {"mine": 3}


@every_reference
@pytest.mark.parametrize("mode", ["coupled", "loss_only", "proximal", "natural"])
def test_state_in_every_mode(reference, mode):
    """What `init` makes is what the step takes and returns, of the same types."""
    policy = make_policy(reference, mode=mode)
    params = make_params()
    state = fisher.jax.init(params, policy)
    if mode == "proximal":
        step = lambda params: jax.tree.map(lambda p: p * 0.9, params)
        step = fisher.jax.regularize(step, policy, step_size=RATE)
    else:
        step = fisher.jax.regularize(jax.value_and_grad(loss), policy)
    _, after = jax.eval_shape(lambda params, state: step(params, fisher_state=state), params, state)
    types = lambda tree: jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype), tree)
    assert types(after) == types(state)
    assert types(fisher.jax.update_state(params, policy, state)) == types(state)


def test_previous_belief_of_a_proximal_step():
    """The step knows it and keeps no state; its distance is asked with it."""
    policy, params = make_policy("previous", mode="proximal"), make_params()
    assert fisher.jax.init(params, policy) == {}
    with pytest.raises(fisher.PolicyError, match="'a.mu.previous' is missing: a step in mode prox"):
        fisher.jax.penalty(params, policy)
    before = fisher.jax.init(params, make_policy("previous"))
    assert fisher.jax.penalty(params, policy, fisher_state=before) == 0
    moved = jax.tree.map(lambda leaf: leaf + 1, params)
    np.testing.assert_allclose(
        fisher.jax.penalty(moved, policy, fisher_state=before),
        penalty_by_hand(moved, params),
        rtol=1e-5,
    )


def test_moving_averages_of_a_short_type_move():
    """In bfloat16 an average moves as far as its rounding lets it."""
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), make_params())
    policy = make_policy("average")
    state = fisher.jax.init(params, policy)
    moved = jax.tree.map(lambda leaf: leaf + jnp.bfloat16(1), params)
    after = fisher.jax.update_state(moved, policy, state)
    wide = lambda tree: jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)
    expected = fisher.jax.update_state(wide(moved), policy, wide(state))
    assert_equal(after, jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), expected))
    assert not (after["a.mu.average"] == state["a.mu.average"]).all()
