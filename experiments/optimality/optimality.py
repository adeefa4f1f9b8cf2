# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What do paths between the same two beliefs cost?"""

import sys
from collections import namedtuple
from string import Template

import numpy as np
from common import model, report
from common.statistics import FAILED, HELD, is_between, log_interval, together
from common.tools import map_parallel

# How a belief %mu, %c goes to %m, %r, given the belief %mu1, %c1 where it should
# be after all steps, and the share %rate that an even clock has left to do: one
# over the number of steps that are left. %steady is a rate that stays the same.
_DECAY = """%rates = tensor.splat %rate : !t
  %off0 = arith.subf %mu1, %mu : !t
  %off1 = arith.subf %c1, %c : !t
  %move0 = arith.mulf %rates, %off0 : !t
  %move1 = arith.mulf %rates, %off1 : !t
  %m = arith.addf %mu, %move0 : !t
  %r = arith.addf %c, %move1 : !t"""

_BODIES = {
    "proximal": """%kept = arith.subf %one, %rate : f64
  %strength = arith.divf %rate, %kept : f64
  %q = fisher.proximal_step %b toward %b1 strength %strength : !b
  %m, %r = fisher.components %q : !b""",
    "decay": _DECAY,
    "steady_decay": _DECAY.replace("%rate :", "%steady :"),
    # The average of an iterate that goes evenly for 7 tenths of the steps, then waits.
    "average": """%share = arith.constant 0.7 : f64
  %go = arith.mulf %share, %T : f64
  %part = arith.divf %t, %go : f64
  %there = arith.minimumf %part, %one : f64
  %theres = tensor.splat %there : !t
  %whole0 = arith.subf %mu1, %mu0 : !t
  %whole1 = arith.subf %c1, %c0 : !t
  %gone0 = arith.mulf %theres, %whole0 : !t
  %gone1 = arith.mulf %theres, %whole1 : !t
  %iterate0 = arith.addf %mu0, %gone0 : !t
  %iterate1 = arith.addf %c0, %gone1 : !t
  %gain = arith.constant 20.0 : f64
  %new = arith.divf %gain, %T : f64
  %news = tensor.splat %new : !t
  %off0 = arith.subf %iterate0, %mu : !t
  %off1 = arith.subf %iterate1, %c : !t
  %move0 = arith.mulf %news, %off0 : !t
  %move1 = arith.mulf %news, %off1 : !t
  %m = arith.addf %mu, %move0 : !t
  %r = arith.addf %c, %move1 : !t""",
    # A point of the geodesic, but for means that noise multiplies, as dropout of
    # one weight in ten does on the average.
    "dropout": """%part = arith.divf %t, %T : f64
  %q = fisher.geodesic %b0, %b1 at %part : !b
  %even, %r = fisher.components %q : !b
  %strength = arith.constant dense<0.3333333333333333> : !t
  %scaled = arith.mulf %strength, %eps : !t
  %noise = arith.mulf %scaled, %even : !t
  %m = arith.addf %even, %noise : !t""",
    # Down KL(belief ‖ end).
    "natural": """%k, %g0, %g1, %h0, %h1 = fisher.kl_divergence_with_gradients %b, %b1 : !b
  %n0, %n1 = fisher.natural_gradient %b, %g0, %g1 : !b
  %minus = arith.negf %rate : f64
  %rates = tensor.splat %minus : !t
  %v0 = arith.mulf %rates, %n0 : !t
  %v1 = arith.mulf %rates, %n1 : !t
  %q = fisher.exp %b, %v0, %v1 : !b
  %m, %r = fisher.components %q : !b""",
}

# The last step goes to the end, from wherever the belief is.
_STEP = Template("""
func.func @main(
    %mu: !t {fisher.name = "w.mu", fisher.role = "param"},
    %c: !t {fisher.name = "w.scale", fisher.role = "param"},
    %mu0: !t {fisher.name = "from.mu", fisher.role = "state"},
    %c0: !t {fisher.name = "from.scale", fisher.role = "state"},
    %mu1: !t {fisher.name = "to.mu", fisher.role = "state"},
    %c1: !t {fisher.name = "to.scale", fisher.role = "state"},
    %clock: tensor<f64> {fisher.name = "clock", fisher.role = "state"},
    %path: tensor<${steps}x2xf64> {fisher.name = "path", fisher.role = "state"},
    %eps: !t {fisher.name = "eps", fisher.role = "eps"})
    -> (!t {fisher.updates = "w.mu"}, !t {fisher.updates = "w.scale"},
        !t {fisher.updates = "from.mu"}, !t {fisher.updates = "from.scale"},
        !t {fisher.updates = "to.mu"}, !t {fisher.updates = "to.scale"},
        tensor<f64> {fisher.updates = "clock"},
        tensor<${steps}x2xf64> {fisher.updates = "path"}) {
  %b = fisher.belief %mu, %c : !b
  %b0 = fisher.belief %mu0, %c0 : !b
  %b1 = fisher.belief %mu1, %c1 : !b
  %one = arith.constant 1.0 : f64
  %T = arith.constant $steps.0 : f64
  %decades = arith.constant 5.0 : f64
  %steady = arith.divf %decades, %T : f64
  %before = tensor.extract %clock[] : tensor<f64>
  %t = arith.addf %before, %one : f64
  %left = arith.subf %T, %before : f64
  %rate = arith.divf %one, %left : f64
  $body
  %last = arith.cmpf oge, %t, %T : f64
  %lasts = tensor.splat %last : !i
  %new_mu = arith.select %lasts, %mu1, %m : !i, !t
  %new_c = arith.select %lasts, %c1, %r : !i, !t
  %later = tensor.from_elements %t : tensor<f64>

  // The path of one belief, for the picture.
  %integer = arith.fptosi %before : f64 to i64
  %i = arith.index_cast %integer : i64 to index
  %w = arith.constant $shown : index
  %zero = arith.constant 0 : index
  %next = arith.constant 1 : index
  %shown_mu = tensor.extract %new_mu[%w] : !t
  %shown_c = tensor.extract %new_c[%w] : !t
  %path0 = tensor.insert %shown_mu into %path[%i, %zero] : tensor<${steps}x2xf64>
  %path1 = tensor.insert %shown_c into %path0[%i, %next] : tensor<${steps}x2xf64>
  return %new_mu, %new_c, %mu0, %c0, %mu1, %c1, %later, %path1
      : !t, !t, !t, !t, !t, !t, tensor<f64>, tensor<${steps}x2xf64>
}
""")

Scheme = namedtuple("Scheme", "label body chart")
SCHEMES = {
    "fisher_rao": Scheme("Fisher-Rao", "proximal", "log_sigma"),
    "log_sigma": Scheme("weight decay, log σ", "decay", "log_sigma"),
    "softplus": Scheme("weight decay, softplus", "decay", "softplus"),
    "sigma": Scheme("weight decay, σ", "decay", "sigma"),
    "variance": Scheme("weight decay, σ²", "decay", "variance"),
    "precision": Scheme("weight decay, 1/σ²", "decay", "precision"),
    "steady": Scheme("weight decay, log σ, steady rate", "steady_decay", "log_sigma"),
    "average": Scheme("moving average, softplus", "average", "softplus"),
    "natural": Scheme("natural gradient of KL", "natural", "log_sigma"),
    "dropout": Scheme("dropout noise", "dropout", "log_sigma"),
}

# What a straight line costs, of the least, where σ grows r-fold and the mean stays:
# from the metric 2dσ²/σ², whose least is 2 log² r.
THEORY = {
    "variance": lambda r: (r**2 - 1) ** 2 / (4 * r**2 * np.log(r) ** 2),
    "precision": lambda r: (r**2 - 1) ** 2 / (4 * r**2 * np.log(r) ** 2),
    "sigma": lambda r: (r - 1) ** 2 / (r * np.log(r) ** 2),
}

Path = namedtuple("Path", "ratio shown")


def walk(tools, scheme, ends, steps, seed=1, shown=0):
    """What the path cost, of the least for its ends and number of steps; and the
    shown weight's mean and standard deviation after each step."""
    (mu0, sigma0), (mu1, sigma1) = ends
    store = model.CHARTS[scheme.chart].store
    tensor = f"tensor<{mu0.size}xf64>"
    text = _STEP.substitute(body=_BODIES[scheme.body], steps=steps, shown=shown)
    for short, long in (
        ("!t", tensor),
        ("!i", tensor.replace("f64", "i1")),
        ("!b", f"!fisher.belief<#fisher.gaussian<{scheme.chart}>, {tensor}>"),
    ):
        text = text.replace(short, long)
    start = {
        "w.mu": mu0, "w.scale": store(sigma0), "from.mu": mu0, "from.scale": store(sigma0),
        "to.mu": mu1, "to.scale": store(sigma1),
        "clock": np.float64(0), "path": np.zeros((steps, 2)),
    }  # fmt: skip
    policy = model.policy(scheme.chart, "coupled").replace('weight "weight"', "weight 1.0")
    final, lines = tools.train(text, start, steps, seed, measure=policy)
    found = lines[-1]["measurements"]["all"]
    shown_path = model.to_sigma(tools, scheme.chart, *final["path"].T.copy())
    ratio = steps * found["action"] / found["displacement"] ** 2
    return Path(ratio, np.array(shown_path))


def run(tools, quick, picture):
    """Lets schemes go from one belief to another, and measures their action."""
    seeds = range(1, 3 if quick else 6)
    steps = 100 if quick else 400
    training = 400 if quick else 4000
    data = model.write_data(tools.folder)
    trained = map_parallel(lambda seed: model.trained_ends(tools, data, seed, training), seeds)
    # A weight that has moved much, with both numbers.
    (mu0, sigma0), (mu1, sigma1) = trained[0][0]
    shown = int(np.argmax(np.minimum(abs(mu1 - mu0) / sigma0, 2 * np.log(sigma1 / sigma0))))

    jobs = [(name, seed) for name in SCHEMES for seed in seeds]
    paths = map_parallel(
        lambda job: walk(tools, SCHEMES[job[0]], trained[job[1] - 1][0], steps, job[1], shown),
        jobs,
    )
    paths = dict(zip(jobs, paths))
    ratios = {name: np.array([paths[name, seed].ratio for seed in seeds]) for name in SCHEMES}

    folds = [10.0] if quick else [2.0, 5.0, 10.0, 20.0, 50.0]
    lines = [(name, fold) for name in THEORY for fold in folds]

    def walk_line(line):
        ends = [[np.zeros(4), np.full(4, sigma)] for sigma in (0.1, 0.1 * line[1])]
        return walk(tools, SCHEMES[line[0]], ends, 20_000).ratio

    measured = dict(zip(lines, map_parallel(walk_line, lines)))

    result = report.Report()
    geodesic = ratios["fisher_rao"]
    least = min(r.min() for name, r in ratios.items() if name != "fisher_rao")
    result.add(
        "geodesic_is_least",
        "the geodesic costs d²/T, and no other path costs less",
        HELD if np.all(abs(geodesic - 1) < 1e-9) and least > geodesic.max() else FAILED,
        f"Fisher-Rao off by at most {abs(geodesic - 1).max():.0e} of it; the least other costs {least:.4f} times it",
        exact=True,
    )
    errors = [abs(measured[name, fold] / THEORY[name](fold) - 1) for name, fold in lines]
    result.add(
        "lines_are_as_theory_says",
        "where only σ changes, a straight line in σ², 1/σ² or σ costs what the metric says: 4.62, 4.62 and 1.53 times the least for a tenfold σ, within 1 %",
        HELD if max(errors) < 0.01 else FAILED,
        ", ".join(f"{measured[name, 10.0]:.3f}" for name in ("variance", "precision", "sigma"))
        + f"; largest error, for {_list_folds(folds)}: {100 * max(errors):.1g} %",
        exact=True,
    )
    others = {name: log_interval(r) for name, r in ratios.items() if name != "fisher_rao"}
    result.add(
        "others_cost_more",
        "between a network's beliefs before and after training, each other scheme costs at least 1 % more than the geodesic",
        together(is_between(found, low=1.01) for found in others.values()),
        "; ".join(f"{SCHEMES[name].label} {found.format()}" for name, found in others.items()),
    )
    longer = map_parallel(
        lambda seed: walk(tools, SCHEMES["dropout"], trained[seed - 1][0], 2 * steps, seed).ratio,
        seeds,
    )
    growth = log_interval(np.array(longer) / ratios["dropout"])
    result.add(
        "noise_costs_by_the_square",
        "noise costs the same in each step, so of the least it is the square of the number of steps: 4 ± 0.2 times as much for twice as many",
        is_between(growth, 3.8, 4.2),
        f"{growth.format()} times",
    )

    def draw(bars, plane, theory):
        names = list(SCHEMES)[::-1]
        found = [log_interval(ratios[name]) for name in names]
        for i, (name, f) in enumerate(zip(names, found)):
            color = report.COLORS[0 if name == "fisher_rao" else 2]
            bars.errorbar(
                f.mean, i, xerr=[[f.mean - f.low], [f.high - f.mean]], fmt="o", color=color
            )
            bars.annotate(
                f"{f.mean:.2f}" if f.mean < 100 else f"{f.mean:,.0f}", (f.mean, i),
                xytext=(8, 0), textcoords="offset points", va="center",
            )  # fmt: skip
        bars.set_yticks(range(len(names)), [SCHEMES[name].label for name in names])
        bars.set_xscale("log")
        bars.set_xlim(0.7, 15 * max(f.mean for f in found))
        bars.set_title("Action, of the least")
        bars.set_xlabel("action / least action")

        for name, color in zip(
            ("variance", "precision", "sigma", "natural", "fisher_rao"),
            (1, 2, 3, 4, 0),
        ):
            mu, sigma = paths[name, 1].shown
            mu, sigma = np.append(mu0[shown], mu), np.append(sigma0[shown], sigma)
            plane.plot(mu, sigma, color=report.COLORS[color], label=SCHEMES[name].label)
            tenths = np.arange(0, steps + 1, steps // 10)
            plane.plot(mu[tenths], sigma[tenths], ".", color=report.COLORS[color], ms=6)
        plane.set_yscale("log")
        plane.yaxis.set_ticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
        plane.yaxis.set_ticks([], minor=True)
        plane.set_ylim(0.15 * sigma0[shown], 1.2 * sigma1[shown])  # leaves room for the legend
        plane.set_title("Paths of one weight, a dot each tenth")
        plane.set_xlabel("mean μ")
        plane.set_ylabel("standard deviation σ")
        plane.legend(loc="lower right")

        r = np.geomspace(1.05, max(folds) * 1.2, 100)
        for name, color, marker in zip(THEORY, (1, 2, 3), "osd"):
            theory.plot(
                r, THEORY[name](r), color=report.COLORS[color],
                ls="--" if name == "precision" else "-",
            )  # fmt: skip
            theory.plot(
                folds, [measured[name, fold] for fold in folds], marker, mfc="none",
                color=report.COLORS[color], ms=9 if name == "precision" else 6,
                label=SCHEMES[name].label,
            )  # fmt: skip
        theory.set_xscale("log")
        theory.set_yscale("log")
        theory.set_xlim(1, None)
        for axis in (theory.xaxis, theory.yaxis):
            axis.set_ticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
            axis.set_ticks([], minor=True)
        theory.set_title("Straight lines, where only σ grows")
        theory.set_xlabel("σ at the end / at the start")
        theory.set_ylabel("action, of the least")
        theory.legend(title="measured; lines: theory")

    report.write_picture(picture, 3, draw, width=13.5)
    sigma = np.concatenate([ends[1][1] for ends, _ in trained])
    result.values = {
        "seeds": len(seeds),
        "steps": steps,
        "training": training,
        "low": f"{sigma.min():.2f}",
        "high": f"{sigma.max():.2f}",
        "own": log_interval([1 / found["efficiency"] for _, found in trained]).format(2),
    }
    return result


def _list_folds(folds):
    *first, last = [f"{fold:g}" for fold in folds]
    return f"{', '.join(first)} and {last} fold" if first else f"{last} fold"


if __name__ == "__main__":
    sys.exit(report.main(__file__, run))
