# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Families of distributions in their charts."""

import dataclasses
import functools

from . import _fisher
from ._compiler import CompilerError, explain


@dataclasses.dataclass(frozen=True)
class Belief:
    """Distributions of one family, as the arrays that hold their parameters.

    Made by calling a family: ``fisher.Gaussian("softplus")(mu, rho)``. In JAX a
    belief is a pytree.
    """

    family: "Family"
    components: tuple


_described = {}


# Without a decorator of functools, which PyTorch's tracer does not look into.
def _describe(attribute):
    if attribute not in _described:
        _described[attribute] = _fisher.family(attribute)
    return _described[attribute]


class Family:
    """A family of distributions whose parameters are stored in a chart.

    Args:
      chart: how the parameters are stored, one of the names that the family's
        documentation lists.

    Raises:
      ValueError: the family has no such chart.
    """

    name: str

    def __init__(self, chart):
        self.chart = chart
        try:
            components, standard, event_rank = _describe(str(self))
        except CompilerError as error:
            reason = explain(error).splitlines()[0].removeprefix(f"{self}:1: ")
            raise ValueError(f"{type(self).__name__}({chart!r}): {reason}") from None
        #: The names of the tensors that hold a belief, in order.
        self.components = tuple(components)
        #: The names of the numbers that a prior is given by.
        self.standard_coordinates = tuple(standard)
        #: How many trailing dimensions belong to one distribution.
        self.event_rank = event_rank

    def __call__(self, *components):
        """The belief that these arrays hold, one for each component."""
        if len(components) != len(self.components):
            raise TypeError(
                f"{self!r} needs {len(self.components)} components "
                f"({', '.join(self.components)}), got {len(components)}"
            )
        return Belief(self, components)

    def __str__(self):
        return f"#fisher.{self.name}<{self.chart}>"

    def __repr__(self):
        return f"fisher.{type(self).__name__}({self.chart!r})"

    def __eq__(self, other):
        return isinstance(other, Family) and str(self) == str(other)

    def __hash__(self):
        return hash(str(self))


class Gaussian(Family):
    """Normal distributions of one variable, stored as mean and scale.

    Charts of the scale: ``sigma``, ``log_sigma``, ``softplus``, ``variance``,
    ``log_variance``, ``precision``. A prior is mean and standard deviation.
    """

    name = "gaussian"


class VonMises(Family):
    """Distributions of a direction in radians, stored as mean direction and
    concentration.

    Charts of the concentration: ``kappa``, ``log_kappa``, ``softplus``. A prior
    is mean direction and kappa.
    """

    name = "von_mises"


class Categorical(Family):
    """Distributions of one of several outcomes, along the last dimension.

    Charts: ``logits``, ``probabilities``. A prior is one probability for each
    outcome.
    """

    name = "categorical"


class Bernoulli(Family):
    """Distributions of one bit. Charts: ``logit``, ``probability``."""

    name = "bernoulli"


class Poisson(Family):
    """Poisson distributions of counts. Charts: ``log_rate``, ``rate``."""

    name = "poisson"


class Exponential(Family):
    """Exponential distributions of waiting times. Charts: ``log_rate``,
    ``rate``."""

    name = "exponential"


class CenteredGaussian(Family):
    """Normal distributions of vectors with mean zero, a matrix in the last two
    dimensions. Charts: ``covariance``, ``cholesky`` (lower triangular)."""

    name = "centered_gaussian"


_FAMILIES = {family.name: family for family in Family.__subclasses__()}


@functools.cache
def get_family(text):
    """The family that prints as a text."""
    name, _, chart = text.removeprefix("#fisher.").removesuffix(">").partition("<")
    return _FAMILIES[name](chart)
