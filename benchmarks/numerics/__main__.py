#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure the error of every operation, and of what else computes the same.

Runs each operation of each family, chart and element type on random pairs of
beliefs, compares with extended precision, and writes docs/numerics.md. Rivals
that are not installed are left out; benchmarks/numerics/requirements.txt lists
them. Full runs take a while: see the time that docs/numerics.md states.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import os
import platform
import sys
import time
from pathlib import Path

import fisher
import measure
import report
from families import FAMILIES
from rivals import RIVALS

LABELS = [family.label for family in FAMILIES]


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="benchmarks/numerics",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--pairs", type=int, default=1_000_000, help="pairs of different beliefs (%(default)s)"
    )
    parser.add_argument(
        "--families",
        nargs="*",
        default=LABELS,
        metavar="FAMILY",
        help="measure these only, or with no name none and only write the document; of "
        + ", ".join(LABELS),
    )
    parser.add_argument(
        "--checks",
        type=int,
        default=100,
        help="pairs on which the extended precision is checked in 700 digits (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the pairs (%(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="processes (%(default)s)"
    )
    parser.add_argument(
        "--measurements",
        type=Path,
        default=Path(__file__).resolve().parent / "measurements.json",
        help="keep the measurements in this file, and report families that are not "
        "measured now from there (benchmarks/numerics/measurements.json)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=fisher.ROOT / "docs" / "numerics.md",
        help="the document to write (docs/numerics.md)",
    )
    return parser.parse_args()


def machine():
    """The processor, as Linux names it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def shortened(value):
    """With three digits of each number."""
    if isinstance(value, dict):
        return {key: shortened(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shortened(part) for part in value]
    return float(f"{value:.3g}") if isinstance(value, float) else value


class Measurements:
    """The rows of all cases, kept in a file after each, so that a family can be
    measured by itself."""

    def __init__(self, path):
        self.path = path
        self.cases = json.loads(path.read_text()) if path.exists() else {}

    def add(self, case, rows, seconds):
        self.cases[str(case)] = {"seconds": round(seconds), "rows": shortened(rows)}
        entries = (
            f'"{name}": {{"seconds": {entry["seconds"]}, "rows": [\n'
            + ",\n".join(map(json.dumps, entry["rows"]))
            + "\n]}"
            for name, entry in sorted(self.cases.items())
        )
        self.path.write_text("{\n" + ",\n".join(entries) + "\n}\n")

    def rows(self, cases):
        return [row for case in cases for row in self.cases[str(case)]["rows"]]


def all_cases():
    return [
        measure.Case(family, chart, element)
        for family in FAMILIES
        for chart in family.charts
        for element in measure.ELEMENTS
    ]


def measure_all(options, measurements):
    cases = [case for case in all_cases() if case.family.label in options.families]
    start = time.monotonic()
    # Forked processes would inherit JAX's threads.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, context) as pool:
        futures = {
            pool.submit(measure.timed, case, options.pairs, options.seed, options.checks): case
            for case in cases
        }
        try:
            for number, done in enumerate(concurrent.futures.as_completed(futures), 1):
                case = futures[done]
                rows, seconds = done.result()
                measurements.add(case, rows, seconds)
                worst = max(row["conditioned"] for row in rows)
                print(
                    f"[{number}/{len(cases)}] {time.monotonic() - start:.0f} s: {case}, "
                    f"worst error {worst:.1f} times what rounding can do",
                    file=sys.stderr,
                )
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def main():
    options = parse_arguments()
    if options.pairs < 1:
        sys.exit("benchmarks/numerics: error: --pairs must be positive")
    if unknown := set(options.families) - set(LABELS):
        sys.exit(f"benchmarks/numerics: error: no family '{min(unknown)}'; "
                 f"name some of: {'; '.join(LABELS)}")
    if not (fisher.BUILD / "bin" / "fisher-run").exists():
        sys.exit(f"benchmarks/numerics: error: no fisher-run in {fisher.BUILD}; run utils/setup.sh")
    measurements = Measurements(options.measurements)
    try:
        measure_all(options, measurements)
    except (measure.InexactReference, fisher.RunError) as error:
        sys.exit(f"benchmarks/numerics: error: {error}")
    cases = [case for case in all_cases() if str(case) in measurements.cases]
    settings = {
        "checks": options.checks,
        "seconds": sum(measurements.cases[str(case)]["seconds"] for case in cases),
        "machine": machine(),
        "rivals": {rival.TITLE: rival.VERSION for rival in RIVALS},
    }
    options.output.write_text(report.write(settings, measurements.rows(cases)))
    print(f"wrote {options.output}", file=sys.stderr)


if __name__ == "__main__":
    main()
