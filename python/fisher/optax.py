# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies as gradient transformations of Optax.

Chained with an optimizer they regularize a training loop that stays as it is.
The state that a policy's references need is part of the transformation's::

    optimizer = optax.chain(fisher.optax.coupled(policy), optax.adam(1e-3))
    optimizer = optax.chain(optax.adam(1e-3), fisher.optax.proximal(proximal_policy, 1e-3))
"""

from typing import Any, NamedTuple

from ._extras import need

need("optax", "fisher.optax", "optax")

import jax
import jax.numpy as jnp
import optax

from ._compiler import PolicyError
from ._policy import check_policy, check_step_size
from .jax._names import name_leaves
from .jax._training import Step, init

__all__ = ["FisherState", "coupled", "natural", "proximal"]


class FisherState(NamedTuple):
    """The state of a policy's references, by name; and how many steps were
    taken."""

    count: Any
    references: dict


def _replace(tree, named):
    leaves = {**name_leaves(tree), **named}
    return jax.tree.unflatten(jax.tree.structure(tree), leaves.values())


# What a schedule's step size is called in the policy.
_STEP_SIZE = "optimizer.step_size"


def _make(name, policy, mode, change, arguments, schedule=None):
    """A transformation by entries in `mode`; `change` makes the next updates."""
    others = set(check_policy(policy).modes) - {mode, "loss_only"}
    if others:
        raise PolicyError(
            f"fisher.optax.{name} serves entries in mode {mode}, but the policy has "
            f"some in mode {', '.join(sorted(others))}"
        )
    policy = policy.in_mode(mode, of="loss_only")
    if schedule:
        policy = policy.with_step_size(_STEP_SIZE)

    def get_arguments(count):
        leaves = name_leaves(arguments or {})
        if schedule:
            leaves[_STEP_SIZE] = jnp.asarray(schedule(count), jnp.float32)
        return leaves

    def start(params):
        references = init(params, policy, arguments=get_arguments(0))
        return FisherState(jnp.zeros((), jnp.int32), references)

    def update(updates, state, params=None, **extra):
        if params is None:
            raise ValueError(
                f"fisher.optax.{name} needs the parameters: call "
                "update(updates, state, params)"
            )
        step = Step(policy, params, get_arguments(state.count))
        updates, made = change(step, updates, state, params)
        references = {**state.references, **made.get("state", {})}
        return updates, FisherState(optax.safe_increment(state.count), references)

    return optax.GradientTransformationExtraArgs(start, update)


def _regularize_gradients(name, policy, mode, arguments):
    def change(step, updates, state, params):
        made = step.run(
            step.build(gradients=True), state.references, gradient=name_leaves(updates)
        )
        return _replace(updates, made["gradient"]), made

    return _make(name, policy, mode, change, arguments)


def coupled(policy, *, arguments=None):
    """Adds the gradients of a policy's penalties to the gradients.

    The counterpart of `optax.add_decayed_weights`, in front of the optimizer.

    Args:
      policy: a `fisher.Policy` with entries in mode ``coupled``.
      arguments: a tree of what the policy names.

    Returns:
      An `optax.GradientTransformation` whose `update` needs the parameters.

    Raises:
      PolicyError: the policy has entries in other modes, or does not fit.
    """
    return _regularize_gradients("coupled", policy, "coupled", arguments)


def natural(policy, *, arguments=None):
    """Adds the penalties' gradients, and premultiplies the sum by the inverse
    Fisher metric.

    Args:
      policy: a `fisher.Policy` with entries in mode ``natural``.
      arguments: a tree of what the policy names.

    Returns:
      An `optax.GradientTransformation` whose `update` needs the parameters.

    Raises:
      PolicyError: the policy has entries in other modes, or does not fit.
    """
    return _regularize_gradients("natural", policy, "natural", arguments)


def proximal(policy, step_size=None, *, arguments=None):
    """Lets a proximal step follow the optimizer's: each belief moves on along
    the geodesic to its reference.

    Behind the optimizer, because it changes where the parameters arrive.

    Args:
      policy: a `fisher.Policy` with entries in mode ``proximal``.
      step_size: the optimizer's step size, for entries that state none: a
        number, or a schedule, that is a function of the number of the step.
      arguments: a tree of what the policy names.

    Returns:
      An `optax.GradientTransformation` whose `update` needs the parameters.

    Raises:
      PolicyError: the policy has entries in other modes, or does not fit.
    """
    schedule = step_size if callable(step_size) else None
    if schedule is None:
        step_size = check_step_size(step_size)

    def change(step, updates, state, params):
        arrived = optax.apply_updates(params, updates)
        programs = step.build(step_size=None if schedule else step_size)
        made = step.run(programs, state.references, update=name_leaves(arrived))
        stepped = _replace(arrived, made["update"])
        return jax.tree.map(lambda new, old: new - old, stepped, params), made

    return _make("proximal", policy, "proximal", change, arguments, schedule)
