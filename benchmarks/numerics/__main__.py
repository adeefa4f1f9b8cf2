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
        nargs="+",
        choices=LABELS,
        default=LABELS,
        metavar="FAMILY",
        help=f"measure these only, of {', '.join(LABELS)}",
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
        help="keep the measurements in this JSON file, and report families "
        "that are not measured now from there",
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


def measure_all(options):
    """The rows of all families that were asked for, in order."""
    cases = [
        measure.Case(family, chart, element)
        for family in FAMILIES
        if family.label in options.families
        for chart in family.charts
        for element in measure.ELEMENTS
    ]
    rows, start = {}, time.monotonic()
    # Forked processes would inherit JAX's threads.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, context) as pool:
        futures = {
            pool.submit(measure.measure, case, options.pairs, options.seed, options.checks): case
            for case in cases
        }
        try:
            for done in concurrent.futures.as_completed(futures):
                case = futures[done]
                rows[str(case)] = done.result()
                worst = max(row["conditioned"] for row in rows[str(case)])
                print(
                    f"[{len(rows)}/{len(cases)}] {time.monotonic() - start:.0f} s: {case}, "
                    f"worst error {worst:.1f} times what rounding can do",
                    file=sys.stderr,
                )
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [row for case in cases for row in rows[str(case)]]


def main():
    options = parse_arguments()
    if options.pairs < 1:
        sys.exit("benchmarks/numerics: error: --pairs must be positive")
    if not (fisher.BUILD / "bin" / "fisher-run").exists():
        sys.exit(f"benchmarks/numerics: error: no fisher-run in {fisher.BUILD}; run utils/setup.sh")
    start = time.monotonic()
    try:
        rows = measure_all(options)
    except (measure.InexactReference, fisher.RunError) as error:
        sys.exit(f"benchmarks/numerics: error: {error}")
    settings = {
        "pairs": options.pairs,
        "checks": options.checks,
        "seconds": time.monotonic() - start,
        "jobs": options.jobs,
        "machine": machine(),
        "rivals": {rival.TITLE: rival.VERSION for rival in RIVALS},
    }
    if options.measurements:
        if options.measurements.exists():
            kept = json.loads(options.measurements.read_text())
            others = [row for row in kept["rows"] if row["label"] not in options.families]
            rows = sorted(others + rows, key=lambda row: LABELS.index(row["label"]))
            if others:
                settings["seconds"] += kept["settings"]["seconds"]
                settings["pairs"] = min(settings["pairs"], kept["settings"]["pairs"])
        options.measurements.write_text(json.dumps({"settings": settings, "rows": rows}))
    options.output.write_text(report.write(settings, rows))
    print(f"wrote {options.output}", file=sys.stderr)


if __name__ == "__main__":
    main()
