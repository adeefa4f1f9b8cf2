# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules for families with event dimensions."""

import typing

from execution import run


class EventFamily(typing.NamedTuple):
    """A family's name, its charts, and how many dimensions are one event."""

    name: str
    charts: list
    event_rank: int

    def module(self, chart, shape, element, body, results):
        """`shape` is the components' type without the element, `results` are
        types. The beliefs %a and %b, of type !b, are of the components %x and
        %y, of type !t; !d is one number for each distribution, and a chart's
        name the type of beliefs in it."""
        compute = "f64" if element == "f64" else "f32"
        sizes = shape.split("x")[:-1 - self.event_rank]
        batch = "".join(size + "x" for size in sizes)
        charts = "\n".join(
            f"!{other} = !fisher.belief<#fisher.{self.name}<{other}>, !t>"
            for other in self.charts)
        return f"""
!t = tensor<{shape}{element}>
!d = tensor<{batch}{compute}>
!b = !fisher.belief<#fisher.{self.name}<{chart}>, !t>
{charts}
func.func @main(%x: !t, %y: !t) -> ({", ".join(results)}) {{
  %a = fisher.belief %x : !b
  %b = fisher.belief %y : !b
  {body}
}}
"""

    def distances(self, chart, a, b, element="f64"):
        """Squared distances, and their gradients."""
        return run(self.module(chart, shape_of(a), element, """
  %d, %g = fisher.squared_distance_with_gradient %a, %b : !b -> !d, !t
  return %d, %g : !d, !t""", ["!d", "!t"]), a, b)


def shape_of(array):
    return "".join(f"{size}x" for size in array.shape)
