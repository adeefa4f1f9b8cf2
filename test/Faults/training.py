# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training runs of fisher-run, which the tests here disturb."""

import contextlib
import ctypes
import os
import random
import subprocess
import time

import numpy as np

from paths import BUILD, ROOT

TUTORIAL = ROOT / "examples" / "tutorial"

# From <linux/prctl.h> and <linux/capability.h>.
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1


def respect_modes():
    """Takes root's right to write where the modes forbid it; for `preexec_fn`."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0 and libc.prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot take root's right to write")


def start(*arguments, env=None, **keywords):
    """A process of fisher-run, whose output is kept."""
    return subprocess.Popen(
        [BUILD / "bin" / "fisher-run", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **(env or {})}, **keywords)


def run(*arguments, **keywords):
    """Such a process when it has ended, with its output and `returncode`."""
    process = start(*arguments, **keywords)
    process.stdout, process.stderr = process.communicate()
    return process


def succeed(*arguments, **keywords):
    """What a process that must succeed prints."""
    done = run(*arguments, **keywords)
    assert done.returncode == 0, done.stderr
    return done.stdout


def fail(*arguments, **keywords):
    """What a process prints that must fail with an error of its own, neither by
    a signal nor with LLVM's request to report a bug."""
    done = run(*arguments, **keywords)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert "error: " in done.stderr and "bug report" not in done.stderr, done.stderr
    return done.stderr


def kill_after(seconds, process):
    """Kills the process unless it ends before; returns whether it was killed."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    process.kill()
    process.communicate()
    return process.returncode != 0


def write_data(folder):
    """The rows that the tutorial's step learns from."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(400, 3))
    y = x @ [2.0, -1.0, 0.5] + 0.3 * draw.normal(size=400)
    np.savez(folder / "data.npz", x=x.astype(np.float32), y=y.astype(np.float32))
    return folder / "data.npz"


def tutorial(folder, steps, measured=False):
    """Arguments that train the tutorial's beliefs, measured at times or never."""
    arguments = [TUTORIAL / "step.mlir", f"--policy={TUTORIAL}/policy.mlir",
                 f"--data={write_data(folder)}", f"--steps={steps}", "--seed=1",
                 "--optimizer=adam", "--learning-rate=1e-2"]
    return arguments + (["--measure", "--measure-every=3"] if measured else [])


# A step whose parameter is so large that threads share the work, and that most
# of a run is spent writing it.
LARGE = """
func.func @main(%w: tensor<400000xf32> {fisher.name = "w", fisher.role = "param"},
                %e: tensor<400000xf32> {fisher.name = "e", fisher.role = "eps"})
    -> (tensor<400000xf32> {fisher.updates = "w"}) {
  %0 = math.exp %w : tensor<400000xf32>
  %1 = arith.mulf %0, %e : tensor<400000xf32>
  %2 = math.tanh %1 : tensor<400000xf32>
  return %2 : tensor<400000xf32>
}
"""


def large(folder, steps):
    (folder / "large.mlir").write_text(LARGE)
    return [folder / "large.mlir", f"--steps={steps}"]


def outputs(folder):
    """Arguments for all files that a run writes, into the folder."""
    folder.mkdir(exist_ok=True)
    return [f"--outputs={folder}/out.npz", f"--metrics={folder}/run.jsonl",
            f"--checkpoint={folder}/state.npz"]


def read(path):
    """The arrays of an archive; numpy checks that they are whole."""
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def same_files(first, second):
    """Whether the outputs and the metrics of two runs have the same bytes."""
    return all((first / name).read_bytes() == (second / name).read_bytes()
               for name in ("out.npz", "run.jsonl"))


def timed(*arguments):
    """How long a run takes."""
    begin = time.monotonic()
    succeed(*arguments)
    return time.monotonic() - begin


def moments(seed, count, longest):
    """Random times to kill a run at."""
    draw = random.Random(seed)
    return [draw.uniform(0, longest) for _ in range(count)]
