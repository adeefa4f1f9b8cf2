# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A process that times torch.compile on the first CUDA device, and its products of
matrices.

It reads cases from its arguments, such as W1:30000000 or the names of products,
and prints a JSON object a line: the version of PyTorch, then the seconds of each
case.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runtime"))

import torch
from cases import Case
from contestants import by_torch
from products import all_products


def prepare_product(product):
    torch.backends.cuda.matmul.allow_tf32 = False
    dtype = {"f32": torch.float32, "bf16": torch.bfloat16}[product.element]
    left, right, out = (torch.randn(s, device="cuda").to(dtype) for s in product.shapes)
    if product.transposed:
        left = left.T
    return lambda: torch.matmul(left, right, out=out)


def measure(call, seconds):
    """The shortest time of a call, in runs of several, by events."""
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
    products = {str(product): product for quick in (False, True) for product in all_products(quick)}
    for name in names:
        if name in products:
            found = measure(prepare_product(products[name]), float(seconds))
            print(json.dumps({"case": name, "seconds": found}), flush=True)
            continue
        workload, size = name.split(":")
        case = Case(workload, tuple(map(int, size.split("x"))))
        if not by_torch.can(case):
            continue
        call, _, _ = by_torch.prepare(case, "cuda")
        print(json.dumps({"case": str(case), "seconds": measure(call, float(seconds))}), flush=True)
        torch.cuda.empty_cache()


main()
