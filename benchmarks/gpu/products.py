# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Matrix products that are measured: their modules, data, and values."""

import dataclasses
import math

import numpy as np
from cases import aligned

WORKLOAD = "products"
# Rows of a result that are compared with what numpy computes in f64.
ROWS = 64
# Largest max|difference|/max|expected|: of a sum in f32, and of half a unit in the
# last place of bf16 besides.
TOLERANCE = {"f32": 1e-5, "bf16": 2.0**-8}


@dataclasses.dataclass(frozen=True)
class Product:
    """Of m x k and k x n elements. The left operand may be stored by columns, as
    the inputs are in a gradient of weights."""

    size: tuple  # m, k, n
    element: str
    transposed: bool = False

    def __str__(self):
        name = "x".join(map(str, self.size))
        return f"product {name} {self.element}" + (" transposed" if self.transposed else "")

    @property
    def operations(self):
        return 2 * math.prod(self.size)

    @property
    def shapes(self):
        m, k, n = self.size
        return ((k, m) if self.transposed else (m, k)), (k, n), (m, n)


def all_products(quick=False):
    sizes = [
        ((512, 512, 512), False), ((4096, 4096, 4096), False),
        # Forward, and the gradient of the weights, of a batch of 64.
        ((64, 784, 512), False), ((784, 64, 512), True),
    ]  # fmt: skip
    if quick:
        sizes = [((40, 50, 60), False), ((72, 64, 40), True)]
    return [
        Product(size, element, transposed)
        for element in ("f32", "bf16")
        for size, transposed in sizes
    ]


def module_text(product):
    types = [
        "tensor<" + "".join(f"{n}x" for n in shape) + f"{product.element}>"
        for shape in product.shapes
    ]
    left = "(k, m)" if product.transposed else "(m, k)"
    maps = ", ".join(f"affine_map<(m, n, k) -> {to}>" for to in (left, "(k, n)", "(m, n)"))
    return f"""
func.func @main(%a: {types[0]}, %b: {types[1]}) -> {types[2]} {{
  %zero = arith.constant 0.0 : {product.element}
  %empty = tensor.empty() : {types[2]}
  %start = linalg.fill ins(%zero : {product.element}) outs(%empty : {types[2]}) -> {types[2]}
  %c = linalg.contract indexing_maps = [{maps}]
      ins(%a, %b : {types[0]}, {types[1]}) outs(%start : {types[2]}) -> {types[2]}
  return %c : {types[2]}
}}
"""


def _round(values, element):
    """Numbers of f32 as they are stored: numpy has no bf16."""
    if element == "f32":
        return values
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def _widen(array):
    if array.dtype == np.float32:
        return array.astype(np.float64)
    return (array.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def make_operands(product):
    """The arrays that the function takes, the last of which it writes."""
    random = np.random.default_rng(1)
    arrays = []
    for shape in product.shapes:
        values = _round(random.standard_normal(shape, np.float32), product.element)
        array = aligned(shape, values.dtype)
        array[...] = values
        arrays.append(array)
    return arrays


def difference(product, a, b, got):
    """The largest difference of some rows from products in f64."""
    rows = np.unique(np.linspace(0, product.size[0] - 1, ROWS).astype(int))
    left = _widen(a[:, rows]).T if product.transposed else _widen(a[rows])
    expected = left @ _widen(b)
    found = np.max(np.abs(_widen(got[rows]) - expected))
    return float(found / np.max(np.abs(expected)))
