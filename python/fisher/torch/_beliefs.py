# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Distances, geodesics and natural gradients of beliefs in PyTorch."""

import functools

import torch
import torch._dynamo

from .. import _families
from .._families import Belief, check_beliefs, check_gradient
from .._program import FLOATS
from ._call import refuse_second_derivatives, scale_gradients

# In a function that is compiled, a family is what it is outside.
torch._dynamo.assume_constant_result(_families._describe)


def _unify(*groups):
    """The tensors of some groups in one element type and shape."""
    components = [component for group in groups for component in group]
    given = [component for component in components if isinstance(component, torch.Tensor)]
    # Numbers take the type and the device of the tensors beside them.
    dtypes = [tensor.dtype for tensor in given] or [torch.get_default_dtype()]
    dtype = functools.reduce(torch.promote_types, dtypes)
    device = given[0].device if given else None
    tensors = [
        component
        if isinstance(component, torch.Tensor)
        else torch.as_tensor(component, dtype=dtype, device=device)
        for component in components
    ]
    if dtype not in [getattr(torch, name) for name in FLOATS]:
        raise TypeError(
            "the elements of a belief must be float64, float32, bfloat16 or float16, got "
            f"{str(dtype).removeprefix('torch.')}; convert them with .to"
        )
    try:
        tensors = torch.broadcast_tensors(*tensors)
    except RuntimeError:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        raise ValueError(
            f"the components of beliefs must have shapes that fit each other, got {shapes}"
        ) from None
    devices = {tensor.device for tensor in tensors}
    if len(devices) > 1:
        raise ValueError(
            "the components of beliefs must be on one device, got "
            f"{' and '.join(sorted(map(str, devices)))}; move them with .to"
        )
    unified = iter(tensor.to(dtype) for tensor in tensors)
    return [tuple(next(unified) for _ in group) for group in groups]


def _call(operation, family, *tensors):
    return torch.ops.fisher.operation(tensors, operation, family)


class _SquaredDistance(torch.autograd.Function):
    """The distance, and its gradients with respect to the beliefs that need one."""

    generate_vmap_rule = True

    @staticmethod
    def forward(family, needed, *components):
        count = len(components) // 2
        a, b = components[:count], components[count:]
        gradients = []
        for first, second, is_needed in zip((a, b), (b, a), needed):
            if is_needed:
                distance, *gradient = _call(
                    "squared_distance_with_gradient", family, *first, *second
                )
                gradients += gradient
        return distance, *gradients

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, ctx.needed, *components = inputs
        gradients = output[1:]
        ctx.count = len(gradients)
        ctx.mark_non_differentiable(*gradients)
        ctx.save_for_backward(*gradients, *components)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, slope, *_):
        if slope is None:
            return (None,) * len(ctx.needs_input_grad)
        gradients, components = ctx.saved_tensors[: ctx.count], ctx.saved_tensors[ctx.count :]
        scaled = iter(scale_gradients(slope, gradients, components))
        results = []
        for is_needed in ctx.needed:
            results += [next(scaled) if is_needed else None for _ in range(len(components) // 2)]
        return None, None, *results


@torch._dynamo.nonstrict_trace
def _squared_distance(family, a, b):
    a, b = _unify(a, b)
    needed = tuple(
        torch.is_grad_enabled() and any(tensor.requires_grad for tensor in belief)
        for belief in (a, b)
    )
    if any(needed):
        return _SquaredDistance.apply(family, needed, *a, *b)[0]
    return _call("squared_distance", family, *a, *b)[0]


def squared_distance(a, b):
    """The squared Fisher-Rao distance of each pair of beliefs.

    The metric is Fisher's own, so that nearby it is twice the Kullback-Leibler
    divergence. Its gradient at distance zero is exactly zero.

    Args:
      a, b: `fisher.Belief` of one family and chart; components of shape
        ``(*batch, *event)`` are broadcast against each other.

    Returns:
      A tensor of shape ``batch``, float64 for float64 components, else float32.
      It can be differentiated once with respect to both.

    Raises:
      TypeError: the beliefs differ in family or chart, or are not floats.
      ValueError: their shapes or devices do not fit.

    Source: docs/theory.md; Rao, "Information and the accuracy attainable in the
    estimation of statistical parameters", 1945.
    """
    check_beliefs(a, b)
    return _squared_distance(_print(a.family), a.components, b.components)


def _print(family):
    # As str does it, but for dynamo to follow.
    return f"#fisher.{family.name}<{family.chart}>"


# How the gradient of an operation's results becomes one of what it takes: the
# operation that pulls it back, or the one that has the gradients of numbers.
_PULLBACKS = {
    "geodesic": "geodesic_pullback",
    "proximal_step": "geodesic_pullback",
    "natural_gradient": "natural_gradient_pullback",
    "kl_divergence": "kl_divergence_with_gradients",
}


class _Operation(torch.autograd.Function):
    """An operation on two groups of components, and a number if it takes one."""

    generate_vmap_rule = True

    @staticmethod
    def forward(operation, family, *tensors):
        return tuple(_call(operation, family, *tensors))

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.operation, ctx.family, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx, *slopes):
        tensors = ctx.saved_tensors
        pairs, numbers = tensors[: len(tensors) // 2 * 2], tensors[len(tensors) // 2 * 2 :]
        if ctx.operation == "kl_divergence":
            _, *gradients = _call(_PULLBACKS[ctx.operation], ctx.family, *pairs)
            return None, None, *scale_gradients(slopes[0], gradients, tensors)
        if ctx.operation == "proximal_step":
            # The fraction of the way to the reference; its limit is one.
            (strength,) = numbers
            numbers = [torch.where(strength >= 0, 1 / (1 + 1 / strength), torch.nan)]
        gradients = _call(_PULLBACKS[ctx.operation], ctx.family, *pairs, *slopes, *numbers)
        if numbers:
            gradients[-1] = gradients[-1].sum()
        if ctx.operation == "proximal_step":
            gradients[-1] = (1 - numbers[0]) ** 2 * gradients[-1]
        return None, None, *refuse_second_derivatives(gradients, [*tensors, *slopes])


@torch._dynamo.nonstrict_trace
def _call_operation(operation, family, what, a, b, number=None):
    a, b = _unify(a, b)
    tensors = [*a, *b]
    if number is not None:
        dtype = torch.float64 if a[0].dtype == torch.float64 else torch.float32
        number = torch.as_tensor(number, dtype=dtype, device=a[0].device)
        if number.dim():
            raise ValueError(
                f"{what} must be one number, got a tensor of shape {tuple(number.shape)}"
            )
        tensors.append(number)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return _Operation.apply(operation, family, *tensors)
    return tuple(_call(operation, family, *tensors))


def kl_divergence(a, b):
    """The Kullback-Leibler divergence of `a` from `b`, in nats.

    Args:
      a, b: `fisher.Belief` of one family and chart.

    Returns:
      A tensor of shape ``batch``, half the squared distance nearby. It can be
      differentiated once with respect to both.

    Raises:
      TypeError, ValueError: as `squared_distance`.

    Source: Kullback and Leibler, "On information and sufficiency", 1951.
    """
    check_beliefs(a, b)
    return _call_operation(
        "kl_divergence", _print(a.family), None, a.components, b.components
    )[0]


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
    check_beliefs(a, b)
    components = _call_operation(
        "geodesic", _print(a.family), "t", a.components, b.components, t
    )
    return Belief(a.family, tuple(components))


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
    check_beliefs(belief, reference)
    components = _call_operation(
        "proximal_step",
        _print(belief.family),
        "strength",
        belief.components,
        reference.components,
        strength,
    )
    return Belief(belief.family, tuple(components))


def natural_gradient(belief, *gradient):
    """The inverse Fisher metric at a belief, applied to a gradient.

    Args:
      belief: a `fisher.Belief`.
      gradient: one tensor for each component, with its shape.

    Returns:
      One tensor for each component. They can be differentiated once with respect
      to the belief and to the gradient.

    Raises:
      TypeError, ValueError: as `squared_distance`.

    Source: Amari, "Natural gradient works efficiently in learning", 1998.
    """
    check_gradient(belief, gradient)
    return _call_operation(
        "natural_gradient", _print(belief.family), None, belief.components, gradient
    )
