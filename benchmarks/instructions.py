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
import heapq
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FAMILIES = {
    "gaussian<sigma>": 2,
    "gaussian<log_sigma>": 2,
    "gaussian<softplus>": 2,
    "gaussian<variance>": 2,
    "gaussian<log_variance>": 2,
    "gaussian<precision>": 2,
    "von_mises<kappa>": 2,
    "von_mises<log_kappa>": 2,
    "von_mises<softplus>": 2,
    "bernoulli<logit>": 1,
    "bernoulli<probability>": 1,
    "poisson<rate>": 1,
    "poisson<log_rate>": 1,
    "exponential<rate>": 1,
    "exponential<log_rate>": 1,
}
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


def module(family, components, element, size):
    """A function with the penalty of `size` beliefs and its gradient."""
    array = f"tensor<{size}x{element}>"
    belief = f"!fisher.belief<#fisher.{family}, {array}>"
    first = [f"%a{i}" for i in range(components)]
    second = [f"%b{i}" for i in range(components)]
    gradient = [f"%g{i}" for i in range(components)]
    arguments = ", ".join(f"{name}: {array}" for name in first + second)
    results = ", ".join([f"tensor<{element}>"] + [array] * components)
    return f"""
func.func @main({arguments}) -> ({results}) {{
  %weight = arith.constant 1.0e-3 : {element}
  %belief = fisher.belief {", ".join(first)} : {belief}
  %reference = fisher.belief {", ".join(second)} : {belief}
  %p, {", ".join(gradient)} = fisher.penalty_with_gradient %belief
      toward %reference weight %weight : {belief} -> {results}
  return %p, {", ".join(gradient)} : {results}
}}
"""


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


def blocks_of(lines):
    """Basic blocks, as address -> (instructions, addresses of successors)."""
    jump = re.compile(r"(j\w+)\s+0x([0-9a-f]+)")
    ends = {i for i, (_, text) in enumerate(lines) if re.match(r"j|ret", text)}
    targets = {int(m[2], 16) for _, text in lines if (m := jump.match(text))}
    starts = [i for i, (address, _) in enumerate(lines)
              if i == 0 or i - 1 in ends or address in targets]
    blocks = {}
    for start, end in zip(starts, starts[1:] + [len(lines)]):
        texts = [text for _, text in lines[start:end]]
        last = jump.match(texts[-1])
        successors = [int(last[2], 16)] if last else []
        falls = not texts[-1].startswith(("jmp", "ret"))
        if falls and end < len(lines):
            successors.append(lines[end][0])
        blocks[lines[start][0]] = (texts, successors)
    return blocks


def shortest_cycle(blocks, start):
    """The instructions of the shortest way from a block back to it."""
    queue, seen = [(len(blocks[start][0]), start, (start,))], set()
    while queue:
        length, address, path = heapq.heappop(queue)
        for successor in blocks[address][1]:
            if successor == start:
                return [text for step in path for text in blocks[step][0]]
            if successor not in seen and successor in blocks:
                seen.add(successor)
                longer = length + len(blocks[successor][0])
                heapq.heappush(queue, (longer, successor, path + (successor,)))
    return None


def stored_lanes(instructions):
    """How many elements of four bytes vectors store, other than spilled ones."""
    store = re.compile(r"v(?:mask)?mov\w+ (?:%\w+, )*%([xyz])mm\d+, [^%]*\((?!%rsp)")
    stores = (store.match(text) for text in instructions)
    return sum(LANES[found[1]] for found in stores if found)


def inner_loop(blocks, components):
    """The instructions of the loop that stores most cheaply, and the number of
    its elements."""
    loops = []
    for address, (texts, _) in blocks.items():
        if stored_lanes(texts) and (cycle := shortest_cycle(blocks, address)):
            loops.append((len(cycle) / stored_lanes(cycle), cycle))
    cycle = min(loops)[1]
    return cycle, stored_lanes(cycle) / components


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
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES),
                        metavar="F", help="families with charts (default: all)")
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build",
                        help="where bin/fisher-run is (default: %(default)s)")
    parser.add_argument("--objdump", default="/usr/lib/llvm-22/bin/llvm-objdump",
                        help="the disassembler (default: %(default)s)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    print(f"| family | elements | {' | '.join(COLUMNS)} | all |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for family in arguments.families:
        components = FAMILIES[family]
        lines = disassemble(arguments, module(family, components, "f32", 1 << 20))
        loop, elements = inner_loop(blocks_of(lines), components)
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
