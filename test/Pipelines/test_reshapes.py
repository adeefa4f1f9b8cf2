# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reshapes to several sizes that are known at run time only, run."""

import numpy as np
import pytest

from execution import run


@pytest.mark.parametrize("m,n", [(3, 4), (1, 5), (7, 1), (0, 4), (4, 0)])
def test_expansion_of_every_second_element(m, n):
    """What is reshaped has gaps and begins somewhere."""
    x = np.arange(2.0 * m * n + 9)
    (y,) = run("""
func.func @main(%x: tensor<?xf64>, %m: tensor<i64>, %n: tensor<i64>) -> tensor<?x?xf64> {
  %one = arith.constant 1.0 : f64
  %mi = tensor.extract %m[] : tensor<i64>
  %ni = tensor.extract %n[] : tensor<i64>
  %rows = arith.index_cast %mi : i64 to index
  %columns = arith.index_cast %ni : i64 to index
  %size = arith.muli %rows, %columns : index
  %part = tensor.extract_slice %x[%rows] [%size] [2] : tensor<?xf64> to tensor<?xf64>
  %y = tensor.expand_shape %part [[0, 1]] output_shape [%rows, %columns]
      : tensor<?xf64> into tensor<?x?xf64>
  %e = tensor.empty(%columns, %rows) : tensor<?x?xf64>
  %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>,
                                        affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x?xf64>) outs(%e : tensor<?x?xf64>) {
  ^bb0(%element: f64, %old: f64):
    %sum = arith.addf %element, %one : f64
    linalg.yield %sum : f64
  } -> tensor<?x?xf64>
  return %z : tensor<?x?xf64>
}""", x, np.array(m), np.array(n))
    np.testing.assert_array_equal(y, x[m:][:2 * m * n:2].reshape(m, n).T + 1)


@pytest.mark.parametrize("shape", [(3, 4, 3), (2, 9, 5, 3), (0, 4, 3), (40, 0, 3)])
def test_batches_of_several_unknown_sizes(shape):
    """A point of a geodesic that is no result lies in a buffer of its own."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, *shape))
    unknown = "?x" * (len(shape) - 1)
    program = """
!t = tensor<{0}3xf64>
!d = tensor<{1}xf64>
!b = !fisher.belief<#fisher.categorical<logits>, !t>
func.func @main(%x: !t, %y: !t) -> !d {{
  %t = arith.constant 0.5 : f64
  %a = fisher.belief %x : !b
  %b = fisher.belief %y : !b
  %q = fisher.geodesic %a, %b at %t : !b
  %d = fisher.squared_distance %q, %b : !b -> !d
  return %d : !d
}}"""
    (got,) = run(program.format(unknown, unknown[:-1]), a, b)
    static = "".join(f"{size}x" for size in shape[:-1])
    (expected,) = run(program.format(static, static[:-1]), a, b)
    np.testing.assert_allclose(got, expected, rtol=1e-13)
    assert got.shape == shape[:-1]
