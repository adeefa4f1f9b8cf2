# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The same bits for any number of threads, and for beliefs in any company."""

import ctypes

import numpy as np
import pytest

from compiled import ELEMENTS, assert_same_bits, draw, library
from test_properties import FAMILIES

CASES = [(family, element) for family in FAMILIES for element in ELEMENTS]


def set_threads(count):
    """For loops that LLVM's OpenMP shares, in this process."""
    ctypes.CDLL("libomp.so.5").omp_set_num_threads(count)


def count_of(family):
    """Enough for several blocks of work."""
    return 9001 if FAMILIES[family].event else 40_009


@pytest.mark.parametrize("family,element", CASES)
def test_any_number_of_threads(family, element):
    arrays = draw(family, element, count_of(family))
    set_threads(1)
    expected = library(family, element)(arrays)
    assert np.isfinite(expected[0]) and expected[0] > 0
    for threads in (2, 3, 7):
        set_threads(threads)
        assert_same_bits(library(family, element)(arrays), expected, f"{threads} threads")


@pytest.mark.parametrize("family,element", CASES)
def test_whole_or_in_pieces(family, element):
    """Whole vectors, tails, and a belief alone; only the sum is another."""
    arrays = draw(family, element, 1237)
    _, *expected = library(family, element)(arrays)
    ends = [0, 1, 3, 10, 27, 60, 127, 256, 600, 1237]
    parts = [
        library(family, element)([np.ascontiguousarray(array[begin:end]) for array in arrays])[1:]
        for begin, end in zip(ends, ends[1:])
    ]
    got = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
    assert_same_bits(got, expected)


@pytest.mark.parametrize("family,element", CASES)
def test_in_any_order(family, element):
    arrays = draw(family, element, 1237)
    order = np.random.default_rng(0).permutation(1237)
    _, *expected = library(family, element)(arrays)
    _, *got = library(family, element)([np.ascontiguousarray(array[order]) for array in arrays])
    assert_same_bits(got, [array[order] for array in expected])
