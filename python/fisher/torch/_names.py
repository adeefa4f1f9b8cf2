# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Names of parameters."""

from collections.abc import Mapping

import torch

from .._compiler import PolicyError

# Wrappers that name a module of their own on the way to the user's.
_WRAPPERS = ("_orig_mod", "_checkpoint_wrapped_module")


def clean_name(parts):
    """A name of the parts on the way to a parameter, without those of wrappers."""
    return ".".join(part for part in parts if part not in _WRAPPERS)


def name_parameters(params):
    """The parameters of a module, or of mappings in each other, by their names.

    Raises:
      PolicyError: two have one name.
      TypeError: there is something else than tensors.
    """
    if isinstance(params, torch.nn.Module):
        if isinstance(params, torch.nn.parallel.DistributedDataParallel):
            params = params.module
        return {clean_name(name.split(".")): param for name, param in params.named_parameters()}
    if not isinstance(params, Mapping):
        raise TypeError(
            "a module or a dictionary from names to tensors is needed, got "
            f"a {type(params).__name__}"
        )
    named = {}
    for key, value in params.items():
        if isinstance(value, Mapping):
            found = {f"{key}.{name}": tensor for name, tensor in name_parameters(value).items()}
        else:
            found = {str(key): value}
        for name, tensor in found.items():
            if name in named:
                raise PolicyError(f"two parameters have the name '{name}'")
            named[name] = tensor
    return named
