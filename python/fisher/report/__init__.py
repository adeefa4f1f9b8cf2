# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports on training runs, from the metrics that `fisher-run --measure` writes.

It is a program, ``python -m fisher.report run.jsonl -o report.html``, which has
``--help``; docs/efficiency.md shows what it makes. There are no functions to call.
"""

__all__ = []
