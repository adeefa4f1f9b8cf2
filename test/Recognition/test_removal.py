# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Regularizers are taken out of random steps, however they are spelled: nothing
is left of them, and the numbers are those of the step without them."""

import re
import subprocess

import numpy as np
import pytest

import test_random_steps as steps
from execution import run
from findings import recognize
from paths import FISHER_OPT
from programs import make

REMOVED = {"l2_gradient", "l2_loss", "weight_decay", "kl_to_prior"}
KINDS = [steps.l2_added, steps.momentum, steps.adam, steps.l2_loss, steps.kl]
SEEDS = range(6)
REMOVE = ["--fisher-upgrade=remove-only", "--canonicalize", "--cse"]


def opt(text, *options):
    return subprocess.run([FISHER_OPT, "-", *options], input=text,
                          capture_output=True, text=True)


def run_step(text):
    """The results for some arguments."""
    rng = np.random.default_rng(0)
    types = re.findall(r"%arg\d+: (tensor<[^>]*>)", text.split("@main")[1].split(" -> ")[0])
    return run(text, *[np.array(2.0) if type == "tensor<f64>"
                       else rng.uniform(0.5, 1.5, (4, 3)) for type in types])


@pytest.mark.parametrize("passes", [[], steps.FUSE], ids=["written", "fused"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_numbers_are_those_without_the_terms(kind, passes, monkeypatch):
    count = 0
    for seed in SEEDS:
        text, expected = kind(make(seed, element="f64"))
        if not REMOVED & {k for k, _, _ in expected}:
            continue
        # The same spelling, with terms too small to count.
        with monkeypatch.context() as patch:
            for name in ("STRENGTH", "DECAY", "WEIGHT"):
                patch.setattr(steps, name, 1e-200)
            without, _ = kind(make(seed, element="f64"))
        done = opt(text, *passes, *REMOVE)
        assert done.returncode == 0, done.stderr
        removed = done.stdout
        left = [f.kind.replace("adamw", "adam") for f in recognize(removed)["main"]]
        assert left == [k.replace("adamw", "adam") for k, _, _ in expected
                        if k not in REMOVED]
        before = run_step(text)
        for got, reference, old in zip(run_step(removed), run_step(without), before):
            np.testing.assert_allclose(got, reference, rtol=1e-9)
        assert any(np.abs(old - reference).max() > 1e-6
                   for old, reference in zip(before, run_step(without)))
        count += 1
    assert count >= 2


@pytest.mark.parametrize("passes", [[], steps.FUSE], ids=["written", "fused"])
def test_nothing_happens_to_near_misses(passes):
    """The step stays, operation by operation."""
    for kind in steps.NEAR_MISSES:
        text, expected = kind(make(3))
        if REMOVED & {k for k, _, _ in expected}:
            continue
        before = opt(text, *passes)
        after = opt(before.stdout, "--fisher-upgrade")
        assert after.returncode == 0
        assert after.stdout == before.stdout, kind.__name__


def test_almost_all_spellings_are_served():
    """The others are errors, and the module is not printed."""
    served = total = 0
    for kind in KINDS:
        for seed in range(12, 40):
            text, _ = kind(make(seed, element="f64"))
            done = opt(text, *REMOVE)
            total += 1
            served += done.returncode == 0
            if done.returncode:
                assert "cannot take" in done.stderr and not done.stdout
    assert served >= 0.98 * total
