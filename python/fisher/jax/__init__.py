# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fisher-Rao regularization in JAX.

Everything here is traced by JAX like its own functions: in `jax.jit`,
`jax.lax.scan`, `jax.vmap`, and on sharded arrays.
"""

from .._extras import need

need("jax", "fisher.jax", "jax")

from ._beliefs import (
    geodesic,
    kl_divergence,
    natural_gradient,
    proximal_step,
    squared_distance,
)
from ._step import regularize
from ._training import init, penalty, update_state, value_and_grad

__all__ = [
    "geodesic",
    "init",
    "kl_divergence",
    "natural_gradient",
    "penalty",
    "proximal_step",
    "regularize",
    "squared_distance",
    "update_state",
    "value_and_grad",
]
