# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What else computes the same, asked the same questions on the same pairs. Each
module's `find(family, chart, operation)` gives a function of arrays, or None."""

from rivals import geomstats, guarded_jax, textbook

RIVALS = [textbook, geomstats, guarded_jax]
