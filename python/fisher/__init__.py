# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fisher-Rao regularization for training steps.

A *policy* says which parameters hold *beliefs* (distributions), toward what
reference they are drawn, and how strongly; the compiler inside this package
turns it into fused code. `fisher.jax` and `fisher.torch` apply policies to
programs of the two frameworks, `fisher.optax` to optimizers::

    import fisher

    policy = fisher.Policy().regularize(
        "(*).mu", "(*).rho", as_=fisher.Gaussian("softplus"),
        toward=fisher.prior(0, 1), weight=1e-3)

The names and the words are those of the IR, as which a policy prints.
"""

from ._compiler import CompilerError, PolicyError, rewrite
from ._families import (
    Belief,
    Bernoulli,
    Categorical,
    CenteredGaussian,
    Exponential,
    Family,
    Gaussian,
    GaussianMean,
    Poisson,
    VonMises,
)
from ._fisher import __version__
from ._policy import (
    Policy,
    Reference,
    Source,
    adam,
    argument,
    fixed,
    frozen,
    moving_average,
    previous,
    prior,
)

__all__ = [
    "Belief",
    "Bernoulli",
    "Categorical",
    "CenteredGaussian",
    "CompilerError",
    "Exponential",
    "Family",
    "Gaussian",
    "GaussianMean",
    "Poisson",
    "Policy",
    "PolicyError",
    "Reference",
    "Source",
    "VonMises",
    "__version__",
    "adam",
    "argument",
    "fixed",
    "frozen",
    "moving_average",
    "previous",
    "prior",
    "rewrite",
]
