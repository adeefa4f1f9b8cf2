# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Are phases learnt better with the exact distance of von Mises beliefs?"""

import sys

import numpy as np
from beliefs import METHODS, learn, likelihoods, squared_distances, wrap
from common import report
from common.statistics import FAILED, HELD, interval, is_between, show, together
from common.tools import ROOT, map_parallel

COLORS = dict(zip([*METHODS, "none"], report.COLORS[2:0:-1] + report.COLORS[3:5] + ["0.5"]))

# Rows of the digits: examples are drawn from the first, weights are chosen by the
# second, and the third says how good the beliefs are.
SPLITS = {"examples": slice(0, 1000), "choice": slice(1000, 1437), "test": slice(1437, 1797)}
# Half of the plane of frequencies; the other half has the same phases.
FREQUENCIES = [(u, v) for u in range(3) for v in range(-2, 3) if u > 0 or v > 0]

# Of two directions that are compared, in radians.
APART = 0.1


def read_phases():
    """For each row of the digits its e^{iθ} of each frequency, and its class."""
    with np.load(ROOT / "examples" / "bayes_mlp" / "digits.npz") as digits:
        images, y = digits["x"].astype(float).reshape(-1, 8, 8), digits["y"]
    coefficients = np.fft.fft2(images)[:, [u for u, _ in FREQUENCIES], [v for _, v in FREQUENCIES]]
    return np.exp(1j * np.angle(coefficients)), y


def mean_by_class(z, y):
    return np.stack([z[y == digit].mean(axis=0) for digit in range(10)])


def draw_examples(z, y, seed, numbers):
    """The means of the first examples of each class, in an order of the seed's:
    number, class, frequency."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(y))
    z, y = z[order], y[order]
    firsts = [np.concatenate([np.flatnonzero(y == d)[:n] for d in range(10)]) for n in numbers]
    return np.stack([mean_by_class(z[rows], y[rows]) for rows in firsts])


def add_exact(tools, result):
    """What is known of pairs of beliefs without any data. Returns the curves of the
    picture: over κ, what the distances are of the exact one."""
    narrow = np.geomspace(10, 1e4, 4)[:, None, None]
    angles = np.array([0.1, 1, 3])[:, None] / np.sqrt(narrow)
    spread = np.geomspace(0.01, 1000, 41)
    counted = np.geomspace(1, 1000, 7)
    half = APART / 2
    found = squared_distances(
        tools,
        {
            "narrow": (angles, narrow, 0.0, narrow * np.array([1, 1.5, 2])),
            "there": (half, counted, -half, counted),
            "across": (wrap(np.pi + half), counted, np.pi - half, counted),
            "broad": (np.array([0.3, 1, 3, np.pi]), 0.01, 0.0, np.array([[0.01], [0.005]])),
            "steep": (0.01, 1000.0, 0.0, np.array([1000.0])),
            "curve": (half, spread, -half, spread),
            "curve across": (np.pi - half, spread, half - np.pi, spread),
            "curve opposite": (np.pi, spread, 0.0, spread),
        },
    )
    gaussian = {name: d2 / exact for name, (exact, d2, _) in found.items()}
    l2 = {name: d2 / exact for name, (exact, _, d2) in found.items()}

    kappa = np.geomspace(0.01, 500, 40)
    nll = likelihoods(tools, {"": (0.0, np.log(kappa), np.complex128(0))})[""]
    log_i0 = nll - np.log(2 * np.pi)
    off = np.max(abs(log_i0 - np.log(np.i0(kappa))) / log_i0)
    result.add(
        "likelihood_is_a_divergence",
        "log I₀(κ) of the likelihood is KL(uniform ‖ belief): numpy's I₀ agrees to 1e-10, for κ from 0.01 to 500",
        HELD if off < 1e-10 else FAILED,
        f"off by at most {off:.0e} of it",
        exact=True,
    )
    off = np.max(abs(gaussian["narrow"] - 1) * narrow)
    result.add(
        "narrow_beliefs_are_gaussian",
        "for κ from 10 to 10⁴, angles to 3/√κ and concentrations to twice κ, the Gaussian d² is the exact one within 2/κ (2 % at κ = 100)",
        HELD if off < 2 else FAILED,
        f"off by at most {off:.2f}/κ",
        exact=True,
    )
    off = np.max(abs(found["across"][0] / found["there"][0] - 1))
    low, high = gaussian["across"].min(), gaussian["across"].max()
    result.add(
        "cut_is_no_place",
        f"{APART} radians apart, for κ from 1 to 1000: across ±π the exact d² is what it is elsewhere to 1e-11 of it, and the Gaussian of the stored angles more than ten times as large",
        HELD if off < 1e-11 and low > 10 else FAILED,
        f"off by {off:.0e}; {show(low, 2)} to {show(high, 2)} times",
        exact=True,
    )
    off = np.max(abs(l2["broad"] - 1))
    opposite = gaussian["broad"][0, -1]
    of_law = opposite / (np.pi**2 / (2 * 0.01))
    result.add(
        "broad_beliefs_are_flat",
        "for κ = 0.01 it is half of L2's square within 1 %, and the Gaussian's of opposite directions is π²/2κ times too large within 2 %",
        HELD if off < 0.01 and abs(of_law - 1) < 0.02 else FAILED,
        f"off by at most {100 * off:.1g} %; {show(opposite, 3)} times, {show(of_law, 4)} of that",
        exact=True,
    )
    steep = l2["steep"][0] / 500
    result.add(
        "l2_is_steep_where_narrow",
        "for κ = 1000 and a small angle, half of L2's square is κ/2 times too large, within 1 %",
        HELD if abs(steep - 1) < 0.01 else FAILED,
        f"{show(steep, 4)} of that",
        exact=True,
    )
    return spread, gaussian, l2


def draw_distances(axes, curves):
    kappa, of_gaussian, of_l2 = curves
    stored, near, l2 = (COLORS[method] for method in ("gaussian", "near", "l2"))
    axes.plot(kappa, of_gaussian["curve across"], color=stored, label=f"Gaussian, {APART} apart across ±π")
    axes.plot(kappa, of_gaussian["curve opposite"], color=near, ls="--", label="Gaussian, opposite")
    axes.plot(kappa, of_gaussian["curve"], color=near, label=f"Gaussian, {APART} apart")
    axes.plot(kappa, of_l2["curve"], color=l2, label=f"½ L2 squared, {APART} apart")
    axes.axhline(1, color=COLORS["exact"], lw=1)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(0.3, 3e6)
    axes.set_title("d² of two beliefs, of the exact one")
    axes.set_xlabel("concentration κ of both")
    axes.legend(loc="upper right")


def run(tools, quick, picture):
    """Learns the phases of digits from few examples, with four penalties."""
    seeds = range(1, 3 if quick else 21)
    numbers = [2, 8] if quick else [2, 4, 8, 16, 32]
    weights = np.geomspace(0.1, 10, 3) if quick else np.geomspace(1e-2, 1e2, 17)
    steps = 100 if quick else 600
    result = report.Report()
    curves = add_exact(tools, result)

    z, y = read_phases()
    parts = {name: (z[rows], y[rows]) for name, rows in SPLITS.items()}
    choice, test = (mean_by_class(*parts[name]) for name in ("choice", "test"))
    # seed, number, class, frequency.
    means = np.stack([draw_examples(*parts["examples"], seed, numbers) for seed in seeds])
    number = np.array(numbers, float)[:, None, None]

    # The reference is what the examples of all classes say together. What a class has
    # in truth is taken from all rows of which examples are drawn.
    pooled = means.mean(axis=2, keepdims=True)
    whole = mean_by_class(*parts["examples"])
    plain = learn(
        tools,
        METHODS["exact"],
        steps,
        {
            "pooled": (pooled, 10 * number, np.angle(pooled), 0.0, 0.0),
            "whole": (whole, 100.0, np.angle(whole), 0.0, 0.0),
        },
    )
    reference = plain["pooled"][:2]
    concentration = np.exp(plain["whole"][1])

    # Another cut: all phases are turned.
    turn = 2.0
    turned = wrap(reference[0] + turn), reference[1]
    cases = {
        "sweep": (means, number, *reference, weights.reshape(-1, 1, 1, 1, 1)),
        "none": (means, number, *reference, 0.0),
        "there": (means, number, *reference, 1.0),
        "turned": (means * np.exp(1j * turn), number, *turned, 1.0),
    }
    runs = dict(
        zip(METHODS, map_parallel(lambda m: learn(tools, METHODS[m], steps, cases), METHODS))
    )
    judged = {}
    for method, of in runs.items():
        mu, c, _ = of["sweep"]
        judged[method, "choice"] = mu, c, choice
        judged[method, "test"] = mu, c, test
        judged[method, "there"] = *of["there"][:2], test
        judged[method, "turned"] = *of["turned"][:2], test * np.exp(1j * turn)
    judged["none"] = *runs["exact"]["none"][:2], test
    costs = likelihoods(tools, judged)
    moving = max((of["sweep"][2] > 1e-6).mean() for of in runs.values())

    # Each seed and number has the weight that is best for the rows of the choice.
    best = {
        method: costs[method, "choice"].mean(axis=(3, 4)).argmin(axis=0) for method in METHODS
    }

    def at(table, which):
        return table[which, *np.indices(which.shape)]

    chosen = {method: at(costs[method, "test"], best[method]) for method in METHODS}
    chosen["none"] = costs["none"]
    gains = {
        method: (of - chosen["exact"]).mean(axis=(2, 3))
        for method, of in chosen.items()
        if method != "exact"
    }

    def add_gain(name, text, method):
        found = [interval(column) for column in gains[method].T]
        result.add(
            name,
            text,
            together(is_between(of, low=0) for of in found),
            "; ".join(f"n = {n}: {of.format(2)}" for n, of in zip(numbers, found)),
        )

    words = "with the exact distance, held-out phases cost fewer nats than"
    add_gain("exact_beats_nothing", f"{words} without a penalty, for every number n of examples", "none")
    add_gain("exact_beats_gaussian", f"{words} with the Gaussian of the stored angle", "gaussian")
    add_gain("exact_beats_near", f"{words} with the Gaussian of the nearest turn", "near")
    add_gain("exact_beats_l2", f"{words} with L2", "l2")

    # Where the difference is.
    across = abs(np.angle(means) - reference[0]) > np.pi

    def mean_where(values, mask):
        return [values[i][mask[i]].mean() for i in range(len(values))]

    few = 0
    cut, cut_near = (
        interval(mean_where((chosen[method] - chosen["exact"])[:, few], across[:, few]))
        for method in ("gaussian", "near")
    )
    share = across[:, few].mean()
    result.add(
        "gaussian_loses_at_the_cut",
        f"of {numbers[few]} examples, where the cut is between belief and reference, the Gaussian of the stored angle loses more than 0.05 nats",
        is_between(cut, low=0.05),
        f"{cut.format(2)} nats, of {100 * share:.0f} % of the beliefs; there the nearest turn loses {cut_near.format(2)}",
    )
    classes = {
        "κ < 1": concentration < 1,
        "1 to 5": (concentration >= 1) & (concentration <= 5),
        "κ > 5": concentration > 5,
    }

    def gains_by_class(method, number):
        more = (chosen[method] - chosen["exact"])[:, number]
        return {name: interval(more[:, mask].mean(axis=1)) for name, mask in classes.items()}

    broad = gains_by_class("near", few)["κ < 1"]
    result.add(
        "gaussian_loses_where_broad",
        f"of {numbers[few]} examples, where a class has κ < 1, the Gaussian of the nearest turn loses, too",
        is_between(broad, low=0),
        f"{broad.format(2)} nats, of {100 * (concentration < 1).mean():.0f} % of the beliefs",
    )
    middle = numbers.index(8)
    high = (concentration > 5) & ~across
    same = at(costs["gaussian", "test"], best["exact"]) - chosen["exact"]
    narrow = interval(mean_where(same[:, middle], high[:, middle]))
    result.add(
        "gaussian_is_as_good_where_narrow",
        "of 8 examples, where a class has κ > 5 and no cut is between, it is as good: within 0.02 nats with the same weight",
        is_between(narrow, -0.02, 0.02),
        f"{narrow.format(2)} nats, of {100 * high[:, middle].mean():.0f} % of the beliefs",
    )

    changes = {
        method: np.max(abs(costs[method, "turned"] - costs[method, "there"])) for method in METHODS
    }
    kept = max(changes[method] for method in ("exact", "near", "l2"))
    result.add(
        "turned_phases_are_learnt_alike",
        "if all phases are turned by 2 radians, what is learnt turns with them: exact, L2 and nearest turn to 1e-9 nats",
        HELD if kept < 1e-9 else FAILED,
        f"the likelihood of no belief changes by more than {kept:.0e} nats",
        exact=True,
    )
    result.add(
        "stored_angle_depends_on_the_cut",
        "but not with the Gaussian of the stored angle: that of some belief changes by more than 0.1 nats",
        HELD if changes["gaussian"] > 0.1 else FAILED,
        f"by up to {show(changes['gaussian'], 2)} nats",
        exact=True,
    )

    def draw(distances, over_weights, over_numbers):
        draw_distances(distances, curves)
        for method in METHODS:
            rows = costs[method, "test"].mean(axis=(3, 4))[:, :, middle].T
            label = METHODS[method].label
            report.draw_band(over_weights, weights, rows, COLORS[method], label, marker=".")
        over_weights.set_xscale("log")
        over_weights.set_ylim(1.3, 1.8)
        over_weights.set_title(f"Held-out phases, of {numbers[middle]} examples")
        over_weights.set_ylabel("nats a phase")
        over_weights.set_xlabel("weight")
        over_weights.legend(loc="upper center")
        for method, gain in gains.items():
            label = None if method in METHODS else "no penalty"
            report.draw_band(over_numbers, numbers, gain, COLORS[method], label, marker=".")
        over_numbers.axhline(0, color=COLORS["exact"], lw=1)
        over_numbers.set_xscale("log")
        over_numbers.set_yscale("symlog", linthresh=0.01)
        over_numbers.set_ylim(-0.1, 1e5)
        over_numbers.set_xticks(numbers, [str(n) for n in numbers])
        over_numbers.set_xticks([], minor=True)
        over_numbers.set_title("More than with the exact distance")
        over_numbers.set_ylabel("nats a phase")
        over_numbers.set_xlabel("examples of each class")
        over_numbers.legend()

    report.write_picture(picture, 3, draw, width=13.5)
    # How much of the angle from the reference to the examples a belief keeps.
    def share_gone(method):
        mu = at(runs[method]["sweep"][0], best[method])[:, few]
        toward = np.angle(means[:, few])
        left, whole = (abs(wrap(angle - toward)) for angle in (mu, reference[0][:, few]))
        return np.sum(whole - left) / np.sum(whole)

    by_class = {
        f"{method}_by_class": "; ".join(
            f"{name}: {of.format(2)}" for name, of in gains_by_class(method, few).items()
        )
        for method in METHODS
        if method != "exact"
    }
    levels = [interval(chosen["exact"].mean(axis=(2, 3))[:, j]) for j in range(len(numbers))]
    result.values = {
        "seeds": len(seeds),
        "steps": steps,
        "weights": len(weights),
        "levels": "; ".join(f"n = {n}: {of.format(4)}" for n, of in zip(numbers, levels)),
        "shares": ", ".join(f"{100 * mask.mean():.0f} % {name}" for name, mask in classes.items()),
        **by_class,
        **{f"{method}_gone": f"{100 * share_gone(method):.0f} %" for method in METHODS},
        "moving": f"{100 * moving:.1g} %",
        "beliefs": concentration.size,
        "frequencies": len(FREQUENCIES),
        "lightest": f"{weights[0]:g}",
        "heaviest": f"{weights[-1]:g}",
        "near_low": broad.format(2),
    }
    return result


if __name__ == "__main__":
    sys.exit(report.main(__file__, run))
