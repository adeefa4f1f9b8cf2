# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The last numbers of runs, as a table."""

import unicodedata

# Boltzmann's constant in joules per kelvin, exactly, and a temperature in kelvin.
BOLTZMANN = 1.380649e-23
TEMPERATURE = 300

HEADINGS = (
    "", "steps", "loss", "η", "length", "action", "displacement", "information, nats",
    "work, J",
)  # fmt: skip
NOTE = (
    "η = displacement²/(steps · action); work: the least that writing the information "
    f"takes at {TEMPERATURE} K, k_B T for each nat"
)


def make_rows(runs, beliefs):
    """For each row of the table whether it is of a whole run, and its cells."""
    rows = []
    for run in runs:
        for belief in (None, *(belief for belief in beliefs if belief in run.beliefs)):
            is_run = belief is None
            last = {
                column: run.get_last(column, belief)
                for column in ("efficiency", "length", "action", "displacement", "information")
            }
            numbers = [
                float(run.numbers["loss"][-1]) if is_run and "loss" in run.numbers else None,
                *last.values(),
                BOLTZMANN * TEMPERATURE * last["information"],
            ]
            cells = ["" if number is None else f"{number:.4g}" for number in numbers]
            steps = str(run.steps[-1]) if is_run else ""
            rows.append((is_run, [run.label if is_run else belief, steps, *cells]))
    return rows


def make_printable(text, most=60):
    """A name for one line of a terminal or a picture: what would break it is shown as
    escapes, and the middle of what is long is left out."""
    text = "".join(
        repr(c)[1:-1] if unicodedata.category(c)[0] == "C" else c for c in text
    )
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"


def format_table(runs, beliefs, num_hidden):
    rows = [list(HEADINGS)]
    for is_run, (name, *cells) in make_rows(runs, beliefs):
        rows.append([make_printable(name) if is_run else f"  {make_printable(name)}", *cells])
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = []
    for name, *cells in rows:
        parts = [name.ljust(widths[0])]
        parts += [cell.rjust(width) for cell, width in zip(cells, widths[1:])]
        lines.append("  ".join(parts).rstrip())
    lines.insert(1, "─" * max(map(len, lines)))
    if num_hidden:
        lines.append(describe_hidden(num_hidden))
    return "\n".join([*lines, NOTE])


def describe_hidden(num_hidden):
    return f"and {num_hidden} more beliefs with less action; --belief and --top choose"
