#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measure how fast the compiled code is, and what else computes the same.

Each case is run by the code that fisher-cpu-pipeline makes, by the guarded
textbook formula in C++, JAX and PyTorch, and, for its memory traffic alone, by
a loop that moves the same bytes. They take turns, and their results are
compared first. Workloads, all in f32:

  W1  sum of d² of Gaussians (sigma) and its gradients
  W2  the same of categorical distributions (logits)
  W3  the same of von Mises distributions (kappa)
  W4  W1 and AdamW in one step that updates parameters and moments in place
  W5  the demo's training step with and without the regularizer

What is measured is kept in a file, from which docs/performance.md, its picture
and the sentence in README.md are written. Peers that are not installed are left
out.
"""

import argparse
import contextlib
import datetime
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import programs
import report
from cases import SIZES, all_cases

HERE = Path(__file__).resolve().parent
MODULES = ["native", "by_jax", "by_torch"]
DOCUMENT, PICTURE = "performance.md", "performance.svg"


class WorkerError(Exception):
    """A process that runs contestants failed."""


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="benchmarks/runtime",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        nargs="*",
        default=list(SIZES),
        metavar="WORKLOAD",
        help="measure these, or with no name nothing and only write the document "
        "from what is kept; of " + ", ".join(SIZES),
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="(1 2)")
    parser.add_argument("--rounds", type=int, help="turns of each contestant (9)")
    parser.add_argument("--seconds", type=float, help="of a turn (0.5)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="small sizes and two short rounds, to see that all works; writes into "
        "runtime-quick of the build folder",
    )
    parser.add_argument(
        "--measurements",
        type=Path,
        help="keep the measurements in this file, and report cases that are not "
        "measured now from there (benchmarks/runtime/measurements.json)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help=f"the folder for {DOCUMENT} and {PICTURE} (docs, and README.md is "
        "brought up to date)",
    )
    options = parser.parse_args()
    if unknown := set(options.only) - set(SIZES):
        parser.error(f"no workload {', '.join(sorted(unknown))}")
    if min(options.threads) < 1:
        parser.error("--threads must be positive")
    options.rounds = options.rounds or (2 if options.quick else 9)
    options.seconds = options.seconds or (0.02 if options.quick else 0.5)
    options.readme = None if options.output or options.quick else programs.ROOT / "README.md"
    quick = programs.BUILD / "runtime-quick"
    options.output = options.output or (quick if options.quick else programs.ROOT / "docs")
    options.measurements = options.measurements or (
        (quick if options.quick else HERE) / "measurements.json"
    )
    return options


def log(text):
    print(text, file=sys.stderr, flush=True)


def machine():
    """The processor, as Linux names it, and how many there are."""
    name = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(":")[1].strip()
    return f"{name} with {os.cpu_count()} cores"


class Worker:
    """A process of worker.py on the first CPUs."""

    def __init__(self, module, case, threads, cpus):
        self.module = module
        self.process = subprocess.Popen(
            [sys.executable, HERE / "worker.py", module, case.workload, *map(str, case.size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "OMP_NUM_THREADS": str(threads),
                "JAX_PLATFORMS": "cpu",
                "CUDA_VISIBLE_DEVICES": "",
                "TORCHINDUCTOR_CACHE_DIR": str(programs.BUILD / "runtime" / "torch"),
                "TORCHINDUCTOR_COMPILE_THREADS": "1",
                "CXX": shutil.which("g++") or str(programs.llvm_tools() / "clang++"),
            },
            preexec_fn=lambda: os.sched_setaffinity(0, cpus),
        )
        self.errors = []
        self.reader = threading.Thread(target=self._read_errors, daemon=True)
        self.reader.start()

    def _read_errors(self):
        self.errors.extend(self.process.stderr)

    def answer(self, limit):
        """The next line, if it comes in `limit` seconds."""
        timer = threading.Timer(limit, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if line:
            return json.loads(line)
        self.process.wait()
        self.reader.join(5)
        if self.process.returncode == -9:
            raise WorkerError(f"no answer in {limit} s, or out of memory")
        raise WorkerError("".join(self.errors[-12:]).strip() or "ended")

    def time(self, name, seconds):
        try:
            self.process.stdin.write(json.dumps({"name": name, "seconds": seconds}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # answer() tells why.
        return self.answer(300)

    def close(self):
        self.process.kill()
        self.process.wait()


def agree(ours, theirs):
    """Whether gradients are of the same sizes, within what the sums of textbook
    formulas in f32 lose."""
    return len(ours) == len(theirs) and all(
        math.isfinite(a) and math.isclose(a, b, rel_tol=2e-3, abs_tol=1e-9)
        for a, b in zip(ours[1:], theirs[1:])
    )


class Measurement:
    """One case with some number of threads. `complaints` are its failures."""

    def __init__(self, case, threads, options):
        self.case = case
        self.threads = threads
        self.options = options
        self.complaints = []

    def run(self):
        cpus = sorted(os.sched_getaffinity(0))[: self.threads]
        with contextlib.ExitStack() as stack:
            workers = []
            for module in MODULES:
                workers.append(Worker(module, self.case, self.threads, cpus))
                stack.callback(workers[-1].close)
            contestants, versions = self.prepare(workers)
            if "Fisher" not in contestants:
                return None
            return {
                "machine": machine(),
                "versions": versions,
                "date": datetime.date.today().isoformat(),
                "seconds": self.rounds(contestants),
            }

    def prepare(self, workers):
        """Who can run the case, and computes what Fisher does."""
        contestants, versions, digests = {}, [], {}
        for worker in workers:
            try:
                ready = worker.answer(1800)
            except WorkerError as error:
                self.complain(f"{worker.module}: {error}")
                continue
            if "missing" in ready:
                log(f"    {ready['missing']} is not installed, so it is left out")
                continue
            digests |= ready["digests"]
            if ready["digests"]:
                versions.append(ready["version"])
            contestants |= dict.fromkeys(ready["digests"], worker)
        for name in list(contestants):
            ours = digests.get("Fisher, plain" if "plain" in name else "Fisher")
            if name in ("limit", "JAX, KL") or ours is None:
                continue
            if not agree(ours, digests[name]):
                self.complain(f"{name} computes {digests[name]}, and Fisher {ours}")
                del contestants[name]
        return contestants, versions

    def rounds(self, contestants):
        times = {name: [] for name in contestants}
        for number in range(self.options.rounds):
            last = None
            # Back and forth, so that none is always after the same one.
            for name in list(times)[:: -1 if number % 2 else 1]:
                worker = contestants[name]
                if worker is not last and not self.options.quick:
                    # The threads of a process wait busily for a while.
                    time.sleep(0.3)
                last = worker
                times[name].append(float(f"{worker.time(name, self.options.seconds):.4g}"))
        return times

    def complain(self, text):
        self.complaints.append(f"{self.case}, {self.threads} threads: {text}")
        log(f"benchmarks/runtime: warning: {self.complaints[-1]}")


def load(path):
    return json.loads(path.read_text()) if path.exists() else {}


def save(path, measurements):
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = (f"{json.dumps(name)}: {json.dumps(e)}" for name, e in measurements.items())
    path.write_text("{\n" + ",\n".join(entries) + "\n}\n")


def measure_all(options):
    """Measures and keeps after each case; returns what went wrong."""
    every = [
        (case, threads) for case in all_cases(options.quick) for threads in options.threads
    ]
    chosen = [(case, threads) for case, threads in every if case.workload in options.only]
    complaints = []
    start = time.monotonic()
    for number, (case, threads) in enumerate(chosen, 1):
        log(f"[{number}/{len(chosen)}] {time.monotonic() - start:.0f} s: {case}, {threads} threads")
        if threads > len(os.sched_getaffinity(0)):
            log(f"    left out, there are not {threads} CPUs")
            continue
        measurement = Measurement(case, threads, options)
        try:
            entry = measurement.run()
        except WorkerError as error:
            measurement.complain(error)
            entry = None
        complaints += measurement.complaints
        if entry is None:
            continue
        log("    " + report.one_line(entry["seconds"]))
        measurements = load(options.measurements) | {report.key(case, threads): entry}
        keys = [report.key(*place) for place in every]
        known = [name for name in keys if name in measurements]
        others = [name for name in measurements if name not in keys]
        save(options.measurements, {name: measurements[name] for name in known + others})
    return complaints


def main():
    options = parse_arguments()
    if not (programs.BUILD / "bin" / "fisher-opt").exists():
        sys.exit(
            f"benchmarks/runtime: error: no fisher-opt in {programs.BUILD}; run utils/setup.sh"
        )
    if options.only:
        try:
            programs.compile_kernels()
        except programs.BuildError as error:
            sys.exit(f"benchmarks/runtime: error: {error}")
    complaints = measure_all(options)
    measurements = load(options.measurements)
    if not measurements:
        sys.exit("benchmarks/runtime: error: nothing is measured")
    rows = report.read(measurements)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / DOCUMENT).write_text(report.write(rows))
    try:
        report.draw(rows, options.output / PICTURE)
        log(f"wrote {options.output / DOCUMENT} and {PICTURE} beside it")
    except ImportError:
        log(f"wrote {options.output / DOCUMENT}, and no {PICTURE} without matplotlib")
    if options.readme:
        options.readme.write_text(report.with_headline(options.readme.read_text(), rows))
    if complaints:
        sys.exit("benchmarks/runtime: error: not all was measured:\n" + "\n".join(complaints))


if __name__ == "__main__":
    main()
