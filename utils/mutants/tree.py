# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A copy of the tree that has mutations in its sources, and what runs in it."""

import os
import re
import resource
import signal
import subprocess
from collections import defaultdict
from pathlib import Path

from .mutations import plant

HERE = Path(__file__).resolve().parent
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
                data = plant(data, by_file[name], HERE / "mutant.h").encode()
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
