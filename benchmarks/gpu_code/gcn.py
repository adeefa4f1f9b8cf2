# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads what llvm-objdump and llvm-readelf say of a code object for AMD's GPUs."""

import re

from kernel import Access, Kernel

# The first that matches.
CLASSES = [
    ("f32", r"v_(pk_)?(add|sub|subrev|mul|fma\w*|mac|div_fmas)_f32"),
    ("special", r"v_(cvt|rcp|rsq|sqrt|exp|log|sin|cos|rndne|floor|ceil|trunc|fract|frexp|ldexp|div_)"),
    ("f64", r"v_\w+_f64"),
    ("load", r"(global|flat|scratch|buffer)_load|ds_read|s_(buffer_)?load"),
    ("store", r"(global|flat|scratch|buffer)_store|ds_write"),
    ("control", r"s_|ds_"),
    ("logic", r""),
]
# What takes a turn of the vector unit; memory and scalars have units of their own.
STARTED = ["f32", "logic", "f64", "special"]
SPACES = {"global": "global", "flat": "global", "scratch": "local", "buffer": "local",
          "ds": "shared"}
WIDTHS = {"byte": 1, "short": 2, "dword": 4, "b8": 1, "b16": 2, "u8": 1, "u16": 2, "b32": 4,
          "b64": 8, "b96": 12, "b128": 16}


def classify(text):
    return next(name for name, pattern in CLASSES if re.match(pattern, text))


def access(text):
    """What an instruction loads or stores, or None."""
    found = re.match(r"(global|flat|scratch|buffer|ds)_(load|read|store|write)(2?)_"
                     r"[us]?(byte|short|dword|b\d+|[ui]\d+)(?:_d16\w*)?(?:x(\d))?", text)
    if not found:
        return None
    size = WIDTHS[found[4].replace("i", "u")] * int(found[5] or 1) * (2 if found[3] else 1)
    is_load = found[2] in ("load", "read")
    operands = text.split(None, 1)[1].split(", ")
    # Data come first in what is loaded, and behind the address in what is stored.
    base = operands[1 if is_load else 0].split()[0]
    if operands[-1].startswith("s["):
        base += operands[-1].split()[0]
    offset = re.search(r"offset:(-?\d+)", text)
    return Access(is_load, SPACES[found[1]], size, base, int(offset[1]) if offset else 0)


def is_call(text):
    return text.startswith("s_swappc")


def is_exit(text):
    return text.startswith("s_endpgm")


def is_barrier(text):
    return text.startswith("s_barrier")


def is_exchange(text):
    """Whether threads wait for each other or exchange values."""
    return is_barrier(text) or bool(re.match(r"ds_(b?permute|swizzle)|\S+_dpp", text))


def trips(cycle):
    """How often a loop goes around that counts to a constant, by the instructions
    of a round; else None."""
    steps, bounds = {}, []
    for text in cycle:
        add = re.match(r"s_add(?:k?_i32|_u32|_i32) (s\d+), (?:(s\d+), )?(-?\w+)$", text)
        if add and add[2] in (None, add[1]) and re.match(r"-?(0x)?[0-9a-f]+$", add[3]):
            steps[add[1]] = int(add[3], 0)
        compare = re.match(r"s_cmpk?_(?:eq|lg|ge|lt)_[iu]\d+ s\[?(\d+)\S*, (-?\w+)$", text)
        if compare and re.match(r"-?(0x)?[0-9a-f]+$", compare[2]):
            bounds.append(("s" + compare[1], int(compare[2], 0)))
    return next((bound // steps[name] for name, bound in bounds
                 if name in steps and bound // steps[name] > 0), None)


def flow(text):
    """What `blocks_of` must know; targets are addresses in brackets."""
    found = re.match(r"s_(c?)branch\w*.* <(\d+)>$", text)
    if found:
        return [int(found[2])], bool(found[1])
    if re.match(r"s_(endpgm|setpc)", text):
        return [], False
    return None


def kernels(listing, notes):
    """The kernels, by the disassembly and the metadata."""
    bodies, starts, name = {}, {}, None
    for line in listing.splitlines():
        if found := re.match(r"([0-9a-f]+) <(\S+)>:", line):
            name, starts[found[2]] = found[2], int(found[1], 16)
            bodies[name] = []
        elif name and (found := re.match(r"\s+(\S.*?)\s*// ([0-9A-F]+):.*?(?:<(\S+?)(?:\+0x([0-9a-f]+))?>)?$",
                                         line)):  # fmt: skip
            text = " ".join(found[1].split())
            if found[3]:
                text += f" <{starts[found[3]] + int(found[4] or '0', 16)}>"
            bodies[name].append((int(found[2], 16), text))

    result = []
    for part in re.split(r"\n  - (?=\.)", notes)[1:]:
        def number(key):
            return int(re.search(rf"\n    \.{key}: +(\d+)", part)[1])

        name = re.search(r"\n    \.name: +(\S+)", part)[1]
        # A spilled register is four bytes of each thread of a wave.
        result.append(Kernel(
            name, number("vgpr_count"), 4 * number("vgpr_spill_count"),
            number("private_segment_fixed_size"), number("group_segment_fixed_size"),
            number("max_flat_workgroup_size"), bodies[name], flow))  # fmt: skip
    return sorted(result, key=lambda kernel: kernel.name)
