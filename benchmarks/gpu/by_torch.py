# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A process that times torch.compile on the first CUDA device.

It reads cases from its arguments, such as W1:30000000, and prints a JSON object
a line: the version of PyTorch, then the seconds of each case.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runtime"))

import torch
from cases import Case
from contestants import by_torch


def measure(case, seconds):
    """The shortest time of a call, in runs of several, by events."""
    call, _, _ = by_torch.prepare(case, "cuda")
    for _ in range(3):
        call()
    torch.cuda.synchronize()
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    best, stop = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < stop:
        begin.record()
        for _ in range(10):
            call()
        end.record()
        torch.cuda.synchronize()
        best = min(best, begin.elapsed_time(end) * 1e-4)
    return best


def main():
    seconds, *names = sys.argv[1:]
    if not torch.cuda.is_available():
        sys.exit("PyTorch sees no CUDA device")
    print(json.dumps({"version": by_torch.version()}), flush=True)
    for name in names:
        workload, size = name.split(":")
        case = Case(workload, tuple(map(int, size.split("x"))))
        if not by_torch.can(case):
            continue
        print(json.dumps({"case": str(case), "seconds": measure(case, float(seconds))}), flush=True)
        torch.cuda.empty_cache()


main()
