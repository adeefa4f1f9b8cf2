# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A process that runs the contestants of one module on one case.

    worker.py MODULE WORKLOAD SIZE...

prints a line of JSON with the version and, by name, the digests of all results,
or with the name of a package that is not installed. Then it times a contestant for each line {"name": ..., "seconds": ...} that it
reads, and prints the time of a call.
"""

import importlib
import json
import os
import sys

from cases import Case


def main():
    # What libraries print must not come between the lines.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(value):
        print(json.dumps(value), file=out, flush=True)

    module, workload, *size = sys.argv[1:]
    try:
        module = importlib.import_module(f"contestants.{module}")
    except ModuleNotFoundError as error:
        say({"missing": error.name})
        return
    contestants = module.make(Case(workload, tuple(map(int, size))))
    say(
        {
            "version": module.version(),
            "digests": {name: c.digest() for name, c in contestants.items()},
        }
    )
    for line in sys.stdin:
        request = json.loads(line)
        say(contestants[request["name"]].time(request["seconds"]))


if __name__ == "__main__":
    main()
