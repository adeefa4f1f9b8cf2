# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The von Mises family in extended precision, by the scheme of docs/theory.md's
surface: geodesics are those of the hyperbolic plane of radius sinh(rho) = x =
sqrt(kappa A/2), corrected by integrals of the stretch h along them. Here h comes
from Bessel functions, the equation for the opening angle is solved to the last
digit, and integrals have so many points that they are exact."""

import csv
import functools

import numpy as np

import bessel
import fisher
from arithmetic import sigmoid, softplus, softplus_difference, softplus_inverse
from sampling import differences, log_uniform, normal

# chart: (kappa of what is stored, what is stored, d kappa / d stored,
#         kappa2 - kappa1 of what is stored)
CHARTS = {
    "kappa": (lambda c: c, lambda k: k, np.ones_like, lambda a, b: b - a),
    "log_kappa": (
        np.exp,
        np.log,
        np.exp,
        lambda a, b: np.where(
            np.abs(b - a) < 1, np.exp(a) * np.expm1(np.clip(b - a, -1, 1)), np.exp(b) - np.exp(a)
        ),
    ),
    "softplus": (softplus, softplus_inverse, sigmoid, lambda a, b: softplus_difference(b, a)),
}
ZERO_MEANS_NOTHING = ("log_kappa", "softplus")

# Points of the integrals along chords up to a length: the nearest singularity of
# the stretch is 0.26 away.
NODES = {
    np.float64: {0.2: 12, 0.5: 24, np.inf: 48},
    np.longdouble: {0.2: 20, 0.5: 44, np.inf: 96},
}

rule = functools.cache(bessel.gauss_legendre)


def integrate(function, kind, nodes):
    return sum(weight * function(node) for node, weight in zip(*rule(nodes, kind)))


def wrapped(angle):
    """An angle less the nearest multiple of a turn, to all digits."""
    turns = np.round(angle / (2 * np.pi))
    # A turn in two parts, the first of few digits.
    high = np.float64(2 * np.pi)
    low = angle.dtype.type("2.449293598294706414e-16")
    return (angle - turns * high) - turns * low


class Chord:
    """A piece of a hyperbolic geodesic between two radii with an angle alpha
    between them."""

    def __init__(self, X1, X2, sinh_difference, alpha):
        self.x1, self.x2 = np.sqrt(X1), np.sqrt(X2)
        self.c1, self.c2 = np.sqrt(1 + X1), np.sqrt(1 + X2)
        self.r1, self.r2 = self.x1 / self.c1, self.x2 / self.c2
        self.sine2 = np.sin(alpha / 2) ** 2
        self.alpha, self.difference = alpha, sinh_difference
        # sinh^2(d/2) = sinh^2((rho2-rho1)/2) + x1 x2 sin^2(alpha/2).
        half = sinh_difference**2 / (2 * (1 + np.sqrt(1 + sinh_difference**2)))
        square = half + self.x1 * self.x2 * self.sine2
        self.length = 2 * np.arcsinh(np.sqrt(square))
        self.sinh = 2 * np.sqrt(square * (1 + square))
        self.K = self.sinh / (self.c1 * self.c2)

    def integrals(self, nodes=None):
        """S1 and S2: of g v and g (1-v) along the chord."""
        apart = self.difference / (self.c1 * self.c2)
        square = apart**2 + 4 * self.r1 * self.r2 * self.sine2
        ends = 1 / self.c1**2, 1 / self.c2**2, square
        kind = self.x1.dtype.type
        if nodes:
            return self._sums(*ends, *rule(nodes, kind))
        first, second, shorter = np.zeros_like(square), np.zeros_like(square), 0
        for limit, nodes in NODES[kind].items():
            some = (self.length >= shorter) & (self.length < limit)
            first[some], second[some] = self._sums(*(x[some] for x in ends), *rule(nodes, kind))
            shorter = limit
        return first, second

    @staticmethod
    def _sums(v1, v2, square, nodes, weights):
        first, second = np.zeros_like(square), np.zeros_like(square)
        g = bessel.stretch()
        for node, weight in zip(nodes, weights):
            v = (1 - node) * v1 + node * v2 + node * (1 - node) * square
            value = weight * g(v)
            first += value * v
            second += value * (1 - v)
        return first, second

    def turn(self, first):
        """The angle between the ends on the surface."""
        return self.alpha + self.r1 * self.r2 * np.sin(self.alpha) * first


def in_double(*arrays):
    return [x.astype(np.float64) for x in arrays]


class Pair:
    """The geodesic between two beliefs."""

    def __init__(self, chart, a, b):
        kappa, _, _, difference = CHARTS[chart]
        self.kappa1, self.kappa2 = kappa(a[1]), kappa(b[1])
        step = difference(a[1], b[1])
        self.X1, self.X2 = map(bessel.square_radius, (self.kappa1, self.kappa2))
        near = np.abs(step) < 0.3 * (1 + np.minimum(self.kappa1, self.kappa2))
        small = np.where(near, step, 0)
        rise = small * integrate(
            lambda s: bessel.square_radius_slope(self.kappa1 + s * small), step.dtype.type, 14
        )
        rise = np.where(near, rise, self.X2 - self.X1)
        x1, x2 = np.sqrt(self.X1), np.sqrt(self.X2)
        self.sinh_difference = rise / (x1 * np.sqrt(1 + self.X2) + x2 * np.sqrt(1 + self.X1))
        self.angle = wrapped(b[0] - a[0])
        self.sign = np.where(self.angle < 0, -1, 1)
        self._solve(np.abs(self.angle))

    def _solve(self, target):
        """The opening angle of the hyperbolic chord whose turn is the target:
        by secants in double precision, and one step in the arguments'."""
        X1, X2, difference, goal = in_double(self.X1, self.X2, self.sinh_difference, target)

        def residual(alpha, nodes):
            chord = Chord(X1, X2, difference, alpha)
            return chord.turn(chord.integrals(nodes)[0]) - goal

        before, alpha = goal, 0.9 * goal
        was, now = residual(before, 16), residual(alpha, 16)
        for nodes in (16, 16, 16, None, None, None, None):
            slope = (now - was) / np.where(alpha != before, alpha - before, 1)
            slope = np.where(slope > 0.1, slope, 1.0)
            before, was = alpha, now
            alpha = np.clip(alpha - now / slope, 0, np.pi)
            now = residual(alpha, nodes)
        step = 1e-4 * np.maximum(alpha, 1e-300)
        slope = (residual(alpha + step, None) - residual(alpha - step, None)) / (2 * step)

        alpha = alpha.astype(target.dtype)
        chord = Chord(self.X1, self.X2, self.sinh_difference, alpha)
        first, second = chord.integrals()
        excess = chord.turn(first) - target
        clairaut = chord.x1 * chord.x2 * np.sin(alpha) / np.where(chord.sinh > 0, chord.sinh, 1)
        # The last term makes the length stationary in the residual.
        length = chord.length + chord.K * second - clairaut * excess
        self.length = np.sqrt(target.dtype.type(2)) * length
        self.chord = Chord(
            self.X1, self.X2, self.sinh_difference, np.abs(alpha - excess / slope)
        )
        sinh = np.where(self.chord.sinh > 0, self.chord.sinh, 1)
        # Sine and cosine of the angle to the outward radius at the first belief.
        self.sine = self.chord.x2 * np.sin(self.chord.alpha) / sinh
        self.cosine = (
            self.sinh_difference - 2 * self.chord.c1 * self.chord.x2 * self.chord.sine2
        ) / sinh


def walk(X1, target, place):
    """The end of a geodesic of a length from a first belief, where `place(tau)`
    gives the end of the hyperbolic one of length tau with the same invariant: the
    concentration there and the angle. With h in [1, 1.24], Newton's method
    converges at once."""
    kind = target.dtype.type

    def end(tau, X1, nodes=None):
        along, across, height = place(tau)
        X2 = along**2 + across**2
        angle = np.arctan2(across, along)
        x1, x2 = np.sqrt(X1), np.sqrt(X2)
        sinh_difference = (X2 - X1) / (x1 * height + x2 * np.sqrt(1 + X1))
        chord = Chord(X1, X2, sinh_difference, angle)
        first, second = chord.integrals(nodes)
        K = np.sinh(tau) / (chord.c1 * chord.c2)
        v = 1 / (1 + X2)
        h = 1 + v * (1 - v) * bessel.stretch()(v)
        return X2, chord.turn(first), tau + K * second, h

    goal = target / np.sqrt(kind(2))
    tau = goal.astype(np.float64)
    double = tau.copy()
    for nodes in (16, 16, 16, None, None):
        _, _, length, h = end(tau, X1.astype(np.float64), nodes)
        tau = np.maximum(tau - (length - double) / h, 0)
    tau = tau.astype(kind)
    if kind is not np.float64:
        _, _, length, h = end(tau, X1)
        tau = np.maximum(tau - (length - goal) / h, 0)
    X2, turn, _, _ = end(tau, X1)
    return bessel.from_square_radius(X2), turn


class VonMises:
    name = label = "von_mises"
    charts = list(CHARTS)
    standard = "kappa"
    components = 2
    event_shape = ()
    share = 1
    digits = 120

    def __init__(self):
        self.pairs = {}

    def draw(self, rng, regime, chart, dtype, count):
        def angle():
            return rng.uniform(-np.pi, np.pi, count).astype(np.longdouble)

        if regime == "far":
            decades = 14 if dtype == np.float64 else 7
            kappas = [log_uniform(rng, -decades, decades, count) for _ in range(2)]
            a, b = [angle(), kappas[0]], [angle(), kappas[1]]
        else:
            a, b = ([angle(), np.exp(normal(rng, count, 2))] for _ in range(2))
        if regime in ("near", "equal"):
            near = differences(rng, dtype, count)
            spread = 1 / np.sqrt(1 + a[1])
            b = [
                a[0] + near * spread * normal(rng, count),
                a[1] * np.exp(near * normal(rng, count)),
            ]
        stored = CHARTS[chart][1]
        return [[mu, stored(kappa)] for mu, kappa in (a, b)]

    def units(self, chart, point):
        kappa = CHARTS[chart][0](point[1])
        spread = 1 / np.sqrt(1 + kappa)
        return [spread, point[1] * 0 + (1 if chart in ZERO_MEANS_NOTHING else 0)]

    def align(self, exact, got):
        """Directions are the same a turn further."""
        turns = np.round((got[0] - exact[0]) / (2 * np.pi))
        turns = np.where(np.isfinite(turns), turns, 0)
        return [exact[0] + turns * exact[0].dtype.type(np.longdouble("6.283185307179586476925")),
                exact[1]]

    def table(self):
        """Beliefs and what is known of them in forty digits: squared distances,
        gradients, and the middles of geodesics, in the chart kappa."""
        path = fisher.ROOT / "test" / "Families" / "VonMises" / "von_mises.csv"
        with open(path) as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
        # What follows says nothing of the uniform belief and of equal ones.
        rows = [r for r in rows if float(r["kappa1"]) * float(r["kappa2"]) * float(r["d2"]) > 0]

        def column(name, kind=np.longdouble):
            return np.array([kind(row[name]) for row in rows])

        a, b = ([column(f"mu{i}", float), column(f"kappa{i}", float)] for i in (1, 2))
        return a, b, {
            "squared_distance": [column("d2")],
            "gradient": [column("d2_mu1"), column("d2_kappa1")],
            "geodesic": [column("mu_t05"), column("kappa_t05")],
        }

    def tangents(self, rng, chart, a, b, regimes):
        """Half-way to the second belief."""
        return [x / 2 for x in self.log(chart, a, b)]

    def pair(self, chart, a, b):
        """The geodesic, which several operations need of the same beliefs."""
        key = (chart, *map(self._digest, (*a, *b)))
        if key not in self.pairs:
            # Not those of all that was ever asked for.
            if len(self.pairs) > 200:
                self.pairs.clear()
            self.pairs[key] = Pair(chart, a, b)
        return self.pairs[key]

    @staticmethod
    def _digest(x):
        """Of numbers; the bytes of extended precision have some that mean nothing."""
        high = x.astype(np.float64)
        return hash((high.tobytes(), (x - high).astype(np.float64).tobytes()))

    @staticmethod
    def roots(chart, at):
        """Square roots of the metric in direction and stored concentration."""
        kappa = CHARTS[chart][0](at[1])
        slope = CHARTS[chart][2](at[1])
        return kappa * np.sqrt(bessel.ratio(kappa)), slope * np.sqrt(bessel.slope(kappa))

    def squared_distance(self, chart, a, b):
        return [self.pair(chart, a, b).length ** 2]

    def gradient(self, chart, a, b):
        pair = self.pair(chart, a, b)
        across, along = self.roots(chart, a)
        return [
            -2 * pair.length * across * pair.sine * pair.sign,
            -2 * pair.length * along * pair.cosine,
        ]

    def log(self, chart, a, b):
        pair = self.pair(chart, a, b)
        across, along = self.roots(chart, a)
        return [pair.length * pair.sine * pair.sign / across, pair.length * pair.cosine / along]

    def kl_divergence(self, chart, a, b):
        kappa, _, _, difference = CHARTS[chart]
        kappa1, kappa2, step = kappa(a[1]), kappa(b[1]), difference(a[1], b[1])
        # step^2 times the integral of (1-s) A'.
        near = np.abs(step) < 1 + np.minimum(kappa1, kappa2)
        small = np.where(near, step, 0)
        spread = small**2 * integrate(
            lambda s: (1 - s) * bessel.slope(kappa1 + s * small), step.dtype.type, 24
        )
        far = bessel.complement(kappa1) * step + (
            bessel.log_scaled(kappa2) - bessel.log_scaled(kappa1)
        )
        turn = 2 * np.sin(wrapped(b[0] - a[0]) / 2) ** 2
        return [np.where(near, spread, far) + kappa1 * bessel.ratio(kappa1) * kappa2 * turn]

    def metric(self, chart, at, tangent):
        return [root**2 * v for root, v in zip(self.roots(chart, at), tangent)]

    def natural_gradient(self, chart, at, gradient):
        return [v / root**2 for root, v in zip(self.roots(chart, at), gradient)]

    def exp(self, chart, a, tangent):
        across, along = (r * v for r, v in zip(self.roots(chart, a), tangent))
        length = np.hypot(across, along)
        safe = np.where(length > 0, length, 1)
        cosine, sine = np.where(length > 0, along / safe, 1), np.abs(across) / safe
        X1 = bessel.square_radius(CHARTS[chart][0](a[1]))
        c1, x1 = np.sqrt(1 + X1), np.sqrt(X1)
        rho = np.arcsinh(x1)
        # 1 + cos, without cancellation where the walk is inward.
        inward = np.where(cosine < 0, sine**2 / (1 - np.minimum(cosine, 0)), 1 + cosine)

        def place(tau):
            kind = tau.dtype.type
            r, s, i, c, x = (y.astype(kind) for y in (rho, sine, inward, c1, x1))
            sinh = np.sinh(tau)
            return np.sinh(r - tau) + c * i * sinh, s * sinh, np.cosh(r - tau) + x * i * sinh

        return self._point(chart, a, np.where(across < 0, -1, 1), *walk(X1, length, place))

    def geodesic(self, chart, a, b, t):
        pair = self.pair(chart, a, b)
        chord = pair.chord
        equal = chord.sinh == 0

        def place(tau):
            kind = tau.dtype.type
            d, x1, x2, c1, c2, alpha = (
                y.astype(kind)
                for y in (chord.length, chord.x1, chord.x2, chord.c1, chord.c2, chord.alpha)
            )
            d = np.where(equal, 1, d)
            first, second = np.sinh(d - tau) / np.sinh(d), np.sinh(tau) / np.sinh(d)
            first = np.where(equal, 1, first)
            return (
                first * x1 + second * x2 * np.cos(alpha),
                second * x2 * np.sin(alpha),
                first * c1 + second * c2,
            )

        return self._point(chart, a, pair.sign, *walk(pair.X1, t * pair.length, place))

    @staticmethod
    def _point(chart, a, sign, kappa, turn):
        return [wrapped(a[0] + sign * turn), CHARTS[chart][1](kappa)]

    def convert(self, chart, a, target):
        return [a[0], CHARTS[target][1](CHARTS[chart][0](a[1]))]
