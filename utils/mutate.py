#!/usr/bin/env python3
#===- mutate.py - Which small faults in lib/ does no test notice? ---------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Plant small faults in lib/ and report those that no test notices.

Everything happens in a copy of the tree below --work; the checkout is only read.
All mutations are built at once, each of them off until a variable of the
environment names it. Every test then runs once with none, which tells what the
test reaches and how long it takes. After that each mutation is tested alone, by
the tests that reach it, those that are likely to notice first, until one fails,
crashes or does not end. A run that was stopped goes on where it was; after a
change of the tests what was not noticed is tested again, after a change of lib/
everything.

The file of --known has mutations that were read and found to change nothing that
is promised, one JSON object a line: where they are, and the reason.
"""

import argparse
import concurrent.futures
import fnmatch
import json
import os
import queue
import signal
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path

from mutants.mutations import KINDS, choose, find_mutations
from mutants.tests import Runner, Tests, digest, say, test_one
from mutants.tree import Copy, broken, stop

ROOT = Path(__file__).resolve().parents[1]


def name_of(mutation):
    file, kind, code, before, after, nth = mutation.key
    names = {"file": file, "kind": kind, "code": code, "before": before, "after": after}
    return {**names, "nth": nth}


def key_of(line):
    return tuple(line[name] for name in ("file", "kind", "code", "before", "after", "nth"))


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def table(rows, first):
    """A table of Markdown: of each group how many were noticed and not."""
    lines = [f"| {first} | mutations | noticed | equivalent | not noticed |", "|---|--:|--:|--:|--:|"]
    total = Counter()
    for name, count in [*rows, (None, None)]:
        count = total if name is None else count
        total = total if name is None else total + count
        cells = (count["noticed"], count["equivalent"], count["not noticed"])
        lines.append(f"| {name or 'all'} | {sum(cells)} | " + " | ".join(map(str, cells)) + " |")
    return lines


def report(chosen, results, known):
    """Prints the tables and what no test notices; returns how many that are."""
    kinds, folders = defaultdict(Counter), defaultdict(Counter)
    left = []
    uncompiled = 0
    for mutation in chosen.values():
        status = results.get(mutation.key, {}).get("status")
        if mutation.key in known:
            status = "equivalent"
        if status == "not compiled":
            uncompiled += 1
        if status in (None, "not compiled"):
            continue
        if status in ("not noticed", "not covered"):
            left.append((status, mutation))
            status = "not noticed"
        kinds[mutation.kind][status] += 1
        folders[mutation.file.split("/")[1]][status] += 1
    print("\n".join(table([(kind, kinds[kind]) for kind in KINDS if kind in kinds], "kind")))
    print()
    print("\n".join(table(sorted(folders.items()), "folder of lib/")))
    print()
    for status, mutation in left:
        print(f"{status}: {mutation}")
        print(f"    {json.dumps({**name_of(mutation), 'reason': ''})}")
    counted = sum(kinds.values(), Counter())
    # Nothing can notice what changes nothing.
    able = counted["noticed"] + counted["not noticed"]
    rate = 100.0 * counted["noticed"] / able if able else 100.0
    print(f"{sum(counted.values())} mutations, {uncompiled} more did not compile, "
          f"{counted['equivalent']} equivalent; {counted['noticed']} of {able} noticed, {rate:.1f} %")  # fmt: skip
    return len(left)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=300, help="how many mutations (300)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--files", nargs="+", default=["lib/*"], metavar="GLOB",
                        help="the sources, relative to the top of the tree (lib/*)")  # fmt: skip
    parser.add_argument("--tests", nargs="+", default=["*"], metavar="GLOB",
                        help="the tests, by the names that lit, ctest and pytest have for them")  # fmt: skip
    parser.add_argument("--sample", type=int, default=24,
                        help="at most so many tests of a file of pytest; 0 is all (24)")  # fmt: skip
    parser.add_argument("--deep", action="store_true",
                        help="before a mutation is not noticed, all tests of the files near to it "
                        "run, and not only the sample")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at once (all cores)")
    parser.add_argument("--budget", type=float, default=120,
                        help="the most seconds of tests for one mutation (120)")  # fmt: skip
    parser.add_argument("--work", type=Path, help="where the copy is (build/mutants)")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (this one)")
    parser.add_argument("--known", type=Path, help="(utils/mutants/known.jsonl)")
    parser.add_argument("--list", action="store_true", help="only say which mutations these are")
    parser.add_argument("--report", action="store_true", help="only say what is known so far")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    root = arguments.root.resolve()
    work = (arguments.work or root / "build" / "mutants").resolve()
    known_path = arguments.known or root / "utils" / "mutants" / "known.jsonl"
    sources = sorted(
        path for path in (root / "lib").rglob("*") if path.suffix in (".cpp", ".h")
        and any(fnmatch.fnmatch(path.relative_to(root), glob) for glob in arguments.files)
    )  # fmt: skip
    found = []
    for path in sources:
        found += find_mutations(str(path.relative_to(root)), path.read_bytes())
    mutations = choose(found, arguments.count, arguments.seed)
    if arguments.list:
        print("\n".join(map(str, mutations)))
        print(f"{len(mutations)} of {len(found)} mutations")
        return 0
    chosen = dict(enumerate(mutations, 1))
    known = {key_of(line): line["reason"] for line in read_lines(known_path)}

    work.mkdir(parents=True, exist_ok=True)
    results_path = work / "results.jsonl"
    stamp = digest(*(path.read_bytes() for path in sorted((root / "lib").rglob("*.*"))))
    results = {
        key_of(line): line for line in read_lines(results_path) if line["stamp"] == stamp
    }  # fmt: skip
    if arguments.report:
        return 1 if report(chosen, results, known) else 0

    def record(mutation, result):
        line = {**name_of(mutation), "stamp": stamp, **result}
        results[mutation.key] = line
        with open(results_path, "a") as file:
            print(json.dumps(line), file=file)

    copy = Copy(root, work)
    while True:
        planted = {
            number: mutation for number, mutation in chosen.items()
            if results.get(mutation.key, {}).get("status") != "not compiled"
        }  # fmt: skip
        say(f"building {len(planted)} mutations of {len({m.file for m in planted.values()})} files")
        copy.update(planted)
        built, text = copy.make(arguments.jobs)
        if built:
            break
        bad = broken(text, copy.tree, planted)
        if not bad:
            sys.exit(f"mutate.py: error: the copy does not build; see {work / 'build.log'}")
        say(f"{len(bad)} mutations do not compile")
        for number in bad:
            record(planted[number], {"status": "not compiled"})

    tests = Tests(copy, work / "trace.jsonl", arguments.tests)
    keys = (str(mutation.key) for mutation in mutations)
    tests.trace(digest(stamp, *keys), arguments.jobs, arguments.sample)

    # What was noticed stays noticed: tests are added, not taken away.
    todo = [
        (number, mutation) for number, mutation in planted.items()
        if mutation.key not in known
        and results.get(mutation.key, {}).get("status") not in ("noticed",)
    ]  # fmt: skip
    say(f"testing {len(todo)} mutations with {len(tests.units)} tests")
    runners = queue.Queue()
    for slot in range(arguments.jobs):
        runners.put(Runner(copy, slot))
    done = Counter()
    lock = threading.Lock()

    def work_on(entry):
        number, mutation = entry
        runner = runners.get()
        try:
            result = test_one(runner, tests, mutation, number, arguments.budget, arguments.deep)
        finally:
            runners.put(runner)
        with lock:
            record(mutation, result)
            done[result["status"]] += 1
            by = result.get("by", "")
            say(f"{sum(done.values())}/{len(todo)} {result['status']} {result['seconds']} s: {mutation}  {by}")

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(work_on, todo))
    return 1 if report(chosen, results, known) else 0


if __name__ == "__main__":
    sys.exit(main())
