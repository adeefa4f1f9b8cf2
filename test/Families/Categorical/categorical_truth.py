# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The geometry of categorical distributions in high precision.

Distributions are lists of what is stored: logits, or probabilities up to a
factor. Vectors are lists of mpf.
"""

import mpmath as mp

mp.mp.dps = 60


def probabilities(chart, stored):
    if chart == "logits":
        top = max(stored)
        stored = [mp.exp(x - top) for x in stored]
    total = mp.fsum(stored)
    return [x / total for x in stored]


def chord(p, q):
    return mp.sqrt(mp.fsum((mp.sqrt(x) - mp.sqrt(y))**2 for x, y in zip(p, q)))


def angle(p, q):
    """Half the distance, and its quotient by its sine."""
    phi = 2 * mp.asin(chord(p, q) / 2)
    return phi, (phi / mp.sin(phi) if phi else mp.mpf(1))


def squared_distance(chart, a, b):
    phi, _ = angle(probabilities(chart, a), probabilities(chart, b))
    return 4 * phi**2


def gradient(chart, a, b):
    p, q = probabilities(chart, a), probabilities(chart, b)
    phi, quotient = angle(p, q)
    slope = [-4 * quotient * (mp.sqrt(x * y) - x * mp.cos(phi))
             for x, y in zip(p, q)]
    if chart == "logits":
        return slope
    return [s / x for s, x in zip(slope, a)]


def divergence(chart, a, b):
    p, q = probabilities(chart, a), probabilities(chart, b)
    if any(x and not y for x, y in zip(p, q)):
        return mp.inf
    return mp.fsum(x * mp.log(x / y) for x, y in zip(p, q) if x)


def push(chart, at, v):
    """What a tangent vector does to the probabilities."""
    p = probabilities(chart, at)
    if chart == "logits":
        mean = mp.fsum(x * y for x, y in zip(p, v))
        return [x * (y - mean) for x, y in zip(p, v)]
    total = mp.fsum(at)
    return [(y - x * mp.fsum(v)) / total for x, y in zip(p, v)]


def metric(chart, at, v):
    change = push(chart, at, v)
    if chart == "logits":
        return change
    return [c / x for c, x in zip(change, at)]


def point(chart, roots, gauge):
    """The stored numbers of a point, whose logarithms' normalizer is given."""
    p = [r**2 for r in roots]
    if chart == "probabilities":
        return p
    return [mp.log(x) + gauge for x in p]


def normalizer(stored):
    return mp.log(mp.fsum(mp.exp(x) for x in stored))


def geodesic(chart, a, b, t):
    p, q = probabilities(chart, a), probabilities(chart, b)
    phi, _ = angle(p, q)
    if phi:
        first, second = (mp.sin(s * phi) / mp.sin(phi) for s in (1 - t, t))
    else:
        first, second = 1 - t, t
    gauge = (0 if chart == "probabilities" else
             (1 - t) * normalizer(a) + t * normalizer(b))
    return point(chart, [first * mp.sqrt(x) + second * mp.sqrt(y)
                         for x, y in zip(p, q)], gauge)


def log(chart, a, b):
    p, q = probabilities(chart, a), probabilities(chart, b)
    phi, quotient = angle(p, q)
    direction = [2 * quotient * (mp.sqrt(x * y) - x * mp.cos(phi))
                 for x, y in zip(p, q)]
    if chart == "logits":
        return [d / x for d, x in zip(direction, p)]
    return [d * mp.fsum(a) for d in direction]
