# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Does the efficiency of a run tell how well its network generalizes?"""

import sys
from collections import namedtuple
from pathlib import Path
from string import Template

import numpy as np
from common import model, report
from common.statistics import (
    HELD,
    Interval,
    agree,
    bootstrap,
    correlation,
    interval,
    is_between,
    rank_correlation,
    ranks,
    show,
)
from common.tools import ROOT, map_parallel

HERE = Path(__file__).resolve().parent

# `train` rows are trained on, the others are held out. A run has reached its
# target when so many of those are right; `rate` is that of SGD.
Data = namedtuple("Data", "label path train inputs hidden classes rate target")
DATA = {
    "digits": Data(
        "digits", ROOT / "examples" / "bayes_mlp" / "digits.npz", 400, 64, 32, 10, 0.3, 0.88
    ),
    "cancer": Data("breast cancer", HERE / "breast_cancer.npz", 200, 30, 16, 2, 0.05, 0.96),
}
BATCH = 32
SIGMA = 0.05
LOG_EVERY = 10

_STEP = Template("""
func.func @main(
    %mu0: !w0 {fisher.name = "fc0.mu", fisher.role = "param"},
    %c0: !w0 {fisher.name = "fc0.scale", fisher.role = "param"},
    %a0: !a0 {fisher.name = "fc0.bias", fisher.role = "param"},
    %mu1: !w1 {fisher.name = "fc1.mu", fisher.role = "param"},
    %c1: !w1 {fisher.name = "fc1.scale", fisher.role = "param"},
    %a1: !a1 {fisher.name = "fc1.bias", fisher.role = "param"},
    %x: !x {fisher.name = "x", fisher.role = "batch"},
    %y: !l {fisher.name = "onehot", fisher.role = "batch"},
    %eps0: !w0 {fisher.name = "eps0", fisher.role = "eps"},
    %eps1: !w1 {fisher.name = "eps1", fisher.role = "eps"},
    %lr: !s {fisher.name = "lr"}, %bias_lr: !s {fisher.name = "bias_lr"})
    -> (!s {fisher.role = "loss"},
        !w0 {fisher.updates = "fc0.mu"}, !w0 {fisher.updates = "fc0.scale"},
        !a0 {fisher.updates = "fc0.bias"},
        !w1 {fisher.updates = "fc1.mu"}, !w1 {fisher.updates = "fc1.scale"},
        !a1 {fisher.updates = "fc1.bias"}) {
  // A sample of the weights; by_c is its derivative by log sigma.
  %s0 = math.exp %c0 : !w0
  %s1 = math.exp %c1 : !w1
  %by_c0 = arith.mulf %s0, %eps0 : !w0
  %by_c1 = arith.mulf %s1, %eps1 : !w1
  %w0 = arith.addf %mu0, %by_c0 : !w0
  %w1 = arith.addf %mu1, %by_c1 : !w1
  %share = arith.constant $share : !f
$logits
$gradients
  %dc0 = arith.mulf %dw0, %by_c0 : !w0
  %dc1 = arith.mulf %dw1, %by_c1 : !w1
$updates
  return %loss, %new_mu0, %new_c0, %new_a0, %new_mu1, %new_c1, %new_a1
      : !s, !w0, !w0, !a0, !w1, !w1, !a1
}
""")

_PREDICTION = Template("""
func.func @main(
    %w0: !w0 {fisher.name = "fc0.mu", fisher.role = "param"},
    %a0: !a0 {fisher.name = "fc0.bias", fisher.role = "param"},
    %w1: !w1 {fisher.name = "fc1.mu", fisher.role = "param"},
    %a1: !a1 {fisher.name = "fc1.bias", fisher.role = "param"},
    %x: !x {fisher.name = "x", fisher.role = "batch"}) -> !l {
$logits
  return %logits : !l
}
""")


def make_step(data):
    """A step of SGD, into which a policy may be inserted in any mode."""
    updates = []
    for name, type, gradient, rate in (
        ("mu0", "w0", "dw0", "lr"), ("c0", "w0", "dc0", "lr"), ("a0", "a0", "da0", "bias_lr"),
        ("mu1", "w1", "dw1", "lr"), ("c1", "w1", "dc1", "lr"), ("a1", "a1", "da1", "bias_lr"),
    ):  # fmt: skip
        updates.append(f"""\
  %h_{name} = tensor.extract %{rate}[] : !s
  %hs_{name} = tensor.splat %h_{name} : !{type}
  %move_{name} = arith.mulf %hs_{name}, %{gradient} : !{type}
  %new_{name} = arith.subf %{name}, %move_{name} : !{type}""")
    types = model.network_types(BATCH, data.inputs, data.hidden, data.classes, "f32")
    return types + _STEP.substitute(
        logits=model.LOGITS, gradients=model.GRADIENTS, updates="\n".join(updates), share=1 / BATCH
    )


def make_prediction(data, rows):
    """The network whose weights are the means of the beliefs."""
    types = model.network_types(rows, data.inputs, data.hidden, data.classes, "f32")
    return types + _PREDICTION.substitute(logits=model.LOGITS)


_BELIEFS = '"(*).mu", "(*).scale" as #fisher.gaussian<log_sigma>'
_PRIOR = f"{_BELIEFS} toward #fisher.prior<[0.0, 1.0]>"
_AVERAGE = "#fisher.moving_average<0.99>"

# How a family regularizes with a weight, the weights, and its rate as a multiple
# of that of SGD: a natural gradient is shorter by about the variance.
Family = namedtuple("Family", "label entry weights rate")
FAMILIES = {
    "none": Family("none", None, [0.0], 1),
    "l2": Family(
        "weight decay",
        '"(*).mu" as #fisher.gaussian_mean<sigma> fixed sigma 1.0 '
        "toward #fisher.prior<[0.0]> weight {} mode coupled",
        [3e-4, 1e-3, 3e-3, 1e-2, 3e-2], 1,
    ),
    "coupled": Family(
        "prior, coupled", _PRIOR + " weight {} mode coupled", [1e-5, 3e-5, 1e-4, 3e-4, 1e-3], 1
    ),
    "proximal": Family(
        "prior, proximal", _PRIOR + ' weight {} step_size "lr" mode proximal',
        [3e-5, 1e-4, 3e-4, 1e-3, 3e-3], 1,
    ),
    "average": Family(
        "moving average", f"{_BELIEFS} toward {_AVERAGE} weight {{}} mode coupled",
        [1e-5, 3e-5, 1e-4, 3e-4, 1e-3], 1,
    ),
    "previous": Family(
        "previous", f'{_BELIEFS} toward #fisher.previous weight {{}} step_size "lr" mode proximal',
        [1e-2, 3e-2, 1e-1, 3e-1, 1], 1,
    ),
    "natural": Family(
        "natural gradient", _PRIOR + " weight {} mode natural", [1e-6, 3e-6, 1e-5, 3e-5, 1e-4], 30
    ),
}  # fmt: skip

# How large a rank correlation is before one would choose a run by it.
OF_USE = 0.5

# What a run tells about its path and what it is asked to predict. A sign is what
# is predicted for efficient runs: that they are better.
PREDICTORS = {
    "efficiency": "η",
    "length": "length ℒ",
    "information": "information",
    "loss": "training loss",
}
Outcome = namedtuple("Outcome", "label better word")
OUTCOMES = {
    "accuracy": Outcome("accuracy", 1, "higher"),
    "nll": Outcome("NLL", -1, "lower"),
    "calibration_error": Outcome("calibration error", -1, "lower"),
    "steps": Outcome("steps to the target", -1, "fewer"),
}


def make_policy(entry):
    return f"fisher.policy @default {{\n  fisher.regularize {entry}\n}}\n"


def train(tools, data, prepared, family, weight, seed, steps):
    """What was measured in a run: predictors and outcomes."""
    random = np.random.default_rng(seed)
    begin = {}
    shapes = {"fc0": (data.inputs, data.hidden), "fc1": (data.hidden, data.classes)}
    for name, shape in shapes.items():
        begin[f"{name}.mu"] = random.normal(size=shape) / np.sqrt(shape[0])
        begin[f"{name}.scale"] = np.full(shape, np.log(SIGMA))
        begin[f"{name}.bias"] = np.zeros(shape[1])
    entry = FAMILIES[family].entry
    _, lines = tools.train(
        prepared.step, {name: array.astype(np.float32) for name, array in begin.items()}, steps,
        seed, prepared.path, log_every=LOG_EVERY,
        policy=make_policy(entry.format(f"{weight:.6e}")) if entry else "",
        measure=make_policy(_PRIOR + " weight 1.0 mode coupled"),
        settings={"lr": data.rate * FAMILIES[family].rate, "bias_lr": data.rate},
        evaluate=prepared.prediction,
    )  # fmt: skip
    last = lines[-1]
    reached = [line["step"] for line in lines if line["accuracy"] >= data.target]
    measured = last["measurements"]["all"]
    # The loss of the data: what a proximal step makes smaller is not in it.
    in_loss = entry is not None and "proximal" not in entry
    losses = [float(line["loss"]) - in_loss * float(line.get("penalty", 0)) for line in lines]
    return {
        **{name: float(measured[name]) for name in ("efficiency", "length", "information")},
        "loss": np.mean(losses[-10:]),  # of ten batches, as these differ much
        **{name: float(last[name]) for name in ("accuracy", "nll", "calibration_error")},
        "steps": reached[0] if reached else 2 * steps,  # what did not get there comes last
    }


Prepared = namedtuple("Prepared", "path step prediction")


def prepare(tools, name):
    """The data as a step takes them, and the texts to train and to predict."""
    data = DATA[name]
    with np.load(data.path) as arrays:
        x, y = arrays["x"].astype(np.float32), arrays["y"]
    path = tools.folder / f"{name}.npz"
    np.savez(path, x=x, y=y, onehot=np.eye(data.classes, dtype=np.float32)[y])
    return Prepared(path, make_step(data), make_prediction(data, len(x) - data.train))


class Sweep:
    """What was found on a data set: `found[name]` has a row for each configuration
    and a column for each of its seeds."""

    def __init__(self, families, found):
        self.families = np.array(families)
        self.found = {
            name: np.array([[run[name] for run in runs] for runs in found]) for name in found[0][0]
        }

    def over_sweep(self, predictor, outcome):
        """Of the configurations' means over seeds; they are resampled."""
        x, y = (self.found[name].mean(axis=1) for name in (predictor, outcome))
        return bootstrap(lambda i: rank_correlation(x[i], y[i]), len(x))

    def within_families(self, predictor, outcome):
        """The mean over families of the correlation in each, where only the weight
        differs; Student's interval, as if families were drawn."""
        x, y = (self.found[name].mean(axis=1) for name in (predictor, outcome))
        names = [name for name in dict.fromkeys(self.families) if name != "none"]
        found = interval(
            [rank_correlation(x[i], y[i]) for i in (self.families == name for name in names)]
        )
        return Interval(found.mean, max(found.low, -1.0), min(found.high, 1.0))

    def between_seeds(self, predictor, outcome):
        """Of runs whose configuration is the same, ranked in it; configurations are
        resampled."""
        x, y = (ranks(self.found[name]) for name in (predictor, outcome))
        return bootstrap(lambda i: correlation(x[i], y[i], axis=(-2, -1)), len(x))

    def advantage(self, predictor, other, outcome):
        """By how much the one's correlation over the sweep is larger in size."""
        x, z, y = (self.found[name].mean(axis=1) for name in (predictor, other, outcome))
        return bootstrap(
            lambda i: abs(rank_correlation(x[i], y[i])) - abs(rank_correlation(z[i], y[i])),
            len(x),
        )


# The digits that ticks have.
_TICKS = {
    ("digits", "x"): [1],
    ("digits", "y"): [1, 2, 3, 4, 5, 6, 8],
    ("cancer", "x"): [1, 2, 5],
    ("cancer", "y"): [1, 7, 8, 9, 1.1],
}

LEVELS = {
    "over_sweep": "over the sweep",
    "within_families": "within a family, over its weights",
    "between_seeds": "between seeds of one configuration",
}


def sweep(tools, families, seeds, steps):
    """Trains everything; no two runs have the same seed."""
    prepared = {name: prepare(tools, name) for name in DATA}
    configurations = [
        (name, weight) for name, family in families.items() for weight in family.weights
    ]
    jobs = [(name, i, k) for name in DATA for i in range(len(configurations)) for k in range(seeds)]

    def run_one(job):
        name, i, k = job
        return train(
            tools, DATA[name], prepared[name], *configurations[i], 1 + i * seeds + k, steps
        )

    runs = dict(zip(jobs, map_parallel(run_one, jobs)))
    sweeps, diverged = {}, 0
    for name in DATA:
        found = [[runs[name, i, k] for k in range(seeds)] for i in range(len(configurations))]
        stays = [all(np.isfinite(list(run.values())).all() for run in row) for row in found]
        diverged += len(stays) - sum(stays)
        sweeps[name] = Sweep(
            [family for (family, _), stay in zip(configurations, stays) if stay],
            [row for row, stay in zip(found, stays) if stay],
        )
    return sweeps, len(configurations), diverged


def run(tools, quick, picture):
    """Trains with many regularizers and weights, and correlates ranks."""
    seeds, steps = (2, 50) if quick else (3, 800)
    families = FAMILIES
    if quick:
        chosen = {"l2": slice(1, None, 2), "previous": slice(-1, None)}
        families = {
            name: FAMILIES[name]._replace(weights=FAMILIES[name].weights[some])
            for name, some in chosen.items()
        }
    sweeps, configurations, diverged = sweep(tools, families, seeds, steps)

    result = report.Report()
    found = {}
    for level, where in LEVELS.items():
        for outcome, o in OUTCOMES.items():
            of_sets = [getattr(s, level)("efficiency", outcome) for s in sweeps.values()]
            found[level, outcome] = of_sets
            result.add(
                f"{outcome}_{level}",
                f"{where}, the larger η, the {o.word} the {o.label}",
                agree(is_between(_direct(f, o), low=0) for f in of_sets),
                "; ".join(f"{data.label} {_format(f)}" for data, f in zip(DATA.values(), of_sets)),
            )
    for outcome in ("accuracy", "nll"):
        gains = [s.advantage("efficiency", "loss", outcome) for s in sweeps.values()]
        result.add(
            f"{outcome}_better_than_loss",
            f"over the sweep, η tells more of {OUTCOMES[outcome].label} than the training loss does: its ρ is larger in size",
            agree(is_between(f, low=0) for f in gains),
            "; ".join(f"{data.label} {_format(f)}" for data, f in zip(DATA.values(), gains)),
        )

    count = len(result.statements)
    for level, where in LEVELS.items():
        directed = {
            f"{data.label}, {o.label}": _direct(f, o)
            for outcome, o in OUTCOMES.items()
            for data, f in zip(DATA.values(), found[level, outcome])
        }
        useful = [is_between(f, low=OF_USE) for f in directed.values()]
        best = max(directed, key=lambda name: directed[name].high)
        result.add(
            f"of_use_{level}",
            f"{where}, η is of use: for some outcome of some data, ρ is {OF_USE} or more where it is predicted",
            HELD if HELD in useful else agree(useful),
            f"no interval has an end beyond {directed[best].high:+.2f} in that direction ({best})",
        )

    def draw(digits, cancer, forest):
        for axes, (name, data) in zip((digits, cancer), DATA.items()):
            s = sweeps[name]
            for (family, entry), color in zip(families.items(), report.COLORS):
                rows = s.families == family
                x, y = (s.found[key][rows].mean(axis=1) for key in ("efficiency", "nll"))
                axes.plot(x, y, "o-", ms=4, lw=0.8, color=color, label=entry.label)
            axes.set_xscale("log")
            axes.set_yscale("log")
            for axis, bounds in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
                ticks = [m * 10.0**k for k in range(-5, 2) for m in _TICKS[name, axis.axis_name]]
                ticks = [tick for tick in ticks if bounds[0] <= tick <= bounds[1]]
                axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
                axis.set_ticks([], minor=True)
            axes.set_title(f"{data.label.capitalize()}: a dot each configuration")
            axes.set_xlabel("efficiency η")
        digits.set_ylabel("NLL of held-out rows")
        cancer.legend(loc="lower right")
        place, ticks = 0.0, []
        for outcome in reversed(OUTCOMES):
            ticks.append(place + 1.0)
            for level, marker in reversed(list(zip(LEVELS, "osd"))):
                for f, color in reversed(list(zip(found[level, outcome], report.COLORS[1:]))):
                    forest.plot([f.low, f.high], [place] * 2, color=color, lw=1.2)
                    forest.plot(f.mean, place, marker, color=color, ms=5)
                    place += 0.4
            place += 0.6
        for (level, where), marker in zip(LEVELS.items(), "osd"):
            forest.plot([], [], marker, color="0.4", ms=5, label=where.split(",")[0])
        for data, color in zip(DATA.values(), report.COLORS[1:]):
            forest.plot([], [], color=color, label=data.label)
        forest.axvline(0, color="0.4", lw=0.8)
        forest.set_yticks(ticks, [o.label for o in reversed(OUTCOMES.values())])
        forest.set_xlim(-1.05, 1.05)
        forest.set_xticks([-1, -0.5, 0, 0.5, 1])
        forest.set_xlabel("Spearman's ρ")
        forest.set_ylim(-0.5, place + 2.2)
        forest.legend(loc="upper center", ncols=2, fontsize=8)
        forest.set_title("Rank correlation of η, 95 % intervals")

    report.write_picture(picture, 3, draw, width=14.5, height=4.8)

    def tabulate(level):
        rows = [
            (o.label, data.label, *(_format(getattr(sweeps[name], level)(p, outcome)) for p in PREDICTORS))
            for outcome, o in OUTCOMES.items()
            for name, data in DATA.items()
        ]  # fmt: skip
        return report.format_table(("outcome", "data", *PREDICTORS.values()), rows)

    def of_family(name, family):
        s = sweeps[name]
        rows = s.families == family
        return [
            f"{rank_correlation(s.found['efficiency'][rows].mean(axis=1), s.found[o][rows].mean(axis=1)):+.1f}"
            for o in ("accuracy", "nll")
        ]

    by_family = report.format_table(
        ("family", *(f"{data.label}: {o}" for data in DATA.values() for o in ("accuracy", "NLL"))),
        [
            (entry.label, *(v for name in DATA for v in of_family(name, family)))
            for family, entry in families.items()
            if family != "none"
        ],
    )
    of = {name: sweeps[name].found for name in DATA}
    result.values = {
        "seeds": seeds,
        "steps": steps,
        "configurations": configurations,
        "diverged": diverged,
        "families": len(families) - ("none" in families),
        "over_sweep": tabulate("over_sweep"),
        "within_families": tabulate("within_families"),
        "by_family": by_family,
        "of_use": OF_USE,
        "count": count,
        "chance": f"{100 * (1 - (1 - 0.05**2) ** count):.0f}",
        "late": "; ".join(
            f"{data.label} {100 * np.mean(of[name]['steps'] > steps):.0f} %"
            for name, data in DATA.items()
        ),
        **{
            f"{outcome}_{name}": f"{show(of[name][outcome].mean(axis=1).min(), 2)} to "
            f"{show(of[name][outcome].mean(axis=1).max(), 2)}"
            for name in DATA
            for outcome in ("accuracy", "nll", "efficiency")
        },
    }
    return result


def _direct(found, outcome):
    """The interval where the direction that is predicted is the positive one."""
    if outcome.better > 0:
        return found
    return Interval(-found.mean, -found.high, -found.low)


def _format(found):
    return f"{found.mean:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"


if __name__ == "__main__":
    sys.exit(report.main(__file__, run))
