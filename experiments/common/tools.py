# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs steps with fisher-run, in a folder that is gone afterwards."""

import concurrent.futures
import itertools
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]


class ToolError(Exception):
    """Something that a user should read, without a traceback."""


class Tools:
    """The tools of a build, used from as many threads as there are jobs."""

    def __init__(self, build_dir):
        self.program = Path(build_dir).resolve() / "bin" / "fisher-run"
        if not self.program.exists():
            raise ToolError(f"{self.program} is not there; run utils/setup.sh first")
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self._count = itertools.count()

    def _fisher_run(self, *arguments):
        done = subprocess.run(
            [self.program, "--parallel=false", *arguments], capture_output=True, text=True
        )
        if done.returncode:
            raise ToolError(f"{done.stderr}fisher-run failed ({done.returncode})")

    def _place(self):
        place = self.folder / str(next(self._count))
        place.mkdir()
        return place

    def evaluate(self, module, **arrays):
        """The results of `@main`, in order, for arrays by the arguments' names."""
        place = self._place()
        (place / "module.mlir").write_text(module)
        np.savez(place / "in.npz", **arrays)
        self._fisher_run(
            place / "module.mlir",
            f"--inputs={place / 'in.npz'}",
            f"--outputs={place / 'out.npz'}",
        )
        with np.load(place / "out.npz") as results:
            return [results[f"out{i}"] for i in range(len(results.files))]

    def train(self, step, start, steps, seed, data=None, log_every=None, settings=None, **texts):
        """The parameters and states after training, and the lines of metrics, by
        default one of the end. `texts` are modules for fisher-run's options: policy,
        measure, evaluate, the last of which also scores whenever there is a line."""
        place = self._place()
        (place / "step.mlir").write_text(step)
        np.savez(place / "start.npz", **start)
        arguments = [
            place / "step.mlir",
            f"--init={place / 'start.npz'}",
            f"--steps={steps}",
            f"--seed={seed}",
            f"--log-every={log_every or steps}",
            f"--metrics={place / 'run.jsonl'}",
            f"--outputs={place / 'final.npz'}",
            # A step that leaves a chart's domain is a result of its own.
            "--non-finite=ignore",
        ]
        for option, text in texts.items():
            if text:
                (place / f"{option}.mlir").write_text(text)
                arguments.append(f"--{option}={place / option}.mlir")
        if texts.get("evaluate"):
            arguments.append(f"--evaluate-every={log_every or steps}")
        if data:
            arguments.append(f"--data={data}")
        arguments += [f"--set={name}={value!r}" for name, value in (settings or {}).items()]
        self._fisher_run(*arguments)
        with np.load(place / "final.npz") as arrays:
            final = {name: arrays[name] for name in arrays.files}
        lines = (place / "run.jsonl").read_text().splitlines()
        return final, [json.loads(line) for line in lines]


def map_parallel(function, items):
    """What the function gives for each item; fisher-run does the work, one
    process a core."""
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(function, items))
