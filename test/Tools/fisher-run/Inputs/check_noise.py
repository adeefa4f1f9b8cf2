# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks what train-noise.mlir leaves: the noise of its two steps.

usage: check_noise.py FILE
"""

import sys

import numpy as np

with np.load(sys.argv[1]) as archive:
    arrays = dict(archive)

# Two doublings of the initial value, which the frozen state keeps.
initial = arrays["w.frozen"]
np.testing.assert_array_equal(arrays["w"], 4 * initial)

# The documented default: normal with standard deviation 1/sqrt(fan-in).
assert abs(initial.std() * np.sqrt(200) - 1) < 0.02, initial.std()

for name in ["n", "former"]:
    normal = arrays[name]
    assert abs(normal.mean()) < 0.05 and abs(normal.std() - 1) < 0.05, name
    assert np.abs(normal).max() > 3, name
correlation = np.corrcoef(arrays["n"], arrays["former"])[0, 1]
assert abs(correlation) < 0.05, correlation

uniform = arrays["u"]
assert uniform.min() >= 0 and uniform.max() < 1
counts, _ = np.histogram(uniform, bins=10, range=(0, 1))
assert abs(counts - 1000).max() < 150, counts
