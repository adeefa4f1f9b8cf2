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

    Attributes:
      family: the `Family`, with its chart.
      components: a tuple of arrays, one for each of the family's components. Their
        shape is ``(*batch, *event)``, or they are broadcast to one.
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

    A family is called with one array for each component to make a `Belief`; another
    number of arrays is a `TypeError`. Families are equal if family and chart are.

    Args:
      chart: how the parameters are stored, one of the names that the family's
        documentation lists.

    Attributes:
      chart: the chart.
      components: the names of the arrays that hold a belief, in order.
      standard_coordinates: the names of the numbers that a prior is given by.
      event_rank: how many trailing dimensions belong to one distribution.

    Raises:
      ValueError: the family has no such chart.

    Source: docs/theory.md has the distance, the divergence, the metric and the
    geodesic of each family.
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

    Mean and standard deviation have the unit of the variable, the variance its
    square. Charts of the scale: ``sigma``, ``log_sigma``, ``softplus``,
    ``variance``, ``log_variance``, ``precision``. A prior is mean and standard
    deviation. A scale outside its chart's domain (sigma <= 0) gives NaN.

    Source: Atkinson and Mitchell, "Rao's distance measure", Sankhyā A, 1981.
    """

    name = "gaussian"


class GaussianMean(Family):
    """Normal distributions of one variable whose spread is known, stored as mean
    and scale.

    Both beliefs of a distance have the same scale, else it is NaN; the squared
    distance is (Δmean/sigma)², which has no unit, and the gradient in the scale is
    0. Where no parameter holds the scale, `adam` or `fixed` makes it. Charts of the
    scale: those of `Gaussian`. A prior is mean and standard deviation; of a scale
    that is made, the mean alone.

    Source: Kirkpatrick et al., "Overcoming catastrophic forgetting in neural
    networks", 2017, for the penalty, which is elastic weight consolidation.
    """

    name = "gaussian_mean"


class VonMises(Family):
    """Distributions of a direction in radians, stored as mean direction and
    concentration.

    Any direction is allowed, and those that differ by whole turns are the same.
    Charts of the concentration: ``kappa``, ``log_kappa``, ``softplus``. A prior
    is mean direction and kappa; kappa 0 is the uniform belief, which the chart
    ``kappa`` alone can hold. A kappa below 0 gives NaN.

    Source: Mardia and Jupp, "Directional Statistics", 2000, for the family; its
    distance is in no textbook, see docs/theory.md.
    """

    name = "von_mises"


class Categorical(Family):
    """Distributions of one of several outcomes, along the last dimension.

    One component of shape ``(*batch, outcomes)``. Charts: ``logits``,
    ``probabilities``, which are divided by their sum. A prior is one probability
    for each outcome, or 1 for all of them alike. Distances are at most pi. A
    probability below 0 gives NaN.

    Source: Rao, "Information and the accuracy attainable in the estimation of
    statistical parameters", 1945; the distance is that on a sphere of radius 2.
    """

    name = "categorical"


class Bernoulli(Family):
    """Distributions of one bit.

    One component. Charts: ``logit``, ``probability``. A prior is the probability
    of a one. Distances are at most pi. Probabilities outside of 0 to 1 give NaN.

    Source: as `Categorical`, with two outcomes.
    """

    name = "bernoulli"


class Poisson(Family):
    """Poisson distributions of counts.

    One component, the mean count. Charts: ``log_rate``, ``rate``. A prior is the
    rate. A rate of 0 or below gives NaN.

    Source: Atkinson and Mitchell, 1981; the metric is 1/rate, so that the distance
    is that of twice the root of the rate.
    """

    name = "poisson"


class Exponential(Family):
    """Exponential distributions of waiting times.

    One component, the rate, in one over the unit of time. Charts: ``log_rate``,
    ``rate``. A prior is the rate. A rate of 0 or below gives NaN.

    Source: Atkinson and Mitchell, 1981; the metric is 1/rate², so that the distance
    is that of the logarithm of the rate.
    """

    name = "exponential"


class CenteredGaussian(Family):
    """Normal distributions of vectors with mean zero.

    One component of shape ``(*batch, n, n)``, n up to 32. Charts: ``covariance``
    (symmetric and positive definite, in squares of the vectors' unit), ``cholesky``
    (its lower triangular factor, in their unit). A prior is the covariance, row by
    row, or one number, the variance of every axis. A covariance that is not
    positive definite gives NaN.

    Source: Skovgaard, "A Riemannian geometry of the multivariate normal model",
    1984.
    """

    name = "centered_gaussian"


_FAMILIES = {family.name: family for family in Family.__subclasses__()}


def check_beliefs(*beliefs):
    """Raises TypeError unless these are beliefs of one family and chart."""
    for belief in beliefs:
        if not isinstance(belief, Belief):
            raise TypeError(
                f"a belief is needed, such as fisher.Gaussian('softplus')(mu, rho), got {belief!r}"
            )
        if belief.family != beliefs[0].family:
            raise TypeError(
                "the beliefs must be of one family and chart, got "
                f"{beliefs[0].family!r} and {belief.family!r}"
            )


def check_gradient(belief, gradient):
    """Raises TypeError unless it has as many parts as the belief has components."""
    check_beliefs(belief)
    if len(gradient) != len(belief.components):
        raise TypeError(
            f"{belief.family!r} has {len(belief.components)} components, but there are "
            f"{len(gradient)} gradients"
        )


@functools.cache
def get_family(text):
    """The family that prints as a text."""
    name, _, chart = text.removeprefix("#fisher.").removesuffix(">").partition("<")
    return _FAMILIES[name](chart)
