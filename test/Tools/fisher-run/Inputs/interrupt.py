# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Interrupts a training run once it has written metrics.

usage: interrupt.py OUTPUTS METRICS COMMAND ...
"""

import pathlib
import signal
import subprocess
import sys
import time

outputs, metrics = map(pathlib.Path, sys.argv[1:3])
metrics.unlink(missing_ok=True)
process = subprocess.Popen(sys.argv[3:], stdout=subprocess.PIPE, text=True)
while process.poll() is None and not (metrics.exists() and metrics.stat().st_size):
    time.sleep(0.01)
assert not outputs.exists(), "outputs are written before the end"
process.send_signal(signal.SIGINT)
print(process.communicate()[0], end="")
print("status", process.returncode)
