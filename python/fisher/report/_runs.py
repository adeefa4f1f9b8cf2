# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs, as the lines of metrics tell them."""

import dataclasses
import fnmatch
import json

import numpy as np

# What is kept of the measurements of each belief.
COLUMNS = ("efficiency", "length", "action", "displacement", "information")
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


class ReportError(Exception):
    """Something that a user should read, without a traceback."""


@dataclasses.dataclass
class Trace:
    """Some elements of a belief, in standard coordinates, at some steps."""

    family: str  # as the IR has it, with its chart
    columns: tuple  # the names of the coordinates
    elements: tuple  # their numbers in the tensor
    steps: np.ndarray
    points: np.ndarray  # steps x elements x coordinates


@dataclasses.dataclass
class Run:
    """What the lines of one file say."""

    label: str
    steps: np.ndarray
    # The loss and others by name, not a number where the line does not say it.
    numbers: dict
    # What some lines measure, at least one.
    measured_steps: np.ndarray
    totals: np.ndarray  # of all beliefs together: lines x COLUMNS
    beliefs: tuple  # names
    measured: np.ndarray  # lines x beliefs x COLUMNS
    traces: dict  # by belief

    def get(self, column, belief=None):
        """What is measured of a belief, or of all together, at `measured_steps`."""
        number = COLUMNS.index(column)
        if belief is None:
            return self.totals[:, number]
        return self.measured[:, self.beliefs.index(belief), number]

    def get_last(self, column, belief=None):
        return float(self.get(column, belief)[-1])


# ===----------------------------------------------------------------------=== #
# Reading
# ===----------------------------------------------------------------------=== #


def _is_number(value):
    if isinstance(value, str):
        return value in _NOT_FINITE
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _read_row(row):
    return [float(row.get(column, "NaN")) for column in COLUMNS]


# What comes of reading a line that says something else.
_WRONG = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)


class _Reader:
    """Collects the lines of a file."""

    def __init__(self):
        self.steps, self.measured_steps, self.totals, self.measured = [], [], [], []
        self.numbers = {}
        self.beliefs = None
        self.traces = {}

    def add(self, line):
        """Raises one of `_WRONG` if the line is not one of metrics."""
        if not isinstance(line, dict) or not isinstance(line.get("step"), int):
            raise ValueError("it has no step")
        if not 0 <= line["step"] < 2**63:
            raise ValueError(f"its step is {line['step']:.3g}")
        index = len(self.steps)
        for name, value in line.items():
            if name != "step" and _is_number(value):
                self.numbers.setdefault(name, {})[index] = float(value)
        if "measurements" in line:
            self._add_measurements(line["step"], line["measurements"])
        for belief, trace in line.get("trace", {}).items():
            self._add_trace(line["step"], belief, trace)
        self.steps.append(line["step"])

    def _add_measurements(self, step, measurements):
        names = tuple(measurements["beliefs"])
        if self.beliefs not in (None, names):
            raise ValueError("its beliefs are not those of the lines before")
        self.beliefs = names
        self.measured_steps.append(step)
        self.totals.append(_read_row(measurements["all"]))
        rows = [_read_row(row) for row in measurements["beliefs"].values()]
        self.measured.append(np.array(rows).reshape(len(names), len(COLUMNS)))

    def _add_trace(self, step, belief, trace):
        columns = tuple(trace["columns"][1:])
        rows = np.array([[float(value) for value in row] for row in trace["elements"]])
        rows = rows.reshape(-1, 1 + len(columns))
        what = (trace["family"], columns, tuple(map(int, rows[:, 0])))
        known, steps, points = self.traces.setdefault(belief, (what, [], []))
        if what != known:
            raise ValueError(f"the trace of '{belief}' is not of what it was before")
        steps.append(step)
        points.append(rows[:, 1:])

    def finish(self, label):
        count = len(self.steps)
        numbers = {name: np.full(count, np.nan) for name in self.numbers}
        for name, values in self.numbers.items():
            numbers[name][list(values)] = list(values.values())
        return Run(
            label,
            np.array(self.steps),
            numbers,
            np.array(self.measured_steps),
            np.array(self.totals),
            self.beliefs,
            np.stack(self.measured),
            {
                belief: Trace(*what, np.array(steps), np.stack(points))
                for belief, (what, steps, points) in self.traces.items()
                if what[2]
            },
        )


def read_run(path, label, warn):
    """The run whose metrics are in a file; a last line that was cut off is left out,
    and `warn` is told.

    Raises:
      ReportError: the file cannot be read, or has no measurements.
    """
    reader = _Reader()
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    parsed = json.loads(line.decode("utf-8"))
                except (ValueError, RecursionError) as error:
                    if not line.endswith(b"\n"):
                        warn(f"{path}:{number}: the last line was cut off, and is left out")
                        break
                    raise ReportError(f"{path}:{number}: this is not JSON: {error}") from None
                try:
                    reader.add(parsed)
                except _WRONG as error:
                    reason = f"there is no {error}" if isinstance(error, KeyError) else error
                    raise ReportError(
                        f"{path}:{number}: this is not a line of metrics, as fisher-run "
                        f"writes them: {reason}"
                    ) from None
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}") from None
    if not reader.steps:
        raise ReportError(f"{path}: there is no line of metrics in it")
    if reader.beliefs is None:
        raise ReportError(f"{path}: nothing is measured in it; give fisher-run --measure, too")
    return reader.finish(label)


# ===----------------------------------------------------------------------=== #
# Choosing
# ===----------------------------------------------------------------------=== #


def _matches(belief, globs):
    names = (belief, *belief.split(", "))
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs for name in names)


def choose_beliefs(runs, globs, count):
    """The beliefs to show, those with the largest action first.

    Args:
      runs: the runs.
      globs: what their names match, or those of one of their components; without
        any, all do.
      count: how many there are at most; None for all.

    Returns:
      The names, and how many there are beside them.

    Raises:
      ReportError: a glob matches nothing.
    """
    actions = {}
    for run in runs:
        for belief, action in zip(run.beliefs, run.measured[-1, :, COLUMNS.index("action")]):
            least = actions.get(belief, -np.inf)
            actions[belief] = max(least, -np.inf if np.isnan(action) else action)
    for glob in globs:
        if not any(_matches(belief, [glob]) for belief in actions):
            some = ", ".join(f"'{belief}'" for belief in list(actions)[:5])
            more = ", ..." if len(actions) > 5 else ""
            raise ReportError(f"--belief={glob} matches no belief; there are {some}{more}")
    found = [belief for belief in actions if not globs or _matches(belief, globs)]
    found.sort(key=lambda belief: -actions[belief])
    return found[:count], len(found) - len(found[:count])
