# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parameters of which each process has a part.

A penalty is a sum over beliefs, and its gradient at one does not depend on the
others: each process works on the beliefs it has, and the sums are added up.
"""

import functools

import torch

from .._compiler import PolicyError
from .._program import match

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


@functools.lru_cache(maxsize=1024)
def find_matches(policy, types, arguments):
    """The names of the parameters that each entry of a policy matches."""
    entries = [policy.select([index]) for index in range(len(policy.modes))]
    return tuple(
        frozenset().union(*match(entry, types, arguments).values()) for entry in entries
    )


def check_shards(policy, params, types, arguments):
    """Checks that each distribution is in one process as a whole.

    Args:
      params: tensors by name.
      types: pairs of a name and the type of the tensor as a whole.
      arguments: the same of what the policy may name.

    Raises:
      PolicyError: one is not.
    """
    for family, names in zip(policy.families, find_matches(policy, types, arguments)):
        for name in sorted(filter(lambda name: is_distributed(params[name]), names)):
            for placement in params[name].placements:
                if placement.is_partial():
                    raise PolicyError(
                        f"the parameter '{name}' is placed as {placement}, of which no process "
                        "has values; redistribute it to Shard or Replicate"
                    )
                is_whole = placement.is_replicate() or (
                    placement.dim < params[name].dim() - family.event_rank
                )
                if not is_whole:
                    raise PolicyError(
                        f"the parameter '{name}' is sharded in dimension {placement.dim}, which "
                        f"is inside of one distribution of {family!r}: these are the last "
                        f"{family.event_rank} of {params[name].dim()}; shard another, with "
                        "the argument shard_placement_fn of fully_shard"
                    )


def split_by(keys, policy, types, arguments):
    """The parts of a policy whose parameters have one key.

    Args:
      keys: something for each name.
      policy: a `fisher.Policy`.
      types, arguments: pairs of a name and a type.

    Returns:
      Triples of a key, a policy, and the pairs of `types` that it is for.

    Raises:
      PolicyError: the components of a belief have different keys.
    """
    matches = find_matches(policy, types, arguments)
    used = frozenset().union(*matches)
    parts = []
    for key in dict.fromkeys(keys[name] for name, _ in types if name in used):
        names = {name for name in used if keys[name] == key}
        entries = [i for i, matched in enumerate(matches) if matched & names]
        part = tuple(pair for pair in types if pair[0] in names)
        parts.append((key, policy.select(entries), part))
    return parts
