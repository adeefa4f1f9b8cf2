# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loops that carry beliefs, run: each iteration reads what the last one wrote."""

import resource

import numpy as np
import pytest

import execution

TYPES = """
!b = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<{0}xf64>>
!t = tensor<{0}xf64>
"""
# n times a part t of the way that is left: 1 - (1 - t)^n of all of it.
FOR = """
  %y = scf.for %i = %zero to %n step %one iter_args(%x = %a) -> !b {
    %z = fisher.geodesic %x, %b at %t : !b
    scf.yield %z : !b
  }
"""
WHILE = """
  %y, %last = scf.while (%x = %a, %i = %zero) : (!b, index) -> (!b, index) {
    %more = arith.cmpi slt, %i, %n : index
    scf.condition(%more) %x, %i : !b, index
  } do {
  ^bb0(%x: !b, %i: index):
    %z = fisher.geodesic %x, %b at %t : !b
    %next = arith.addi %i, %one : index
    scf.yield %z, %next : !b, index
  }
"""
SWAP = """
  %y, %other = scf.for %i = %zero to %n step %one iter_args(%x = %a, %w = %b) -> (!b, !b) {
    scf.yield %w, %x : !b, !b
  }
"""
IF = """
  %odd = arith.remui %n, %two : index
  %is = arith.cmpi eq, %odd, %one : index
  %y = scf.if %is -> !b {
    %z = fisher.geodesic %a, %b at %t : !b
    scf.yield %z : !b
  } else {
    scf.yield %a : !b
  }
"""
# What they are compared with.
GEODESIC = "%y = fisher.geodesic %a, %b at %t : !b"
WAY = {
    "for": (FOR, lambda n, t: 1 - (1 - t) ** n),
    "while": (WHILE, lambda n, t: 1 - (1 - t) ** n),
    "swap": (SWAP, lambda n, t: n % 2),
    "if": (IF, lambda n, t: n % 2 * t),
}


def module(body, size):
    return TYPES.format(size) + f"""
func.func @main(%a0: !t, %a1: !t, %b0: !t, %b1: !t, %t: f64, %n: index) -> (!t, !t) {{
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %a = fisher.belief %a0, %a1 : !b
  %b = fisher.belief %b0, %b1 : !b
  {body}
  %r:2 = fisher.components %y : !b
  return %r#0, %r#1 : !t, !t
}}
"""


def draw(size):
    rng = np.random.default_rng(size)
    return [rng.normal(size=size) for _ in range(4)]


@pytest.mark.parametrize("size", ["5", "?"])
@pytest.mark.parametrize("name", WAY)
def test_beliefs_are_carried(name, size):
    body, way = WAY[name]
    ends, t = draw(5), 0.3
    for n in (0, 1, 2, 3):
        moved = execution.run(module(body, size), *ends, np.float64(t), np.int64(n))
        expected = execution.run(module(GEODESIC, "5"), *ends, np.float64(way(n, t)),
                                 np.int64(n))
        for result, truth in zip(moved, expected):
            np.testing.assert_allclose(result, truth, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["for", "while"])
def test_iterations_free_what_they_used(name):
    """Eight megabytes an iteration would be 1.6 gigabytes."""
    body, _ = WAY[name]
    ends = draw(500_000)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    execution.run(module(body, "?"), *ends, np.float64(0.01), np.int64(200),
                  alone=True)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before < 500_000


@pytest.mark.skipif(execution.DEVICE != "cpu", reason="runs on a device of its own")
def test_beliefs_are_carried_on_a_device(monkeypatch):
    """Without an iteration, buffers are copied onto themselves."""
    monkeypatch.setattr(execution, "DEVICE", "opencl")
    for name, size in [("for", 5), ("swap", 5), ("while", "?")]:
        test_beliefs_are_carried(name, size)
