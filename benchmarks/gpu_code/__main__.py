#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Count what kernels are made of, by their machine code; no GPU is needed.

Compiles fisher.penalty_with_gradient of each family for GPUs and reads the
disassembly of the kernel over all elements:

  registers  of a thread
  spilled    bytes that a thread spills
  stack      bytes of a thread
  shared     bytes of a block
  occupancy  the share of the warps a multiprocessor can have that it has
  bytes      loaded and stored of arrays for an element, also what is read again
  in 16      the share of those accesses that are of 16 bytes

Then the instructions for an element on the shortest way through the kernel, past
what is rare: the one for aligned arrays of common numbers.

  f32        additions and multiplications, fused or not
  logic      comparisons, selections, integers, moves
  f64        arithmetic in f64
  special    MUFU (reciprocals, roots, ...) and conversions; AMD: also what scales
             divisions
  load       also of constants and of a thread's stack
  store
  control    branches and barriers; AMD: all scalar instructions

  all        of these, or at least as many where a loop's rounds are not known
  budget     how many may be started while memory moves the element, each array
             once; AMD: of vector instructions alone
  ratio      of what is started to the budget: below 1, memory is slower
"""

import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import gcn
import sass
from chips import CHIPS
from kernel import COLUMNS, per_element
from modules import LLVM, ROOT, charts, components, kernel_code, penalty

BUILD = Path(os.environ.get("FISHER_BUILD_DIR", ROOT / "build"))
DOCUMENTS = [ROOT / "benchmarks/runtime/performance.md.in", ROOT / "docs/performance.md"]
BEGIN, END = ("<!-- benchmarks/gpu_code writes from here -->", "<!-- to here -->")
SIZES = {"f64": 8, "f32": 4, "bf16": 2, "f16": 2}
# Of the families whose distributions are more than an element.
EVENTS = {"categorical": [(10,), (1000,), (50000,)], "centered_gaussian": [(3, 3)]}
HEADER = ["family", "registers", "spilled", "stack", "shared", "occupancy", "bytes", "in 16",
          *COLUMNS, "all", "budget", "ratio"]  # fmt: skip


class Missing(Exception):
    """A tool that is not there."""


def find(name):
    """The path of a tool of NVIDIA's, from a Python package or a toolkit."""
    packages = sorted(Path(sysconfig.get_path("platlib")).glob(f"nvidia/*/bin/{name}"))
    folders = [os.environ.get("PATH", ""), "/usr/local/cuda/bin"]
    found = packages[-1] if packages else shutil.which(name, path=os.pathsep.join(folders))
    if not found:
        raise Missing(
            f"{name} is needed for NVIDIA's chips: run `benchmarks/run.sh gpu_code`, which "
            f"installs it, or a Python with the packages of benchmarks/gpu_code/requirements.txt; "
            f"or choose AMD's --chips"
        )
    return found


def output(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return done


def compile_kernels(options, chip, module):
    """The kernels that a module becomes on a chip, and who read them."""
    llvm = options.llvm / "bin"
    target = CHIPS[chip].target
    words = f"fisher-gpu-pipeline{{target={target} chip={chip} dynamic-destinations=true}}"
    lowered = output(
        options.build_dir / "bin" / "fisher-opt", f"--pass-pipeline=builtin.module({words})",
        input=module, env={**os.environ, "PATH": f"{llvm}{os.pathsep}{os.environ['PATH']}"},
    ).stdout  # fmt: skip
    code = kernel_code(lowered)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kernels"
        if target == "amdgpu":
            path.write_bytes(code)
            listing = output(llvm / "llvm-objdump", "-d", path).stdout
            return gcn.kernels(listing, output(llvm / "llvm-readelf", "--notes", path).stdout), gcn
        code = code.rstrip(b"\0")
        path.write_bytes(code)
        cubin = path.with_suffix(".cubin")
        said = output(find("ptxas"), "-v", f"-arch={chip}", path, "-o", cubin).stderr
        listing = output(find("nvdisasm"), "-c", cubin).stdout
        return sass.kernels(listing, said, code.decode()), sass


def cases(families, counts):
    """Label, family, components and event shape of each row."""
    for family in families:
        for event in EVENTS.get(family.partition("<")[0], [()]):
            label = f"`{family}`" + (" " + "×".join(map(str, event)) if event else "")
            yield label, family, counts[family], event


def short(number):
    """Three digits, or all of a whole part that has more."""
    text = f"{number:.3g}" if abs(number) < 1000 else f"{number:.0f}"
    return text


def row(label, kernel, work, chip, budget, maker):
    started = sum(work.counts[name] for name in maker.STARTED)
    return [
        label, str(kernel.registers), str(kernel.spilled), str(kernel.stack), str(kernel.shared),
        f"{chip.occupancy(kernel.registers, kernel.shared, kernel.threads):.0%}".replace("%", " %"),
        short(work.loaded + work.stored), f"{100 * work.wide / work.accesses:.0f} %",
        *(short(work.counts[name]) for name in COLUMNS),
        ("≥ " if work.at_least else "") + short(work.instructions), short(budget),
        f"{started / budget:.2g}" if started < 10 * budget else f"{started / budget:.0f}",
    ]  # fmt: skip


def measure(options, chip_name, case):
    """A row of the table, and what the other kernels need."""
    label, family, count, event = case
    chip, size = CHIPS[chip_name], SIZES[options.element]
    volume = 1
    for extent in event:
        volume *= extent
    shape = "x".join(["?", *map(str, event), ""])
    module = penalty(family, count, shape, options.element)
    kernels, maker = compile_kernels(options, chip_name, module)
    main, *others = kernels
    work = per_element(main, maker, count, size, volume, chip.warp)
    if work is None:
        sys.exit(f"{chip_name}: {label}: {main.name} moves no arrays")
    # Two beliefs are read, and a gradient is written.
    budget = chip.budget(3 * count * size)
    return row(label, main, work, chip, budget, maker), [
        (kernel.registers, kernel.spilled, kernel.stack, kernel.shared) for kernel in others
    ]


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def report(options, families):
    """The tables of all chips."""
    counts = components(families, options.build_dir / "bin" / "fisher-opt")
    parts = []
    for name in options.chips:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            rows = list(pool.map(lambda case: measure(options, name, case),
                                 cases(families, counts)))  # fmt: skip
        others = {figures for _, found in rows for figures in found}
        registers, spilled, stack, shared = map(max, zip(*others))
        parts.append(
            f"**{name}**, in {options.element}; the budget is that of {CHIPS[name].device}:\n\n"
            + table(HEADER, [cells for cells, _ in rows])
            + f"\nThe kernels that sum up what blocks leave have {registers} registers at most, "
            f"{shared} bytes of shared memory, {stack} of stack, and {spilled} that are spilled.\n"
        )
    return "\n".join(parts)


def write(text, documents):
    """Puts the tables where documents have marks."""
    for path in documents:
        before, begin, rest = path.read_text().partition(BEGIN)
        _, end, after = rest.partition(END)
        if not end:
            sys.exit(f"{path}: no lines '{BEGIN}' and '{END}'")
        path.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="benchmarks/gpu_code", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--chips", nargs="+", choices=CHIPS, default=list(CHIPS), metavar="C",
                        help=f"of {', '.join(CHIPS)} (default: all)")
    parser.add_argument("--families", nargs="+", metavar="F",
                        help="families with charts, as gaussian<sigma> (default: all)")
    parser.add_argument("--element", choices=SIZES, default="f32", help="(default: %(default)s)")
    parser.add_argument("--write", action="store_true",
                        help="put the tables of all into docs/performance.md and what it is made of")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N",
                        help="how many are compiled at once (default: one a CPU)")
    parser.add_argument("--build-dir", type=Path, default=BUILD,
                        help="where bin/fisher-opt is (default: %(default)s)")
    parser.add_argument("--llvm", type=Path, default=LLVM, help="(default: %(default)s)")
    options = parser.parse_args()
    known = [f"{family}<{chart}>" for family, found in charts(options.llvm).items()
             for chart in found]  # fmt: skip
    for family in options.families or []:
        if family not in known:
            parser.error(f"invalid choice: '{family}' (choose from {', '.join(known)})")
    if options.write and (options.families or len(options.chips) < len(CHIPS)):
        parser.error("--write is for all families and chips")
    return options, options.families or known


def main():
    options, families = parse_arguments()
    try:
        if any(CHIPS[name].target == "nvptx" for name in options.chips):
            find("ptxas"), find("nvdisasm")
        text = report(options, families)
    except Missing as error:
        sys.exit(f"benchmarks/gpu_code: error: {error}")
    print(text)
    if options.write:
        write(text, DOCUMENTS)


if __name__ == "__main__":
    main()
