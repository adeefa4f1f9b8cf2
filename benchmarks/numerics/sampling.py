# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How the random pairs are drawn."""

import numpy as np

# Equal beliefs are as many again as one eighth of the others, which share the pairs.
REGIMES = {
    "equal": "the same one twice",
    "near": "the difference is log-uniform between one rounding unit and one",
    "generic": "both drawn by themselves",
    "far": "both drawn log-uniformly from many orders of magnitude",
}


def shares(pairs):
    """How many pairs of each regime."""
    each = -(-pairs // 3)
    return {"near": each, "generic": each, "far": each, "equal": max(pairs // 8, 1)}


def log_uniform(rng, low, high, count):
    """Numbers with a uniform decimal logarithm between two."""
    return 10.0 ** rng.uniform(low, high, count).astype(np.longdouble)


def differences(rng, dtype, count):
    """Relative differences of nearby beliefs."""
    return log_uniform(rng, np.log10(np.finfo(dtype).eps), 0, count)


def normal(rng, count, scale=1.0):
    return (scale * rng.normal(size=count)).astype(np.longdouble)
