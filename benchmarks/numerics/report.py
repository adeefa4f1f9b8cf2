# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the document from the measurements."""

from pathlib import Path

from sampling import REGIMES

NAMES = {"gradient": "squared_distance_with_gradient"}
HERE = Path(__file__).parent


def number(x):
    """Two digits, and plain while it is short."""
    if x == 0:
        return "0"
    if x == float("inf"):
        return "∞"
    if x >= 999.5:
        return f"{x:.0e}".replace("e+0", "e").replace("e+", "e")
    if x >= 9.95:
        return f"{x:.0f}"
    if x < 0.0095:
        return "<0.01"
    return f"{x:.1f}" if x >= 0.95 else f"{x:.2f}"


def percent(share):
    text = f"{100 * share:.1f}" if share >= 0.0005 else "<0.1"
    return text.replace(".0", "") + " %"


def errors(summary):
    """Median and worst, and how many were lost."""
    text = f"{number(summary['median'])} / {number(summary['worst'])}"
    if summary["lost"]:
        text += f", {percent(summary['lost'])} lost"
    return text


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def name(row):
    return f"`{NAMES.get(row['operation'], row['operation'])}`" + (
        f" to `{row['target']}`" if row["target"] else ""
    )


def rival_cell(row, title, regime="all"):
    return errors(row["rivals"][title][regime]) if title in row["rivals"] else "—"


def worst_of(summaries):
    """One summary that no part of several is worse than."""
    return {key: max(s[key] for s in summaries) for key in ("median", "worst", "lost")}


def groups(rows, *keys):
    """The rows by the values of some keys, in order."""
    found = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def overview(rows, titles):
    """Per family, operation and element type the worst chart."""
    lines = []
    chosen = [row for row in rows if row["operation"] in ("squared_distance", "gradient")]
    for (label, operation, element), group in groups(
        chosen, "label", "operation", "element"
    ).items():
        cells = [
            label,
            {"squared_distance": "d²", "gradient": "gradient"}[operation],
            element,
            errors(worst_of([row["fisher"]["all"] for row in group])),
            number(max(row["conditioned"] for row in group)),
        ]
        for title in titles:
            summaries = [
                row["rivals"][title]["all"] for row in group if title in row["rivals"]
            ]
            cells.append(errors(worst_of(summaries)) if summaries else "—")
        lines.append(cells)
    return table(["family", "of", "type", "Fisher", "× rounding", *titles], lines)


def regimes(rows, titles):
    """How d² and its gradient fare from equal beliefs to the far end."""
    lines = []
    for row in rows:
        if row["operation"] not in ("squared_distance", "gradient") or row["element"] != "f64":
            continue
        if row["chart"] != row["standard"]:
            continue
        for regime in REGIMES:
            what = "d²" if row["operation"] == "squared_distance" else "gradient"
            lines.append(
                [
                    case(row),
                    what,
                    regime,
                    errors(row["fisher"][regime]),
                    *(rival_cell(row, rival, regime) for rival in titles),
                ]
            )
    return table(["family", "of", "pairs", "Fisher", *titles], lines)


def full_table(rows, titles):
    lines = [
        [
            name(row),
            row["element"],
            errors(row["fisher"]["all"]),
            number(row["conditioned"]),
            *(rival_cell(row, title) for title in titles),
        ]
        for row in rows
    ]
    return table(["operation", "type", "Fisher", "× rounding", *titles], lines)


def case(row):
    """`family<chart>`, and its size if it has some."""
    size = row["label"].removeprefix(row["family"])
    return f"`{row['family']}<{row['chart']}>`{size}"


def place(row):
    return f"{name(row)} of {case(row)} in {row['element']}"


def headline(rows):
    """One sentence, which README.md has too."""
    chosen = [row for row in rows if row["operation"] in ("squared_distance", "gradient")]
    medians = [row["fisher"]["all"]["median"] for row in chosen]
    few = sum(median < 2 for median in medians)
    lost = {
        title: max(
            (row["rivals"][title]["all"]["lost"] for row in chosen if title in row["rivals"]),
            default=0,
        )
        for title in ("textbook", "JAX, guarded")
    }
    return (
        f"The median error of d² and its gradient is below 2 ulp in {few} of {len(chosen)} "
        f"combinations of family, chart and type, and {number(max(medians))} ulp at most; "
        f"the textbook formulas give no number for up to {percent(lost['textbook'])} of the "
        f"pairs, JAX with guards for up to {percent(lost['JAX, guarded'])}."
    )


def findings(rows, titles):
    """What the numbers say, the bad with the good."""
    lines = []
    lost = [row for row in rows if row["fisher"]["all"]["lost"]]
    wrong = [row for row in rows if row["fisher"]["equal"]["lost"]]
    well = [row for row in rows if row["conditioned"] <= 20]
    raw = max(well or rows, key=lambda row: row["fisher"]["all"]["worst"])
    median = max(rows, key=lambda row: row["fisher"]["all"]["median"])
    below = sum(row["fisher"]["all"]["median"] < 1 for row in rows)
    lines.append(
        f"- **The typical error** of Fisher is below one ulp: the median is in {below} of "
        f"{len(rows)} rows. The largest median is {number(median['fisher']['all']['median'])} "
        f"ulp ({place(median)})."
    )
    text = (
        f"- **The worst error** is within 20 times what rounding the inputs and the result "
        f"can do in {len(well)} rows."
    )
    weak = groups([row for row in rows if row["conditioned"] > 20], "label")
    if weak:
        worst = [max(group, key=lambda row: row["conditioned"]) for group in weak.values()]
        text += " Digits are lost that need not be, at worst, in " + "; ".join(
            f"{place(row)}, {number(row['conditioned'])} times" for row in worst
        )
        text += "."
    lines.append(text)
    lines.append(
        f"- **In plain ulps** errors can be large where the result itself hangs on the last "
        f"digit of the inputs: up to {number(raw['fisher']['all']['worst'])} ({place(raw)}), "
        f"which is {number(raw['conditioned'])} times what rounding can do."
    )
    if wrong:
        lines.append(
            f"- **Equal beliefs** do not give zero in {len(wrong)} rows, such as "
            f"{place(wrong[0])}."
        )
    else:
        lines.append(
            "- **Equal beliefs**: distance, divergence, gradient and logarithm are exactly "
            "zero in every family, chart and type."
        )
    if lost:
        most = max(lost, key=lambda row: row["fisher"]["all"]["lost"])
        lines.append(
            f"- **Lost by Fisher**: {len(lost)} rows have NaN or infinity where there is a "
            f"number, most of all {percent(most['fisher']['all']['lost'])} of the pairs "
            f"({place(most)})."
        )
    else:
        lines.append("- **Lost by Fisher**: nothing.")
    for title in titles:
        asked = [row for row in rows if title in row["rivals"]]
        if not asked:
            continue
        without = [row for row in asked if row["rivals"][title]["all"]["lost"]]
        digits = [
            row
            for row in asked
            if row["rivals"][title]["all"]["worst"] > 1e6 > row["fisher"]["all"]["worst"]
        ]
        better = [
            row
            for row in asked
            if not row["rivals"][title]["all"]["lost"]
            and row["rivals"][title]["all"]["worst"] < row["fisher"]["all"]["worst"]
        ]
        text = (
            f"- **{title}** was asked {len(asked)} rows. In {len(without)} it loses some "
            f"pairs altogether, in {len(digits)} its worst error is above a million ulps "
            f"where Fisher's is below. In {len(better)} its worst error is smaller than "
            f"Fisher's"
        )
        if better:
            most = max(
                better,
                key=lambda row: row["fisher"]["all"]["worst"]
                / max(row["rivals"][title]["all"]["worst"], 0.5),
            )
            text += (
                f": most of all in {place(most)}, {number(most['rivals'][title]['all']['worst'])} "
                f"against {number(most['fisher']['all']['worst'])} ulps"
            )
        lines.append(text + ".")
    return lines


def write(settings, rows):
    """The document's text."""
    titles = [
        title
        for title in settings["rivals"]
        if any(title in row["rivals"] for row in rows)
    ]
    versions = ", ".join(settings["rivals"][title] for title in titles)
    text = (HERE / "numerics.md.in").read_text()
    families = []
    for (label,), group in groups(rows, "label").items():
        pairs = f"{group[0]['pairs']:,}".replace(",", " ")
        families += ["", f"### {label}", "", f"{pairs} pairs a row."]
        for (chart,), part in groups(group, "chart").items():
            families += ["", f"#### {case(part[0])}", "", *full_table(part, titles)]
    for mark, lines in {
        "@headline@": [headline(rows)],
        "@checks@": [str(settings["checks"])],
        "@reference@": [f"{max(row['reference'] for row in rows):.1g}"],
        "@minutes@": [f"{max(settings['seconds'] / 60, 1):.0f}"],
        "@machine@": [settings["machine"]],
        "@versions@": [versions],
        "@findings@": findings(rows, titles),
        "@overview@": overview(rows, titles),
        "@regimes@": regimes(rows, titles),
        "@drawn@": [f"- **{key}** beliefs: {value}" for key, value in REGIMES.items()],
        "@families@": families[1:],
    }.items():
        text = text.replace(mark, "\n".join(lines))
    return text
