# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Does what a program stores of a Gaussian change what it learns?"""

import itertools
import sys
from collections import namedtuple

import numpy as np
from common import model, report
from common.statistics import FAILED, HELD, Interval, interval, is_between, log_interval
from common.tools import map_parallel

Scheme = namedtuple("Scheme", "label update decay rate type")

# Rates are per mean loss of a batch. That of the natural gradient is in units in
# which the posterior would take NUM_TRAINING; that of SGD is one with which
# digits are learnt.
RATE = 4.0
SCHEMES = {
    "fisher_rao": Scheme("Fisher-Rao", "geodesic", False, RATE, "f64"),
    "fisher_rao_f32": Scheme("Fisher-Rao in f32", "geodesic", False, RATE, "f32"),
    "natural": Scheme("natural gradient, added", "natural", False, 1.0, "f64"),
    "decay": Scheme("weight decay", "geodesic", True, RATE, "f64"),
    "sgd": Scheme("SGD, Fisher-Rao", "euclidean", False, 0.03, "f64"),
    "sgd_decay": Scheme("SGD, weight decay", "euclidean", True, 0.03, "f64"),
}
WEIGHT = 1 / (2 * model.NUM_TRAINING)
DRAWN = {"fisher_rao", "fisher_rao_f32", "natural 1.0", "decay", "sgd", "sgd_decay"}
PAIRS = list(itertools.combinations(range(len(model.CHARTS)), 2))

# Of the way that beliefs have gone. A run's rounding errors in f64 are about
# 1e-16 times the square root of its operations, and training may let them grow.
ROUNDING = 1e-9
# And what nobody would take for it.
DIFFERENT = 1e-6


def train(tools, data, scheme, chart, seed, steps):
    """What a run has kept, as the chart stores it."""
    dtype = np.dtype({"f64": "float64", "f32": "float32"}[scheme.type])
    final, _ = tools.train(
        model.step(chart, scheme.update, steps, scheme.decay, scheme.type),
        model.start(chart, seed, dtype=dtype),
        steps,
        seed,
        data[scheme.type],
        policy="" if scheme.decay else model.policy(chart),
        settings={"lr": scheme.rate, "bias_lr": 0.1, "weight": WEIGHT},
    )
    return model.flatten_kept(final)


def train_all(tools, data, cases, seeds):
    """For each case, what all runs have kept as means and standard deviations: seed,
    chart, component, time, weight. NaN where a scale has left the chart's domain."""
    jobs = list(itertools.product(cases, seeds, model.CHARTS))

    def train_job(job):
        case, seed, chart = job
        return np.stack(train(tools, data, cases[case][0], chart, seed, cases[case][1]))

    kept = dict(zip(jobs, map_parallel(train_job, jobs)))
    found = {case: [[None] * len(model.CHARTS) for _ in seeds] for case in cases}
    for i, chart in enumerate(model.CHARTS):
        for type in sorted({scheme.type for scheme, _ in cases.values()}):
            same = [job for job in jobs if job[2] == chart and cases[job[0]][0].type == type]
            stored = np.stack([kept[job] for job in same], axis=1)
            sigma = model.to_sigma(tools, chart, *[part.ravel() for part in stored])
            sigma = np.stack([part.reshape(stored.shape[1:]) for part in sigma], axis=1)
            for job, beliefs in zip(same, sigma):
                found[job[0]][job[1] - 1][i] = beliefs
    return {case: np.array(runs) for case, runs in found.items()}


def compare(tools, runs, seeds):
    """The distances of each pair of charts: seed, pair, time; and how far beliefs
    have gone on the average: seed, time."""
    starts = np.array([model.flatten(model.start("sigma", seed)) for seed in seeds])

    def distance(first, second):
        first, second = np.broadcast_arrays(first, second)
        flat = [belief.swapaxes(0, 2).reshape(2, -1) for belief in (first, second)]
        shape = first.swapaxes(0, 2).shape[1:]
        d2 = model.squared_distance(tools, *flat).reshape(shape)
        return np.sqrt(d2.sum(axis=-1)).swapaxes(0, 1)

    first, second = np.array(PAIRS).T
    between = distance(runs[:, first], runs[:, second])
    gone = distance(starts[:, None, :, None], runs)
    return between, np.nanmean(gone, axis=1)


def count_trajectories(between):
    """How many of the charts' trajectories differ by more than rounding; one that
    left its domain is none of the others'."""
    trajectory = list(range(len(model.CHARTS)))
    for (i, j), distances in zip(PAIRS, between):
        if np.all(distances < ROUNDING):
            trajectory[j] = trajectory[i]
    return len(set(trajectory))


def run(tools, quick, picture):
    """Trains a Bayesian network on digits in six charts of the Gaussian."""
    seeds = range(1, 3 if quick else 6)
    steps = 80 if quick else 400
    rates = [] if quick else [2.0, 1.0, 0.5, 0.25]
    data = {
        "f64": model.write_data(tools.folder),
        "f32": model.write_data(tools.folder, np.float32),
    }

    left_out = {"natural", "sgd_decay", "fisher_rao_f32"} if quick else {"natural"}
    cases = {name: (scheme, steps) for name, scheme in SCHEMES.items() if name not in left_out}
    for rate in rates:
        # The same way in more steps.
        cases[f"natural {rate}"] = (SCHEMES["natural"]._replace(rate=rate), round(steps / rate))
    runs = train_all(tools, data, cases, seeds)

    spreads, counts, lost = {}, {}, {}
    for name in cases:
        between, gone = compare(tools, runs[name], seeds)
        relative = between / gone[:, None]
        spreads[name] = np.fmax.reduce(relative, axis=1)
        counts[name] = [count_trajectories(of_seed) for of_seed in relative]
        left = ~np.isfinite(runs[name]).all(axis=(2, 3, 4))
        lost[name] = left.sum(axis=1)

    result = report.Report()
    exact = np.max(spreads["fisher_rao"])
    result.add(
        "fisher_rao_is_invariant",
        "Fisher-Rao: six charts, one trajectory, to rounding",
        HELD if exact < ROUNDING and not lost["fisher_rao"].any() else FAILED,
        f"charts are apart by at most {exact:.1e} of the way gone; bound {ROUNDING:.0e}",
        exact=True,
    )
    if "fisher_rao_f32" in cases:
        growth = log_interval(spreads["fisher_rao_f32"][:, 0] / spreads["fisher_rao"][:, 0])
        result.add(
            "what_is_left_is_rounding",
            "what is left is rounding: after an eighth of the training, with f32 it is as many times as large as the type's, 2²⁹ = 5.4e8, within a factor of 30",
            is_between(growth, 2**29 / 30, 2**29 * 30),
            f"{growth.format(2)} fold",
        )
    for name in ("decay", "sgd", "sgd_decay"):
        if name not in cases:
            continue
        scheme = SCHEMES[name]
        apart = log_interval(spreads[name][:, -1])
        differ = is_between(apart, low=DIFFERENT)
        result.add(
            f"{name}_is_not_invariant",
            f"{scheme.label}: charts differ by more than a millionth of the way",
            differ,
            Interval(*[100 * x for x in (apart.mean, apart.low, apart.high)]).format(2, " %")
            + (f"; {_range(lost[name])} of six left the domain" if lost[name].any() else ""),
            exact=True,
        )
        result.add(
            f"{name}_has_six",
            f"{scheme.label}: six charts, six trajectories",
            HELD if set(counts[name]) == {6} else FAILED,
            f"{_range(counts[name])} trajectories",
            exact=True,
        )
    ends = np.array([spreads[f"natural {rate}"][:, -1] for rate in rates])
    if len(rates) > 1:
        exponents = interval(np.polyfit(np.log(rates), np.log(ends), 1)[0])
        result.add(
            "natural_is_invariant_to_first_order",
            "natural gradient added to what is stored: the difference falls as the step size, with an exponent of 1 ± 0.25",
            is_between(exponents, 0.75, 1.25),
            f"exponent {exponents.format()}",
        )

    at = np.arange(1, model.KEPT + 1) / model.KEPT

    def draw(over_steps, sigmas, over_rates):
        for name, color in zip([name for name in cases if name in DRAWN], report.COLORS):
            label = cases[name][0].label
            report.draw_band(over_steps, at, spreads[name], color, label)
        over_steps.set_yscale("log")
        over_steps.set_ylim(1e-17, 30)
        over_steps.axhline(ROUNDING, color="0.5", lw=1, ls=":")
        over_steps.set_title("How far apart six charts are")
        over_steps.set_ylabel("largest distance / way gone")
        over_steps.set_xlabel("part of the training")
        over_steps.legend(loc="upper left", bbox_to_anchor=(0, 0.62))

        def draw_sigma(runs, i, *style, **options):
            sigma = np.append(0.05, np.exp(np.log(runs[0, i, 1]).mean(axis=-1)))
            sigmas.plot(np.append(0, at), sigma, *style, **options)

        for i, (chart, color) in enumerate(zip(model.CHARTS, report.COLORS[1:])):
            draw_sigma(runs["decay"], i, color=color, label=chart)
        for i, chart in enumerate(model.CHARTS):
            label = "Fisher-Rao, all six" if chart == "sigma" else None
            draw_sigma(runs["fisher_rao"], i, "k--", label=label)
        sigmas.set_yscale("log")
        sigmas.yaxis.set_ticks([0.05, 0.1, 0.2, 0.5, 1], ["0.05", "0.1", "0.2", "0.5", "1"])
        sigmas.yaxis.set_ticks([], minor=True)
        sigmas.set_ylim(0.01, 1)
        sigmas.set_title("Weight decay: six charts, one seed")
        sigmas.set_ylabel("geometric mean of σ")
        sigmas.set_xlabel("part of the training")
        sigmas.legend(loc="lower right")

        if not rates:
            return
        report.draw_band(over_rates, rates, ends.T, report.COLORS[3], "measured", marker="o")
        middle = np.median(ends[0]) / rates[0]
        over_rates.plot(rates, middle * np.array(rates), "k:", label="proportional")
        over_rates.set_xscale("log", base=2)
        over_rates.set_yscale("log")
        over_rates.set_xticks(rates, [f"{rate:g}" for rate in rates])
        over_rates.set_title("Natural gradient, added")
        over_rates.set_ylabel("largest distance / way gone")
        over_rates.set_xlabel("step size, for the same way")
        over_rates.legend()

    report.write_picture(picture, 3, draw)
    result.values = {
        "seeds": len(seeds),
        "steps": steps,
        "exact": f"{exact:.0e}",
        "rate": f"{RATE:g}",
        "natural_rate": f"{SCHEMES['natural'].rate:g}",
        "sgd_rate": f"{SCHEMES['sgd'].rate:g}",
    }
    return result


def _range(numbers):
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


if __name__ == "__main__":
    sys.exit(report.main(__file__, run))
