# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Planes in which families of two numbers are drawn.

Distances and geodesics are the compiler's own operations, run on arrays of numpy.
"""

import dataclasses
import functools

import numpy as np

from .. import _fisher
from .._families import get_family
from .._program import Tensor, build_operation


_compile = functools.cache(_fisher.compile)


def run_operation(operation, family, components, *rest):
    """An operation of the dialect on arrays of f64.

    Args:
      operation: such as `"squared_distance"`.
      family: a `Family`.
      components: those of the first belief, arrays of one shape.
      rest: those of the second, and numbers, as the operation takes them.

    Returns:
      A list of arrays, one for each result.
    """
    arrays = [np.ascontiguousarray(array, np.float64) for array in (*components, *rest)]
    program = build_operation(operation, family, Tensor("float64", arrays[0].shape))
    results = [np.empty(type.shape, type.dtype) for type in program.outputs]
    _compile(program.module)([array.ctypes.data for array in (*arrays, *results)])
    return results


@dataclasses.dataclass(frozen=True)
class Plane:
    """How a family is drawn.

    Attributes:
      name: what the plane is called.
      labels: those of its axes.
      place: a function of the family and the standard coordinates of points, that
        gives where they are.
      is_disc: whether it is the disc of radius 1.
      note: what else one has to know to read it.
    """

    name: str
    labels: tuple
    place: object
    is_disc: bool = False
    note: str = ""


def _place_in_half_plane(family, points):
    # The metric is 2 (dx² + dσ²)/σ² there.
    return points[0] / np.sqrt(2), points[1]


def _place_in_disc(family, points):
    """In the direction, at the distance from the uniform belief: if the surface were
    the hyperbolic plane, which it nearly is, this would be Poincaré's disc."""
    direction, concentration = points
    uniform = (direction, np.zeros_like(concentration))
    (square,) = run_operation("squared_distance", family, points, *uniform)
    radius = np.tanh(np.sqrt(square) / np.sqrt(8))
    return radius * np.cos(direction), radius * np.sin(direction)


PLANES = {
    "gaussian": Plane(
        "Poincaré half plane", ("mean / √2", "standard deviation"), _place_in_half_plane
    ),
    # Spread is no coordinate of these, whose geometry is that of a line.
    "gaussian_mean": Plane(
        "means, at their spreads", ("mean", "standard deviation"), lambda family, points: points
    ),
    "von_mises": Plane(
        "disc of directions",
        ("", ""),
        _place_in_disc,
        is_disc=True,
        note="center: the uniform belief; dotted: concentrations 1 and 10",
    ),
}


def get_plane(trace):
    """The plane that a trace is drawn in, and its `Family`; None if there is none."""
    name = trace.family.removeprefix("#fisher.").partition("<")[0]
    if name not in PLANES or len(trace.columns) != 2:
        return None
    try:
        return PLANES[name], get_family(trace.family)
    except ValueError:
        # A chart of another version.
        return None


# Points of a geodesic that is drawn.
_FRACTIONS = np.linspace(0, 1, 65)


def place_paths(plane, family, points):
    """Where trajectories and the geodesics between their ends are in a plane.

    Args:
      points: steps x elements x coordinates.

    Returns:
      For trajectories and for geodesics a pair of arrays, points x elements.
    """
    points = np.moveaxis(points, 2, 0)
    start, end = points[:, 0], points[:, -1]
    geodesics = [run_operation("geodesic", family, start, *end, t) for t in _FRACTIONS]
    geodesics = np.moveaxis(np.array(geodesics), 1, 0)
    return plane.place(family, points), plane.place(family, geodesics)
