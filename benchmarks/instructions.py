#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Count the instructions of the CPU's inner loops.

Compiles fisher.penalty_with_gradient of each family for a CPU and counts, in the
disassembly, what its loop does for one vector of elements: the shortest way
around the loop, past what is rare. With how many of them a CPU starts at a time
this says what a vector takes at least:

  multiply  multiplications, with or without an addition
  add       additions and subtractions
  divide    divisions and square roots
  other     comparisons, selections, conversions, arithmetic on bits
  load      loads that are nothing else, of arrays, constants and what was
            spilled
  store     stores
  scalar    counters and branches
"""

import argparse
import collections
import pathlib
import re
import subprocess
import tempfile

from loops import blocks_of, shortest_cycle
from modules import LLVM, ROOT, components, penalty, pointwise

CLASSES = [
    ("store", r"v(mask)?mov\w+ %.*\)( \{%k\d\})?$"),
    ("load", r"v(mov|maskmov|p?broadcast)\w+ .*\).*, %"),
    ("multiply", r"v(mul|fn?m(add|sub)\w+)[ps][sdh] "),
    ("add", r"v(add|sub)[ps][sdh] "),
    ("divide", r"v(div|sqrt)[ps][sdh] "),
    ("other", r"v|k"),
    ("scalar", r""),
]
COLUMNS = ["multiply", "add", "divide", "other", "load", "store", "scalar"]
LANES = {"x": 4, "y": 8, "z": 16}


def disassemble(arguments, text):
    """The lines (address, instruction) of the compiled module."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "module.mlir"
        source.write_text(text)
        target = source.with_suffix(".o")
        subprocess.run(
            [arguments.build_dir / "bin" / "fisher-run", source, "--emit=object",
             "-o", target, f"--mcpu={arguments.mcpu}", "--parallel=false"],
            check=True,
        )
        listing = subprocess.run(
            [arguments.objdump, "-d", "--no-show-raw-insn", target],
            check=True, capture_output=True, text=True,
        ).stdout
    found = re.findall(r"^ *([0-9a-f]+):\s+(.*?)(?: *[#<].*)?$", listing, re.MULTILINE)
    return [(int(address, 16), " ".join(text.split())) for address, text in found]


def flow(text):
    """What `blocks_of` must know."""
    if text.startswith("ret"):
        return [], False
    if found := re.match(r"(j\w+)\s+0x([0-9a-f]+)", text):
        return [int(found[2], 16)], found[1] != "jmp"
    return None


def stored_lanes(instructions):
    """How many elements of four bytes vectors store, other than spilled ones."""
    store = re.compile(r"v(?:mask)?mov\w+ (?:%\w+, )*%([xyz])mm\d+, [^%]*\((?!%rsp)")
    stores = (store.match(text) for text in instructions)
    return sum(LANES[found[1]] for found in stores if found)


def inner_loop(blocks, count):
    """The instructions of the loop that stores most cheaply, and the number of
    its elements, of `count` components."""
    loops = []
    for address, (texts, _) in blocks.items():
        if stored_lanes(texts) and (steps := shortest_cycle(
            address, lambda step: blocks[step][1], lambda step: len(blocks[step][0])
        )):  # fmt: skip
            cycle = [text for step in steps for text in blocks[step][0]]
            loops.append((len(cycle) / stored_lanes(cycle), cycle))
    cycle = min(loops)[1]
    return cycle, stored_lanes(cycle) / count


def classify(instructions):
    counts = collections.Counter()
    for text in instructions:
        counts[next(name for name, pattern in CLASSES if re.match(pattern, text))] += 1
    return counts


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mcpu", default="x86-64-v4", help="the CPU (default: %(default)s)")
    parser.add_argument("--families", nargs="+", metavar="F",
                        help="families with charts (default: all whose distributions are "
                        "single elements)")
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build",
                        help="where bin/fisher-run is (default: %(default)s)")
    parser.add_argument("--objdump", default=LLVM / "bin" / "llvm-objdump",
                        help="the disassembler (default: %(default)s)")
    arguments = parser.parse_args()
    known = [f"{family}<{chart}>" for family, found in pointwise().items() for chart in found]
    arguments.families = arguments.families or known
    for family in arguments.families:
        if family not in known:
            parser.error(f"invalid choice: '{family}' (choose from {', '.join(known)})")
    return arguments


def main():
    arguments = parse_arguments()
    print(f"| family | elements | {' | '.join(COLUMNS)} | all |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    counts_of = components(arguments.families, arguments.build_dir / "bin" / "fisher-opt")
    for family, count in counts_of.items():
        lines = disassemble(arguments, penalty(family, count, f"{1 << 20}x"))
        loop, elements = inner_loop(blocks_of(lines, flow), count)
        vectors = elements / max_lanes(loop)
        counts = classify(loop)
        cells = [f"{counts[name] / vectors:.1f}" for name in COLUMNS]
        per_vector = elements / vectors
        print(f"| `{family}` | {per_vector:.0f} | {' | '.join(cells)} | {len(loop) / vectors:.1f} |",
              flush=True)


def max_lanes(instructions):
    """The elements of the widest vector."""
    return max(LANES[kind] for text in instructions for kind in re.findall(r"%([xyz])mm", text))


if __name__ == "__main__":
    main()
