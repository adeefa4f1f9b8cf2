# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Names of the leaves of trees of parameters."""

import jax

from .._compiler import PolicyError


def _get_part(key):
    for attribute in ("key", "name", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def name_path(path):
    """The name of a leaf: the keys on the way to it, joined by points."""
    return ".".join(map(_get_part, path))


def name_leaves(tree):
    """The leaves of a tree by their names, in order.

    Raises:
      PolicyError: two leaves have one name.
    """
    leaves = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        name = name_path(path)
        if name in leaves:
            raise PolicyError(f"two parameters have the name '{name}'")
        leaves[name] = leaf
    return leaves
