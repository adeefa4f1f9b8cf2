# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A plugin of pytest: which mutations each test reaches, and how long it takes.

Reads the file of FISHER_MUTANT_TRACE, which mutant.h writes, and appends a
line of JSON for each test to the file of FISHER_MUTANT_TESTS. Only as many tests
run as FISHER_MUTANT_SAMPLE says, from all over the file.
"""

import json
import mmap
import os
import sys
import time

import pytest


class Trace:
    def __init__(self):
        with open(os.environ["FISHER_MUTANT_TRACE"], "r+b") as file:
            self.bytes = mmap.mmap(file.fileno(), 0)
        self.output = open(os.environ["FISHER_MUTANT_TESTS"], "a")

    def pytest_collection_modifyitems(self, items):
        sample = int(os.environ["FISHER_MUTANT_SAMPLE"])
        if 0 < sample < len(items):
            items[:] = [items[at * len(items) // sample] for at in range(sample)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        if "execution" in sys.modules:
            # What a server has compiled for one test, the next one reaches, too.
            sys.modules["execution"].end_servers()
        self.bytes[:] = bytes(len(self.bytes))
        self.passed = True
        start = time.monotonic()
        result = yield
        line = {
            "name": item.nodeid,
            "passed": self.passed,
            "seconds": round(time.monotonic() - start, 3),
            "reached": [number for number, byte in enumerate(self.bytes[:]) if byte],
        }
        print(json.dumps(line), file=self.output, flush=True)
        return result

    def pytest_runtest_logreport(self, report):
        # A test that was skipped notices nothing.
        self.passed = self.passed and report.outcome == "passed"


def pytest_configure(config):
    config.pluginmanager.register(Trace())
