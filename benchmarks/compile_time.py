#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time fisher-insert and convert-fisher-to-linalg on many beliefs.

Makes modules with beliefs of all families in turn, in mode coupled, and lowers
them with fisher-opt on one thread. The layouts:

  glob       one step; one entry of the policy for each family, whose glob
             matches all its beliefs, toward a prior
  average    the same, toward moving averages, which are new arguments
  literal    one step; one entry for each belief, which names it
  functions  a step of 100 beliefs; the others are penalties in functions of
             100 beliefs each, written out

`insert` and `convert` are the seconds in the passes, `all` is those of the
whole process, which also reads, verifies and prints. `exponent` compares with
the row before: 1 is linear in the number of beliefs, 2 is quadratic.
"""

import argparse
import math
import pathlib
import re
import subprocess
import tempfile
import time
import typing

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Family(typing.NamedTuple):
    """A family in a chart, its components, the numbers of a prior, and the
    component type."""

    name: str
    components: list
    prior: str
    type: str = "tensor<64x32xf32>"


FAMILIES = [
    Family("gaussian<softplus>", ["mu", "rho"], "0.0, 1.0"),
    Family("gaussian<log_sigma>", ["mu", "rho"], "0.0, 1.0"),
    Family("gaussian<variance>", ["mu", "rho"], "0.0, 1.0"),
    Family("gaussian_mean<sigma>", ["mu", "sigma"], "0.0, 1.0"),
    Family("von_mises<kappa>", ["mu", "kappa"], "0.0, 1.0"),
    Family("von_mises<log_kappa>", ["mu", "kappa"], "0.0, 1.0"),
    Family("bernoulli<logit>", ["p"], "0.5"),
    Family("bernoulli<probability>", ["p"], "0.5"),
    Family("poisson<log_rate>", ["rate"], "1.0"),
    Family("poisson<rate>", ["rate"], "1.0"),
    Family("exponential<log_rate>", ["rate"], "1.0"),
    Family("exponential<rate>", ["rate"], "1.0"),
    Family("categorical<logits>", ["logits"], "1.0"),
    Family("categorical<probabilities>", ["p"], "1.0"),
    Family("centered_gaussian<covariance>", ["covariance"], "1.0", "tensor<64x4x4xf32>"),
    Family("centered_gaussian<cholesky>", ["factor"], "1.0", "tensor<64x4x4xf32>"),
]
LAYOUTS = ["glob", "average", "literal", "functions"]
BELIEFS_IN_FUNCTION = 100


def kind_of(belief):
    """Which of the families the belief has, and the start of its name."""
    kind = belief % len(FAMILIES)
    return kind, f"k{kind}.l{belief}"


def step(name, beliefs):
    """A training step whose gradients are what it is given, and its loss too."""
    components = [
        (f"{start}.{component}", f"%b{belief}_{i}", FAMILIES[kind].type)
        for belief in beliefs
        for kind, start in [kind_of(belief)]
        for i, component in enumerate(FAMILIES[kind].components)
    ]
    arguments = ["%loss: tensor<f32>"] + [
        f'{value}: {type} {{fisher.name = "{mark}", fisher.role = "param"}}'
        for mark, value, type in components
    ]
    results = ['tensor<f32> {fisher.role = "loss"}'] + [
        f'{type} {{fisher.gradient_of = "{mark}"}}' for mark, _, type in components
    ]
    values = ", ".join(["%loss"] + [value for _, value, _ in components])
    types = ", ".join(["tensor<f32>"] + [type for _, _, type in components])
    return (
        f"func.func @{name}({', '.join(arguments)})\n    -> ({', '.join(results)}) {{\n"
        f"  return {values} : {types}\n}}\n"
    )


def entry(kind, start, reference=None):
    family = FAMILIES[kind]
    globs = ", ".join(f'"{start}.{component}"' for component in family.components)
    reference = reference or f"prior<[{family.prior}]>"
    return (
        f"  fisher.regularize {globs} as #fisher.{family.name}\n"
        f"      toward #fisher.{reference} weight 1.0e-3 mode coupled\n"
    )


def entry_for_each_family(reference=None):
    return [entry(kind, f"k{kind}.(*)", reference) for kind in range(len(FAMILIES))]


def penalties(name, beliefs):
    """A function with penalties of these beliefs toward others, written out."""
    arguments, results, types, body = ["%w: f32"], [], [], []
    for belief in beliefs:
        family = FAMILIES[kind_of(belief)[0]]
        kind = f"!fisher.belief<#fisher.{family.name}, {family.type}>"
        count = len(family.components)
        for which in "ab":
            values = [f"%{which}{belief}_{i}" for i in range(count)]
            arguments += [f"{value}: {family.type}" for value in values]
            body.append(f"  %{which}{belief} = fisher.belief {', '.join(values)} : {kind}\n")
        body.append(
            f"  %p{belief}, %g{belief}:{count} = fisher.penalty_with_gradient "
            f"%a{belief} toward %b{belief} weight %w : {kind} -> tensor<f32>"
            + f", {family.type}" * count + "\n"
        )  # fmt: skip
        results += [f"%g{belief}#{i}" for i in range(count)]
        types += [family.type] * count
    types = ", ".join(types)
    return (
        f"func.func private @{name}({', '.join(arguments)}) -> ({types}) {{\n"
        + "".join(body)
        + f"  return {', '.join(results)} : {types}\n}}\n"
    )


def write_module(layout, count, path):
    """Writes the module; returns how many beliefs its step regularizes."""
    text = ""
    in_step = count
    entries = entry_for_each_family()
    if layout == "average":
        entries = entry_for_each_family("moving_average<0.99>")
    elif layout == "literal":
        entries = [entry(*kind_of(belief)) for belief in range(count)]
    elif layout == "functions":
        in_step = min(BELIEFS_IN_FUNCTION, count)
        for at in range(in_step, count, BELIEFS_IN_FUNCTION):
            beliefs = range(at, min(at + BELIEFS_IN_FUNCTION, count))
            text += penalties(f"penalties{at}", beliefs)
    text += step("main", range(in_step))
    text += "fisher.policy @p {\n" + "".join(entries) + "}\n"
    path.write_text(text)
    return in_step


def seconds_in(report, name):
    """The seconds in the pass of that name in a report of --mlir-timing."""
    return float(re.search(rf"^ *(\d+\.\d+) .*  {name}$", report, re.M).group(1))


def measure(fisher_opt, layout, count):
    """The seconds of insertion, of conversion and of everything."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "module.mlir"
        output = pathlib.Path(folder) / "lowered.mlir"
        in_step = write_module(layout, count, path)
        command = [
            str(fisher_opt), str(path), "-o", str(output), "--mlir-disable-threading",
            "--fisher-insert", "--convert-fisher-to-linalg",
            "--mlir-timing", "--mlir-timing-display=list",
        ]  # fmt: skip
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True)
        total = time.monotonic() - start
        if done.returncode != 0:
            raise SystemExit(done.stderr[-4000:])
        loops = output.read_text().count("linalg.generic")
        assert done.stderr.count("remark: regularized") == in_step
        assert loops >= count, f"{loops} loops for {count} beliefs"
        return (
            seconds_in(done.stderr, "FisherInsert"),
            seconds_in(done.stderr, "ConvertFisherToLinalg"),
            total,
        )


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--beliefs", type=int, nargs="+", default=[1000, 3000, 10000],
                        help="how many beliefs the modules have (default: 1000 3000 10000)")  # fmt: skip
    parser.add_argument("--layouts", choices=LAYOUTS, nargs="+", default=LAYOUTS,
                        help="which modules to make (default: all)")  # fmt: skip
    parser.add_argument("--fisher-opt", type=pathlib.Path, default=ROOT / "build/bin/fisher-opt",
                        help="the tool to time (default: build/bin/fisher-opt)")  # fmt: skip
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    print(f"{'layout':10} {'beliefs':>8} {'insert, s':>10} {'convert, s':>10} "
          f"{'all, s':>8} {'ms/belief':>10} {'exponent':>9}")  # fmt: skip
    for layout in arguments.layouts:
        before = None
        for count in sorted(arguments.beliefs):
            insert, convert, total = measure(arguments.fisher_opt, layout, count)
            exponent = ""
            if before:
                exponent = f"{math.log(total / before[1]) / math.log(count / before[0]):.2f}"
            print(f"{layout:10} {count:8} {insert:10.2f} {convert:10.2f} "
                  f"{total:8.2f} {1000 * total / count:10.2f} {exponent:>9}", flush=True)  # fmt: skip
            before = count, total


if __name__ == "__main__":
    main()
