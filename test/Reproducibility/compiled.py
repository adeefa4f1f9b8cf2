# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every function of a family as a library of C, for any number of beliefs."""

import ctypes
import functools
import pathlib
import subprocess
import tempfile

import ml_dtypes
import numpy as np

from execution import tool
from test_properties import FAMILIES

# What beliefs are stored in, and what is computed with.
ELEMENTS = {
    "f64": (np.dtype(np.float64), "f64"),
    "f32": (np.dtype(np.float32), "f32"),
    "bf16": (np.dtype(ml_dtypes.bfloat16), "f32"),
    "f16": (np.dtype(np.float16), "f32"),
}


def module(family, element):
    """All functions of two beliefs and a tangent vector, and the penalty, the one
    result that is a sum over beliefs."""
    kind, compute = FAMILIES[family], ELEMENTS[element][1]
    count = len(kind.samples)
    other = kind.charts[0]
    event = "".join(f"{size}x" for size in kind.event)

    def components(letter):
        return ", ".join(f"%{letter}{i}" for i in range(count))

    def types(type):
        return ", ".join([type] * count)

    arguments = ", ".join(f"%{letter}{i}: !t" for letter in "xyv" for i in range(count))
    text = f"""
!t = tensor<?x{event}{element}>
!d = tensor<?x{compute}>
!b = !fisher.belief<#fisher.{family}<{kind.standard}>, !t>
!c = !fisher.belief<#fisher.{family}<{other}>, !t>
func.func @main({arguments})
    -> (tensor<{compute}>, !d, !d, {types("!t")}, {types("!t")}, {types("!t")}, {types("!t")},
        {types("!t")}, {types("!t")}) {{
  %w = arith.constant 0.5 : {compute}
  %t = arith.constant 0.375 : {compute}
  %a = fisher.belief {components("x")} : !b
  %b = fisher.belief {components("y")} : !b
  %d = fisher.squared_distance %a, %b : !b -> !d
  %k = fisher.kl_divergence %a, %b : !b -> !d
  %p, {components("g")} = fisher.penalty_with_gradient %a toward %b weight %w
      : !b -> tensor<{compute}>, {types("!t")}
  {components("n")} = fisher.natural_gradient %a, {components("v")} : !b
  %exp = fisher.exp %a, {components("n")} : !b
  {components("e")} = fisher.components %exp : !b
  %between = fisher.geodesic %a, %b at %t : !b
  {components("m")} = fisher.components %between : !b
  %step = fisher.proximal_step %a toward %b strength %w : !b
  {components("s")} = fisher.components %step : !b
  %converted = fisher.convert %a : !b to !c
  {components("c")} = fisher.components %converted : !c
  return %p, %d, %k, {components("g")}, {components("n")}, {components("e")}, {components("m")},
      {components("s")}, {components("c")}
      : tensor<{compute}>, !d, !d, {types("!t")}, {types("!t")}, {types("!t")}, {types("!t")},
        {types("!t")}, {types("!t")}
}}
"""
    return text


def draw(family, element, count):
    """Two beliefs and a tangent vector, component by component."""
    kind, rng = FAMILIES[family], np.random.default_rng(count)
    dtype = ELEMENTS[element][0]
    points = [sample(rng, count) for _ in range(2) for sample in kind.samples]
    k = len(kind.samples)
    points = [points[i % k] if i % k in kind.known else p for i, p in enumerate(points)]
    tangents = [0.01 * rng.normal(size=point.shape) for point in points[:k]]
    if family == "centered_gaussian":
        tangents = [tangent + tangent.swapaxes(-1, -2) for tangent in tangents]
    return [np.ascontiguousarray(array.astype(dtype)) for array in [*points, *tangents]]


class Library:
    """The functions of a family for any number of beliefs."""

    def __init__(self, family, element):
        self.family, self.element = family, element
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name)
        (path / "module.mlir").write_text(module(family, element))
        subprocess.run(
            [tool("fisher-run"), path / "module.mlir", "--emit=shared", "-o", path / "module.so"],
            check=True,
        )  # fmt: skip
        self.function = ctypes.CDLL(path / "module.so").fisher_main

    def __call__(self, arrays):
        """The penalty, and what is computed of each belief."""
        kind, (dtype, compute) = FAMILIES[self.family], ELEMENTS[self.element]
        count = len(arrays[0])
        compute = np.dtype({"f32": np.float32, "f64": np.float64}[compute])
        results = [np.empty((), compute), np.empty(count, compute), np.empty(count, compute)]
        results += [np.empty((count, *kind.event), dtype) for _ in range(6 * len(kind.samples))]
        arguments = []
        for array in arrays:
            assert array.flags.c_contiguous
            arguments += [ctypes.c_void_p(array.ctypes.data), ctypes.c_int64(count)]
        arguments += [ctypes.c_void_p(result.ctypes.data) for result in results]
        self.function(*arguments)
        return results


@functools.cache
def library(family, element):
    return Library(family, element)


def assert_same_bits(got, expected, what=""):
    assert len(got) == len(expected)
    for number, (a, b) in enumerate(zip(got, expected)):
        a, b = (np.ascontiguousarray(x).view(np.uint8) for x in (a, b))
        assert a.shape == b.shape
        differ = np.flatnonzero(a != b)
        assert not len(differ), f"{what}: {len(differ)} bytes of result {number}"
