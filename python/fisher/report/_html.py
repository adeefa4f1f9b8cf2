# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A page with all figures, by plotly, that needs nothing from anywhere."""

import html

from ._summary import HEADINGS, NOTE, describe_hidden, make_printable, make_rows

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #222; }}
body {{ margin: 2em auto; max-width: 1500px; padding: 0 1.5em; }}
h1, h2 {{ font-weight: 600; margin: 1.2em 0 0.4em; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: right; padding: 0.2em 0.9em; white-space: nowrap; }}
td {{ font-variant-numeric: tabular-nums; }}
th:first-child, td:first-child {{ text-align: left; white-space: normal; overflow-wrap: anywhere; }}
th {{ border-bottom: 1px solid #888; font-weight: 600; }}
tr.run td {{ font-weight: 600; border-top: 1px solid #ddd; }}
tr.belief td:first-child {{ padding-left: 2em; }}
p.note {{ color: #555; }}
section {{ overflow-x: auto; }}
</style>
<script>{plotly}</script>
</head>
<body>
<h1>{title}</h1>
{table}
{sections}
</body>
</html>
"""


def _make_notes(texts):
    return "\n".join(f'<p class="note">{html.escape(text)}</p>' for text in texts)


def _make_table(runs, beliefs, num_hidden):
    def make_row(tag, cells, kind=""):
        return f"<tr{kind}>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    rows = [make_row("th", HEADINGS)]
    for is_run, (name, *cells) in make_rows(runs, beliefs):
        cells = [make_printable(name, 400), *cells]
        rows.append(make_row("td", cells, f' class="{"run" if is_run else "belief"}"'))
    notes = [describe_hidden(num_hidden)] * bool(num_hidden) + [NOTE]
    table = "\n".join(rows)
    return f"<section><table>\n{table}\n</table></section>\n{_make_notes(notes)}"


def _escape(name):
    """Plotly takes some tags in text for formatting."""
    return html.escape(make_printable(name), quote=False)


def _add_panel(drawn, panel, ranges, row, column, shown):
    from plotly import graph_objects

    for series in panel.series:
        mode, style = "lines", {}
        if series.marker:
            mode = "markers"
            symbol = "circle" if series.marker == "circle" else "circle-open"
            style["marker"] = {"color": series.color, "size": 9, "symbol": symbol}
        else:
            style["line"] = {"color": series.color, "dash": series.dash, "width": series.width}
        drawn.add_trace(
            graph_objects.Scatter(
                x=series.x, y=series.y, mode=mode, name=_escape(series.name),
                legendgroup=_escape(series.name),
                showlegend=bool(series.name) and series.name not in shown,
                hoverinfo="all" if series.name else "x+y", **style,
            ),
            row, column,
        )  # fmt: skip
        shown.add(series.name)
    x_axis = {"title": panel.x_label}
    y_axis = {"title": panel.y_label}
    if panel.is_log:
        y_axis["type"] = "log"
    if panel.starts_at_zero:
        y_axis["rangemode"] = "tozero"
    if ranges:
        anchor = next(drawn.select_xaxes(row=row, col=column)).plotly_name
        y_axis |= {"scaleanchor": anchor.replace("axis", ""), "scaleratio": 1}
        for axis, ends in zip((x_axis, y_axis), ranges):
            axis |= {"range": ends, "constrain": "domain", "visible": not panel.is_disc}
    drawn.update_xaxes(row=row, col=column, **x_axis)
    drawn.update_yaxes(row=row, col=column, **y_axis)


def make_figure(figure):
    """The figure as plotly has it."""
    from plotly.subplots import make_subplots

    columns = max(map(len, figure.rows))
    titles = [_escape(panel.title) for panels in figure.rows for panel in panels]
    width, height = (540, 480 * figure.aspect + 80) if figure.ranges else (335, 310)
    num_rows = len(figure.rows)
    drawn = make_subplots(
        num_rows, columns, subplot_titles=titles, shared_yaxes=figure.shares_axes,
        # Room for the label of an axis and the title below it.
        vertical_spacing=90 / (num_rows * height),
    )  # fmt: skip
    shown = set()
    for row, panels in enumerate(figure.rows, 1):
        for column, panel in enumerate(panels, 1):
            _add_panel(drawn, panel, figure.ranges, row, column, shown)
    if figure.shares_axes:
        drawn.update_xaxes(matches="x")
    drawn.update_layout(
        template="plotly_white",
        width=columns * width + 220,
        height=num_rows * height + 40,
        margin={"l": 70, "r": 20, "t": 50, "b": 50},
        # Beside the data, not on them.
        legend={"x": 1.02, "y": 1},
        hovermode="closest",
    )
    return drawn


def make_page(title, runs, beliefs, num_hidden, figures, notes):
    """The text of the page."""
    from plotly.offline import get_plotlyjs

    sections = []
    for figure in figures:
        drawn = make_figure(figure)
        texts = _make_notes(figure.notes)
        body = drawn.to_html(
            full_html=False, include_plotlyjs=False, include_mathjax=False,
            div_id=figure.slug, config={"displaylogo": False, "responsive": False},
        )  # fmt: skip
        heading = html.escape(make_printable(figure.title, 200))
        sections.append(f"<section>\n<h2>{heading}</h2>\n{texts}\n{body}\n</section>")
    sections.append(_make_notes(notes))
    return _PAGE.format(
        title=html.escape(title),
        plotly=get_plotlyjs(),
        table=_make_table(runs, beliefs, num_hidden),
        sections="\n".join(sections),
    )
