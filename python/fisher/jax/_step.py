# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole training steps: what of their results a policy changes."""

import functools

import jax
import jax.extend.core
import jax.numpy as jnp

from .._compiler import PolicyError
from .._policy import check_policy, check_step_size
from ._names import name_leaves, name_path
from ._training import Step


def _get_shapes(tree):
    return [(jnp.shape(leaf), jnp.result_type(leaf)) for leaf in jax.tree.leaves(tree)]


def _find_subtrees(tree, like, path=()):
    """The parts of a tree that have the structure and the types of another, as
    pairs of a path and the part."""
    if jax.tree.structure(tree) == jax.tree.structure(like):
        return [(path, tree)] if _get_shapes(tree) == _get_shapes(like) else []
    found = []
    children = jax.tree_util.tree_leaves_with_path(tree, is_leaf=lambda node: node is not tree)
    for key, child in children:
        if child is not tree:
            found += _find_subtrees(child, like, path + key)
    return found


def _choose(results, like, what, selector, keyword):
    """The part of a step's results that is `what`: as many as the parameters."""
    if selector is not None:
        part = selector(results)
        if jax.tree.structure(part) != jax.tree.structure(like):
            raise PolicyError(
                f"what {keyword} selects of the step's results is no tree like the parameters: "
                f"{jax.tree.structure(part)}"
            )
        return part
    found = _find_subtrees(results, like)
    depth = min((len(path) for path, _ in found), default=0)
    nearest = [(path, part) for path, part in found if len(path) == depth]
    if len(nearest) != 1:
        places = ", ".join(f"'{name_path(path)}'" for path, _ in nearest) or "no"
        raise PolicyError(
            f"the step returns {places} {'trees' if nearest else 'tree'} like the parameters, so "
            f"the {what} cannot be told; say which with {keyword}=lambda results: results[...]"
        )
    return nearest[0][1]


def _is_number(leaf):
    return leaf.shape == () and jnp.issubdtype(leaf.dtype, jnp.floating)


def _choose_loss(results, selector):
    if selector is not None:
        loss = selector(results)
        if not isinstance(loss, _Leaf) or not _is_number(loss):
            raise PolicyError(
                "what loss selects of the step's results is not one floating-point number, but "
                f"{jax.tree.map(lambda leaf: leaf.array, loss)}"
            )
        return loss
    numbers = [
        (path, leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(results)
        if _is_number(leaf)
    ]
    if len(numbers) != 1:
        places = ", ".join(f"'{name_path(path)}'" for path, _ in numbers) or "none"
        raise PolicyError(
            "the step's loss cannot be found: it must return one floating-point number, but "
            f"there are {places}; say which with loss=lambda results: results[...], or "
            "loss=None if there is none"
        )
    return numbers[0][1]


# Primitives through which a value is itself, or nearly so.
_SAME = ("convert_element_type", "copy", "copy_p", "broadcast_in_dim", "reshape", "squeeze")


def _is_sum_with(jaxpr, result, argument):
    """Whether a result is an argument plus or minus something."""
    makers = {var: equation for equation in jaxpr.eqns for var in equation.outvars}

    def is_argument(var):
        while var in makers and makers[var].primitive.name in _SAME:
            var = makers[var].invars[0]
            if isinstance(var, jax.extend.core.Literal):
                return False
        return var is argument

    while result in makers:
        equation = makers[result]
        inner = equation.params.get("jaxpr")
        if equation.primitive.name in _SAME:
            result = equation.invars[0]
            continue
        if equation.primitive.name in ("add", "sub", "add_any"):
            operands = [
                var for var in equation.invars if not isinstance(var, jax.extend.core.Literal)
            ]
            return any(is_argument(var) for var in operands)
        if inner is not None and equation.primitive.name in ("jit", "pjit", "closed_call"):
            inner = getattr(inner, "jaxpr", inner)
            number = equation.outvars.index(result)
            return any(
                _is_sum_with(inner, inner.outvars[number], inner.invars[place])
                for place, var in enumerate(equation.invars)
                if not isinstance(var, jax.extend.core.Literal) and is_argument(var)
            )
        return False
    return False


class _Leaf:
    """A result of the step; a leaf of the tree that selectors are given."""

    def __init__(self, array):
        self.array = array

    shape = property(lambda self: jnp.shape(self.array))
    dtype = property(lambda self: jnp.result_type(self.array))


def regularize(
    step,
    policy,
    *,
    argnum=0,
    step_size=None,
    loss=...,
    gradients=None,
    updates=None,
):
    """A training step with a policy in it.

    What the step returns is changed as the policy's modes say: ``coupled`` and
    ``natural`` entries change the loss and the gradients, ``loss_only`` the
    loss, and ``proximal`` entries take a proximal step after the update. The
    rest is returned as the step made it. Which results these are is found by
    their structure, or said by functions of the results::

        step = fisher.jax.regularize(step, policy, updates=lambda results: results[0])

    Args:
      step: a function that JAX can trace, such as of parameters, an optimizer's
        state and a batch. It returns the loss and gradients, or new parameters.
      policy: a `fisher.Policy`.
      argnum: which argument is the tree of parameters.
      step_size: for ``proximal`` entries that state none.
      loss, gradients, updates: functions that select the loss, the gradients
        and the new parameters of the step's results; `loss=None` if the step
        returns none.

    Returns:
      A function of what the step takes, and of the keyword arguments
      `fisher_arguments` (what the policy names) and `fisher_state` (what `init`
      made, if the policy keeps a state). It returns what the step returns, or
      with a state the pair of that and the next state.

    Raises:
      PolicyError: when the function is called, if the policy does not fit the
        parameters, or a result that it changes cannot be told.
    """
    needs_gradients = bool({"coupled", "natural"} & set(check_policy(policy).modes))
    needs_updates = "proximal" in policy.modes
    step_size = check_step_size(step_size)

    @functools.wraps(step)
    def regularized(*args, fisher_state=None, fisher_arguments=None, **kwargs):
        if not -len(args) <= argnum < len(args):
            raise TypeError(
                f"the step has {len(args)} arguments by position, and the parameters are "
                f"argument {argnum}, which argnum names"
            )
        params = args[argnum]
        results = step(*args, **kwargs)
        leaves, structure = jax.tree.flatten(results)
        leaves = [_Leaf(leaf) for leaf in leaves]
        results = jax.tree.unflatten(structure, leaves)
        # The results as the policy left them.
        changed = {}
        made = {}
        if needs_gradients:
            part = _choose(results, params, "gradients", gradients, "gradients")
            _check_is_gradient(step, args, kwargs, argnum, part, leaves, gradients)
            made["gradient"] = name_leaves(part)
        if needs_updates or (updates is not None):
            made["update"] = name_leaves(
                _choose(results, params, "new parameters", updates, "updates")
            )
        chosen = None
        if loss is not None and set(policy.modes) - {"proximal"}:
            chosen = _choose_loss(results, None if loss is ... else loss)

        parts = Step(policy, params, fisher_arguments)
        programs = parts.build(
            gradients=needs_gradients, updates="update" in made, step_size=step_size
        )
        arrays = {
            kind: {name: leaf.array for name, leaf in named.items()}
            for kind, named in made.items()
        }
        new = parts.run(programs, fisher_state, **arrays)
        for kind, named in made.items():
            for name, array in new.get(kind, {}).items():
                changed[id(named[name])] = array
        if chosen is not None and "penalty" in new:
            penalty = new["penalty"][""].astype(chosen.dtype)
            changed[id(chosen)] = chosen.array + penalty
        results = jax.tree.unflatten(
            structure, [changed.get(id(leaf), leaf.array) for leaf in leaves]
        )
        if fisher_state is None:
            return results
        return results, {**fisher_state, **new.get("state", {})}

    return regularized


def _check_is_gradient(step, args, kwargs, argnum, part, leaves, selector):
    """New parameters have the structure of gradients, but the penalty's gradient
    must not be added to them."""
    if selector is not None:
        return

    # What else the step takes need not be arrays.
    def trace(params):
        others = list(args)
        others[argnum] = params
        return step(*others, **kwargs)

    jaxpr = jax.make_jaxpr(trace)(args[argnum]).jaxpr
    numbers = {id(leaf): number for number, leaf in enumerate(leaves)}
    part_leaves = jax.tree.leaves(part)
    are_updates = part_leaves and all(
        _is_sum_with(jaxpr, jaxpr.outvars[numbers[id(leaf)]], jaxpr.invars[place])
        for place, leaf in enumerate(part_leaves)
    )
    if are_updates:
        raise PolicyError(
            "the step returns no gradients: what has their structure is the parameters plus "
            "something, that is, new parameters; mode coupled needs gradients, so use "
            "fisher.jax.value_and_grad inside the step, fisher.optax.coupled in its optimizer, "
            "or mode proximal"
        )
