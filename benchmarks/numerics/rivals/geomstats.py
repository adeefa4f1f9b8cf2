# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""geomstats, in the coordinates of its own: standard ones only."""

import importlib.metadata
import importlib.util
import os

import numpy as np

TITLE = "geomstats"
AVAILABLE = importlib.util.find_spec("geomstats") is not None
VERSION = f"geomstats {importlib.metadata.version('geomstats')}" if AVAILABLE else "not installed"

CHARTS = {"gaussian": "sigma", "bernoulli": "probability", "poisson": "rate", "exponential": "rate"}


def _space(name):
    os.environ["GEOMSTATS_BACKEND"] = "numpy"
    from geomstats.information_geometry import binomial, exponential, normal, poisson

    return {
        "gaussian": lambda: normal.NormalDistributions(sample_dim=1),
        "bernoulli": lambda: binomial.BinomialDistributions(n_draws=1),
        "poisson": poisson.PoissonDistributions,
        "exponential": exponential.ExponentialDistributions,
    }[name]()


class _Operations:
    """Arrays of points have the components along the last axis."""

    def __init__(self, name):
        self.name = name
        self.metric_of = _space(name).metric

    def squared_distance(self, a, b):
        return self.metric_of.squared_dist(a, b)[..., None]

    def log(self, a, b):
        return self.metric_of.log(b, a)

    def exp(self, a, tangent):
        return self.metric_of.exp(tangent, a)

    def geodesic(self, a, b, t):
        if self.name == "gaussian":
            # What its own geodesic does, which loops over the pairs in Python.
            return self.exp(a, np.asarray(t, a.dtype) * self.log(a, b))
        path = self.metric_of.geodesic(initial_point=a, end_point=b)
        return path(np.asarray([t], a.dtype))[..., 0, :]

    def metric(self, at, tangent):
        return np.einsum("...ij,...j->...i", self.metric_of.metric_matrix(at), tangent)

    def natural_gradient(self, at, gradient):
        return np.einsum("...ij,...j->...i", self.metric_of.cometric_matrix(at), gradient)

    def gradient(self, a, b):
        return -2 * self.metric(a, self.log(a, b))


def find(family, chart, operation):
    """The operation as a function of arrays, or None."""
    if not AVAILABLE or CHARTS.get(family.name) != chart or not hasattr(_Operations, operation):
        return None
    function = getattr(_Operations(family.name), operation)

    def call(*arguments):
        with np.errstate(all="ignore"):
            result = function(
                *(np.stack(x, axis=-1) if isinstance(x, list) else x for x in arguments)
            )
        return list(np.moveaxis(np.asarray(result), -1, 0))

    return call
