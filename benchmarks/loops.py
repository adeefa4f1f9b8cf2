# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loops in disassembled code."""

import heapq


def blocks_of(lines, flow):
    """Basic blocks, as address -> (instructions, addresses of successors), of
    lines (address, instruction). `flow` tells, for an instruction that ends a
    block, the addresses it jumps to and whether it may go on instead, and None
    for others."""
    flows = [flow(text) for _, text in lines]
    targets = {address for found in flows if found for address in found[0]}
    starts = [i for i, (address, _) in enumerate(lines)
              if i == 0 or flows[i - 1] or address in targets]
    blocks = {}
    for start, end in zip(starts, starts[1:] + [len(lines)]):
        jumps, goes_on = flows[end - 1] or ([], True)
        following = [lines[end][0]] if goes_on and end < len(lines) else []
        blocks[lines[start][0]] = ([text for _, text in lines[start:end]],
                                   [*jumps, *following])
    return blocks


def shortest_cycle(start, successors, cost):
    """The steps of the cheapest way from `start` back to it; None if there is
    none."""
    queue, seen = [(cost(start), (start,))], set()
    while queue:
        length, path = heapq.heappop(queue)
        for successor in successors(path[-1]):
            if successor == start:
                return path
            if successor not in seen:
                seen.add(successor)
                heapq.heappush(queue, (length + cost(successor), (*path, successor)))
    return None
