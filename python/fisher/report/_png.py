# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures as pictures, by matplotlib."""

import io
import warnings

from ._summary import make_printable

_LINES = {"solid": "-", "dash": (0, (5, 2)), "dot": (0, (1, 1.5)), "dashdot": "-."}
_STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.9",
    # Names are no formulas.
    "text.parse_math": False,
}


def _draw_series(axes, series):
    if series.marker:
        face = series.color if series.marker == "circle" else "white"
        return axes.plot(
            series.x, series.y, "o", color=series.color, mfc=face, ms=6, mew=1.4, zorder=3
        )
    return axes.plot(
        series.x, series.y, color=series.color, ls=_LINES[series.dash], lw=series.width
    )


def _draw_panel(axes, panel, handles):
    for series in panel.series:
        (line,) = _draw_series(axes, series)
        if series.name:
            handles.setdefault(series.name, line)
    axes.tick_params(labelbottom=True)
    axes.set_title(make_printable(panel.title))
    axes.set_xlabel(panel.x_label)
    axes.set_ylabel(panel.y_label)
    if panel.is_log:
        axes.set_yscale("log")
    if panel.is_disc:
        axes.set_axis_off()


def draw_png(figure):
    """The bytes of a figure's picture."""
    import matplotlib
    from matplotlib.figure import Figure

    columns = max(map(len, figure.rows))
    width, height = (4.7, 4.0 * figure.aspect + 0.9) if figure.ranges else (4.3, 3.2)
    names = dict.fromkeys(
        make_printable(series.name, 40)
        for panels in figure.rows
        for panel in panels
        for series in panel.series
        if series.name
    )
    # In inches, beside the panels.
    legend_width = 0.9 + 0.085 * max(map(len, names))
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # A character that the font lacks is a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        drawn = Figure(
            figsize=(
                max(columns * width + legend_width, 7.0),
                len(figure.rows) * height + 0.2 + 0.2 * (1 + len(figure.notes)),
            ),
            layout="constrained",
        )
        grid = drawn.subplots(
            len(figure.rows), columns, squeeze=False,
            sharex=figure.shares_axes, sharey="row" if figure.shares_axes else False,
        )  # fmt: skip
        handles = {}
        for row, panels in zip(grid, figure.rows):
            for axes in row[len(panels) :]:
                axes.set_axis_off()
            for axes, panel in zip(row, panels):
                _draw_panel(axes, panel, handles)
            # Once all is drawn that the axes are for.
            for axes, panel in zip(row, panels):
                if panel.starts_at_zero:
                    axes.set_ylim(bottom=0)
                if figure.ranges:
                    axes.set(xlim=figure.ranges[0], ylim=figure.ranges[1], aspect="equal")
        title = make_printable(figure.title, 90)
        lines = [title, *figure.notes]
        drawn.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=11)
        drawn.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
        legend = drawn.legend(
            handles.values(), [str(i) for i in range(len(handles))],
            loc="outside right center", frameon=False, handlelength=3,
        )  # fmt: skip
        # A legend leaves out names that start with an underscore.
        for text, name in zip(legend.get_texts(), handles):
            text.set_text(make_printable(name, 40))
        buffer = io.BytesIO()
        drawn.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()
