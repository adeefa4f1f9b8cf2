# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parameters of which each process has a part.

A penalty is a sum over beliefs, and its gradient at one does not depend on the
others: each process works on the beliefs it has, and the sums are added up.
"""

import torch

from .._compiler import PolicyError

if torch.distributed.is_available():
    from torch.distributed._functional_collectives import all_reduce
    from torch.distributed.tensor import DTensor


def is_distributed(tensor):
    """Whether processes have parts of the tensor."""
    return torch.distributed.is_available() and isinstance(tensor, DTensor)


def get_local(tensor):
    """The part that this process has, which shares memory with the whole."""
    return tensor.to_local() if is_distributed(tensor) else tensor


def get_layout(tensor):
    """What tensors of one program must have in common: nothing but that each
    process has the same beliefs of them."""
    return (tensor.device_mesh, tensor.placements) if is_distributed(tensor) else None


def make_like(whole, part):
    """The tensor of which this process has a part, in the layout of another."""
    if not is_distributed(whole):
        return part
    return DTensor.from_local(
        part,
        whole.device_mesh,
        whole.placements,
        run_check=False,
        shape=whole.shape,
        stride=whole.stride(),
    )


def sum_over_mesh(value, layout):
    """The sum of what the processes computed of tensors of a layout."""
    if layout is None:
        return value
    mesh, placements = layout
    for dim, placement in enumerate(placements):
        if not placement.is_replicate():
            value = all_reduce(value, "sum", (mesh, dim))
    return value


def check_layouts(policy, beliefs, params):
    """Checks that each distribution is in one process as a whole.

    Args:
      policy: a `fisher.Policy`.
      beliefs: for each of its entries, the names of the components of beliefs.
      params: tensors by name.

    Raises:
      PolicyError: one is not.
    """
    for family, entry in zip(policy.families, beliefs):
        for names in entry:
            _check_belief(family, names, params)


def _check_belief(family, names, params):
    first = names[0]
    for name in names:
        layout, shape = get_layout(params[name]), params[name].shape
        if layout != get_layout(params[first]):
            raise PolicyError(
                f"'{first}' and '{name}' are components of one belief, but they are not "
                "distributed in the same way; give them the same mesh and placements"
            )
        for placement in layout[1] if layout else ():
            if placement.is_replicate():
                continue
            if placement.is_partial():
                raise PolicyError(
                    f"the parameter '{name}' is placed as {placement}, of which no process has "
                    "values; redistribute it to Shard or Replicate"
                )
            if placement.dim >= len(shape) - family.event_rank:
                raise PolicyError(
                    f"the parameter '{name}' is sharded in dimension {placement.dim}, which is "
                    f"inside of one distribution of {family!r}: these are the last "
                    f"{family.event_rank} of {len(shape)}; shard another, with the argument "
                    "shard_placement_fn of fully_shard"
                )
            if shape != params[first].shape:
                raise PolicyError(
                    f"'{first}' and '{name}' are components of one belief and sharded, but "
                    f"their shapes are {tuple(params[first].shape)} and {tuple(shape)}, which "
                    "have different shards; give them one shape"
                )
