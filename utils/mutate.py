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
import hashlib
import json
import os
import queue
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from mutations import KINDS, choose, find_mutations, plant

ROOT = Path(__file__).resolve().parents[1]
UTILS = Path(__file__).resolve().parent
# The suites that look at lib/; the rest looks at documents, scripts, and times.
SUITES = ("Families", "Math", "Models", "Pipelines", "Recognition", "Runtime", "Transforms")
LIT_LINES = """
import os
for name in ("FISHER_MUTANT", "FISHER_MUTANT_TRACE"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.test_exec_root = os.environ.get("FISHER_MUTANT_LIT", config.test_exec_root)
"""
# Compiles what has mutations as fast as can be, and takes the rest from the cache.
LAUNCHER = """#!/bin/sh
for source; do :; done
if head -n 1 "$source" | grep -q 'include ".*/mutant.h"'; then
  exec "$@" -O0
fi
exec ccache "$@"
"""
MEMORY = 24 << 30
FILE_SIZE = 1 << 30


# The leaders of what runs now.
RUNNING = set()


def stop(number, frame):
    """Leaves nothing behind when it is stopped itself."""
    for leader in list(RUNNING):
        os.killpg(leader, signal.SIGKILL)
    os._exit(128 + number)


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def run(command, environment, seconds, output, cwd):
    """The exit status of a command, or None if it does not end. Nothing that it
    started is left."""

    def limit():
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    with open(output, "ab") as file:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=file, stderr=file, preexec_fn=limit, cwd=cwd)  # fmt: skip
        RUNNING.add(process.pid)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            RUNNING.discard(process.pid)


class Copy:
    """The copy of the tree, with the mutations in its sources."""

    def __init__(self, root, work):
        self.root = root
        self.work = work
        self.tree = work / "tree"
        self.build = self.tree / "build"

    def write(self, path, data, mode=None):
        """Writes a file unless it is so already: nothing is built in vain."""
        if path.is_symlink() or not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_bytes(data)
        if mode is not None:
            path.chmod(mode)

    def update(self, chosen):
        """Makes the tree what the checkout is, with {number: mutation} planted."""
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=self.root, capture_output=True, check=True).stdout.split(b"\0")  # fmt: skip
        by_file = defaultdict(dict)
        for number, mutation in chosen.items():
            by_file[mutation.file][number] = mutation
        for name in map(os.fsdecode, filter(None, names)):
            source = self.root / name
            if not source.is_file():
                continue
            data = source.read_bytes()
            if name in by_file:
                data = plant(data, by_file[name], UTILS / "mutant.h").encode()
            if name == "test/lit.cfg.py":
                data += LIT_LINES.encode()
            self.write(self.tree / name, data, source.stat().st_mode & 0o777)
        for path in [p for p in self.tree.glob("test/**/*") if p.is_file()]:
            if not (self.root / path.relative_to(self.tree)).exists():
                path.unlink()
        venv = self.tree / ".venv"
        if not venv.exists():
            venv.symlink_to(self.root / ".venv")

    def make(self, jobs):
        """Configures as setup.sh does and builds all that can be: whether everything
        was, and what was printed."""
        path = self.work / "launcher"
        self.write(path, LAUNCHER.encode(), 0o755)
        launcher = [f"-DCMAKE_{language}_COMPILER_LAUNCHER={path}" for language in ("C", "CXX")]
        commands = [
            ["cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
             "-DCMAKE_C_COMPILER=clang-22", "-DCMAKE_CXX_COMPILER=clang++-22", *launcher,
             f"-DMLIR_DIR={os.environ.get('MLIR_DIR', '/usr/lib/llvm-22/lib/cmake/mlir')}",
             f"-DPython3_EXECUTABLE={self.tree / '.venv/bin/python'}"],
            ["ninja", "-C", self.build, "-k", "0", f"-j{jobs}"],
        ]  # fmt: skip
        ccache = {"CCACHE_BASEDIR": str(self.tree), "CCACHE_NOHASHDIR": "1", "CCACHE_READONLY": "1"}
        log = self.work / "build.log"
        log.unlink(missing_ok=True)
        for command in commands:
            status = run(command, ccache, None, log, self.tree)
            if status != 0:
                break
        return status == 0, log.read_text()


def broken(text, tree, chosen):
    """The numbers of the mutations in the lines that do not compile."""
    result = set()
    for file, line in re.findall(r"^(\S+?):(\d+):\d+: (?:fatal )?error: ", text, re.MULTILINE):
        try:
            name = str(Path(file).resolve().relative_to(tree.resolve()))
        except ValueError:
            continue
        here = {n: m for n, m in chosen.items() if m.file == name}
        lines = {n for n, m in here.items() if m.line <= int(line) <= m.last_line}
        result |= lines or set(here)
    return result


@dataclass
class Unit:
    """What is run alone at least: a test of lit, GoogleTest or pytest."""

    suite: str
    name: str
    seconds: float
    reached: frozenset

    @property
    def folder(self):
        return self.name.split("/")[0]


class Runner:
    """Runs tests of the copy, for one worker at a time."""

    def __init__(self, copy, slot):
        self.copy = copy
        self.folder = copy.work / f"slot{slot}"
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "tmp").mkdir(parents=True)
        self.log = self.folder / "log.txt"
        self.trace = self.folder / "trace"
        self.python = str(copy.tree / ".venv/bin/python")

    def environment(self, number=0):
        return {
            "FISHER_BUILD_DIR": str(self.copy.build),
            "FISHER_MUTANT": str(number),
            "FISHER_MUTANT_LIT": str(self.folder / "lit"),
            "TMPDIR": str(self.folder / "tmp"),
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
        }

    def lit(self, names):
        return [
            str(self.copy.tree / ".venv/bin/lit"), "-q", "-j1", "--max-failures=1",
            *(str(self.copy.build / "test" / name) for name in names),
        ]  # fmt: skip

    def pytest(self, names, *options):
        return [
            self.python, "-m", "pytest", "-q", "-x", *options,
            "--basetemp", str(self.folder / "pytest"), *names,
        ]  # fmt: skip

    def start(self, command, seconds, **environment):
        number = environment.pop("number", 0)
        return run(command, {**self.environment(number), **environment}, seconds, self.log,
                   self.copy.tree)  # fmt: skip

    def clear_trace(self):
        self.trace.write_bytes(bytes(1 << 16))

    def read_trace(self):
        return [number for number, byte in enumerate(self.trace.read_bytes()) if byte]

    def trace_one(self, command):
        """What a test reaches, or None if it does not pass."""
        self.clear_trace()
        start = time.monotonic()
        status = self.start(command, 900, FISHER_MUTANT_TRACE=str(self.trace))
        if status != 0:
            return None
        return round(time.monotonic() - start, 3), self.read_trace()

    def trace_file(self, path, sample):
        """What each test of a file of pytest reaches, or of so many of them."""
        self.clear_trace()
        output = self.folder / "tests.jsonl"
        output.unlink(missing_ok=True)
        self.start(
            [*self.pytest([f"test/{path}"], "-p", "mutation_trace"), "--maxfail=1000"],
            1800, FISHER_MUTANT_TRACE=str(self.trace), FISHER_MUTANT_TESTS=str(output),
            FISHER_MUTANT_SAMPLE=str(sample), PYTHONPATH=str(UTILS))  # fmt: skip
        lines = output.read_text().splitlines() if output.exists() else []
        return [line for line in map(json.loads, lines) if line["passed"]]


def digest(*parts):
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part if isinstance(part, bytes) else part.encode())
        hasher.update(b"\0")
    return hasher.hexdigest()


class Tests:
    """The tests, and what they reach, which is kept in a file."""

    def __init__(self, copy, path, patterns):
        self.copy = copy
        self.path = path
        self.patterns = patterns
        self.units = []

    def wanted(self, name):
        return any(fnmatch.fnmatch(name, pattern) for pattern in self.patterns)

    def find(self):
        """(suite, name, command or None, digest) of what is traced in one go."""
        test = self.copy.tree / "test"
        found = []
        shown = subprocess.run(
            [self.copy.tree / ".venv/bin/lit", "--show-tests", self.copy.build / "test"],
            capture_output=True, text=True, check=True).stdout  # fmt: skip
        for name in re.findall(r"^\s+Fisher :: (\S+)$", shown, re.MULTILINE):
            found.append(("lit", name, None, digest((test / name).read_bytes())))
        listed = subprocess.run(
            ["ctest", "--test-dir", self.copy.build, "--show-only=json-v1"],
            capture_output=True, text=True, check=True).stdout  # fmt: skip
        sources = [p.read_bytes() for p in sorted((self.copy.tree / "unittests").rglob("*.cpp"))]
        for case in json.loads(listed)["tests"]:
            if "command" in case:
                found.append(("ctest", case["name"], case["command"], digest(*sources)))
        for path in sorted(test.rglob("test_*.py")):
            name = str(path.relative_to(test))
            if name.split("/")[0] in SUITES:
                found.append(("pytest", name, None, digest(path.read_bytes())))
        return [entry for entry in found if self.wanted(entry[1])]

    def trace(self, stamp, jobs, sample):
        """Runs every test that is new or another since it was traced."""
        kept = {}
        if self.path.exists():
            for line in map(json.loads, self.path.read_text().splitlines()):
                kept[line["suite"], line["name"]] = line
        found = self.find()
        self.files = [name for suite, name, _, _ in found if suite == "pytest"]
        self.commands = {name: command for suite, name, command, _ in found if suite == "ctest"}
        current = {
            (suite, name): digest(stamp, mark, str(sample if suite == "pytest" else 0))
            for suite, name, _, mark in found
        }
        fresh = [
            entry for entry in found
            if kept.get(entry[:2], {}).get("digest") != current[entry[:2]]
        ]  # fmt: skip
        say(f"tracing {len(fresh)} of {len(found)} tests and files of tests")
        slots = queue.Queue()
        for slot in range(jobs):
            slots.put(Runner(self.copy, slot))
        lock = threading.Lock()

        def work(entry):
            suite, name, command, _ = entry
            runner = slots.get()
            try:
                if suite == "pytest":
                    tests = runner.trace_file(name, sample)
                else:
                    done = runner.trace_one(runner.lit([name]) if suite == "lit" else command)
                    tests = []
                    if done:
                        tests = [{"name": name, "seconds": done[0], "reached": done[1]}]
            finally:
                slots.put(runner)
            if not tests:
                say(f"not used, since it does not pass here: {suite} {name}")
            line = {"suite": suite, "name": name, "digest": current[suite, name], "tests": tests}
            with lock:
                kept[suite, name] = line
                with open(self.path, "a") as file:
                    print(json.dumps(line), file=file)

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            list(pool.map(work, fresh))
        self.units = [
            Unit(suite, test["name"].removeprefix("test/"), test["seconds"], frozenset(test["reached"]))
            for (suite, name), line in kept.items()
            if (suite, name) in current
            for test in line["tests"]
        ]


def plan(units, mutation, number, budget):
    """Batches of the units that reach a mutation: (suite, units). What lies near to it,
    is quick and reaches little else comes first; one process runs a batch."""
    layer = mutation.file.split("/")[1].removesuffix(".cpp")
    stem = Path(mutation.file).stem

    def score(unit):
        near = 0.2 if layer in unit.name else 1.0
        near *= 0.2 if stem in unit.name else 1.0
        start = {"lit": 0.3, "ctest": 0.1, "pytest": 1.0}[unit.suite]
        return (start + unit.seconds) * (5 + len(unit.reached)) * near

    reaching = sorted((unit for unit in units if number in unit.reached), key=score)
    chosen, seconds = [], 0.0
    for unit in reaching:
        if seconds + unit.seconds <= budget:
            chosen.append(unit)
            seconds += unit.seconds
    files = defaultdict(list)
    for unit in chosen:
        if unit.suite == "pytest":
            files[unit.name.split("::")[0]].append(unit)
    batches, given = [], Counter()
    lit = [unit for unit in chosen if unit.suite == "lit"]
    for group in (lit[:3], lit[3:12], lit[12:]):
        if group:
            batches.append((score(group[0]), "lit", group))
    for unit in chosen:
        if unit.suite == "ctest":
            batches.append((score(unit), "ctest", [unit]))
    for tests in files.values():
        for at, size in ((0, 6), (6, 30), (36, len(tests))):
            group = tests[at : at + size]
            if group:
                batches.append((score(group[0]) * (1 + at), "pytest", group))
    batches.sort(key=lambda batch: batch[0])
    return [batch[1:] for batch in batches], len(reaching) - len(chosen)


def near_files(tests, mutation):
    """The files of pytest that are about the source of a mutation by their names."""
    layer, stem = mutation.file.split("/")[1], Path(mutation.file).stem
    for name in tests.files:
        folders = name.split("/")[:-1]
        if layer in folders[:1] and (
            len(folders) == 1 or any(stem.startswith(folder) for folder in folders[1:])
        ):
            yield name


def test_deeply(runner, tests, mutation, number):
    """By what a mutation is noticed when all tests of the files near to it run."""
    for name in near_files(tests, mutation):
        runner.log.unlink(missing_ok=True)
        if runner.start(runner.pytest([f"test/{name}"]), 400, number=number) != 1:
            continue
        text = runner.log.read_text(errors="replace")
        for test in re.findall(r"^FAILED (?:test/)?(.*?)(?: - .*)?$", text, re.M):
            # It has to pass without.
            if runner.start(runner.pytest([f"test/{test}"]), 400) == 0:
                return f"pytest {test}"
    return None


def test_one(runner, tests, mutation, number, budget, deep):
    """Whether a test notices a mutation: the line of the results about it."""
    batches, left = plan(tests.units, mutation, number, budget)
    start = time.monotonic()
    result = {"status": "not covered" if not batches else "not noticed", "left": left}
    for suite, units in batches:
        names = [unit.name for unit in units]
        if suite == "lit":
            command = runner.lit(names)
        elif suite == "ctest":
            command = tests.commands[names[0]]
        else:
            command = runner.pytest([f"test/{name}" for name in names])
        runner.log.unlink(missing_ok=True)
        seconds = 60 + 15 * sum(unit.seconds for unit in units)
        status = runner.start(command, seconds, number=number)
        if status != 0:
            text = runner.log.read_text(errors="replace")
            if suite == "pytest" and status in (4, 5):
                raise RuntimeError(f"pytest found no test among {names[:3]}:\n{text[-2000:]}")
            failed = re.findall(r"^(?:FAILED|ERROR) (?:test/)?(\S+)|Fisher :: (\S+) \(", text, re.M)
            by = next((a or b for a, b in failed if a or b), names[0])
            result = {"status": "noticed", "by": f"{suite} {by}"}
            if status is None:
                result["by"] += " (did not end)"
            break
    if deep and "by" not in result and (by := test_deeply(runner, tests, mutation, number)):
        result = {"status": "noticed", "by": by}
    result["seconds"] = round(time.monotonic() - start, 1)
    return result


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
    parser.add_argument("--known", type=Path, help="(utils/known_mutants.jsonl)")
    parser.add_argument("--list", action="store_true", help="only say which mutations these are")
    parser.add_argument("--report", action="store_true", help="only say what is known so far")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    root = arguments.root.resolve()
    work = (arguments.work or root / "build" / "mutants").resolve()
    known_path = arguments.known or root / "utils" / "known_mutants.jsonl"
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
