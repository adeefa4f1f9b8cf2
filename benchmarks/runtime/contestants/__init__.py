# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each module runs cases by other means. It has `make(case)`, which returns
contestants by name, and `version()`. A contestant has

    digest()        calls once, and returns cases.digest of the results
    time(seconds)   the shortest time of many calls
"""

import time


class Python:
    """A contestant that is called from Python. `call` returns when all is done."""

    def __init__(self, call, digest):
        self.call = call
        self.digest = digest

    def time(self, seconds):
        best, samples, end = float("inf"), 0, time.perf_counter() + seconds
        while samples < 3 or time.perf_counter() < end:
            start = time.perf_counter()
            self.call()
            best = min(best, time.perf_counter() - start)
            samples += 1
        return best
