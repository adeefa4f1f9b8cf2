# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes what the tutorial needs: 400 points to learn from, and one step's input."""

import numpy as np

rng = np.random.default_rng(0)
x = rng.normal(size=(400, 3))
y = x @ [2.0, -1.0, 0.5] + 0.3 * rng.normal(size=400)
data = {"x": x.astype(np.float32), "y": y.astype(np.float32)}
np.savez("data.npz", **data)

step = {
    "w.mu": np.array([1, 0, -1], np.float32),
    "w.rho": np.array([-1, 0, 1], np.float32),
    "w.eps": np.array([0.5, -0.5, 1], np.float32),
    "x": data["x"][:16],
    "y": data["y"][:16],
}
np.savez("in.npz", **step)
