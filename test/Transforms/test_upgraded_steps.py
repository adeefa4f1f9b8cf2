# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Upgraded steps that sample their weights: learnt spreads, and averages along
geodesics, in f64."""

import subprocess

import numpy as np
import pytest

from execution import run
from paths import FISHER_OPT

RATE, STRENGTH, DECAY = 0.1, 0.04, 0.9

# How a spread is stored: operations that make sigma of it, and the same here.
CHARTS = {
    "log_sigma": ("%s = math.exp %r : !t", np.exp, lambda s: np.log(s)),
    "softplus": ("%e = math.exp %r : !t\n  %s = math.log1p %e : !t",
                 lambda r: np.log1p(np.exp(r)), lambda s: np.log(np.expm1(s))),
    "log_variance": ("%h = arith.constant dense<0.5> : !t\n"
                     "  %e = arith.mulf %h, %r : !t\n  %s = math.exp %e : !t",
                     lambda r: np.exp(r / 2), lambda s: 2 * np.log(s)),
}


def step(chart, has_l2):
    """w = m + s eps; the gradients of m and r are x and x eps (not the slope's: it
    does not matter here), L2 is on m, and m and r are averaged."""
    l2 = """%lambda = arith.constant dense<0.04> : !t
  %pull = arith.mulf %m, %lambda : !t
  %gm = arith.addf %g, %pull : !t""" if has_l2 else "%gm = arith.mulf %g, %one : !t"
    return f"""!t = tensor<5xf64>
func.func @main(%m: !t {{fisher.name = "m"}}, %r: !t {{fisher.name = "r"}}, %am: !t, %ar: !t,
    %x: !t, %eps: !t) -> (!t, !t, !t, !t) {{
  %one = arith.constant dense<1.0> : !t
  %rate = arith.constant dense<{RATE}> : !t
  %keep = arith.constant dense<{DECAY}> : !t
  %share = arith.constant dense<{1 - DECAY:.17e}> : !t
  {CHARTS[chart][0]}
  %n = arith.mulf %s, %eps : !t
  %w = arith.addf %m, %n : !t
  %g = arith.mulf %w, %x : !t
  {l2}
  %gr = arith.mulf %x, %eps : !t
  %0 = arith.mulf %rate, %gm : !t
  %m1 = arith.subf %m, %0 : !t
  %1 = arith.mulf %rate, %gr : !t
  %r1 = arith.subf %r, %1 : !t
  %2 = arith.mulf %keep, %am : !t
  %3 = arith.mulf %share, %m1 : !t
  %am1 = arith.addf %2, %3 : !t
  %4 = arith.mulf %keep, %ar : !t
  %5 = arith.mulf %share, %r1 : !t
  %ar1 = arith.addf %4, %5 : !t
  return %m1, %r1, %am1, %ar1 : !t, !t, !t, !t
}}
"""


def opt(text, *options):
    done = subprocess.run([FISHER_OPT, "-", *options], input=text,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def distance(a, b):
    """Of normal distributions (mean, sigma)."""
    (m, s), (n, t) = a, b
    half = (m - n) ** 2 / 2
    return 2 * np.sqrt(2) * np.arctanh(np.sqrt(
        (half + (s - t) ** 2) / (half + (s + t) ** 2)))


def make_inputs(chart):
    rng = np.random.default_rng(1)
    _, _, store = CHARTS[chart]
    return [rng.normal(size=5), store(rng.uniform(0.5, 2, 5)), rng.normal(size=5),
            store(rng.uniform(0.5, 2, 5)), rng.normal(size=5), rng.normal(size=5)]


@pytest.mark.parametrize("passes", [
    [], ["--convert-elementwise-to-linalg", "--linalg-fuse-elementwise-ops",
         "--canonicalize", "--cse"],
    ["--convert-elementwise-to-linalg", "--fisher-fuse-elementwise", "--fisher-fuse",
     "--canonicalize", "--cse"]], ids=["written", "fused", "siblings"])
@pytest.mark.parametrize("chart", CHARTS)
def test_averages_go_along_geodesics(chart, passes):
    """On the geodesic from the old average to the new belief, a tenth of its
    length: the distances to both ends say so."""
    text = step(chart, has_l2=False)
    upgraded = opt(text, *passes, "--fisher-upgrade")
    assert "fisher.policy" not in upgraded
    assert "9.000000e-01" not in upgraded  # nothing is left of the straight one
    inputs = make_inputs(chart)
    _, get, _ = CHARTS[chart]
    m, r, am, ar = run(upgraded, *inputs)
    m1, r1, straight, _ = run(text, *inputs)
    np.testing.assert_allclose(m, m1, rtol=1e-14)
    np.testing.assert_allclose(r, r1, rtol=1e-14)
    old, new, got = (inputs[2], get(inputs[3])), (m, get(r)), (am, get(ar))
    whole = distance(old, new)
    np.testing.assert_allclose(distance(old, got), (1 - DECAY) * whole, rtol=1e-9)
    np.testing.assert_allclose(distance(got, new), DECAY * whole, rtol=1e-9)
    assert np.abs(straight - am).max() > 1e-3


@pytest.mark.parametrize("chart", CHARTS)
def test_learnt_spread(chart):
    """The gradient of the distance to N(0, sigma^2), for mean and spread, by
    differences; the averages are of what is new then."""
    sigma = 0.7
    upgraded = opt(step(chart, has_l2=True), f"--fisher-upgrade=belief=learnt sigma={sigma}")
    assert f'"m", "r" as #fisher.gaussian<{chart}>' in upgraded
    inputs = make_inputs(chart)
    m, r, am, ar = run(opt(upgraded, "--fisher-insert"), *inputs)
    m0, r0, *_ = run(step(chart, has_l2=False), *inputs)
    _, get, _ = CHARTS[chart]

    def penalty(m, r):
        return STRENGTH * sigma**2 / 2 * distance((m, get(r)), (0, sigma)) ** 2

    h = 1e-5
    by_m = (penalty(inputs[0] + h, inputs[1]) - penalty(inputs[0] - h, inputs[1])) / (2 * h)
    by_r = (penalty(inputs[0], inputs[1] + h) - penalty(inputs[0], inputs[1] - h)) / (2 * h)
    np.testing.assert_allclose(m, m0 - RATE * by_m, rtol=1e-8)
    np.testing.assert_allclose(r, r0 - RATE * by_r, rtol=1e-8)
    old, new = (inputs[2], get(inputs[3])), (m, get(r))
    np.testing.assert_allclose(distance(old, (am, get(ar))),
                               (1 - DECAY) * distance(old, new), rtol=1e-9)


@pytest.mark.parametrize("chart", CHARTS)
def test_learnt_spread_pulls_the_mean_as_before(chart):
    """Where sigma is the prior's, up to the third order: a tenth of the mean has a
    thousandth of the difference."""
    sigma = 0.7
    upgraded = opt(step(chart, has_l2=True), f"--fisher-upgrade=belief=learnt sigma={sigma}")
    inserted = opt(upgraded, "--fisher-insert")
    largest = []
    for scale in (0.2, 0.02):
        inputs = make_inputs(chart)
        inputs[0] = scale * inputs[0]
        inputs[1][:] = CHARTS[chart][2](sigma)
        got, before = run(inserted, *inputs)[0], run(step(chart, has_l2=True), *inputs)[0]
        largest.append(np.abs(got - before).max())
    assert 500 < largest[0] / largest[1] < 2000


@pytest.mark.parametrize("old, new", [
    ("%w = arith.addf %m, %n", "%mm = arith.addf %m, %m : !t\n  %w = arith.addf %mm, %n"),
    ("%w = arith.addf %m, %n", "%nx = arith.addf %n, %x : !t\n  %w = arith.addf %m, %nx"),
    ("%n = arith.mulf %s, %eps", "%h = math.tanh %eps : !t\n  %n = arith.mulf %s, %h"),
    ("%n = arith.mulf %s, %eps", "%e = arith.mulf %eps, %eps : !t\n  %n = arith.mulf %s, %e"),
    ("%n = arith.mulf %s, %eps", "%ss = arith.mulf %s, %s : !t\n  %n = arith.mulf %ss, %eps"),
    ("%r1 = arith.subf %r, %1", "%r1 = arith.maximumf %r, %1")],
    ids=["twice the mean", "a sum", "no noise", "squared noise", "variance",
         "not learnt"])
def test_what_is_no_spread(old, new):
    text = step("log_sigma", has_l2=True)
    assert old in text
    done = subprocess.run([FISHER_OPT, "-", "--fisher-upgrade=belief=learnt"],
                          input=text.replace(old, new), capture_output=True, text=True)
    assert done.returncode == 1
    assert "no parameter is its spread" in done.stderr


MOMENTUM = """func.func @main(%p: tensor<6xf64>, %v: tensor<6xf64>, %g: tensor<6xf64>) -> (tensor<6xf64>, tensor<6xf64>) {
  %rate = arith.constant dense<RATE> : tensor<6xf64>
  %mu = arith.constant dense<0.9> : tensor<6xf64>
  %decay = arith.constant dense<DECAY> : tensor<6xf64>
  %0 = arith.mulf %v, %mu : tensor<6xf64>
  %v1 = arith.addf %0, %g : tensor<6xf64>
  %1 = arith.mulf %v1, %rate : tensor<6xf64>
  %2 = arith.mulf %p, %decay : tensor<6xf64>
  %3 = arith.subf %p, %2 : tensor<6xf64>
  %p1 = arith.subf %3, %1 : tensor<6xf64>
  return %p1, %v1 : tensor<6xf64>, tensor<6xf64>
}
"""


def test_decay_is_a_proximal_step_to_second_order():
    """Half of the rate has a quarter of the difference."""
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=6) for _ in range(3)]
    largest = []
    for rate in (0.02, 0.01, 0.005):
        text = MOMENTUM.replace("RATE", str(rate)).replace("DECAY", f"{0.5 * rate:.17e}")
        upgraded = opt(text, "--fisher-upgrade")
        assert "weight 2.500000e-01 mode proximal" in upgraded
        new = run(opt(upgraded, "--fisher-insert"), *inputs)
        old = run(text, *inputs)
        np.testing.assert_allclose(new[1], old[1], rtol=1e-14)
        largest.append(np.abs(new[0] - old[0]).max())
    assert 3.5 < largest[0] / largest[1] < 4.5 and 3.7 < largest[1] / largest[2] < 4.3
