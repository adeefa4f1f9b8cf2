# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tests of a mutated tree: which mutations they reach, and which they notice."""

import concurrent.futures
import fnmatch
import hashlib
import json
import os
import queue
import re
import shutil
import subprocess
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from .tree import HERE, run

# The suites that look at lib/; the rest looks at documents, scripts, and times.
SUITES = ("Families", "Faults", "IR", "Math", "Models", "Pipelines", "Recognition", "Runtime", "Transforms")


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


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
            [*self.pytest([f"test/{path}"], "-p", "mutants.trace"), "--maxfail=1000"],
            1800, FISHER_MUTANT_TRACE=str(self.trace), FISHER_MUTANT_TESTS=str(output),
            FISHER_MUTANT_SAMPLE=str(sample), PYTHONPATH=str(HERE.parent))  # fmt: skip
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
    batches = []
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


def near_tests(tests, mutation):
    """The tests of pytest that are about the source of a mutation by their names, as
    options of pytest: those in the folder of a family, those that are named for it
    among the tests of all families, or else all of the layer."""
    layer, stem = mutation.file.split("/")[1], Path(mutation.file).stem
    files = [name for name in tests.files if name.startswith(layer + "/")]
    folders = {name.split("/")[1] for name in files if name.count("/") > 1}
    own = max((name for name in folders if stem.startswith(name)), key=len, default=None)
    for name in sorted(files, key=lambda name: -name.count("/")):
        if name.count("/") == 1:
            word = re.sub(r"(?<!^)(?=[A-Z])", "_", own).lower() if own else ""
            yield [f"test/{name}", "-k", word]
        elif name.split("/")[1] == own:
            yield [f"test/{name}"]


def test_deeply(runner, tests, mutation, number):
    """By what a mutation is noticed when all tests of the files near to it run."""
    for options in near_tests(tests, mutation):
        runner.log.unlink(missing_ok=True)
        if runner.start(runner.pytest(options), 400, number=number) != 1:
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
