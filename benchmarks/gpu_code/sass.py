# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads what NVIDIA's assembler says and what its disassembler writes."""

import re

from kernel import COLUMNS, Access, Kernel

GUARD = re.compile(r"(@!?U?P\w+ )?(.*)")
# The first that matches the opcode.
CLASSES = [
    ("f32", r"F(ADD|MUL|FMA)2?\b"),
    ("f64", r"D(ADD|MUL|FMA|SETP|MNMX)\b"),
    ("special", r"MUFU|[FI]2|FRND"),
    ("load", r"U?LD"),
    ("store", r"ST"),
    ("control", r"U?BRA|BSSY|BSYNC|BREAK|CALL|RET|EXIT|WARPSYNC|BAR|SHFL|VOTE|NOP"),
    ("logic", r""),
]
# What takes a turn of a scheduler.
STARTED = COLUMNS
# Behind loads of a number that all threads read: no array is moved.
NUMBER = " (number)"
SPACES = {"G": "global", "L": "local", "S": "shared"}


def opcode(text):
    return GUARD.match(text)[2].split()[0]


def classify(text):
    return next(name for name, pattern in CLASSES if re.match(pattern, opcode(text)))


def access(text):
    """What an instruction loads or stores, or None."""
    found = re.match(r"(LD|ST)([GLS])((?:\.\w+)*)$", opcode(text))
    # Constants of a formula are in memory, too, but stay in the cache.
    if not found or ".CONSTANT" in found[3] or text.endswith(NUMBER):
        return None
    width = re.search(r"\.(U8|S8|U16|S16|64|128)\b", found[3])
    bits = int(width[1].lstrip("US")) if width else 32
    place = re.search(r"\[(?P<base>[^\]]*?)\+?(?P<offset>-?0x[0-9a-f]+)?\]",
                      re.sub(r"desc\[\w+\]", "", text))
    return Access(found[1] == "LD", SPACES[found[2]], bits // 8,
                  place["base"], int(place["offset"] or "0", 16))


def is_call(text):
    """Whether a function is called; calls of labels are jumps."""
    return opcode(text).startswith("CALL") and "`(.L" not in text


def is_exit(text):
    return opcode(text).startswith("EXIT")


def is_barrier(text):
    return opcode(text).startswith("BAR")


def is_exchange(text):
    """Whether threads wait for each other or exchange values."""
    return is_barrier(text) or opcode(text).startswith("SHFL")


def trips(cycle):
    """How often a loop goes around that counts from zero to a constant, by the
    instructions of a round; else None."""
    steps, bounds = {}, []
    for text in cycle:
        add = re.search(r"\b(?:U?IADD3|V?IADD|VIADD|UIADD3)\S* (\w+), (?:U?P\w+, )*(\w+)"
                        r"(?:\.reuse)?, (0x[0-9a-f]+)\b", text)
        if add and add[1] == add[2]:
            steps[add[1]] = int(add[3], 16)
        compare = re.search(r"\bU?ISETP\.(?:NE|GE|LT)\.\S* U?P\w+, U?PT, (\w+)(?:\.reuse)?,"
                            r" (0x[0-9a-f]+),", text)
        if compare:
            bounds.append((compare[1], int(compare[2], 16)))
    return next((bound // steps[name] for name, bound in bounds if name in steps), None)


def mark_numbers(lines):
    """The lines, with marks on loads from addresses that are arguments of the
    kernel as they are."""
    arguments, result = set(), []
    for address, text in lines:
        words = re.match(r"(\S+) (U?R\d+)\b, (.*)", GUARD.match(text)[2])
        if text.startswith("LDG") and (base := re.search(r"\[(U?R\d+)(\.64)?\]$", text)):
            text += NUMBER if base[1] in arguments else ""
        if words and re.match(r"U?(LDC|MOV|IMAD\.MOV)", words[1]) and re.match(
                r"(RZ, RZ, )?c\[", words[3]):  # fmt: skip
            arguments.add(words[2])
        elif words:
            arguments.discard(words[2])
        result.append((address, text))
    return result


def flow_of(labels):
    """What `blocks_of` must know."""

    def flow(text):
        operation = opcode(text)
        guarded = bool(GUARD.match(text)[1])
        if operation.startswith("BRA") or operation.startswith("CALL") and not is_call(text):
            target = labels[re.search(r"`\((\S+)\)", text)[1]]
            # BRA P0, `(label) and BRA.DIV UR4, `(label) may go on, too.
            given = re.match(r"\S+ `", GUARD.match(text)[2])
            return [target], guarded or not given
        if operation.startswith(("EXIT", "RET")):
            return [], guarded
        return None

    return flow


def kernels(listing, messages, ptx):
    """The kernels, by the disassembly, what `ptxas -v` said, and the PTX that it
    was made of."""
    bodies, labels, waiting, name = {}, {}, [], None
    for line in listing.splitlines():
        if found := re.match(r"\.text\.(\S+):", line):
            name = found[1]
            bodies[name] = []
        elif re.match(r"\s*\.section\s", line):
            name = None
        elif name and (found := re.match(r"([.$]\S+):", line)):
            waiting.append(found[1])
        elif name and (found := re.match(r"\s*/\*([0-9a-f]+)\*/\s+(.*?)\s*;", line)):
            address = int(found[1], 16)
            labels.setdefault(name, {}).update(dict.fromkeys(waiting, address))
            waiting = []
            bodies[name].append((address, " ".join(found[2].split())))

    resources = {
        found[1]: found.groups()[1:]
        for found in re.finditer(
            r"Function properties for (\w+)\n\s*(\d+) bytes stack frame, (\d+) bytes spill "
            r"stores, (\d+) bytes spill loads\n.*?Used (\d+) registers(.*)", messages)
    }  # fmt: skip
    threads = dict(re.findall(r"\.entry (\w+)\([^)]*\)\s*\.maxntid (\d+)", ptx))
    result = []
    for name in sorted(resources):
        stack, stores, loads, registers, rest = resources[name]
        shared = re.search(r"(\d+) bytes smem", rest)
        result.append(Kernel(
            name, int(registers), int(stores) + int(loads), int(stack),
            int(shared[1]) if shared else 0, int(threads[name]), mark_numbers(bodies[name]),
            flow_of(labels.get(name, {}))))  # fmt: skip
    return result
