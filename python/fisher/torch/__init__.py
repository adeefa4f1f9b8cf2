# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fisher-Rao regularization in PyTorch.

Everything here works in `torch.compile`, where it is part of the graph, on CPU
and CUDA tensors, and with `DistributedDataParallel` and `fully_shard`.
"""

from .._extras import need

need("torch", "fisher.torch", "torch")

from ._backend import backend
from ._beliefs import (
    geodesic,
    kl_divergence,
    natural_gradient,
    proximal_step,
    squared_distance,
)
from ._optimizers import natural, proximal
from ._training import init, penalty, update_state, value_and_grad

__all__ = [
    "backend",
    "geodesic",
    "init",
    "kl_divergence",
    "natural",
    "natural_gradient",
    "penalty",
    "proximal",
    "proximal_step",
    "squared_distance",
    "update_state",
    "value_and_grad",
]
