# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of the compiler as a primitive of JAX.

On one CPU device a program is a kernel that XLA calls. Elsewhere, and where XLA
partitions the computation, it is StableHLO, which XLA fuses and partitions like
everything else.
"""

import functools

import jax
import jax.extend.core
import jax.numpy as jnp
from jax.interpreters import ad, batching, mlir
from jaxlib.mlir.dialects import func

from .. import _fisher
from .._compiler import rewrite
from .._program import ELEMENT_TYPES, Operation, Tensor, build_operation

_TARGET = "fisher_kernel"


jax.ffi.register_ffi_target(_TARGET, _fisher.xla_handler(), platform="cpu")

_program = jax.extend.core.Primitive("fisher_program")
_program.multiple_results = True


def call(program, *arrays):
    """The results of a program, as a list."""
    arrays = [jnp.asarray(array) for array in arrays]
    found = tuple(map(get_type, arrays))
    assert found == program.inputs, f"{found} is not {program.inputs}"
    return _program.bind(*make_varying(arrays), program=program)


def make_varying(arrays):
    """In a shard_map, what all devices have alike becomes theirs like the rest."""
    axes = frozenset().union(*(jax.typeof(array).mat.varying for array in arrays))
    return [
        jax.lax.pcast(array, tuple(axes - jax.typeof(array).mat.varying), to="varying")
        for array in arrays
    ]


def get_type(array):
    """The compiler's type of an array.

    Raises:
      TypeError: there is none.
      ValueError: a size is a symbol of `jax.export`.
    """
    name = jnp.dtype(array.dtype).name if not _is_extended(array) else str(array.dtype)
    if name not in ELEMENT_TYPES:
        raise TypeError(f"arrays of {name} are not known to the compiler")
    if not all(isinstance(size, int) for size in array.shape):
        raise ValueError(
            f"the sizes of parameters must be known when a step is traced, got {array.shape}"
        )
    return Tensor(name, tuple(array.shape))


def _is_extended(array):
    return jnp.issubdtype(array.dtype, jax.dtypes.extended)


@functools.lru_cache(maxsize=1024)
def _get_jitted(program):
    return jax.jit(functools.partial(_program.bind, program=program))


@_program.def_impl
def _call_now(*arrays, program):
    return _get_jitted(program)(*arrays)


@_program.def_abstract_eval
def _get_types(*inputs, program):
    """Results are sharded as the argument that they are like, if one is; numbers
    are whole everywhere."""
    types = []
    for number, type in enumerate(program.outputs):
        like = inputs[program.find_like(number)]
        is_like = like.shape[: len(type.shape)] == type.shape
        spec = like.sharding.spec[: len(type.shape)] if is_like else [None] * len(type.shape)
        types.append(
            jax.core.ShapedArray(
                type.shape,
                jnp.dtype(type.dtype),
                sharding=jax.sharding.NamedSharding(
                    like.sharding.mesh, jax.sharding.PartitionSpec(*spec)
                ),
                manual_axis_type=like.mat,
            )
        )
    return types


@functools.lru_cache(maxsize=256)
def _get_stablehlo(module):
    passes = "fisher-strip-marks,convert-fisher-to-stablehlo"
    return rewrite(module, passes, generic=True)


def _lower_to_stablehlo(ctx, *operands, program):
    module = mlir.ir.Module.parse(
        _get_stablehlo(program.module), context=ctx.module_context.context
    )
    name = mlir.merge_mlir_modules(
        ctx.module_context.module,
        "fisher_program",
        module,
        dst_symtab=ctx.module_context.symbol_table,
    )
    types = [mlir.aval_to_ir_type(ctx.module_context, aval) for aval in ctx.avals_out]
    symbol = mlir.ir.FlatSymbolRefAttr.get(name)
    return func.CallOp(types, symbol, list(operands)).results


def _is_local(context):
    """Whether each device has arrays of its own: then a kernel can have them."""
    if hasattr(context, "num_devices"):
        return context.num_devices in (None, 1)
    mesh = getattr(context, "mesh", None)
    return mesh is not None and context.manual_axes == frozenset(mesh.axis_names)


@functools.lru_cache(maxsize=1024)
def _compile(module):
    """A kernel, kept for XLA to find. JAX would keep it with the executable, but
    takes what it keeps for callbacks, and neither exports nor caches those."""
    return _fisher.compile(module)


def _lower_to_kernel(ctx, *operands, program):
    if not _is_local(ctx.module_context.axis_context):
        return _lower_to_stablehlo(ctx, *operands, program=program)
    # The kernel is made here, where errors are seen.
    _compile(program.module)
    return jax.ffi.ffi_lowering(_TARGET)(ctx, *operands, module=program.module)


mlir.register_lowering(_program, _lower_to_stablehlo)
mlir.register_lowering(_program, _lower_to_kernel, platform="cpu")


def _batch(arrays, dims, *, program):
    (size,) = {
        array.shape[dim]
        for array, dim in zip(arrays, dims)
        if dim is not None
    }
    moved = [
        array if dim is None else jnp.moveaxis(array, dim, 0)
        for array, dim in zip(arrays, dims)
    ]
    is_mapped = [dim is not None for dim in dims]
    whole = [i for i, type in enumerate(program.inputs) if type == program.inputs[0]]
    if isinstance(program, Operation) and not any(
        is_mapped[i] for i in range(len(moved)) if i not in whole
    ):
        # One distribution more or less is the same to it.
        for i in whole:
            if not is_mapped[i]:
                moved[i] = jnp.broadcast_to(moved[i], (size, *moved[i].shape))
        type = program.inputs[0]
        batched = build_operation(
            program.operation, program.family, Tensor(type.dtype, (size, *type.shape))
        )
        results = _program.bind(*moved, program=batched)
    else:
        results = _call_one_by_one(moved, is_mapped, program)
    return results, [0] * len(results)


def _call_one_by_one(arrays, is_mapped, program):
    mapped = [array for array, is_one in zip(arrays, is_mapped) if is_one]

    def call_one(parts):
        parts = iter(parts)
        return _program.bind(
            *(next(parts) if is_one else array for array, is_one in zip(arrays, is_mapped)),
            program=program,
        )

    return jax.lax.map(call_one, mapped)


batching.primitive_batchers[_program] = _batch


def refuse(*_, **__):
    """Raises the error of what is differentiated and has no derivative."""
    raise TypeError(
        "this function of fisher.jax can be differentiated once, and here it would be "
        "differentiated again (or is the result of fisher.jax.value_and_grad or "
        "fisher.jax.regularize, which hold gradients already); keep it out with "
        "jax.lax.stop_gradient"
    )


ad.primitive_jvps[_program] = refuse
