# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random modules computed in four ways: a short run of fuzz/differential.py, and
the modules that once differed."""

import sys

import numpy as np
import pytest

pytest.importorskip("jax")

from paths import ROOT

sys.path.append(str(ROOT / "fuzz"))
import differential

# Seeds whose modules once differed, or that the fuzzer itself was wrong about.
ONCE = []
COUNT = 24


@pytest.mark.parametrize("seed", [*ONCE, *range(COUNT)])
def test_ways_agree(seed):
    text, faults = differential.check(seed)
    assert not faults, f"seed {seed}: " + "\n".join(faults) + "\n" + text


def test_notices_a_wrong_result(monkeypatch):
    """The comparison is sharp: a relative error of 1e-9 in f64 is told."""
    text = """func.func @main(%a0: tensor<3xf64>, %a1: tensor<3xf64>) -> (tensor<3xf64>) {
  %v0 = fisher.belief %a0 : !fisher.belief<#fisher.poisson<rate>, tensor<3xf64>>
  %v1 = fisher.belief %a1 : !fisher.belief<#fisher.poisson<rate>, tensor<3xf64>>
  %v2 = fisher.squared_distance %v0, %v1 : !fisher.belief<#fisher.poisson<rate>, tensor<3xf64>> -> tensor<3xf64>
  return %v2 : tensor<3xf64>
}
"""
    arguments = {"%a0": np.array([1.0, 2.0, 3.0]), "%a1": np.array([2.0, 2.5, 0.5])}
    assert differential.compare(text, arguments) == []
    fused = differential.run_fused
    monkeypatch.setattr(differential, "run_fused",
                        lambda *args: [fused(*args)[0] * (1 + 1e-9)])
    faults = differential.compare(text, arguments)
    assert len(faults) == 1 and "fused has" in faults[0], faults
