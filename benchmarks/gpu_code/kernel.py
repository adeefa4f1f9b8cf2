# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels, and what they do for an element."""

import collections
import dataclasses
import typing

from loops import blocks_of, shortest_cycle

COLUMNS = ["f32", "logic", "f64", "special", "load", "store", "control"]


class Access(typing.NamedTuple):
    """What a thread loads or stores with one instruction."""

    is_load: bool
    space: str  # global, shared, or local
    size: int  # in bytes
    base: str  # the register with the address
    offset: int


@dataclasses.dataclass
class Kernel:
    """A kernel that was disassembled."""

    name: str
    registers: int
    spilled: int  # bytes
    stack: int
    shared: int
    threads: int  # of a block
    lines: list  # addresses and instructions
    flow: typing.Callable


@dataclasses.dataclass
class Work:
    """What is done for an element: instructions by class, and bytes of arrays."""

    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    loaded: float = 0
    stored: float = 0
    accesses: float = 0  # to arrays
    wide: float = 0  # of those, the ones of 16 bytes
    # Whether a loop is in it that goes around who knows how often.
    at_least: bool = False

    def add(self, other, times=1):
        for name, count in other.counts.items():
            self.counts[name] += count * times
        self.loaded += other.loaded * times
        self.stored += other.stored * times
        self.accesses += other.accesses * times
        self.wide += other.wide * times
        self.at_least |= other.at_least

    def scaled(self, factor):
        result = Work()
        result.add(self, factor)
        return result

    @property
    def instructions(self):
        return sum(self.counts.values())


def work_of(instructions, maker):
    """What instructions do once."""
    result = Work()
    for text in instructions:
        result.counts[maker.classify(text)] += 1
        access = maker.access(text)
        if access and access.space == "global":
            result.accesses += 1
            result.wide += access.size == 16
            if access.is_load:
                result.loaded += access.size
            else:
                result.stored += access.size
    return result


def strongly_connected(nodes, successors):
    """The sets of nodes that reach each other, by Tarjan, without those that
    do not even reach themselves."""
    index, low, stack, result = {}, {}, [], []
    for root in nodes:
        calls = [(root, iter(successors(root)))] if root not in index else []
        while calls:
            node, rest = calls[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
            for successor in rest:
                if successor not in nodes:
                    continue
                if successor not in index:
                    calls.append((successor, iter(successors(successor))))
                    break
                if successor in stack:
                    low[node] = min(low[node], index[successor])
            else:
                calls.pop()
                if calls:
                    low[calls[-1][0]] = min(low[calls[-1][0]], low[node])
                if low[node] == index[node]:
                    part = set(stack[stack.index(node):])
                    del stack[stack.index(node):]
                    if len(part) > 1 or node in successors(node):
                        result.append(part)
    return result


# No way is chosen that calls what is rare: a division's slow path, say.
CALL = 1_000_000


class Loop:
    """A loop, and the loops in it, each of which is one node of its graph."""

    def __init__(self, blocks, nodes, maker, header=None):
        self.blocks, self.nodes, self.maker = blocks, nodes, maker
        entries = {s for b in blocks if b not in nodes for s in blocks[b][1] if s in nodes}
        self.header = min(entries or nodes) if header is None else header
        inner = nodes - {self.header}
        self.children = [
            Loop(blocks, part, maker)
            for part in strongly_connected(inner, lambda node: blocks[node][1])
        ]
        self.owner = {node: child for child in self.children for node in child.nodes}

    def texts(self):
        return [text for node in sorted(self.nodes) for text in self.blocks[node][0]]

    def accesses(self, space="global"):
        found = (self.maker.access(text) for text in self.texts())
        return [access for access in found if access and access.space == space]

    def _cost(self, node, shared):
        """What a node of the graph adds to a way: what it does in all."""
        child = self.owner.get(node)
        if child is None:
            texts = self.blocks[node][0]
            return len(texts) + CALL * any(map(self.maker.is_call, texts))
        return 0 if shared else child.round().instructions * (child.trips() or 1)

    def _successors(self, node):
        child = self.owner.get(node)
        leaving = child.nodes if child else [node]
        found = {s for n in leaving for s in self.blocks[n][1] if s in self.nodes}
        if child:
            found -= child.nodes
        return {self.owner[s].header if s in self.owner else s for s in found}

    def way(self, shared=False):
        """The blocks, and headers of loops, of the cheapest round that moves as
        much of arrays as a round does: the one for aligned arrays."""
        def useful(is_load):
            return [node for node in self.nodes if node not in self.owner and any(
                access and access.space == "global" and access.is_load == is_load
                for access in map(self.maker.access, self.blocks[node][0]))]

        costs = {}

        def cost(node):
            if node not in costs:
                costs[node] = self._cost(node, shared)
            return costs[node]

        found = []
        for node in useful(False) or useful(True) or [self.header]:
            steps = shortest_cycle(node, self._successors, cost)
            if steps:
                moved = work_of((text for step in steps if step not in self.owner
                                 for text in self.blocks[step][0]), self.maker)
                found.append((-moved.stored - moved.loaded, moved.accesses,
                              sum(map(cost, steps)), steps))
        return min(found)[-1]

    def round(self, shared=False):
        """What one round does. The loops of shared work are left out."""
        result = Work()
        for step in self.way(shared):
            child = self.owner.get(step)
            if child is None:
                result.add(work_of(self.blocks[step][0], self.maker))
            elif not shared:
                times = child.trips()
                result.add(child.round(), times or 1)
                result.at_least |= times is None
        return result

    def trips(self):
        """How often it goes around; None if that is not a constant."""
        return self.maker.trips([text for step in self.way() if step not in self.owner
                                 for text in self.blocks[step][0]])

    def elements(self, kernel, arrays, lanes, warp):
        """How many elements of a row a round takes, of each of `arrays` that it
        reads, `lanes` with an access: the longest chain of addresses that differ
        by what the threads take together, or by what one takes. It is found in
        the number of loads, too, where addresses are in other registers."""
        accesses = self.accesses() or self.accesses("shared")
        longest = max(1, sum(access.is_load for access in accesses) // arrays)
        chains = collections.defaultdict(set)
        for access in accesses:
            chains[access.is_load, access.base, access.size].add(access.offset)
        for (_, _, size), offsets in chains.items():
            for step in {size, size * warp, size * kernel.threads}:
                for first in offsets:
                    length = 1
                    while first + length * step in offsets:
                        length += 1
                    longest = max(longest, length)
        return longest * lanes


def row_loops(loop):
    """The loops over a row that do the work. Those with accesses of 16 bytes, if
    there are such: others are there for what is not aligned, and for ends. And
    not those that do for fewer elements what the one before does, with less than
    twice the instructions for each: for ends, too."""
    found = [child for child in loop.children if child.accesses() or child.accesses("shared")]
    found.sort(key=lambda child: child.header)
    if wide := [child for child in found if any(a.size == 16 for a in child.accesses())]:
        return [child for child in found if child in wide or not child.accesses()], wide

    def count(child):
        loads = [access.is_load for access in child.accesses()]
        return sum(loads), len(loads) - sum(loads), len(child.texts())

    def is_rest(before, child):
        (loads, stores, size), (fewer, rest, rest_size) = count(before), count(child)
        return (fewer < loads and loads * rest == fewer * stores and
                rest_size * loads < 2 * size * fewer)  # fmt: skip

    return [child for i, child in enumerate(found)
            if i == 0 or not is_rest(found[i - 1], child)], wide


def per_element(kernel, maker, components, element_size, event, warp):
    """What the kernel does for an element, where distributions have `event` of
    them; None if it has no way through that moves arrays.

    A thread goes through the kernel once, for a vector or a distribution. Threads
    that share a distribution go around loops over its elements, whose instructions
    are counted for an element each. What a thread does besides, and with elements
    that it has in registers, each of them does once for a distribution."""
    blocks = blocks_of(kernel.lines, kernel.flow)
    start = kernel.lines[0][0]
    # The whole is a loop that starts again where it ends.
    for texts, successors in blocks.values():
        if maker.is_exit(texts[-1]):
            successors.append(start)
    whole = next((part for part in strongly_connected(blocks, lambda node: blocks[node][1])
                  if start in part), None)  # fmt: skip
    loop = whole and Loop(blocks, whole, maker, start)
    if not loop or not loop.accesses():
        return None
    texts = loop.texts()
    if event > 1 and any(map(maker.is_exchange, texts)):
        sharing = kernel.threads if any(map(maker.is_barrier, texts)) else warp
        result = loop.round(shared=True).scaled(sharing / event)
        loops, wide = row_loops(loop)
        if loops:
            # What a distribution has once moves no array.
            result.loaded = result.stored = result.accesses = result.wide = 0
        for child in loops:
            # Buffers between loops may have wider elements than arrays.
            lanes = 16 // element_size if child in wide else 1
            result.add(child.round(), 1 / child.elements(kernel, 2 * components, lanes, warp))
        return result
    once = loop.round()
    elements = once.stored / element_size / components or once.loaded / element_size
    # A distance is stored, too, for each distribution.
    return once.scaled(1 / (elements // event * event or event))
