# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The truth about a plain module, and how far roundings lead from it.

The textbook formulas of benchmarks/numerics are evaluated in a hundred digits, and
again with every operand and result changed by a random rounding of its type.
"""

import pathlib
import re
import sys

import mpmath as mp
import numpy as np
from mpmath.libmp import NoConvergence

from plain_modules import BELIEF, EVENT_RANK, KNOWN, OPERATION, Type

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "benchmarks" / "numerics"))

from formulas import FORMULAS
from truth import ManyDigits

# A rounding, relative; and the smallest and largest numbers that keep it.
UNIT = {"f64": 2.0**-53, "f32": 2.0**-24, "f16": 2.0**-11, "bf16": 2.0**-8}
RANGE = {"f64": (1e-300, 1e300), "f32": (1e-37, 1e38), "f16": (6.2e-5, 6e4),
         "bf16": (1e-37, 1e38)}
VARIANTS = 3

# What no formula can be right about, and what leaves the range of the type on
# the way, is not compared with the truth.
UNKNOWN = mp.nan

to_mpf = np.frompyfunc(lambda x: mp.mpf(float(x)), 1, 1)
# Textbook formulas divide by zero between equal beliefs: none are quite equal.
APART = mp.mpf(10)**-35
STEP = mp.mpf(10)**-30


def as_array(x):
    return np.asarray(x, dtype=object)


class Truth:
    """Evaluates a module; with roundings if there is a generator of them."""

    def __init__(self, rng=None):
        self.rng, self.apart = rng, np.random.default_rng(0)

    def changed(self, value, unit):
        value = as_array(value)
        if self.rng is None or value.size == 0:
            return value
        noise = self.rng.uniform(-1, 1, value.shape)
        return as_array(value * (1 + unit * to_mpf(noise)))

    def stored(self, value, element):
        """A result as it is kept: what the type cannot hold is not known."""
        low, high = RANGE[element]

        def keep(x):
            x = mp.mpf(x) if not isinstance(x, mp.mpc) else UNKNOWN
            if not mp.isfinite(x) or abs(x) > high or 0 < abs(x) < low and abs(x) > APART**0.5:
                return UNKNOWN
            return x

        return self.changed(np.frompyfunc(keep, 1, 1)(as_array(value)), UNIT[element])

    def run(self, text, arguments):
        values = {name: to_mpf(array.astype(np.float64)) for name, array in arguments.items()}
        needed = find_needed(text)
        for line in text.splitlines():
            match = OPERATION.fullmatch(line)
            if match and match[1] not in needed:
                continue
            if match:
                name, operation, operands, types = match.groups()
                results = self.evaluate(operation, operands, types, values)
                for index, result in enumerate(results):
                    values[f"{name}#{index}"] = result
                values[name] = results[0]
                if operation in self.PACKED:
                    values[name] = results
            elif line.startswith("  return"):
                names = re.findall(r"%\w+(?:#\d+)?", line)
                return [values[name] for name in names]
        raise AssertionError("a function without a return")

    PACKED = ("fisher.belief", "fisher.geodesic", "fisher.proximal_step", "fisher.exp",
              "fisher.convert")

    def evaluate(self, operation, operands, types, values):
        if operation == "arith.constant":
            return [mp.mpf(float(operands))]
        names = re.findall(r"%\w+(?:#\d+)?", operands)
        taken = [values[name] for name in names]
        if operation == "tensor.extract":
            return [as_array(taken[0])[()]]
        kind = Type(*BELIEF.search(types).groups())
        if operation == "fisher.belief":
            return [as_array(x) for x in taken]
        if operation == "fisher.components":
            return taken[0]
        check_known(kind, [x for x in taken if isinstance(x, list)])
        unit = UNIT[kind.compute]
        taken = [[self.changed(c, unit) for c in x] if isinstance(x, list) else self.changed(x, unit)
                 for x in taken]
        if operation == "fisher.convert":
            target = Type(*BELIEF.findall(types)[1])
            results = self.by_distribution(kind, lambda a: self.formulas(kind).convert(
                kind.chart, plain(a), target.chart), taken)
            return [self.stored(r, target.element) for r in results]
        results = getattr(self, operation.removeprefix("fisher."))(kind, *taken)
        # Totals are summed in more digits than they are kept in.
        results = [as_array(r) for r in results]
        return [self.stored(r, kind.element if r.shape == kind.shape and i >= self.leading(operation)
                            else kind.compute) for i, r in enumerate(results)]

    @staticmethod
    def leading(operation):
        """How many results come before those of the components' type."""
        return 1 if "distance" in operation or "divergence" in operation or "penalty" in operation else 0

    def formulas(self, kind):
        return FORMULAS[kind.family](ManyDigits)

    def by_distribution(self, kind, function, arguments):
        """Calls a function of single distributions for each. Those that it has no
        number for are not known."""
        rank = EVENT_RANK.get(kind.family, 0)
        batch = kind.shape[:len(kind.shape) - rank]
        outputs = None
        for at in np.ndindex(batch):
            picked = []
            for argument in arguments:
                if isinstance(argument, list):
                    picked.append([self.moved(as_array(c)[at]) for c in argument])
                else:
                    picked.append(argument[()] if isinstance(argument, np.ndarray) else argument)
            try:
                results = [as_array(r) for r in function(*picked)]
            except (ZeroDivisionError, ValueError, TypeError, OverflowError):
                results = None
            if outputs is None and results is not None:
                outputs = [np.full(batch + r.shape, UNKNOWN, dtype=object) for r in results]
            if results is not None:
                for output, result in zip(outputs, results):
                    output[at] = result if result.shape else result[()]
        if outputs is None:
            raise Unknown(kind)
        return outputs

    def moved(self, component):
        component = as_array(component)
        if component.shape:
            noise = to_mpf(self.apart.uniform(0.5, 1, component.shape))
            if component.ndim == 2:
                noise = noise + noise.T
        else:
            noise = mp.mpf(self.apart.uniform(0.5, 1))
        return as_array(component + APART * noise)

    # The operations, on all distributions.

    def simple(self, kind, name, *arguments):
        formulas = self.formulas(kind)
        if not hasattr(formulas, name):
            raise Unknown(kind)
        return self.by_distribution(
            kind, lambda *x: getattr(formulas, name)(kind.chart, *map(plain, x)), arguments)

    def squared_distance(self, kind, a, b):
        return self.simple(kind, "squared_distance", a, b)

    def squared_distance_with_gradient(self, kind, a, b):
        return [*self.squared_distance(kind, a, b), *self.simple(kind, "gradient", a, b)]

    def kl_divergence(self, kind, a, b):
        return self.simple(kind, "kl_divergence", a, b)

    def kl_divergence_with_gradients(self, kind, a, b):
        formulas = self.formulas(kind)

        def gradients(a, b):
            def divergence(x):
                k = len(a)
                return formulas.kl_divergence(kind.chart, x[:k], x[k:])[0]

            return differentiate(kind, divergence, [*plain(a), *plain(b)])

        return [*self.kl_divergence(kind, a, b), *self.by_distribution(kind, gradients, [a, b])]

    def penalty(self, kind, a, b, weight):
        return self.penalty_with_gradient(kind, a, b, weight)[:1]

    def penalty_with_gradient(self, kind, a, b, weight):
        if 0 in kind.shape[:len(kind.shape) - EVENT_RANK.get(kind.family, 0)]:
            return [as_array(mp.mpf(0)), *(np.zeros(kind.shape, dtype=object) for _ in a)]
        distance, *gradient = self.squared_distance_with_gradient(kind, a, b)
        weight = as_array(weight)[()]
        return [as_array(weight * distance.sum()), *(weight * g for g in gradient)]

    def geodesic(self, kind, a, b, t):
        t = as_array(t)[()]
        formulas = self.formulas(kind)
        if not hasattr(formulas, "geodesic"):
            raise Unknown(kind)
        return self.by_distribution(
            kind, lambda a, b: checked(formulas, kind, formulas.geodesic(kind.chart, plain(a), plain(b), t),
                                       a, b, t), [a, b])

    def proximal_step(self, kind, a, b, strength):
        strength = as_array(strength)[()]
        return self.geodesic(kind, a, b, strength / (1 + strength))

    def geodesic_pullback(self, kind, a, b, t, *covector):
        formulas = self.formulas(kind)
        if not hasattr(formulas, "geodesic"):
            raise Unknown(kind)
        t = as_array(t)[()]

        def pull(a, b, c):
            if checked(formulas, kind, None, a, b, t):
                raise ValueError

            def product(x):
                k = len(a)
                point = formulas.geodesic(kind.chart, x[:k], x[k:2 * k], x[2 * k])
                return sum((p * v).sum() if isinstance(p, np.ndarray) else p * v
                           for p, v in zip(point, plain(c)))

            return differentiate(kind, product, [*plain(a), *plain(b), t])

        return self.by_distribution(kind, pull, [a, b, list(covector)])

    def natural_gradient_pullback(self, kind, at, *rest):
        formulas = self.formulas(kind)
        half = len(rest) // 2

        def pull(at, g, c):
            def product(x):
                natural = formulas.natural_gradient(kind.chart, x[:half], x[half:])
                return sum((p * v).sum() if isinstance(p, np.ndarray) else p * v
                           for p, v in zip(natural, plain(c)))

            return differentiate(kind, product, [*plain(at), *plain(g)])

        return self.by_distribution(kind, pull, [at, list(rest[:half]), list(rest[half:])])

    def log(self, kind, a, b):
        return self.simple(kind, "log", a, b)

    def exp(self, kind, a, *tangent):
        formulas = self.formulas(kind)
        if not hasattr(formulas, "exp"):
            raise Unknown(kind)
        return self.by_distribution(
            kind, lambda a, v: checked(formulas, kind, formulas.exp(kind.chart, plain(a), plain(v)), a, v),
            [a, list(tangent)])

    def metric(self, kind, at, *tangent):
        return self.simple(kind, "metric", at, list(tangent))

    def natural_gradient(self, kind, at, *gradient):
        return self.simple(kind, "natural_gradient", at, list(gradient))


def find_needed(text):
    """The names of values that a result depends on; the others would take time."""
    needed = set()
    for line in reversed(text.splitlines()):
        match = OPERATION.fullmatch(line)
        if line.startswith("  return") or match and match[1] in needed:
            needed.update(re.findall(r"%\w+", line))
    return needed


def check_known(kind, beliefs):
    """Beliefs of different known components have nothing between them."""
    family, index = KNOWN
    if kind.family != family:
        return
    first, *others = [as_array(belief[index]) for belief in beliefs]
    if any(np.any(abs(other - first) > mp.mpf(0.1) * abs(first)) for other in others):
        raise Unknown(kind)


class Unknown(Exception):
    """There is no formula."""


def plain(x):
    """Numbers instead of arrays of one."""
    if isinstance(x, list):
        return [plain(c) for c in x]
    return x[()] if isinstance(x, np.ndarray) and x.shape == () else x


def checked(formulas, kind, point, a, *rest):
    """A point that the formulas have beyond the family's end is none."""
    if hasattr(formulas, "y_inverse"):
        chart = formulas.charts[kind.chart]
        y = formulas.y(chart.standard(plain(a)[0]))
        if len(rest) == 2:
            b, t = rest
            y += t * (formulas.y(chart.standard(plain(b)[0])) - y)
        else:
            y += formulas.slope(kind.chart, plain(a)) * plain(rest[0])[0]
        end = {"bernoulli": mp.pi, "poisson": mp.inf}.get(kind.family)
        if end is not None and not 0 < y < end:
            return [UNKNOWN]
    # Formulas go on behind a probability of zero; beliefs do not.
    if kind.family == "categorical" and (len(rest) == 1 or not 0 <= rest[-1] <= 1):
        return [np.full(plain(a)[0].shape, UNKNOWN, dtype=object)]
    return point


def differentiate(kind, function, arguments):
    """The gradient of a function of arrays and numbers."""
    gradients = []
    for index, argument in enumerate(arguments):
        def change(direction):
            values = []
            for sign in (1, -1):
                moved = list(arguments)
                moved[index] = argument + sign * STEP * direction
                values.append(function(moved))
            return as_array((values[0] - values[1]) / (2 * STEP)).sum()

        if not isinstance(argument, np.ndarray):
            is_known = kind.family == KNOWN[0] and index % 2 == KNOWN[1]
            gradients.append(mp.mpf(0) if is_known else change(mp.mpf(1)))
            continue
        gradient = np.zeros(argument.shape, dtype=object)
        for at in np.ndindex(argument.shape):
            direction = np.zeros(argument.shape, dtype=object) + mp.mpf(0)
            if kind.chart == "cholesky" and at[0] < at[1]:
                continue
            direction[at] += mp.mpf(1)
            if kind.chart == "covariance":
                # Symmetric changes only, half of it at each of two places.
                direction = (direction + direction.T) / 2
            gradient[at] = change(direction)
        gradients.append(gradient)
    return gradients


def compute_truth(text, arguments):
    """The results, and how far from them roundings lead; None if unknown."""
    with mp.workdps(100):
        try:
            exact = Truth().run(text, arguments)
            variants = [Truth(np.random.default_rng(k)).run(text, arguments)
                        for k in range(VARIANTS)]
        except (Unknown, NoConvergence):
            return None
        spread = [np.max([np.frompyfunc(abs, 1, 1)(as_array(v[i] - e)) for v in variants], axis=0)
                  if as_array(e).size else as_array(e) for i, e in enumerate(exact)]
    return [(as_array(e).astype(np.float64), as_array(s).astype(np.float64))
            for e, s in zip(exact, spread)]
