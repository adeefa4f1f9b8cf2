# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of the compiler as operators of PyTorch.

`fisher::programs` is given the text of modules, so that a graph that was saved,
or found in a cache, can be run in any process. `fisher::add_to_gradients` writes the
results that are gradients over the gradients that it is given, and returns the
penalties. `fisher::operation` makes its module from the shapes that it meets, which
may be dynamic.
"""

import ctypes
import functools
import pathlib

import torch

from .. import _fisher
from .._compiler import PolicyError
from .._families import get_family
from .._program import (
    FLOATS,
    OPERATIONS,
    Program,
    Tensor,
    build_operation,
    parse_types,
)

DTYPES = {
    name: getattr(torch, name)
    for name in (*FLOATS, "int64", "int32", "int16", "int8", "uint8", "bool")
}
DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}

_library = torch.library.Library("fisher", "DEF")
_library.define(
    "programs(Tensor[] tensors, str[] modules, int[] calls) -> Tensor[]",
    tags=(torch.Tag.pt2_compliant_tag,),
)
_library.define(
    "operation(Tensor[] tensors, str operation, str family) -> Tensor[]",
    tags=(torch.Tag.pt2_compliant_tag,),
)
_library.define(
    "add_to_gradients(Tensor(a!)[] gradients, Tensor[] tensors, str[] modules, int[] calls, "
    "int[] places) -> Tensor",
    tags=(torch.Tag.pt2_compliant_tag,),
)


class _Kernels:
    """Programs compiled for a kind of device, called one after the other."""

    def __init__(self, programs, api):
        inputs, outputs, self._calls = [], [], []
        for program in programs:
            first, start = len(inputs), len(outputs)
            inputs += program.inputs
            outputs += program.outputs
            kernel = _fisher.compile(program.module, api)
            self._calls.append((kernel, first, len(inputs), start, len(outputs)))
        self._inputs = [(type.shape, DTYPES[type.dtype]) for type in inputs]
        self._outputs = [(type.shape, DTYPES[type.dtype]) for type in outputs]

    def __call__(self, tensors, device, stream):
        results = [
            torch.empty(shape, dtype=dtype, device=device) for shape, dtype in self._outputs
        ]
        self.run(tensors, [result.data_ptr() for result in results], device, stream)
        return results

    def run(self, tensors, outputs, device, stream):
        """Writes the results to the addresses."""
        if len(tensors) != len(self._inputs):
            raise TypeError(f"{len(self._inputs)} tensors are needed, got {len(tensors)}")
        inputs, kept = [], []
        for tensor, (shape, dtype) in zip(tensors, self._inputs):
            if tensor.shape != shape or tensor.dtype != dtype or tensor.device != device:
                raise TypeError(
                    f"a {dtype} tensor of shape {shape} on {device} is needed, got "
                    f"{tensor.dtype}, {tuple(tensor.shape)} on {tensor.device}"
                )
            if not tensor.is_contiguous():
                tensor = tensor.contiguous()
                kept.append(tensor)
            inputs.append(tensor.data_ptr())
        openmp = _get_openmp() if device.type == "cpu" else 0
        num_threads = torch.get_num_threads()
        for kernel, first, last, start, end in self._calls:
            kernel(inputs[first:last] + outputs[start:end], stream, openmp, num_threads)


@functools.cache
def _get_openmp():
    """The address of what runs a task on all threads that PyTorch has, or 0: then
    kernels have threads of their own."""
    folder = pathlib.Path(torch.__file__).parent / "lib"
    for path in folder.glob("libgomp*.so*"):
        # It is loaded already, and found by its file.
        function = ctypes.CDLL(str(path)).GOMP_parallel
        return ctypes.cast(function, ctypes.c_void_p).value
    return 0


# Kernels of modules stay, like those of graphs that were compiled.
@functools.cache
def _get_kernels(modules, calls, api):
    programs = [Program(module, *parse_types(module)) for module in modules]
    return _Kernels([programs[call] for call in calls], api)


@functools.lru_cache(maxsize=1024)
def _get_operation(operation, family, dtype, shape, api):
    type = Tensor(DTYPE_NAMES[dtype], tuple(shape))
    return _Kernels([build_operation(operation, get_family(family), type)], api)


def _get_place(device):
    """The API of a device, empty for the CPU, and its stream.

    Raises:
      PolicyError: kernels do not run there.
    """
    if device.type == "cpu":
        return "", 0
    if device.type != "cuda":
        raise PolicyError(
            f"fisher.torch runs on cpu and cuda, and a tensor is on {device}; move the "
            "parameters there with .to"
        )
    if device.index != 0:
        raise PolicyError(
            f"kernels run on the first device, and a tensor is on {device}; set "
            "CUDA_VISIBLE_DEVICES so that each process has its own device first"
        )
    api = "hip" if torch.version.hip else "cuda"
    return api, torch.cuda.current_stream(device).cuda_stream


@torch.library.impl(_library, "programs", "CompositeExplicitAutograd")
def _run_programs(tensors, modules, calls):
    if not tensors:
        return []
    device = tensors[0].device
    api, stream = _get_place(device)
    return _get_kernels(tuple(modules), tuple(calls), api)(tensors, device, stream)


@torch.library.impl(_library, "add_to_gradients", "CompositeExplicitAutograd")
def _run_add_to_gradients(gradients, tensors, modules, calls, places):
    device = tensors[0].device
    api, stream = _get_place(device)
    penalties = torch.empty(len(calls), dtype=_get_penalty_dtype(modules, calls), device=device)
    written = [gradient.contiguous() for gradient in gradients]
    count, rest = len(tensors) + len(gradients), iter(tensors)
    inputs = [next(rest) if place < 0 else written[place] for place in places[:count]]
    rest = iter(range(penalties.data_ptr(), 1 << 64, penalties.element_size()))
    outputs = [
        next(rest) if place < 0 else written[place].data_ptr() for place in places[count:]
    ]
    _get_kernels(tuple(modules), tuple(calls), api).run(inputs, outputs, device, stream)
    for gradient, result in zip(gradients, written):
        if result is not gradient:
            gradient.copy_(result)
    return penalties


def _get_penalty_dtype(modules, calls):
    return DTYPES[parse_types(modules[calls[0]])[1][0].dtype]


@torch.library.impl(_library, "operation", "CompositeExplicitAutograd")
def _run_operation(tensors, operation, family):
    first = tensors[0]
    api, stream = _get_place(first.device)
    kernels = _get_operation(operation, family, first.dtype, first.shape, api)
    return kernels(tensors, first.device, stream)


# Derivatives are taken around the operators, not of them.
for _name in ("programs", "add_to_gradients", "operation"):
    _library.impl(_name, torch.library.fallthrough_kernel, "Autograd")


@torch.library.register_fake("fisher::programs", lib=_library)
def _describe_programs(tensors, modules, calls):
    return [
        tensors[0].new_empty(type.shape, dtype=DTYPES[type.dtype])
        for call in calls
        for type in parse_types(modules[call])[1]
    ]


@torch.library.register_fake("fisher::add_to_gradients", lib=_library)
def _describe_add_to_gradients(gradients, tensors, modules, calls, places):
    return tensors[0].new_empty(len(calls), dtype=_get_penalty_dtype(modules, calls))


@torch.library.register_fake("fisher::operation", lib=_library)
def _describe_operation(tensors, operation, family):
    family = get_family(family)
    first, shape = tensors[0], tensors[0].shape
    type = Tensor(DTYPE_NAMES[first.dtype], tuple(shape))
    if all(isinstance(size, int) for size in shape):
        # What is wrong with the beliefs is said when the graph is made.
        build_operation(operation, family, type)
    batch = shape[: max(len(shape) - family.event_rank, 0)]
    results = []
    for made in OPERATIONS[operation][1]:
        if made == "batch":
            results.append(first.new_empty(batch, dtype=DTYPES[type.compute_dtype]))
        else:
            results += [first.new_empty(shape) for _ in family.components]
    return results


def _move_front(dims, tensors):
    """The tensors with the mapped dimension first, and which have one."""
    moved = [
        tensor if dim is None else tensor.movedim(dim, 0)
        for tensor, dim in zip(tensors, dims)
    ]
    return moved, [dim is not None for dim in dims]


def _call_one_by_one(info, tensors, is_mapped, call):
    parts = [
        call([tensor[i] if mapped else tensor for tensor, mapped in zip(tensors, is_mapped)])
        for i in range(info.batch_size)
    ]
    results = [torch.stack(part) for part in zip(*parts)]
    return results, [0] * len(results)


@torch.library.register_vmap("fisher::programs", lib=_library)
def _map_programs(info, dims, tensors, modules, calls):
    tensors, is_mapped = _move_front(dims[0], tensors)
    return _call_one_by_one(
        info,
        tensors,
        is_mapped,
        lambda parts: torch.ops.fisher.programs(parts, modules, calls),
    )


@torch.library.register_vmap("fisher::operation", lib=_library)
def _map_operation(info, dims, tensors, operation, family):
    tensors, is_mapped = _move_front(dims[0], tensors)
    takes_number = OPERATIONS[operation][0][-1] == "number"
    if takes_number and is_mapped[-1]:
        return _call_one_by_one(
            info,
            tensors,
            is_mapped,
            lambda parts: torch.ops.fisher.operation(parts, operation, family),
        )
    # One distribution more or less is the same to it.
    for i in range(len(tensors) - takes_number):
        if not is_mapped[i]:
            tensors[i] = tensors[i].expand(info.batch_size, *tensors[i].shape)
    results = torch.ops.fisher.operation(tensors, operation, family)
    return results, [0] * len(results)


class _Refused(torch.autograd.Function):
    """Tensors as they are, which cannot be differentiated with respect to others."""

    generate_vmap_rule = True

    @staticmethod
    def forward(count, *tensors):
        return tuple(tensor.view_as(tensor) for tensor in tensors[:count])

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, *slopes):
        raise TypeError(
            "this function of fisher.torch can be differentiated once, and here it would be "
            "differentiated again; keep it out with detach()"
        )


def refuse_second_derivatives(gradients, inputs):
    """The gradients, of which a derivative with respect to the inputs raises a
    TypeError."""
    if not torch.is_grad_enabled() or not any(tensor.requires_grad for tensor in inputs):
        return tuple(gradients)
    return _Refused.apply(len(gradients), *gradients, *inputs)


def scale_gradients(slope, gradients, inputs):
    """Gradients times the slope that came to their function's result, in their
    own element type; with graphs they can be differentiated no further."""
    gradients = refuse_second_derivatives(gradients, inputs)
    scaled = []
    for gradient in gradients:
        # One number for each distribution.
        rank = gradient.dim() - slope.dim()
        factor = slope.reshape(*slope.shape, *(1,) * rank) if rank and slope.dim() else slope
        scaled.append((factor * gradient).to(gradient.dtype))
    return scaled
