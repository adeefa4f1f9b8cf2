# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions that lose no digits where the textbook's difference of two of them
would, in the precision of their arguments."""

import numpy as np


def log1p_remainder(y, log=None):
    """y - log(1 + y). `log` is log(1 + y), where it is known better.

    With s = y/(2+y), log(1+y) = 2 atanh(s) and y - 2s = y s."""
    near = np.abs(y) < 0.5
    small = np.where(near, y, 0)
    s = small / (2 + small)
    square = s * s
    series = np.zeros_like(s)
    for n in range(49, 1, -2):
        series = series * square + series.dtype.type(1) / n
    far = y - (np.log1p(np.where(near, 0, y)) if log is None else log)
    return np.where(near, small * s - 2 * s * square * series, far)


def expm1_of_difference(a, b):
    """e^(a-b) - 1; the rounding of a large difference would be multiplied."""
    near = np.abs(a - b) < 1
    return np.where(near, np.expm1(np.where(near, a - b, 0)), np.exp(a) / np.exp(b) - 1)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def softplus_inverse(s):
    return s + np.log(-np.expm1(-s))


def softplus_difference(a, b):
    """softplus(a) - softplus(b) = log(1 + (e^(a-b) - 1) sigmoid(b))."""
    step = a - b
    near = np.abs(step) < 50
    larger, smaller = np.maximum(a, b), np.minimum(a, b)
    size = np.log1p(np.expm1(np.where(near, larger - smaller, 0)) * sigmoid(smaller))
    return np.where(near, np.copysign(size, step), softplus(a) - softplus(b))
