#===- sum_results.py - Sum up the results of several test suites ----------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
"""Sums up JUnit files of several test suites in one line.

usage: sum_results.py NAME=STATUS=FILE...

NAME names the suite, STATUS is the exit status of its runner and FILE the JUnit
file that it wrote. A suite without a readable file, one that ran no test, and
one whose runner failed though no test did count as one failure each. Prints
"N passed, N failed" last, and exits with 1 if anything failed.
"""

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field


@dataclass
class Result:
    """What one suite, or all of them, came to."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    messages: list = field(default_factory=list)

    def fail(self, message):
        self.failed += 1
        self.messages.append(message)

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def read_suite(name, status, path):
    """Returns the Result of one suite; failed tests are named in it."""
    result = Result()
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        result.fail(f"{name}: exited with {status} and left no results: {error}")
        return result
    for case in root.iter("testcase"):
        # ctest has one name for both.
        parts = dict.fromkeys((case.get("classname"), case.get("name")))
        if case.find("failure") is not None or case.find("error") is not None:
            result.fail(f"{name}: failed: " + " ".join(filter(None, parts)))
        elif case.find("skipped") is not None or case.find("disabled") is not None:
            result.skipped += 1
        else:
            result.passed += 1
    if status != 0 and result.failed == 0:
        result.fail(f"{name}: exited with {status} though no test failed")
    elif result.passed + result.failed == 0:
        result.fail(f"{name}: ran no test")
    return result


def main(arguments):
    if not arguments:
        print(__doc__)
        return 2
    total = Result()
    for argument in arguments:
        name, status, path = argument.split("=", 2)
        result = read_suite(name, int(status), path)
        for message in result.messages:
            print(message)
        print(f"{name}: {result}")
        total.passed += result.passed
        total.failed += result.failed
        total.skipped += result.skipped
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
