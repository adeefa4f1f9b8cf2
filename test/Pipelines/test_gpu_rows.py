# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rows of distributions in kernels: of one thread, in the registers of a block,
and computed again because they are long."""

import numpy as np
import pytest

import execution
import gpu

pytestmark = pytest.mark.skipif(not gpu.can_run(),
                                reason="needs OpenCL and llvm-spirv-15")


def penalty(chart, length, element):
    t = f"tensor<?x{length}x{element}>"
    return f"""
!b = !fisher.belief<#fisher.categorical<{chart}>, {t}>
func.func @main(%x: {t}, %y: {t}) -> (tensor<{element}>, {t}) {{
  %w = arith.constant 0.25 : {element}
  %a = fisher.belief %x : !b
  %b = fisher.belief %y : !b
  %p, %g = fisher.penalty_with_gradient %a toward %b weight %w
      : !b -> tensor<{element}>, {t}
  return %p, %g : tensor<{element}>, {t}
}}"""


# What is known of the length, and the length. Of a thread are up to 16 elements
# in registers and up to 32 in its stack, of a block up to 16 for each of at most
# 1024 threads.
LENGTHS = [("10", 10), ("17", 17), ("80", 80), ("1000", 1000), ("20000", 20000),
           ("?", 5), ("?", 9001)]


@pytest.mark.parametrize("known,length", LENGTHS)
@pytest.mark.parametrize("chart,element", [("logits", "f32"), ("logits", "f64"),
                                           ("probabilities", "f32")])
def test_rows(chart, element, known, length):
    dtype = gpu.ELEMENTS[element]
    rng = np.random.default_rng(length)
    x, y = rng.normal(size=(2, 5, length))
    # The second row is far from its reference, the third is the reference.
    x[1] *= 20 if chart == "logits" else 4
    x[2] = y[2]
    if chart == "probabilities":
        x, y = (np.exp(v) / np.exp(v).sum(-1, keepdims=True) for v in (x, y))
    x, y = x.astype(dtype), y.astype(dtype)
    module = penalty(chart, known, element)
    expected = execution.run(module, x, y)
    program = gpu.Program(module)
    got = program(x, y)
    # The same bits the next time, and from memory that is aligned otherwise.
    for one, other in zip(got, program(x, y, offset=1)):
        np.testing.assert_array_equal(one, other)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(got[0], expected[0], rtol=4 * eps)
    np.testing.assert_allclose(got[1], expected[1], rtol=0,
                               atol=4 * eps * np.max(np.abs(expected[1])))
    assert not np.any(got[1][2])
    # No row, too.
    empty = program(x[:0], y[:0])
    assert empty[0] == 0 and empty[1].shape == (0, length)
