# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the figures of a report show, whatever draws them."""

import dataclasses
import itertools

import numpy as np

from ._geometry import get_plane, place_paths

# Okabe and Ito's colors, which those who confuse red and green can tell apart, but
# for the yellow, which is too light for lines; then dashes tell more apart.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00")
_DASHES = ("solid", "dash", "dot", "dashdot")

# More points than this cannot be seen.
_MOST_POINTS = 1000


@dataclasses.dataclass
class Series:
    """A line, or points if it has markers."""

    x: np.ndarray
    y: np.ndarray
    name: str  # empty where the legend has none of it
    color: str
    dash: str = "solid"
    width: float = 1.8
    marker: str = ""  # circle or ring


@dataclasses.dataclass
class Panel:
    title: str
    x_label: str
    y_label: str
    series: list
    is_log: bool = False
    is_disc: bool = False
    # Whether what is shown is never negative.
    starts_at_zero: bool = False


@dataclasses.dataclass
class Figure:
    slug: str
    title: str
    rows: list  # of lists of panels
    # What one has to know to read it.
    notes: tuple = ()
    # Whether all panels have the same steps, and those of a row the same numbers.
    shares_axes: bool = False
    # The ends of both axes of all panels, where these are as long upwards as to the
    # right, for distances to be compared in all directions.
    ranges: tuple = ()

    @property
    def aspect(self):
        """How high panels are for their width."""
        (left, right), (low, high) = self.ranges
        return (high - low) / (right - left)


def make_styles(names):
    styles = [(color, dash) for dash, color in itertools.product(_DASHES, _COLORS)]
    return dict(zip(names, itertools.cycle(styles)))


def _thin(*arrays):
    """Evenly spread points of long lines, with the last one."""
    count = len(arrays[0])
    if count <= _MOST_POINTS:
        return arrays
    chosen = np.linspace(0, count - 1, _MOST_POINTS).round().astype(int)
    return tuple(array[chosen] for array in arrays)


def _make_curve(steps, values, name, style):
    return Series(*_thin(steps, values), name, *style)


def _is_spread(panel):
    """Whether what is large would hide what is small."""
    values = np.concatenate([series.y for series in panel.series])
    values = values[np.isfinite(values)]
    return values.size > 0 and values.min() > 0 and values.max() > 20 * values.min()


QUANTITIES = {
    "efficiency": ("Efficiency", "η, from 0 to 1"),
    "length": ("Length", "sum of distances moved"),
    "action": ("Action", "sum of their squares"),
}


def make_totals(runs):
    """The numbers of all beliefs together, a line for each run."""
    styles = make_styles(run.label for run in runs)
    panels = []
    for name, title, unit in (
        ("loss", "Loss", "as the step returns it"),
        ("penalty", "Penalty", "as the policy adds it"),
    ):
        series = [
            _make_curve(run.steps, run.numbers[name], run.label, styles[run.label])
            for run in runs
            if name in run.numbers
        ]
        if series:
            panels.append(Panel(title, "training step", unit, series))
            panels[-1].is_log = _is_spread(panels[-1])
    for column, (title, unit) in QUANTITIES.items():
        series = [
            _make_curve(run.measured_steps, run.get(column), run.label, styles[run.label])
            for run in runs
        ]
        panels.append(Panel(title, "training step", unit, series, starts_at_zero=True))
    columns = 2 if len(panels) == 4 else 3
    rows = [panels[i : i + columns] for i in range(0, len(panels), columns)]
    return Figure("totals", "All beliefs together", rows)


def make_beliefs(runs, beliefs):
    """The numbers of each belief, a column of panels for each run."""
    styles = make_styles(beliefs)
    rows = []
    for column, (title, unit) in QUANTITIES.items():
        rows.append([])
        for run in runs:
            series = [
                _make_curve(run.measured_steps, run.get(column, belief), belief, styles[belief])
                for belief in beliefs
                if belief in run.beliefs
            ]
            heading = f"{title}: {run.label}" if len(runs) > 1 else title
            rows[-1].append(
                Panel(heading, "training step", unit, series, starts_at_zero=True)
            )
    if len(runs) == 1:
        rows = [[row[0] for row in rows]]
    return Figure("beliefs", "Each belief", rows, shares_axes=len(runs) > 1)


def _make_circles(plane, family):
    """The rim of a disc, and the circles that its note tells of."""
    angles = np.linspace(0, 2 * np.pi, 181)
    radii, _ = plane.place(family, np.array([[0.0, 0.0], [1.0, 10.0]]))
    for radius, dash in ((1.0, "solid"), *((radius, "dot") for radius in radii)):
        yield Series(
            radius * np.cos(angles), radius * np.sin(angles), "", "#808080", dash, width=1.0
        )


def _make_trajectories(label, trace, plane, family):
    styles = make_styles(trace.elements)
    series = [*_make_circles(plane, family)] if plane.is_disc else []
    (x, y), (geodesic_x, geodesic_y) = place_paths(plane, family, trace.points)
    for i, element in enumerate(trace.elements):
        color = styles[element][0]
        series += [
            Series(geodesic_x[:, i], geodesic_y[:, i], "", color, "dash", 1.2),
            Series(*_thin(x[:, i], y[:, i]), f"element {element}", color, width=1.6),
            Series(x[:1, i], y[:1, i], "", color, marker="ring"),
            Series(x[-1:, i], y[-1:, i], "", color, marker="circle"),
        ]
    return Panel(label, *plane.labels, series, is_disc=plane.is_disc)


# Between which the height of a plane is for its width.
_LEAST_ASPECT, _MOST_ASPECT = 0.4, 1.2


def _get_ranges(panels):
    """The ends of the axes that all panels have."""
    if panels[0].is_disc:
        return (-1.03, 1.03), (-1.03, 1.03)
    centers, sizes = [], []
    for axis in ("x", "y"):
        values = np.concatenate([getattr(s, axis) for panel in panels for s in panel.series])
        values = values[np.isfinite(values)]
        low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
        centers.append((low + high) / 2)
        sizes.append(high - low)
    width, height = (1.12 * size for size in sizes)
    width = max(width, height / _MOST_ASPECT, 1e-6 * max(map(abs, centers)), 1e-30)
    height = max(height, width * _LEAST_ASPECT)
    # Nothing is below the rim of the half plane.
    low = max(centers[1] - height / 2, 0.0)
    return (centers[0] - width / 2, centers[0] + width / 2), (low, low + height)


_NOTE = "○ first, ● last line of the metrics; dashed: the geodesic between them"


def make_trajectories(runs, beliefs):
    """For each belief whose elements are in a plane a figure, with a panel for each
    run."""
    figures = []
    for belief in beliefs:
        panels, plane = [], None
        for run in runs:
            trace = run.traces.get(belief)
            found = get_plane(trace) if trace else None
            # What is of another family in another run has no picture in common.
            if not found or plane not in (None, found[0]):
                continue
            plane, family = found
            steps = f"steps {trace.steps[0]} to {trace.steps[-1]}"
            heading = f"{run.label}, {steps}" if len(runs) > 1 else steps
            panels.append(_make_trajectories(heading, trace, plane, family))
        if panels:
            figures.append(
                Figure(
                    f"trajectory-{len(figures) + 1}",
                    f"{belief} ({plane.name})",
                    [panels],
                    notes=(_NOTE, plane.note) if plane.note else (_NOTE,),
                    ranges=_get_ranges(panels),
                )
            )
    return figures
