# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shows how efficiently training runs learnt, from the metrics of fisher-run."""

import argparse
import os
import pathlib
import sys
import tempfile

from ._panels import make_beliefs, make_totals, make_trajectories
from ._runs import ReportError, choose_beliefs, read_run
from ._summary import format_table

_EPILOG = """\
A run that can be shown is made by fisher-run --measure --metrics=run.jsonl, and
with --trace=4 its trajectories, too. Exit status: 0; 1 after an error, 2 where an
option is wrong; no file is left half written.
"""
_SHOWN = 8


def make_parser():
    parser = argparse.ArgumentParser(
        "python -m fisher.report", description=__doc__, epilog=_EPILOG, allow_abbrev=False
    )
    parser.add_argument("runs", metavar="RUN.jsonl", nargs="+", help="metrics of a run")
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="NAME",
        help="what a run is called, once for each in their order; default: its file's name",
    )
    parser.add_argument(
        "--belief",
        action="append",
        default=[],
        metavar="GLOB",
        help="show the beliefs that this matches, or of which it matches a component; can be "
        f"repeated; default: the {_SHOWN} with the largest action",
    )
    parser.add_argument(
        "--top",
        type=_parse_count,
        metavar="COUNT",
        help=f"how many beliefs are shown; default: {_SHOWN}, or all that --belief matches",
    )
    parser.add_argument(
        "-o", "--output", metavar="REPORT.html", type=pathlib.Path, help="page to write"
    )
    parser.add_argument(
        "--png", metavar="FOLDER", type=pathlib.Path, help="where to write the figures, too"
    )
    return parser


def _parse_count(text):
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least one belief is needed")
    return count


def make_labels(paths, given):
    """What runs are called: their files, with as many folders as tell them apart."""
    if given:
        if len(given) != len(paths):
            raise ReportError(
                f"there are {len(paths)} runs, but {len(given)} labels; give --label once for "
                "each, or not at all"
            )
        labels = given
    else:
        parts = [pathlib.Path(path).absolute().with_suffix("").parts for path in paths]
        depths = range(1, max(map(len, parts)) + 1)
        each = ([str(pathlib.Path(*part[-depth:])) for part in parts] for depth in depths)
        labels = next((found for found in each if len(set(found)) == len(paths)), list(paths))
    if len(set(labels)) != len(labels):
        raise ReportError("two runs have the same name; give each its own by --label")
    return labels


def write(path, data):
    """Writes a file that is whole, or is not there."""
    name = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            name = file.name
            file.write(data)
        # Temporary files are for their owner alone.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException as error:
        if name:
            pathlib.Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ReportError(f"{path}: {error.strerror}") from None
        raise


def _explain_missing(error):
    package = error.name.partition(".")[0]
    return ReportError(
        f"{package} is not installed; pip install 'fisher[report]' brings what reports need"
    )


def report(options, warn):
    labels = make_labels(options.runs, options.label)
    runs = [read_run(path, label, warn) for path, label in zip(options.runs, labels)]
    count = options.top or (None if options.belief else _SHOWN)
    beliefs, num_hidden = choose_beliefs(runs, options.belief, count)
    print(format_table(runs, beliefs, num_hidden))
    if not options.output and not options.png:
        return

    trajectories = make_trajectories(runs, beliefs)
    each = [make_beliefs(runs, beliefs)] if beliefs else []
    figures = [make_totals(runs), *each, *trajectories]
    notes = [] if trajectories else ["No trajectories: give fisher-run --trace=4, too."]
    try:
        if options.png:
            from ._png import draw_png

            pictures = {figure.slug: draw_png(figure) for figure in figures}
        if options.output:
            from ._html import make_page

            title = ", ".join(labels)
            page = make_page(title, runs, beliefs, num_hidden, figures, notes)
    except ModuleNotFoundError as error:
        raise _explain_missing(error) from None
    if options.png:
        try:
            options.png.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReportError(f"{options.png}: {error.strerror}") from None
        for slug, picture in pictures.items():
            write(options.png / f"{slug}.png", picture)
    if options.output:
        write(options.output, page.encode("utf-8", "replace"))


def main(arguments=None):
    def tell(kind, message):
        print(f"fisher.report: {kind}: {message}", file=sys.stderr)

    # What a terminal cannot show is no reason to stop.
    sys.stdout.reconfigure(errors="replace")
    options = make_parser().parse_args(arguments)
    try:
        report(options, lambda message: tell("warning", message))
    except ReportError as error:
        tell("error", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
