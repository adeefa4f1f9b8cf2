# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is lost when a belief is led somewhere in finite time?"""

import sys
from string import Template

import numpy as np
from common import model, report
from common.statistics import FAILED, HELD, interval, is_between, log_interval, together
from common.tools import map_parallel

# Where the reference is when %part of the way is done, as %m and %s.
_PATHS = {
    "geodesic": """%q = fisher.geodesic %b0, %b1 at %part : !b
  %m, %s = fisher.components %q : !b""",
    "line": """%parts = tensor.splat %part : !t
  %whole0 = arith.subf %mu1, %mu0 : !t
  %whole1 = arith.subf %s1, %s0 : !t
  %gone0 = arith.mulf %parts, %whole0 : !t
  %gone1 = arith.mulf %parts, %whole1 : !t
  %m = arith.addf %mu0, %gone0 : !t
  %s = arith.addf %s0, %gone1 : !t""",
}

# How a belief %mu, %sigma comes nearer to a reference %m, %s in a step.
_RELAXATIONS = {
    # By the share %h of the distance between them.
    "proximal": """%one = arith.constant 1.0 : f64
  %kept = arith.subf %one, %h : f64
  %strength = arith.divf %h, %kept : f64
  %q = fisher.proximal_step %b toward %r strength %strength : !b
  %new_mu, %new_sigma = fisher.components %q : !b""",
    # Entirely.
    "all": """%new_mu = arith.mulf %m, %ones : !t
  %new_sigma = arith.mulf %s, %ones : !t""",
    # As the density of a particle does that diffuses in the reference's potential
    # for the time %h, with a diffusion constant of one.
    "langevin": """%times = tensor.splat %h : !t
  %s2 = arith.mulf %s, %s : !t
  %quotient = arith.divf %times, %s2 : !t
  %exponent = arith.negf %quotient : !t
  %a = math.exp %exponent : !t
  %off = arith.subf %mu, %m : !t
  %left = arith.mulf %a, %off : !t
  %new_mu = arith.addf %m, %left : !t
  %v = arith.mulf %sigma, %sigma : !t
  %a2 = arith.mulf %a, %a : !t
  %more = arith.subf %v, %s2 : !t
  %more_left = arith.mulf %a2, %more : !t
  %new_v = arith.addf %s2, %more_left : !t
  %new_sigma = math.sqrt %new_v : !t""",
}

# In each step the reference moves, which changes KL(belief ‖ reference): that is
# the work. Then the belief follows, and loses it.
_STEP = Template("""
func.func private @reference(%mu0: !t, %s0: !t, %mu1: !t, %s1: !t, %part: f64) -> (!t, !t) {
  %b0 = fisher.belief %mu0, %s0 : !b
  %b1 = fisher.belief %mu1, %s1 : !b
  $path
  return %m, %s : !t, !t
}
func.func @main(
    %mu: !t {fisher.name = "w.mu", fisher.role = "param"},
    %sigma: !t {fisher.name = "w.scale", fisher.role = "param"},
    %mu0: !t {fisher.name = "from.mu", fisher.role = "state"},
    %s0: !t {fisher.name = "from.scale", fisher.role = "state"},
    %mu1: !t {fisher.name = "to.mu", fisher.role = "state"},
    %s1: !t {fisher.name = "to.scale", fisher.role = "state"},
    %clock: tensor<f64> {fisher.name = "clock", fisher.role = "state"},
    %work: tensor<f64> {fisher.name = "work", fisher.role = "state"},
    %steps: tensor<f64> {fisher.name = "steps"},
    %time: tensor<f64> {fisher.name = "time"})
    -> (!t {fisher.updates = "w.mu"}, !t {fisher.updates = "w.scale"},
        !t {fisher.updates = "from.mu"}, !t {fisher.updates = "from.scale"},
        !t {fisher.updates = "to.mu"}, !t {fisher.updates = "to.scale"},
        tensor<f64> {fisher.updates = "clock"}, tensor<f64> {fisher.updates = "work"}) {
  %tick = arith.constant 1.0 : f64
  %ones = arith.constant dense<1.0> : !t
  %T = tensor.extract %steps[] : tensor<f64>
  %h = tensor.extract %time[] : tensor<f64>
  %t = tensor.extract %clock[] : tensor<f64>
  %next = arith.addf %t, %tick : f64
  %part0 = arith.divf %t, %T : f64
  %part1 = arith.divf %next, %T : f64
  %m0, %sd0 = call @reference(%mu0, %s0, %mu1, %s1, %part0) : (!t, !t, !t, !t, f64) -> (!t, !t)
  %m, %s = call @reference(%mu0, %s0, %mu1, %s1, %part1) : (!t, !t, !t, !t, f64) -> (!t, !t)
  %b = fisher.belief %mu, %sigma : !b
  %r0 = fisher.belief %m0, %sd0 : !b
  %r = fisher.belief %m, %s : !b
  %k0 = fisher.kl_divergence %b, %r0 : !b -> !t
  %k1 = fisher.kl_divergence %b, %r : !b -> !t
  %more_work = arith.subf %k1, %k0 : !t
  %total = linalg.reduce { arith.addf } ins(%more_work : !t) outs(%work : tensor<f64>) dimensions = [0]
  $relaxation
  %later = tensor.from_elements %next : tensor<f64>
  return %new_mu, %new_sigma, %mu0, %s0, %mu1, %s1, %later, %total
      : !t, !t, !t, !t, !t, !t, tensor<f64>, tensor<f64>
}
""")


def lead(tools, ends, path, relaxation, steps, time):
    """The work of leading beliefs from one end to the other in so many steps."""
    (mu0, sigma0), (mu1, sigma1) = ends
    tensor = f"tensor<{mu0.size}xf64>"
    text = _STEP.substitute(path=_PATHS[path], relaxation=_RELAXATIONS[relaxation])
    text = text.replace("!t", tensor)
    text = text.replace("!b", f"!fisher.belief<#fisher.gaussian<sigma>, {tensor}>")
    start = {
        "w.mu": mu0, "w.scale": sigma0, "from.mu": mu0, "from.scale": sigma0,
        "to.mu": mu1, "to.scale": sigma1, "clock": np.float64(0), "work": np.float64(0),
    }  # fmt: skip
    settings = {"steps": float(steps), "time": float(time)}
    final, _ = tools.train(text, start, steps, 1, settings=settings)
    return float(final["work"])


def wasserstein_squared(ends):
    """Of Gaussians, W₂² = Δμ² + Δσ²."""
    return sum(((b - a) ** 2).sum() for a, b in zip(*ends))


def least_work(ends, time):
    """What no reference can do with less in so much time, whatever way it takes: in
    that time a belief comes to some C, for at least W₂²(A, C)/time, and then loses
    KL(C ‖ B). This is the least of their sum."""
    (mu0, sigma0), (mu1, sigma1) = ends
    by_mean = ((mu1 - mu0) ** 2 / (time + 2 * sigma1**2)).sum()
    a, b = 2 / time + sigma1**-2, sigma0 / time
    sigma = (b + np.sqrt(b**2 + a)) / a
    ratio = (sigma / sigma1) ** 2
    by_spread = ((sigma - sigma0) ** 2 / time + 0.5 * (ratio - 1 - np.log(ratio))).sum()
    return by_mean + by_spread


def flat_law(share, steps):
    """What leading costs, of d², where KL is d²/2: the lag before each step's end is
    δ(1-(1-f)^t)/f for a reference that goes δ = d/T a step."""
    start = (1 - share) * (1 - (1 - share) ** steps) / (share**2 * steps)
    return (1 / share - 0.5 - start) / steps


def run(tools, quick, picture):
    """Leads beliefs by a reference that moves, in more and less time."""
    seeds = range(1, 3 if quick else 6)
    training = 400 if quick else 4000
    data = model.write_data(tools.folder)
    trained = map_parallel(lambda seed: model.trained_ends(tools, data, seed, training)[0], seeds)
    # Each run has thousands of steps, so that a part of the weights must do.
    every = 32 if quick else 8
    trained = [[[part[::every] for part in belief] for belief in ends] for ends in trained]
    d2 = np.array([model.squared_distance(tools, *ends).sum() for ends in trained])
    sudden = np.array([model.kl_divergence(tools, *ends).sum() for ends in trained])
    transport = np.array([wasserstein_squared(ends) for ends in trained])

    def lead_all(cases):
        """The work for each case, one column a seed."""
        jobs = [(case, ends) for case in cases for ends in trained]
        work = map_parallel(lambda job: lead(tools, job[1], *job[0]), jobs)
        return np.array(work).reshape(len(cases), len(trained))

    # Learning that goes a share of the geodesic to its reference each step.
    shares = [0.3] if quick else [1.0, 0.3, 0.1]
    times = np.array([0.1, 3, 10, 100] if quick else [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000])
    lengths = {f: sorted({max(1, round(x / f)) for x in times}) for f in shares}
    proximal = {
        f: lead_all([("geodesic", "all" if f == 1 else "proximal", T, f) for T in lengths[f]])
        for f in shares
    }
    of_law = {f: proximal[f] * np.array(lengths[f])[:, None] / (d2 * (1 / f - 0.5)) for f in shares}
    slowest = {f: lengths[f][-1] for f in shares}
    line = lead_all([("line", "all" if f == 1 else "proximal", slowest[f], f) for f in shares])

    # Learning as a density diffuses. Each weight has its own relaxation time, σ²;
    # here time is counted in the largest of them.
    tau = max((ends[1][1] ** 2).max() for ends in trained)
    narrow = min((ends[0][1] ** 2).min() for ends in trained)
    durations = np.array([0.1, 1, 10] if quick else [0.03, 0.1, 0.3, 1, 3, 10, 30, 100])
    fine = narrow / (2 if quick else 5)
    fine_steps = [max(20, round(x * tau / fine)) for x in durations]
    cases = [(T, x * tau / T) for x, T in zip(durations, fine_steps)]
    diffusing = {path: lead_all([(path, "langevin", T, h) for T, h in cases]) for path in _PATHS}
    bound = np.array([[least_work(ends, x * tau) for ends in trained] for x in durations])

    # The same, slowly, in steps of more and less time.
    ticks = np.array([0.01, 10] if quick else [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10])
    cases = [(max(300, round(30 / x)), x * tau) for x in ticks]
    stepped = {path: lead_all([(path, "langevin", T, h) for T, h in cases]) for path in _PATHS}
    dearer = stepped["geodesic"] / stepped["line"]

    result = report.Report()
    last = slice(-2 if quick else -5, None)
    exponents = {
        f: interval(np.polyfit(np.log(lengths[f][last]), np.log(proximal[f][last]), 1)[0])
        for f in shares
    }
    decades = np.log10(lengths[shares[-1]][-1] / lengths[shares[-1]][last][0])
    result.add(
        "loss_falls_as_one_over_time",
        f"what is lost falls as 1/T: an exponent of -1 ± 0.05 over the last {_number(decades)} "
        + ("decade" if decades < 1.5 else "decades"),
        together(is_between(found, -1.05, -0.95) for found in exponents.values()),
        "; ".join(f"f = {f:g}: {found.format(4)}" for f, found in exponents.items()),
    )
    constants = {f: log_interval(of_law[f][-1]) for f in shares}
    tolerance = 0.05 if quick else 0.01
    result.add(
        "constant_is_fisher_rao",
        f"and the constant is the Fisher-Rao d²: T·W = d²(1/f - 1/2) at the slowest, within {100 * tolerance:g} %",
        together(is_between(c, 1 - tolerance, 1 + tolerance) for c in constants.values()),
        "; ".join(f"f = {f:g}: {found.format(4)} of it" for f, found in constants.items()),
    )
    cheaper = {
        f: log_interval(of) for f, of in zip(shares, line / [proximal[f][-1] for f in shares])
    }
    result.add(
        "geodesic_loses_least",
        "slowly led along the geodesic, less is lost than along the Wasserstein line (equal steps of μ and σ)",
        together(is_between(found, low=1) for found in cheaper.values()),
        "; ".join(
            f"f = {f:g}: the line loses {found.format()} times as much"
            for f, found in cheaper.items()
        ),
    )
    broken = {f: _find_break(lengths[f], of_law[f]) * f for f in shares if f < 1}
    result.add(
        "law_breaks_at_ten_relaxations",
        "the law is off by a tenth where T is about ten relaxation times 1/f (5 to 20)",
        together(is_between(log_interval(found), 5, 20) for found in broken.values()),
        "; ".join(f"f = {f:g}: at {log_interval(found).format()}" for f, found in broken.items()),
    )
    at_once = log_interval(proximal[shares[-1]][0] / sudden)
    result.add(
        "sudden_loss_is_kl",
        "led in one step, KL(A ‖ B) is lost and no more",
        HELD if np.all(abs(proximal[shares[-1]][0] / sudden - 1) < 1e-9) else FAILED,
        f"{at_once.format(6)} of it",
        exact=True,
    )
    diffused = log_interval(diffusing["line"][-1] * durations[-1] * tau / transport)
    tolerance = 0.25 if quick else 0.1
    result.add(
        "diffusion_is_wasserstein",
        f"where beliefs diffuse (Langevin), the constant is W₂² = Δμ² + Δσ² instead, within {100 * tolerance:g} % at the slowest",
        is_between(diffused, 1 - tolerance, 1 + tolerance),
        f"{diffused.format(4)} of it",
    )
    margin = np.minimum(diffusing["line"], diffusing["geodesic"]) / bound
    result.add(
        "wasserstein_bounds_any_time",
        "and in any time no less is lost than the least over C of W₂²(A, C)/T + KL(C ‖ B)",
        HELD if margin.min() >= 1 else FAILED,
        f"at least {margin.min():.3f} and at most {margin.max():.2f} times that",
        exact=True,
    )
    short, long = log_interval(dearer[0]), log_interval(dearer[-1])
    result.add(
        "geodesic_loses_least_in_diffusion",
        "in diffusion, too, the Fisher-Rao geodesic loses less than the Wasserstein line, in steps that are short against relaxation",
        is_between(short, high=1),
        f"it loses {short.format()} times as much, in steps of {ticks[0]:g} of the slowest relaxation",
    )
    result.add(
        "geodesic_loses_least_in_equilibrium",
        "the same, in steps in which beliefs come to rest",
        is_between(long, high=1),
        f"{long.format()} times as much, in steps of {ticks[-1]:g}",
    )

    def draw(slow, finite, steps):
        for axes in (slow, finite):
            axes.set_yscale("log")
        for axes in (slow, finite, steps):
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
        for f, color in zip(shares, (0, 2, 1)):
            x = np.array(lengths[f])
            label = f"f = {f:g}"
            report.draw_band(slow, x, proximal[f].T, report.COLORS[color], label, marker=".")
            slow.plot(x, np.median(d2) * (1 / f - 0.5) / x, ":", color=report.COLORS[color])
            flat = np.median(d2) * np.array([flat_law(f, T) for T in x])
            slow.plot(x, flat, "--", lw=0.8, color=report.COLORS[color])
        slow.axhline(np.median(sudden), color="0.5", lw=1)
        slow.annotate(
            "KL(A ‖ B)", (max(lengths[shares[-1]]), np.median(sudden)), xytext=(0, -4),
            textcoords="offset points", ha="right", va="top", color="0.3",
        )  # fmt: skip
        slow.set_ylim(min(p.min() for p in proximal.values()) / 2, 4 * np.median(sudden))
        slow.set_title("Proximal steps: lost work W")
        slow.set_xlabel("steps T")
        slow.set_ylabel("nats")
        slow.legend(title="dotted: d²(1/f - ½)/T\ndashed: with the start")

        report.draw_band(
            finite,
            durations,
            diffusing["geodesic"].T,
            report.COLORS[1],
            "Fisher-Rao geodesic",
            marker=".",
        )
        report.draw_band(
            finite,
            durations,
            diffusing["line"].T,
            report.COLORS[2],
            "Wasserstein line",
            marker=".",
            ls=(0, (4, 2)),
        )
        finite.plot(durations, np.median(bound, axis=1), "k--", label="least, whatever the way")
        finite.plot(durations, np.median(transport) / durations / tau, "k:", label="W₂²/T")
        finite.set_ylim(np.min(bound) / 2, 4 * np.median(sudden))
        finite.set_title("Diffusion: lost work W")
        finite.set_xlabel("time T, in slowest relaxations")
        finite.set_ylabel("nats")
        finite.legend(loc="lower left")

        report.draw_band(steps, ticks, dearer.T, report.COLORS[3], None, marker="o")
        steps.axhline(1, color="0.5", lw=1)
        steps.set_title("Diffusion, slow: geodesic / line")
        steps.set_xlabel("time of a step, in slowest relaxations")
        steps.set_ylabel("W of the geodesic / W of the line")

    report.write_picture(picture, 3, draw, width=13.5)
    result.values = {
        "seeds": len(seeds),
        "every": every,
        "weights": trained[0][0][0].size,
        "shares": ", ".join(f"{f:g}" for f in shares),
        "slowest": slowest[shares[-1]],
        "distance": log_interval(d2).format(),
        "sudden": log_interval(sudden).format(),
    }
    return result


def _number(decades):
    return {1: "one", 2: "two"}.get(round(decades), f"{decades:.1f}")


def _find_break(lengths, of_law):
    """The number of steps, of each seed, below which the law is off by a tenth."""
    found = []
    for ratios in of_law.T:
        off = np.flatnonzero(abs(ratios - 1) > 0.1)
        last = off[-1]
        a, b = abs(ratios[last] - 1), abs(ratios[last + 1] - 1)
        # Between two lengths, what the law lacks is taken as a power of T.
        part = np.log(a / 0.1) / np.log(a / b)
        found.append(lengths[last] * (lengths[last + 1] / lengths[last]) ** part)
    return np.array(found)


if __name__ == "__main__":
    sys.exit(report.main(__file__, run))
