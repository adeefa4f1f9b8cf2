# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors of every size: whole vectors, tails, many blocks, and nothing at all.

What an element becomes is compared with what it becomes among a few others,
which the tables of each family's folder judge. So every lane, tail and block
has their accuracy.
"""

import functools

import numpy as np
import pytest

from execution import run
from test_properties import ELEMENTS, FAMILIES, share_known

SIZES = [0, 1, 7, 8, 9, 15, 16, 17]
MANY = 1_000_003
FEW = 16


def module(family, element, sizes, event):
    """Distances, and a penalty with its gradient, of beliefs in a shape."""
    kind = FAMILIES[family]
    t, d = (f"tensor<{''.join(f'{n}x' for n in shape)}{element}>"
            for shape in [(*sizes, *event), sizes])
    b = f"!fisher.belief<#fisher.{family}<{kind.standard}>, {t}>"
    k = len(kind.samples)
    first = [f"%x{i}" for i in range(k)]
    second = [f"%y{i}" for i in range(k)]
    gradients = [f"%g{i}" for i in range(k)]
    return f"""
    func.func @main({', '.join(f'{name}: {t}' for name in first + second)})
        -> (tensor<{element}>, {d}, {', '.join([t] * k)}) {{
      %w = arith.constant 1.0 : {element}
      %b = fisher.belief {', '.join(first)} : {b}
      %r = fisher.belief {', '.join(second)} : {b}
      %d = fisher.squared_distance %b, %r : {b} -> {d}
      %p, {', '.join(gradients)} = fisher.penalty_with_gradient %b toward %r
          weight %w : {b} -> tensor<{element}>, {', '.join([t] * k)}
      return %p, %d, {', '.join(gradients)}
          : tensor<{element}>, {d}, {', '.join([t] * k)}
    }}"""


def draw(family, element, seed):
    kind, rng = FAMILIES[family], np.random.default_rng(seed)
    return share_known(kind, [sample(rng, FEW).astype(ELEMENTS[element])
                              for _ in range(2) for sample in kind.samples])


@functools.cache
def run_few(family, element):
    """Some beliefs, and the results for them."""
    few = draw(family, element, 7)
    return few, run(module(family, element, [FEW], FAMILIES[family].event), *few)


def check(family, element, shape, static):
    kind = FAMILIES[family]
    few, alone = run_few(family, element)
    size = int(np.prod(shape, dtype=int))
    index = np.arange(size) % FEW
    many = [array[index].reshape(shape + array.shape[1:]) for array in few]
    sizes = shape if static else ["?"] * len(shape)
    # Matrices have static sizes.
    event = "?" if not static and len(kind.event) == 1 else kind.event
    got = run(module(family, element, sizes, event), *many)
    eps = np.finfo(ELEMENTS[element]).eps
    for all_, one in zip(got[1:], alone[1:]):
        expected = one[index].reshape(shape + one.shape[1:])
        if event == "?":
            # Sums over so many outcomes may be in vectors of another width.
            np.testing.assert_allclose(all_, expected, rtol=4 * eps,
                                       atol=4 * eps * abs(one).max())
        else:
            np.testing.assert_array_equal(all_, expected)
    total = alone[1].astype(np.longdouble)[index].sum()
    roundings = 2 if element == "f32" else 8
    assert abs(got[0] - total) <= roundings * eps * total


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_small(family, element, static):
    for size in SIZES:
        check(family, element, (size,), static)


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_large(family, element):
    # A matrix takes as long as some hundred numbers.
    size = MANY if len(FAMILIES[family].event) < 2 else MANY // 100
    check(family, element, (size,), static=False)


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("shape", [(), (3, 5), (2, 0, 3), (1, 1, 4)])
@pytest.mark.parametrize("family", FAMILIES)
def test_ranks(family, shape, static):
    check(family, "f32", shape, static)
