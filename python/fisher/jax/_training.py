# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies in JAX programs: penalties, gradients, whole training steps."""

import functools

import jax
import jax.numpy as jnp

from .._compiler import PolicyError
from .._policy import check_policy
from .._program import build, get_states
from ._beliefs import _instantiate, _is_zero
from ._call import call, get_type
from ._names import name_leaves


def _describe(leaves):
    """Names and types of the leaves that are arrays of numbers: others, such as
    keys and functions, are nobody's belief."""
    described = []
    for name, leaf in leaves.items():
        try:
            described.append((name, get_type(jnp.asarray(leaf))))
        except TypeError:
            continue
    return tuple(described)


class Step:
    """The parameters that a policy is applied to, and what it may name."""

    def __init__(self, policy, params, arguments=None):
        self.policy = check_policy(policy)
        self.params = name_leaves(params)
        self.arguments = name_leaves(arguments or {})
        for name in self.arguments:
            if name in self.params:
                raise PolicyError(
                    f"'{name}' is the name of a parameter and of an argument; name the argument "
                    f"differently, such as by arguments={{'reference': ...}}"
                )
        self.types = _describe(self.params), _describe(self.arguments)

    def build(self, mode=None, of=None, **options):
        """The policy's programs, with its entries in another mode on demand."""
        policy = self.policy.in_mode(mode, of) if mode else self.policy
        return build(policy, *self.types, **options)

    def check_state(self, programs, state):
        """The state as `init` gave it, or nothing."""
        state = dict(state or {})
        for program in programs:
            for name, _ in program.initialize:
                if name in state:
                    continue
                if name not in dict(get_states(self.policy, *self.types)):
                    raise PolicyError(
                        f"'{name}' is missing: a step in mode proximal has no state for the "
                        "belief before its update, so that its distance is not known outside; "
                        "pass that belief as part of fisher_state"
                    )
                raise PolicyError(
                    f"the policy keeps a state, of which '{name}' is missing; make it once "
                    "with fisher.jax.init(params, policy), and pass what the last step "
                    "returned as fisher_state"
                )
        return state

    def get_arrays(self, program, state, **made):
        """What a program takes, in order."""
        state = self.check_state([program], state)
        values = {"param": self.params, "argument": self.arguments, "state": state, **made}
        for kind, name in program.takes:
            if name not in values[kind]:
                raise PolicyError(f"there is no {kind} of '{name}', which the policy regularizes")
        arrays = [jnp.asarray(values[kind][name]) for kind, name in program.takes]
        for (kind, name), array, type in zip(program.takes, arrays, program.inputs):
            if get_type(array) != type:
                raise PolicyError(
                    f"the {kind} '{name}' must be {type.describe()}, as the parameter is, but it "
                    f"is {get_type(array).describe()}"
                )
        return arrays

    def run(self, programs, state, **made):
        """The results of programs, by kind and name.

        `made` is what the step makes, by kind and name; penalties are added up.
        """
        results = {}
        for program in programs:
            arrays = self.get_arrays(program, state, **made)
            for (kind, name), result in zip(program.returns, call(program, *arrays)):
                kept = results.setdefault(kind, {})
                # Only penalties have no name of their own.
                kept[name] = kept[name] + result if name in kept else result
        return results


def init(params, policy, *, arguments=None):
    """The state that a policy keeps: copies of parameters for the references
    `frozen`, `previous` and `moving_average`, and of the second moments that
    spreads are made from by `fisher.adam`.

    Args:
      params: a tree of arrays. A leaf's name is the keys on the way to it,
        joined by points: `params["fc0"]["mu"]` is ``fc0.mu``.
      policy: a `fisher.Policy`.
      arguments: a tree of what the policy names: weights, references.

    Returns:
      A dictionary from names to arrays, empty if the policy keeps no state. Any
      checkpointing library saves it.

    Raises:
      PolicyError: the policy does not fit the parameters.
    """
    step = Step(policy, params, arguments)
    states = get_states(policy, *step.types)
    values = {**step.arguments, **step.params}
    return {name: jnp.array(values[start], copy=True) for name, start in states}


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _evaluate(programs, arrays, others):
    """The penalty of a part; `programs` are without gradients and with them."""
    program, _ = programs
    return dict(zip(program.returns, call(program, *arrays, *others)))["penalty", ""]


def _differentiate(programs, primals, tangents):
    (arrays, others), (changes, constant) = primals, tangents
    if not _is_zero(constant):
        raise TypeError(
            "the penalty is differentiated with respect to parameters only, not to its state "
            "or to what its policy names; pass those through jax.lax.stop_gradient"
        )
    _, program = programs
    results = dict(zip(program.returns, call(program, *arrays, *others)))
    penalty = results["penalty", ""]
    slope = jnp.zeros_like(penalty)
    for key, change in zip(program.takes, _instantiate(changes)):
        gradient = results["gradient", key[1]]
        # Sums, unlike dot products, may be of what is sharded explicitly.
        slope += jnp.sum(gradient.astype(penalty.dtype) * change.astype(penalty.dtype))
    return penalty, slope


_evaluate.defjvp(_differentiate, symbolic_zeros=True)


def penalty(params, policy, *, arguments=None, fisher_state=None):
    """The sum of a policy's penalties, to be added to a loss.

    Entries of every mode are counted: weight times the squared distance of each
    belief to its reference.

    Args:
      params: a tree of arrays; a leaf's name is the keys on the way to it,
        joined by points.
      policy: a `fisher.Policy`.
      arguments: a tree of what the policy names: weights, references.
      fisher_state: the state that `init` made, if the policy keeps one.

    Returns:
      A scalar, float64 if a parameter is, else float32. It can be
      differentiated once, with respect to `params`.

    Raises:
      PolicyError: the policy does not fit the parameters, or its state is
        missing.
    """
    step = Step(policy, params, arguments)
    total = 0.0
    for programs in zip(step.build("loss_only"), step.build("coupled")):
        arrays, others = [], []
        taken = step.get_arrays(programs[0], fisher_state)
        for (kind, _), array in zip(programs[0].takes, taken):
            (arrays if kind == "param" else others).append(array)
        total += _evaluate(programs, tuple(arrays), tuple(others))
    return total


def update_state(params, policy, fisher_state, *, arguments=None):
    """The state after a step: moving averages have moved toward the parameters,
    and `previous` holds them.

    What `value_and_grad` and `regularize` return has been through this already.

    Args:
      params: the tree of parameters that the step was given.
      policy, fisher_state, arguments: as in `penalty`.

    Returns:
      The next state.

    Raises:
      PolicyError: the policy does not fit the parameters.
    """
    step = Step(policy, params, arguments)
    kept = dict(get_states(policy, *step.types))
    programs = [
        program
        for program in step.build("loss_only")
        if kept.keys() >= dict(program.initialize).keys()
    ]
    return {**(fisher_state or {}), **step.run(programs, fisher_state).get("state", {})}


def value_and_grad(loss, policy, *, has_aux=False):
    """Like `jax.value_and_grad`, of the loss with the policy's penalties.

    The penalties and their gradients are computed in one pass over the
    parameters and the gradients. Entries in mode ``natural`` premultiply the
    sum of the gradients by the inverse metric.

    Args:
      loss: a function of a tree of parameters, and of more, that returns a
        scalar, or with `has_aux` a pair of it and something else.
      policy: a `fisher.Policy`.
      has_aux: whether the loss returns a pair.

    Returns:
      A function of what `loss` takes. It takes the keyword arguments
      `fisher_arguments` (what the policy names) and, if the policy keeps a
      state, `fisher_state`, too. It returns the value, or the pair, and the
      gradients, and the next state if there is one.

    Raises:
      PolicyError: the policy does not fit the parameters, or has entries in
        mode ``proximal``, which change an update.
    """
    if "proximal" in check_policy(policy).modes:
        raise PolicyError(
            "mode proximal changes an update, and value_and_grad returns gradients; use "
            "fisher.optax.proximal or fisher.jax.regularize, or mode coupled"
        )

    @functools.wraps(loss)
    def regularized(params, *args, fisher_state=None, fisher_arguments=None, **kwargs):
        value, grads = jax.value_and_grad(loss, has_aux=has_aux)(params, *args, **kwargs)
        value, *aux = value if has_aux else (value,)
        if jnp.shape(value) or not jnp.issubdtype(jnp.result_type(value), jnp.floating):
            raise PolicyError("the loss must be one floating-point number")
        step = Step(policy, params, fisher_arguments)
        programs = step.build("coupled", of="loss_only", gradients=True)
        leaves = name_leaves(grads)
        made = step.run(programs, fisher_state, gradient=leaves)
        # A policy without entries makes nothing.
        if made:
            value = value + made["penalty"][""].astype(value.dtype)
            grads = jax.tree.unflatten(
                jax.tree.structure(grads), {**leaves, **made["gradient"]}.values()
            )
        results = ((value, *aux) if has_aux else value), grads
        if fisher_state is None:
            return results
        return *results, {**fisher_state, **made.get("state", {})}

    return regularized
