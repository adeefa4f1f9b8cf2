# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the document and the picture from the measurements."""

import dataclasses
import hashlib
import json
import re
import statistics
import textwrap
from pathlib import Path

from cases import Case

HERE = Path(__file__).parent
PEERS = ["C++", "JAX", "PyTorch"]
NAMES = {
    "W1": "Gaussian",
    "W2": "categorical",
    "W3": "von Mises",
    "W4": "Gaussian, AdamW",
    "W5": "training step",
}


def key(case, threads):
    return f"{case}, {threads} threads"


@dataclasses.dataclass
class Row:
    case: Case
    threads: int
    entry: dict

    @property
    def seconds(self):
        return self.entry["seconds"]

    def best(self, name):
        return min(self.seconds[name])

    def ratio(self, name, other="Fisher"):
        """How many times as long as the other it takes: the median over the
        rounds, of times that were measured close to each other."""
        if name not in self.seconds or other not in self.seconds:
            return None
        return statistics.median(
            a / b for a, b in zip(self.seconds[name], self.seconds[other])
        )

    @property
    def share(self):
        """Of the memory limit."""
        return self.ratio("limit")

    @property
    def bandwidth(self):
        return 4 * sum(self.case.streams) * self.case.elements / self.best("limit") / 1e9


def read(measurements):
    rows = []
    for name, entry in measurements.items():
        workload, size, threads = re.fullmatch(r"(\w+) ([\dx]+), (\d+) threads", name).groups()
        case = Case(workload, tuple(map(int, size.split("x"))))
        rows.append(Row(case, int(threads), entry))
    return rows


def digits(x):
    """Two or three digits, and plain."""
    if x >= 99.5:
        return f"{x:,.0f}".replace(",", " ")
    return f"{x:.1f}" if x >= 9.95 else f"{x:.2f}"


def duration(seconds):
    for unit, name in ((1, "s"), (1e-3, "ms")):
        if seconds >= unit:
            return f"{digits(seconds / unit)} {name}"
    return f"{digits(seconds / 1e-6)} µs"


def percent(share):
    """Two digits."""
    places = next((p for p, least in enumerate((0.0995, 0.00995, 0.000995)) if share >= least), 3)
    return f"{100 * share:.{places}f} %" if share < 0.995 else f"{100 * share:.0f} %"


def span(values, text):
    low, high = text(min(values)), text(max(values))
    return low if low == high else f"{low} to {high}"


def count(n):
    return f"{n:,}".replace(",", " ")


def size(case):
    if case.workload == "W2":
        return f"{count(case.size[0])} × {count(case.size[1])}"
    return count(case.size[0])


def one_line(seconds):
    return ", ".join(f"{name} {duration(min(times))}" for name, times in seconds.items())


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def times(ratio):
    return "—" if ratio is None else f"{digits(ratio)}×"


def penalties(rows):
    lines = []
    for row in rows:
        if row.case.workload == "W5":
            continue
        best = row.best("Fisher")
        lines.append(
            [
                f"{row.case.workload} {NAMES[row.case.workload]}",
                size(row.case),
                str(row.threads),
                duration(best),
                digits(best * row.threads / row.case.elements * 1e9),
                digits(row.bandwidth),
                percent(row.share),
                *(times(row.ratio(peer)) for peer in PEERS),
            ]
        )
    header = [
        "workload", "elements", "threads", "Fisher", "ns per element and thread",
        "limit, GB/s", "of the limit", *PEERS,
    ]  # fmt: skip
    return table(header, lines)


def added(row, name, plain):
    """What a regularizer adds to a step's time."""
    ratio = row.ratio(name, plain)
    return "—" if ratio is None else f"{100 * (ratio - 1):+.0f} %"


def steps(rows):
    lines = []
    for row in rows:
        if row.case.workload != "W5":
            continue
        has_jax = "JAX, plain" in row.seconds
        lines.append(
            [
                size(row.case),
                str(row.threads),
                duration(row.best("Fisher, plain")),
                added(row, "Fisher", "Fisher, plain"),
                duration(row.best("JAX, plain")) if has_jax else "—",
                added(row, "JAX", "JAX, plain"),
                added(row, "JAX, KL", "JAX, plain"),
                duration(row.best("limit")),
            ]
        )
    header = [
        "width", "threads", "Fisher's step", "d² adds", "JAX's step", "d² adds", "KL adds",
        "limit of d²",
    ]  # fmt: skip
    return table(header, lines)


def headline(rows):
    """One sentence, which README.md has too."""
    chosen = [row for row in rows if row.case.workload == "W1"]
    if not chosen:
        return ""
    row = max(chosen, key=lambda row: (row.case.elements, row.threads))
    text = (
        f"Σd² and both gradients of {count(row.case.elements)} Gaussians in f32 take "
        f"{duration(row.best('Fisher'))} on {row.threads} "
        f"thread{'s' if row.threads > 1 else ''}, {percent(row.share)} of the machine's "
        f"memory limit"
    )
    others = [
        f"{name} takes {times(row.ratio(peer))} as long"
        for peer, name in (
            ("C++", "the textbook formula in C++"),
            ("JAX", "JAX"),
            ("PyTorch", "PyTorch"),
        )
        if peer in row.seconds
    ]
    return text + "".join(f"; {other}" for other in others) + "."


def with_headline(readme, rows):
    """README.md's text, with the headline at its place."""
    place = re.compile(r"(?<=one loop over memory\.\n).*?(?=^- )", re.DOTALL | re.MULTILINE)
    if not place.search(readme):
        raise ValueError("README.md has no place for the headline")
    return place.sub(lambda _: wrapped(headline(rows), "  ", 80) + "\n", readme, count=1)


def wrapped(text, indent="", width=84):
    """In lines; a number stays with its unit."""
    text = re.sub(r"(?<=\d) (?=\d{3}\b|(?:[µm]?s|%)(?!\w))", "\N{NO-BREAK SPACE}", text)
    lines = textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent or "  " * text.startswith("- "),
        break_on_hyphens=False,
    )
    return lines.replace("\N{NO-BREAK SPACE}", " ")


def findings(rows):
    """What the numbers say, the bad with the good."""
    lines, faster = [], []
    for workload in NAMES:
        some = [row for row in rows if row.case.workload == workload]
        if not some or workload == "W5":
            continue
        text = (
            f"- **{workload}, {NAMES[workload]}:** "
            f"{span([row.share for row in some], percent)} of the limit"
        )
        for peer in PEERS:
            ratios = [row.ratio(peer) for row in some if peer in row.seconds]
            if not ratios:
                continue
            text += f"; {peer} takes {span(ratios, times)} as long"
            if less := sum(ratio < 1 for ratio in ratios):
                faster.append(f"{peer} in {less} of {len(ratios)} rows of {workload}")
        lines.append(wrapped(text + "."))
    lines.append(wrapped(f"- **Faster than Fisher:** {', '.join(faster) or 'none'}."))
    return lines


def runs(rows):
    """On what it was measured; several lines if not all at once."""
    found = {}
    for row in rows:
        place = (row.entry["machine"], row.entry["date"])
        found.setdefault(place, ([], []))
        names, versions = found[place]
        names += [row.case.workload] * (row.case.workload not in names)
        versions += [v for v in row.entry["versions"] if v not in versions]
    return [
        f"- {', '.join(names)}: {machine}, {date}, {', '.join(versions)}."
        for (machine, date), (names, versions) in found.items()
    ]


def write(rows):
    """The document's text."""
    text = (HERE / "performance.md.in").read_text()
    for mark, lines in {
        "@headline@": [wrapped(headline(rows))],
        "@findings@": findings(rows),
        "@penalties@": penalties(rows),
        "@steps@": steps(rows),
        "@runs@": runs(rows),
    }.items():
        text = text.replace(mark, "\n".join(lines))
    return text


def fingerprint(rows):
    """By which a picture tells which measurements it shows."""
    shown = json.dumps([[str(row.case), row.threads, row.seconds] for row in rows])
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


COLORS = {"Fisher": "#2a6fbb", "C++": "#8c8c8c", "JAX": "#d9822b", "PyTorch": "#c23030"}
KL_COLOR = "#efc08f"


def _bars(axes, labels, series, colors):
    """Groups of horizontal bars, the first on top; None is left out."""
    height = 0.8 / len(series)
    for place, (name, values) in enumerate(series.items()):
        known = [(i + (place + 0.5) * height - 0.4, v) for i, v in enumerate(values) if v is not None]
        axes.barh(
            [y for y, _ in known], [v for _, v in known], height, label=name, color=colors[name]
        )
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def draw(rows, path):
    """Speeds as shares of the memory limit, and what a regularizer adds."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    penalty = [row for row in rows if row.case.workload != "W5"]
    step = [row for row in rows if row.case.workload == "W5"]
    style = {"svg.hashsalt": "fisher", "font.size": 9, "axes.spines.top": False,
             "axes.spines.right": False}  # fmt: skip
    heights = [max(len(part), 1) for part in (penalty, step)]
    with matplotlib.rc_context(style):
        figure, (left, right) = plt.subplots(
            2, figsize=(8, 1.6 + 0.42 * sum(heights)), height_ratios=heights,
            layout="constrained",
        )  # fmt: skip

        def labels(part):
            return [
                f"{row.case.workload} {NAMES[row.case.workload]}, {size(row.case)}, "
                f"{row.threads} thread" + "s" * (row.threads > 1)
                for row in part
            ]

        shares = {
            name: [
                None if (ratio := row.ratio("limit", name)) is None else 100 * ratio
                for row in penalty
            ]
            for name in COLORS
        }
        _bars(left, labels(penalty), shares, COLORS)
        left.axvline(100, color="black", linewidth=0.8)
        left.set_xscale("log")
        left.set_xlabel("speed, % of the memory limit")
        left.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)

        def percents(name, plain):
            ratios = [row.ratio(name, plain) for row in step]
            return [None if ratio is None else 100 * (ratio - 1) for ratio in ratios]

        extra = {
            "Fisher, d²": percents("Fisher", "Fisher, plain"),
            "JAX, d²": percents("JAX", "JAX, plain"),
            "JAX, KL": percents("JAX, KL", "JAX, plain"),
        }
        colors = dict(zip(extra, [COLORS["Fisher"], COLORS["JAX"], KL_COLOR]))
        _bars(right, labels(step), extra, colors)
        right.set_xlabel("added to the step's time, %")
        right.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
        figure.savefig(path, metadata={"Date": None, "Description": fingerprint(rows)})
        plt.close(figure)
