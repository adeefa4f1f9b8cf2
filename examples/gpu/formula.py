# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The penalty of regularizer.mlir and its gradient, in float64.

The squared Fisher-Rao distance of N(mu, sigma^2) to N(0, 1) is
2 arcosh(1 + d)^2 with d = (mu^2 / 2 + (sigma - 1)^2) / (2 sigma).
"""

import numpy as np


def penalty_with_gradient(mu, log_sigma, weight):
    mu, log_sigma = np.float64(mu), np.float64(log_sigma)
    sigma = np.exp(log_sigma)
    d = (mu**2 / 2 + np.expm1(log_sigma) ** 2) / (2 * sigma)
    length = 2 * np.arcsinh(np.sqrt(d / 2))  # arcosh(1 + d)
    slope = 4 * length / np.sqrt(d * (d + 2))
    return (
        weight * np.sum(2 * length**2),
        weight * slope * mu / (2 * sigma),
        weight * slope * (np.expm1(log_sigma) - d),
    )


def error(got, expected):
    """The largest difference, as a part of the largest number."""
    got, expected = np.float64(got), np.float64(expected)
    return np.max(np.abs(got - expected)) / np.max(np.abs(expected))


def finish(name, worst, bound):
    """Tells the error, and ends the program with a status that says whether it
    is small."""
    print(f"{name}: error {worst:.1e}, {'good' if worst <= bound else 'TOO BIG'}")
    raise SystemExit(not worst <= bound)
