# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is learnt of phases: the programs, and what they compute of many beliefs."""

from collections import namedtuple
from string import Template

import numpy as np

# The log-likelihood of a phase θ has -log I₀(κ) in it, which is what the uniform
# belief has of divergence to (μ, κ): its mean cos(θ - μ) is zero.
_LIKELIHOOD = """
func.func private @nll(%mu: !t, %c: !t, %C: !t, %S: !t) -> (!t, !t, !t) {
  %zero = arith.constant dense<0.0> : !t
  %k = math.exp %c : !t
  %uniform = fisher.belief %zero, %zero : !k
  %b = fisher.belief %mu, %k : !k
  %log_i0, %u0, %u1, %a0, %a1 = fisher.kl_divergence_with_gradients %uniform, %b : !k
  %cos = math.cos %mu : !t
  %sin = math.sin %mu : !t
  %Cc = arith.mulf %C, %cos : !t
  %Ss = arith.mulf %S, %sin : !t
  %Sc = arith.mulf %S, %cos : !t
  %Cs = arith.mulf %C, %sin : !t
  %along = arith.addf %Cc, %Ss : !t
  %across = arith.subf %Cs, %Sc : !t
  %told = arith.mulf %k, %along : !t
  %nll = arith.subf %log_i0, %told : !t
  %by_mu = arith.mulf %k, %across : !t
  %less = arith.subf %a1, %along : !t
  %by_c = arith.mulf %k, %less : !t
  return %nll, %by_mu, %by_c : !t, !t, !t
}
"""

_EVALUATION = (
    _LIKELIHOOD
    + """
func.func @main(%mu: !t {fisher.name = "mu"}, %c: !t {fisher.name = "c"},
                %C: !t {fisher.name = "C"}, %S: !t {fisher.name = "S"}) -> !t {
  %nll, %by_mu, %by_c = call @nll(%mu, %c, %C, %S) : (!t, !t, !t, !t) -> (!t, !t, !t)
  return %nll : !t
}
"""
)

# The gradient of a penalty of weight 1, as each belief has a weight of its own, and
# for each number about half of its curvature, by the metric at both ends, so that
# steps of one size do for all penalties.
_VON_MISES = """%p, %g0, %g1 = fisher.penalty_with_gradient %b toward %r weight %unit : !v -> tensor<f64>, !t, !t
  %m0, %m1 = fisher.metric %r, %ones, %ones : !v
  %mm = arith.mulf %f0, %m0 : !t
  %mean = math.sqrt %mm : !t
  %q0 = arith.addf %f0, %mean : !t
  %q1 = arith.addf %f1, %f1 : !t"""
_GAUSSIAN = """%less_half = arith.constant dense<-0.5> : !t
  %ls = arith.mulf %less_half, %c : !t
  %lsr = arith.mulf %less_half, %cr : !t
  %n = fisher.belief %mu, %ls : !n
  %nr = fisher.belief %mur, %lsr : !n
  %p, %g0, %gs = fisher.penalty_with_gradient %n toward %nr weight %unit : !n -> tensor<f64>, !t, !t
  %g1 = arith.mulf %less_half, %gs : !t
  %m0, %m1 = fisher.metric %n, %ones, %less_half : !n
  %o0, %o1 = fisher.metric %nr, %ones, %less_half : !n
  %mm = arith.mulf %m0, %o0 : !t
  %mean = math.sqrt %mm : !t
  %q0 = arith.addf %m0, %mean : !t
  %q1 = arith.negf %m1 : !t"""
_L2 = """%k = math.exp %c : !t
  %kr = math.exp %cr : !t
  %cos = math.cos %mu : !t
  %sin = math.sin %mu : !t
  %cosr = math.cos %mur : !t
  %sinr = math.sin %mur : !t
  %x = arith.mulf %k, %cos : !t
  %y = arith.mulf %k, %sin : !t
  %xr = arith.mulf %kr, %cosr : !t
  %yr = arith.mulf %kr, %sinr : !t
  %dx = arith.subf %x, %xr : !t
  %dy = arith.subf %y, %yr : !t
  %xdx = arith.mulf %x, %dx : !t
  %ydy = arith.mulf %y, %dy : !t
  %xdy = arith.mulf %x, %dy : !t
  %ydx = arith.mulf %y, %dx : !t
  %turning = arith.subf %xdy, %ydx : !t
  %outward = arith.addf %xdx, %ydy : !t
  %g0 = arith.mulf %ones, %turning : !t
  %g1 = arith.mulf %ones, %outward : !t
  %half = arith.constant dense<0.5> : !t
  %ks = arith.addf %k, %kr : !t
  %kks = arith.mulf %k, %ks : !t
  %q0 = arith.mulf %half, %kks : !t
  %q1 = arith.mulf %k, %k : !t"""

# Down n·NLL + weight·D², in parts of a step of Newton, none longer than ½. The
# concentration stays above 0.001: at 0 a direction could not turn any more.
_STEP = Template(
    _LIKELIHOOD
    + """
func.func @main(
    %mu: !t {fisher.name = "mu", fisher.role = "param"},
    %c: !t {fisher.name = "c", fisher.role = "param"},
    %C: !t {fisher.name = "C", fisher.role = "state"},
    %S: !t {fisher.name = "S", fisher.role = "state"},
    %number: !t {fisher.name = "number", fisher.role = "state"},
    %mur: !t {fisher.name = "reference.mu", fisher.role = "state"},
    %cr: !t {fisher.name = "reference.c", fisher.role = "state"},
    %weight: !t {fisher.name = "weight", fisher.role = "state"},
    %moved: !t {fisher.name = "moved", fisher.role = "state"})
    -> (!t {fisher.updates = "mu"}, !t {fisher.updates = "c"}, !t {fisher.updates = "moved"}) {
  %unit = arith.constant 1.0 : f64
  %ones = arith.constant dense<1.0> : !t
  %b = fisher.belief %mu, %c : !v
  %r = fisher.belief %mur, %cr : !v
  %nll, %l0, %l1 = call @nll(%mu, %c, %C, %S) : (!t, !t, !t, !t) -> (!t, !t, !t)
  %f0, %f1 = fisher.metric %b, %ones, %ones : !v
  $penalty
  %twice = arith.addf %weight, %weight : !t
  %pull0 = arith.mulf %weight, %g0 : !t
  %pull1 = arith.mulf %weight, %g1 : !t
  %nl0 = arith.mulf %number, %l0 : !t
  %nl1 = arith.mulf %number, %l1 : !t
  %d0 = arith.addf %nl0, %pull0 : !t
  %d1 = arith.addf %nl1, %pull1 : !t
  %CC = arith.mulf %C, %C : !t
  %SS = arith.mulf %S, %S : !t
  %RR = arith.addf %CC, %SS : !t
  %R = math.sqrt %RR : !t
  %kappa = math.exp %c : !t
  %kR = arith.mulf %kappa, %R : !t
  %sharp = arith.addf %f0, %kR : !t
  %nf0 = arith.mulf %number, %sharp : !t
  %nf1 = arith.mulf %number, %f1 : !t
  %wq0 = arith.mulf %twice, %q0 : !t
  %wq1 = arith.mulf %twice, %q1 : !t
  %h0 = arith.addf %nf0, %wq0 : !t
  %h1 = arith.addf %nf1, %wq1 : !t
  %newton0 = arith.divf %d0, %h0 : !t
  %newton1 = arith.divf %d1, %h1 : !t
  %rate = arith.constant dense<-0.3> : !t
  %far0 = arith.mulf %rate, %newton0 : !t
  %far1 = arith.mulf %rate, %newton1 : !t
  %most = arith.constant dense<0.5> : !t
  %least = arith.constant dense<-0.5> : !t
  %below0 = arith.minimumf %far0, %most : !t
  %below1 = arith.minimumf %far1, %most : !t
  %go0 = arith.maximumf %below0, %least : !t
  %go1 = arith.maximumf %below1, %least : !t
  %new_mu = arith.addf %mu, %go0 : !t
  %low_c = arith.addf %c, %go1 : !t
  %floor = arith.constant dense<-7.0> : !t
  %new_c = arith.maximumf %low_c, %floor : !t
  %gone_c = arith.subf %new_c, %c : !t
  %a0 = math.absf %go0 : !t
  %a1 = math.absf %gone_c : !t
  %way = arith.addf %a0, %a1 : !t
  return %new_mu, %new_c, %way : !t, !t, !t
}
"""
)

# `near` beliefs start on the turn that is next to the reference's.
Method = namedtuple("Method", "label penalty near")
METHODS = {
    "exact": Method("exact distance", _VON_MISES, False),
    "gaussian": Method("Gaussian, stored angle", _GAUSSIAN, False),
    "near": Method("Gaussian, nearest turn", _GAUSSIAN, True),
    "l2": Method("L2 of κ cos μ, κ sin μ", _L2, False),
}

_DISTANCES = """
func.func @main(%mu: !t {fisher.name = "mu"}, %c: !t {fisher.name = "c"},
                %mur: !t {fisher.name = "mur"}, %cr: !t {fisher.name = "cr"}) -> (!t, !t) {
  %b = fisher.belief %mu, %c : !v
  %r = fisher.belief %mur, %cr : !v
  %exact = fisher.squared_distance %b, %r : !v -> !t
  %less_half = arith.constant dense<-0.5> : !t
  %ls = arith.mulf %less_half, %c : !t
  %lsr = arith.mulf %less_half, %cr : !t
  %n = fisher.belief %mu, %ls : !n
  %nr = fisher.belief %mur, %lsr : !n
  %gaussian = fisher.squared_distance %n, %nr : !n -> !t
  return %exact, %gaussian : !t, !t
}
"""


def write(text, size):
    """The text for so many beliefs: !v stores log κ, !k stores κ, !n is Gaussian."""
    families = {
        "!v": "von_mises<log_kappa>",
        "!k": "von_mises<kappa>",
        "!n": "gaussian<log_sigma>",
    }
    for name, family in families.items():
        text = text.replace(name, f"!fisher.belief<#fisher.{family}, !t>")
    return text.replace("!t", f"tensor<{size}xf64>")


def stack(function, cases):
    """What a function of flat arrays gives for each case, in its shape: in one run for
    all, as it takes longer to compile than to run."""
    cases = {name: np.broadcast_arrays(*case) for name, case in cases.items()}
    columns = [np.concatenate([part.ravel() for part in of]) for of in zip(*cases.values())]
    results = function(*columns)
    found, begin = {}, 0
    for name, (first, *_) in cases.items():
        end = begin + first.size
        found[name] = [result[begin:end].reshape(first.shape) for result in results]
        begin = end
    return found


def squared_distances(tools, cases):
    """For pairs (μ, κ, μ, κ) the exact d², the Gaussian's, and half of L2's square."""

    def evaluate(mu, kappa, mur, kappar):
        logs = {"c": np.log(kappa), "cr": np.log(kappar)}
        found = tools.evaluate(write(_DISTANCES, mu.size), mu=mu, mur=mur, **logs)
        l2 = 0.5 * abs(kappa * np.exp(1j * mu) - kappar * np.exp(1j * mur)) ** 2
        return *found, l2

    return stack(evaluate, cases)


def likelihoods(tools, cases):
    """For beliefs (μ, log κ, mean) the mean negative log-likelihood of phases whose mean
    e^{iθ} this is."""

    def evaluate(mu, c, mean):
        parts = {"C": mean.real.copy(), "S": mean.imag.copy()}
        (nll,) = tools.evaluate(write(_EVALUATION, mu.size), mu=mu, c=c, **parts)
        return [np.log(2 * np.pi) + nll]

    return {name: of[0] for name, of in stack(evaluate, cases).items()}


def wrap(angle):
    return np.angle(np.exp(1j * angle))


def learn(tools, method, steps, cases):
    """For (mean, n, μ, log κ, weight) the belief of n phases whose mean e^{iθ} this is,
    with the reference (μ, log κ), and how far it goes in the last step."""

    def train(mean, number, mur, cr, weight):
        mu = np.angle(mean)
        if method.near:
            mu = mur + wrap(mu - mur)
        start = {
            "mu": mu, "c": cr, "C": mean.real, "S": mean.imag, "number": number,
            "reference.mu": mur, "reference.c": cr, "weight": weight, "moved": 0 * mu,
        }  # fmt: skip
        start = {name: np.array(array, float) for name, array in start.items()}
        text = _STEP.substitute(penalty=method.penalty)
        final, _ = tools.train(write(text, mu.size), start, steps, 1)
        return final["mu"], final["c"], final["moved"]

    return stack(train, cases)
