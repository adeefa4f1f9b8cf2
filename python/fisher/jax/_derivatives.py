# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Derivatives of operations on beliefs whose results are beliefs or vectors.

The compiler has the reverse derivative of such an operation, its pullback. The
forward derivative is a linear primitive, of which the pullback is the transpose;
where it is computed itself, it is made of pullbacks along unit covectors.
"""

import functools
import math

import jax
import jax.extend.core
import jax.numpy as jnp
from jax.interpreters import ad, batching, mlir

from .._program import build_operation
from ._call import call, get_type, make_varying, refuse

# The pullbacks of operations that take two groups of components, and some of
# them a number.
_PULLBACKS = {
    "geodesic": "geodesic_pullback",
    "natural_gradient": "natural_gradient_pullback",
}

_derivative = jax.extend.core.Primitive("fisher_derivative")
_derivative.multiple_results = True


def differentiate(operation, family, inputs, tangents):
    """The change of an operation's results.

    Args:
      operation: `"geodesic"` or `"natural_gradient"`.
      family: a `Family`.
      inputs: what the operation takes.
      tangents: the changes of these, with their types.

    Returns:
      A list of arrays, one for each component.
    """
    arrays = make_varying([*inputs, *tangents])
    return _derivative.bind(*arrays, operation=operation, family=family)


def contract(family, batch, gradient, tangents):
    """The sum of the products of gradients and tangents for each distribution;
    `batch` is an array that has one number for each."""
    total = jnp.zeros_like(batch)
    event = tuple(range(-family.event_rank, 0))
    for slope, tangent in zip(gradient, tangents):
        product = slope.astype(batch.dtype) * tangent.astype(batch.dtype)
        is_whole = event and slope.ndim > batch.ndim
        total += product.sum(axis=event) if is_whole else product
    return total


def _split(arrays):
    return arrays[: len(arrays) // 2], arrays[len(arrays) // 2 :]


def _pull_back(inputs, covector, operation, family):
    """The gradients of the product of the results and a covector, that with
    respect to a number for each distribution."""
    pairs, numbers = inputs[: 2 * len(covector)], inputs[2 * len(covector) :]
    program = build_operation(_PULLBACKS[operation], family, get_type(inputs[0]))
    return call(program, *pairs, *covector, *numbers)


def _push_forward(*arrays, operation, family):
    inputs, tangents = _split(arrays)
    parts = inputs[: len(family.components)]
    shape, dtype = parts[0].shape, parts[0].dtype
    rank = len(shape) - family.event_rank
    batch = jnp.zeros(shape[:rank], get_type(parts[0]).compute_dtype)
    event = shape[rank:]
    size = math.prod(event)

    def get_change(component, element):
        covector = [jnp.zeros_like(part) for part in parts]
        unit = (jnp.arange(size) == element).astype(dtype).reshape(event)
        covector[component] += unit
        return contract(
            family, batch, _pull_back(inputs, covector, operation, family), tangents
        )

    changes = []
    for component in range(len(parts)):
        get = functools.partial(get_change, component)
        # One is not worth a loop.
        elements = jax.lax.map(get, jnp.arange(size)) if size > 1 else get(0)[None]
        changes.append(jnp.moveaxis(elements, 0, -1).reshape(shape).astype(dtype))
    return changes


@_derivative.def_impl
def _differentiate_now(*arrays, **parameters):
    return jax.jit(functools.partial(_push_forward, **parameters))(*arrays)


@_derivative.def_abstract_eval
def _get_types(*inputs, operation, family):
    return inputs[: len(family.components)]


mlir.register_lowering(_derivative, mlir.lower_fun(_push_forward, multiple_results=True))


def _transpose(slopes, *arrays, operation, family):
    inputs, tangents = _split(arrays)
    covector = [
        jnp.zeros(part.shape, part.dtype) if isinstance(slope, ad.Zero) else slope
        for slope, part in zip(slopes, inputs)
    ]
    gradients = _pull_back(inputs, covector, operation, family)
    return [None] * len(inputs) + [
        # A number is the same for all distributions.
        (gradient if gradient.shape == tangent.aval.shape else gradient.sum()).astype(
            tangent.aval.dtype
        )
        if ad.is_undefined_primal(tangent)
        else None
        for gradient, tangent in zip(gradients, tangents)
    ]


ad.primitive_transposes[_derivative] = _transpose


def _differentiate_again(arrays, changes, **parameters):
    """Linear in the tangents; there are no second derivatives."""
    inputs, _ = _split(arrays)
    of_inputs, of_tangents = _split(changes)
    if not all(isinstance(change, ad.Zero) for change in of_inputs):
        refuse()
    of_tangents = [ad.instantiate_zeros(change) for change in of_tangents]
    results = _derivative.bind(*arrays, **parameters)
    return results, _derivative.bind(*make_varying([*inputs, *of_tangents]), **parameters)


ad.primitive_jvps[_derivative] = _differentiate_again


def _batch(arrays, dims, **parameters):
    moved = [
        array if dim is None else jnp.moveaxis(array, dim, 0)
        for array, dim in zip(arrays, dims)
    ]
    (size,) = {array.shape[0] for array, dim in zip(moved, dims) if dim is not None}
    count = 2 * len(parameters["family"].components)
    is_number = [i % (len(arrays) // 2) >= count for i in range(len(arrays))]
    if any(number and dim is not None for number, dim in zip(is_number, dims)):
        mapped = [array for array, dim in zip(moved, dims) if dim is not None]

        def call_one(parts):
            parts = iter(parts)
            return _derivative.bind(
                *(array if dim is None else next(parts) for array, dim in zip(moved, dims)),
                **parameters,
            )

        results = jax.lax.map(call_one, mapped)
    else:
        # One distribution more or less is the same to it.
        results = _derivative.bind(
            *(
                array
                if number or dim is not None
                else jnp.broadcast_to(array, (size, *array.shape))
                for array, dim, number in zip(moved, dims, is_number)
            ),
            **parameters,
        )
    return results, [0] * len(results)


batching.primitive_batchers[_derivative] = _batch
