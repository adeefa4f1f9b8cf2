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

CHARTS = {
    "gaussian": "sigma",
    "bernoulli": "probability",
    "poisson": "rate",
    "exponential": "rate",
    "categorical": "probabilities",
    "centered_gaussian": "covariance",
}
# The metrics of these are products of two vectors, with no covector to be had.
MISSING = {
    name: ("metric", "natural_gradient", "gradient")
    for name in ("categorical", "centered_gaussian")
}


def _space(name, event_shape):
    os.environ["GEOMSTATS_BACKEND"] = "numpy"
    from geomstats.information_geometry import binomial, categorical, exponential, normal, poisson

    return {
        "gaussian": lambda: normal.NormalDistributions(sample_dim=1),
        "bernoulli": lambda: binomial.BinomialDistributions(n_draws=1),
        "poisson": poisson.PoissonDistributions,
        "exponential": exponential.ExponentialDistributions,
        "centered_gaussian": lambda: normal.NormalDistributions(
            sample_dim=event_shape[0], distribution_type="centered"
        ),
        "categorical": lambda: categorical.CategoricalDistributions(dim=event_shape[0] - 1),
    }[name]()


class _Operations:
    """Of arrays of points: with the components along the last axis, or those of
    the one component."""

    def __init__(self, name, event_shape):
        self.name = name
        self.metric_of = _space(name, event_shape).metric

    def squared_distance(self, a, b):
        return self.metric_of.squared_dist(a, b)

    def log(self, a, b):
        return self.metric_of.log(b, a)

    def exp(self, a, tangent):
        return self.metric_of.exp(tangent, a)

    def geodesic(self, a, b, t):
        if self.name in ("gaussian", "categorical", "centered_gaussian"):
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
    if operation in MISSING.get(family.name, ()):
        return None
    function = getattr(_Operations(family.name, family.event_shape), operation)

    def pack(argument):
        if not isinstance(argument, list):
            return argument
        return argument[0] if family.event_shape else np.stack(argument, axis=-1)

    # For some, each pair makes a matrix of the outcomes.
    size = int(np.prod(family.event_shape))
    part = max(2**24 // size**2, 1)

    def call(*arguments):
        parts = []
        with np.errstate(all="ignore"):
            for start in range(0, arguments[0][0].shape[0], part):
                some = (
                    [y[start : start + part] for y in x] if isinstance(x, list) else x
                    for x in arguments
                )
                parts.append(np.asarray(function(*map(pack, some))))
        result = np.concatenate(parts)
        if operation == "squared_distance" or family.event_shape:
            return [result]
        return list(np.moveaxis(result, -1, 0))

    return call
