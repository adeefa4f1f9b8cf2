# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares computed numbers with mpmath's: what is allowed, and what was worst."""

import mpmath as mp
import numpy as np

from execution import CONTRACTS

# What is allowed is a few roundings; where others happen than were thought of,
# it is a few more.
MOST = 2 if CONTRACTS else 1


class Worst:
    """Collects errors in units of what is allowed, and tells the worst."""

    def __init__(self, what):
        self.what, self.ratio, self.where = what, mp.mpf(0), "none"

    def add(self, got, expected, allowed, where):
        assert np.isfinite(got), f"{self.what}: {got} in {where}"
        error = abs(mp.mpf(float(got)) - expected)
        ratio = error / allowed if error else mp.mpf(0)
        if ratio > self.ratio:
            self.ratio = ratio
            self.where = (f"{where}: got {got!r}, expected "
                          f"{mp.nstr(expected, 20)}")

    def check(self):
        print(f"{self.what}: worst error is {mp.nstr(self.ratio, 3)} of what "
              f"is allowed, in {self.where}")
        assert self.ratio <= MOST, f"{self.what}: {self.where}"


def rounding_allowance(function, inputs, unit):
    """How much each result of `function(*inputs)` changes when the inputs are
    rounded once, each by a relative `unit`."""
    exact = function(*inputs)
    allowance = [mp.mpf(0)] * len(exact)
    for i, value in enumerate(inputs):
        worst = [mp.mpf(0)] * len(exact)
        for sign in (1, -1):
            moved = list(inputs)
            moved[i] = value * (1 + sign * unit)
            for k, result in enumerate(function(*moved)):
                worst[k] = max(worst[k], abs(result - exact[k]))
        allowance = [total + part for total, part in zip(allowance, worst)]
    return allowance


def gradient(function, inputs):
    """The derivatives of a number by each input, from differences in four times
    the digits, as an input may be much smaller than what it is added to."""
    slopes, digits = [], mp.mp.dps
    with mp.workdps(4 * digits):
        for i, value in enumerate(inputs):
            step = mp.mpf(10)**-digits * (abs(value) or 1)
            forward, back = list(inputs), list(inputs)
            forward[i], back[i] = value + step, value - step
            slopes.append((function(*forward) - function(*back)) / (2 * step))
    return slopes


def assert_same_code(one, other):
    """Two modules computed the same numbers, by the same formula."""
    if CONTRACTS:
        np.testing.assert_array_max_ulp(one, other, 16)
    else:
        np.testing.assert_array_equal(one, other)


def assert_storage_computes_in_f32(stored, wide):
    """Results for components of a 16-bit type are those for the same numbers in
    f32, and those that are stored are rounded once; the first is a distance."""
    assert stored[0].dtype == np.float32
    assert_same_code(stored[0], wide[0])
    for got, expected in zip(stored[1:], wide[1:]):
        bits = np.asarray(got).view(np.int16).astype(np.int32)
        expected_bits = expected.astype(got.dtype).view(np.int16)
        # What was not rounded alike before may be rounded to a neighbor.
        assert np.abs(bits - expected_bits).max(initial=0) <= CONTRACTS
