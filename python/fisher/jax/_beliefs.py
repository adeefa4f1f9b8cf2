# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Distances, geodesics and natural gradients of beliefs in JAX."""

import functools

import jax
import jax.numpy as jnp

from .._families import Belief, check_beliefs, check_gradient
from .._program import FLOATS, build_operation
from ._call import call, get_type
from ._derivatives import contract, differentiate

jax.tree_util.register_pytree_with_keys(
    Belief,
    lambda belief: (
        [
            (jax.tree_util.GetAttrKey(name), component)
            for name, component in zip(belief.family.components, belief.components)
        ],
        belief.family,
    ),
    lambda family, components: Belief(family, tuple(components)),
)


def _unify(*groups):
    """The arrays of some groups in one element type and shape."""
    arrays = [jnp.asarray(array) for group in groups for array in group]
    dtype = jnp.result_type(*arrays)
    if jnp.dtype(dtype).name not in FLOATS:
        raise TypeError(
            "the elements of a belief must be float64, float32, bfloat16 or float16, got "
            f"{jnp.dtype(dtype).name}; convert them with astype"
        )
    try:
        shape = jnp.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(
            f"the components of beliefs must have shapes that fit each other, got {shapes}"
        ) from None
    unified = iter(jnp.broadcast_to(array.astype(dtype), shape) for array in arrays)
    return [tuple(next(unified) for _ in group) for group in groups]


def _unify_beliefs(a, b):
    check_beliefs(a, b)
    return _unify(a.components, b.components)


def _bind(operation, family, *arrays):
    return call(build_operation(operation, family, get_type(arrays[0])), *arrays)


def _is_zero(tangents):
    return all(isinstance(tangent, jax.custom_derivatives.SymbolicZero) for tangent in tangents)


def _instantiate(tangents):
    return [
        jnp.zeros(tangent.shape, tangent.dtype)
        if isinstance(tangent, jax.custom_derivatives.SymbolicZero)
        else tangent
        for tangent in tangents
    ]


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _squared_distance(family, a, b):
    (distance,) = _bind("squared_distance", family, *a, *b)
    return distance


def _differentiate_squared_distance(family, primals, tangents):
    (a, b), (da, db) = primals, tangents
    distance = None
    slope = 0.0
    for first, second, change in ((a, b, da), (b, a, db)):
        if not _is_zero(change):
            distance, *gradient = _bind("squared_distance_with_gradient", family, *first, *second)
            slope += contract(family, distance, gradient, _instantiate(change))
    if distance is None:
        distance = _squared_distance(family, a, b)
        slope = jnp.zeros_like(distance)
    return distance, slope


_squared_distance.defjvp(_differentiate_squared_distance, symbolic_zeros=True)


def squared_distance(a, b):
    """The squared Fisher-Rao distance of each pair of beliefs.

    The metric is Fisher's own, so that nearby it is twice the Kullback-Leibler
    divergence. Its gradient at distance zero is exactly zero.

    Args:
      a, b: `fisher.Belief` of one family and chart; components of shape
        ``(*batch, *event)`` are broadcast against each other.

    Returns:
      An array of shape ``batch``, float64 for float64 components, else float32.
      It can be differentiated once with respect to both.

    Raises:
      TypeError: the beliefs differ in family or chart, or are not floats.
      ValueError: their shapes do not fit.

    Source: docs/theory.md; Rao, "Information and the accuracy attainable in the
    estimation of statistical parameters", 1945.
    """
    a_parts, b_parts = _unify_beliefs(a, b)
    return _squared_distance(a.family, a_parts, b_parts)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _kl_divergence(family, a, b):
    return _bind("kl_divergence", family, *a, *b)[0]


@_kl_divergence.defjvp
def _differentiate_kl_divergence(family, primals, tangents):
    (a, b), (da, db) = primals, tangents
    divergence, *gradients = _bind("kl_divergence_with_gradients", family, *a, *b)
    return divergence, contract(family, divergence, gradients, [*da, *db])


def kl_divergence(a, b):
    """The Kullback-Leibler divergence of `a` from `b`, in nats.

    Args:
      a, b: `fisher.Belief` of one family and chart.

    Returns:
      An array of shape ``batch``, half the squared distance nearby. It can be
      differentiated once with respect to both.

    Raises:
      TypeError, ValueError: as `squared_distance`.

    Source: Kullback and Leibler, "On information and sufficiency", 1951.
    """
    a_parts, b_parts = _unify_beliefs(a, b)
    return _kl_divergence(a.family, a_parts, b_parts)


def _as_number(number, belief_part, what):
    number = jnp.asarray(number, get_type(belief_part).compute_dtype)
    if number.shape:
        raise ValueError(f"{what} must be one number, got an array of shape {number.shape}")
    return number


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _geodesic(family, a, b, t):
    return tuple(_bind("geodesic", family, *a, *b, t))


@_geodesic.defjvp
def _differentiate_geodesic(family, primals, tangents):
    (a, b, t), (da, db, dt) = primals, tangents
    change = differentiate("geodesic", family, [*a, *b, t], [*da, *db, dt])
    return _geodesic(family, a, b, t), tuple(change)


def geodesic(a, b, t):
    """The point at fraction `t` of the geodesic from `a` to `b`.

    Args:
      a, b: `fisher.Belief` of one family and chart; shapes are broadcast.
      t: a number: 0 gives `a`, 1 gives `b`; others continue the geodesic.

    Returns:
      A belief of the family and chart of `a`. It can be differentiated once with
      respect to both and to `t`, also where they are equal.

    Raises:
      TypeError, ValueError: as `squared_distance`.
    """
    a_parts, b_parts = _unify_beliefs(a, b)
    t = _as_number(t, a_parts[0], "t")
    return Belief(a.family, _geodesic(a.family, a_parts, b_parts, t))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _proximal_step(family, belief, reference, strength):
    return tuple(_bind("proximal_step", family, *belief, *reference, strength))


@_proximal_step.defjvp
def _differentiate_proximal_step(family, primals, tangents):
    (belief, reference, strength), (change, reference_change, growth) = primals, tangents
    # The fraction of the way to the reference; its limit is one.
    t = jnp.where(strength >= 0, 1 / (1 + 1 / strength), jnp.nan)
    inputs = [*belief, *reference, t]
    changes = [*change, *reference_change, (1 - t) ** 2 * growth]
    return (
        _proximal_step(family, belief, reference, strength),
        tuple(differentiate("geodesic", family, inputs, changes)),
    )


def proximal_step(belief, reference, strength):
    """The belief `q` that minimizes d²(q, belief)/2 + strength d²(q, reference)/2.

    Args:
      belief, reference: `fisher.Belief` of one family and chart.
      strength: a number, not negative; a penalty of weight w and a step of size
        h make the strength 2 h w.

    Returns:
      The point of the geodesic at the fraction strength/(1 + strength). It can be
      differentiated once with respect to all three.

    Raises:
      TypeError, ValueError: as `squared_distance`.

    Source: docs/theory.md; Bačák, "The proximal point algorithm in metric spaces",
    2013.
    """
    parts, reference_parts = _unify_beliefs(belief, reference)
    strength = _as_number(strength, parts[0], "strength")
    return Belief(
        belief.family, _proximal_step(belief.family, parts, reference_parts, strength)
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _natural_gradient(family, belief, gradient):
    return tuple(_bind("natural_gradient", family, *belief, *gradient))


@_natural_gradient.defjvp
def _differentiate_natural_gradient(family, primals, tangents):
    (belief, gradient), (change, gradient_change) = primals, tangents
    changes = differentiate(
        "natural_gradient", family, [*belief, *gradient], [*change, *gradient_change]
    )
    return _natural_gradient(family, belief, gradient), tuple(changes)


def natural_gradient(belief, *gradient):
    """The inverse Fisher metric at a belief, applied to a gradient.

    Args:
      belief: a `fisher.Belief`.
      gradient: one array for each component, with its shape.

    Returns:
      One array for each component. They can be differentiated once with respect
      to the belief and to the gradient.

    Raises:
      TypeError, ValueError: as `squared_distance`.

    Source: Amari, "Natural gradient works efficiently in learning", 1998.
    """
    check_gradient(belief, gradient)
    parts, gradient = _unify(belief.components, gradient)
    return _natural_gradient(belief.family, parts, gradient)
