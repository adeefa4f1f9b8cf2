# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is measured: the workloads, their sizes, and their data."""

import dataclasses
import math

import numpy as np

WEIGHT = 1e-3
STEP = 10.0
BATCH, PIXELS, CLASSES = 64, 64, 10


@dataclasses.dataclass(frozen=True)
class Case:
    workload: str
    size: tuple

    def __str__(self):
        return f"{self.workload} {'x'.join(map(str, self.size))}"

    @property
    def elements(self):
        if self.workload == "W5":
            return self.size[0] * (PIXELS + CLASSES)
        return math.prod(self.size)

    @property
    def streams(self):
        """How many arrays must be read and written."""
        return {"W1": (4, 2), "W2": (2, 1), "W3": (4, 2), "W4": (10, 6), "W5": (3, 2)}[
            self.workload
        ]


SIZES = {
    "W1": [(1000,), (100_000,), (30_000_000,)],
    "W2": [(2_000_000, 10), (20_000, 1000), (400, 50_000)],
    "W3": [(1_000_000,), (10_000_000,)],
    "W4": [(20_000_000,)],
    "W5": [(32,), (512,), (2048,)],
}
QUICK_SIZES = {
    "W1": [(1000,), (50_000,)],
    "W2": [(200, 10), (20, 1000)],
    "W3": [(10_000,)],
    "W4": [(10_000,)],
    "W5": [(32,)],
}


def all_cases(quick=False):
    sizes = QUICK_SIZES if quick else SIZES
    return [Case(workload, size) for workload in sizes for size in sizes[workload]]


def aligned(shape, dtype=np.float32):
    """An array of zeros that starts at a cache line and ends with one."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(-(-size // 64) * 64 + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size].view(dtype).reshape(shape)


def _filled(values):
    array = aligned(values.shape, values.dtype)
    array[...] = values
    return array


def inputs(case):
    """The arrays of a case by name, the same in every process."""
    random = np.random.default_rng(1)

    def normal(*shape):
        return random.standard_normal(shape, np.float32)

    def scale(*shape):
        return random.random(shape, np.float32) + np.float32(0.2)

    n = case.size
    if case.workload in ("W1", "W3"):
        arrays = {"mu": normal(*n), "sigma": scale(*n), "mean": normal(*n), "scale": scale(*n)}
    elif case.workload == "W2":
        arrays = {"logits": normal(*n), "reference": normal(*n)}
    elif case.workload == "W4":
        arrays = {"mu": normal(*n), "sigma": scale(*n)}
        arrays |= {name: normal(*n) for name in ("mu_m", "sigma_m")}
        arrays |= {name: scale(*n) for name in ("mu_v", "sigma_v")}
        arrays |= {name: normal(*n) for name in ("mu_gradient", "sigma_gradient")}
        arrays |= {"mean": normal(*n), "scale": scale(*n)}
    else:
        (width,) = n
        arrays = {
            "mu0": 0.1 * normal(PIXELS, width),
            "rho0": normal(PIXELS, width) - 2,
            "bias0": np.zeros(width, np.float32),
            "mu1": 0.1 * normal(width, CLASSES),
            "rho1": normal(width, CLASSES) - 2,
            "bias1": np.zeros(CLASSES, np.float32),
            "x": random.random((BATCH, PIXELS), np.float32),
            "y": random.integers(CLASSES, size=BATCH, dtype=np.int32),
            "eps0": normal(PIXELS, width),
            "eps1": normal(width, CLASSES),
        }
    return {name: _filled(values) for name, values in arrays.items()}


# The moments and parameters that AdamW changes.
STATE = ["mu", "sigma", "mu_m", "sigma_m", "mu_v", "sigma_v"]


def digest(penalty, arrays):
    """Numbers by which contestants are compared: the penalty, and the sizes of
    what else is computed."""
    norms = [float(np.linalg.norm(np.asarray(a, np.float64).ravel())) for a in arrays]
    return [float(penalty), *norms]
