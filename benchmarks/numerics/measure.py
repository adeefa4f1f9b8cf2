# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures every operation of one family in one chart and element type."""

import dataclasses
import time
import zlib

import numpy as np

import fisher
import truth
from formulas import FORMULAS
from errors import pair_errors, summary, ulp, worst_conditioned
from rivals import RIVALS
from sampling import REGIMES, shares

ELEMENTS = {"f64": np.float64, "f32": np.float32}
EXACT = {np.float64: np.longdouble, np.float32: np.float64}
FRACTION = 0.25  # of the way, for points of geodesics

# What follows the first belief, and what the result is.
OPERATIONS = {
    "squared_distance": ("belief", "number"),
    "gradient": ("belief", "vector"),
    "kl_divergence": ("belief", "number"),
    "metric": ("vector", "vector"),
    "natural_gradient": ("vector", "vector"),
    "log": ("belief", "vector"),
    "exp": ("tangent", "point"),
    "geodesic": ("belief", "point"),
    "convert": (None, "point"),
}

# How much of the unit that errors are told in the extended precision may be off.
REFERENCE_TOLERANCE = 1 / 8


class InexactReference(Exception):
    """The extended precision is not exact enough to measure with."""


@dataclasses.dataclass
class Case:
    """One family in one chart and element type."""

    family: object
    chart: str
    element: str

    def __str__(self):
        return f"{self.family.label}<{self.chart}> {self.element}"


def rounded(components, dtype):
    return [component.astype(dtype) for component in components]


def exactly(components):
    """In the precision that exact results are computed in: eleven bits more than
    f64, or as many as f64 has for f32."""
    return [component.astype(EXACT[component.dtype.type]) for component in components]


def in_parts(family, function, given):
    """The components of a function of pairs, by parts of the pairs that stay in a
    processor's cache."""
    part = max(2**14 // max(int(np.prod(family.event_shape)), 1), 1)
    results = [
        function(*([x[start : start + part] for x in argument] for argument in given))
        for start in range(0, given[0][0].shape[0], part)
    ]
    return [np.concatenate(component) for component in zip(*results)]


class Sample:
    """The inputs of one case: beliefs a and b, vectors, and tangent vectors."""

    def __init__(self, case, pairs, seed):
        self.dtype = ELEMENTS[case.element]
        # The same numbers whatever else is measured.
        rng = np.random.default_rng([seed, zlib.crc32(str(case).encode())])
        family, chart = case.family, case.chart
        parts, regimes = [], []
        for regime, count in shares(round(pairs * family.share)).items():
            a, b = family.draw(rng, regime, chart, self.dtype, count)
            parts.append((rounded(a, self.dtype), rounded(a if regime == "equal" else b, self.dtype)))
            regimes += [regime] * count
        self.regimes = np.array(regimes)
        self.a, self.b = (
            [np.concatenate(component) for component in zip(*(part[i] for part in parts))]
            for i in range(2)
        )
        if hasattr(family, "vectors"):
            vectors = family.vectors(rng, chart, self.a)
        else:
            vectors = [rng.normal(size=x.shape) for x in self.a]
        self.vector = rounded(vectors, self.dtype)
        with np.errstate(all="ignore"):
            tangents = in_parts(
                family,
                lambda a, b, regimes: family.tangents(rng, chart, a, b, regimes[0]),
                [exactly(self.a), exactly(self.b), [self.regimes]],
            )
        self.tangent = rounded(tangents, self.dtype)

    def arguments(self, second):
        return {
            "belief": [self.a, self.b],
            "vector": [self.a, self.vector],
            "tangent": [self.a, self.tangent],
            None: [self.a],
        }[second]


def magnitudes(family, chart, kind, exact, dtype):
    """What an error in each component is compared with."""
    if kind == "number":
        return [np.abs(x) for x in exact]
    if kind == "vector":
        # The largest component that is a number of the type.
        sizes = [np.where(np.abs(x) <= np.finfo(dtype).max, np.abs(x), 0) for x in exact]
        axes = tuple(range(1, exact[0].ndim))
        largest = np.max([x.max(axis=axes, keepdims=True) for x in sizes], axis=0)
        return [np.maximum(np.abs(x), largest) for x in exact]
    return [np.maximum(np.abs(x), unit) for x, unit in zip(exact, family.units(chart, exact))]


class Operation:
    """One operation of a case: its exact results, and what it is given."""

    def __init__(self, case, given, name, target=None, fraction=FRACTION):
        self.case, self.name, self.target, self.given = case, name, target, given
        self.dtype = given[0][0].dtype.type
        self.kind = OPERATIONS[name][1]
        self.extra = {"geodesic": [fraction], "convert": [target]}.get(name, [])
        self.exact = self.evaluate(*map(exactly, self.given))
        self.sizes = magnitudes(
            case.family, target or case.chart, self.kind, self.exact, self.dtype
        )

    def evaluate(self, *given):
        function = getattr(self.case.family, self.name)
        with np.errstate(all="ignore"):
            return in_parts(
                self.case.family, lambda *x: function(self.case.chart, *x, *self.extra), given
            )

    def allowances(self, index):
        """What rounding each input once can change each result."""
        given = [[x[index] for x in argument] for argument in map(exactly, self.given)]
        middle = self.evaluate(*given)
        total = [np.zeros_like(x) for x in middle]
        for argument in given:
            for k, component in enumerate(argument):
                for pattern in self._patterns():
                    changes = [np.zeros_like(x) for x in middle]
                    for sign in (1, -1):
                        argument[k] = component * (1 + sign * pattern)
                        for j, moved in enumerate(self.evaluate(*given)):
                            changes[j] = np.fmax(changes[j], np.abs(moved - middle[j]))
                    total = [x + change for x, change in zip(total, changes)]
                argument[k] = component
        return total

    def _patterns(self):
        """Relative changes of one component that are made one after the other:
        of each of its numbers by itself, or of all with random signs if they
        are many, which may change less than all of them could."""
        unit = float(np.finfo(self.dtype).eps) / 2
        shape = self.case.family.event_shape
        size = int(np.prod(shape))
        if size > 16:
            signs = np.random.default_rng(0).choice([-1, 1], shape)
            return [unit * signs]
        return list(unit * np.eye(size).reshape(size, *shape)) if shape else [unit]

    def run_fisher(self):
        text = fisher.module(
            self.case.family,
            self.case.chart,
            self.case.element,
            self.name,
            self.given[0][0].shape,
            FRACTION,
            self.target,
        )
        arrays = [x for argument in self.given for x in argument]
        missing = 2 * self.case.family.components - len(arrays)
        return fisher.run(text, arrays + arrays[:missing])

    def run_rival(self, rival):
        """The rival's results, or None if it has no such operation."""
        function = rival.find(self.case.family, self.case.chart, self.name)
        return function and function(*self.given, *self.extra)

    def check_reference(self, indices):
        """The largest error of the exact results, in the units of
        worst_conditioned()."""
        if not hasattr(FORMULAS[self.case.family.name], self.name):
            return check_table(self.case.family, self.name)
        units = [np.zeros_like(x) for x in self.exact]
        for unit, size, allowance in zip(units, self.sizes, self.allowances(indices)):
            unit[indices] = ulp(size[indices], self.dtype) / 2 + allowance
        worst, where = truth.worst_difference(
            self.case.family,
            self.name,
            [self.case.chart, *map(exactly, self.given), *self.extra],
            self.exact,
            units,
            indices,
        )
        if worst > REFERENCE_TOLERANCE:
            given = [[str(x[where]) for x in argument] for argument in self.given]
            raise InexactReference(
                f"{self.case} {self.name} {self.target or ''}: the extended precision is "
                f"off by {worst:.3g} of the unit for {given}"
            )
        return worst


def check_table(family, name):
    """The same, by a table of known results where there is no formula: of f64, in
    the standard chart."""
    a, b, known = family.table()
    case = Case(family, family.standard, "f64")
    # A logarithm is checked by what the gradient makes it, an exponential by the
    # middle of the geodesic.
    source = {"log": "gradient", "exp": "geodesic"}.get(name, name)
    operation = Operation(case, [a, b], source, fraction=0.5)
    exact, expected = operation.exact, known[source]
    if name == "log":
        at = exactly(a)
        expected = family.natural_gradient(family.standard, at, [-x / 2 for x in expected])
        operation = Operation(case, [a, b], name)
        exact = operation.exact
    elif name == "exp":
        half = [x / 2 for x in family.log(family.standard, exactly(a), exactly(b))]
        exact = family.exp(family.standard, exactly(a), half)
    exact = family.align(exact, expected) if name in ("exp", "geodesic") else exact
    allowances = operation.allowances(np.arange(a[0].size))
    worst = 0.0
    for value, truth_, size, allowance in zip(exact, expected, operation.sizes, allowances):
        error = np.abs(value - truth_) / (ulp(size, np.float64) / 2 + allowance)
        worst = max(worst, float(error.max()))
    if worst > REFERENCE_TOLERANCE:
        raise InexactReference(
            f"{family.label} {name}: the extended precision is off by {worst:.3g} of the "
            f"unit from the table of known results"
        )
    return worst


def summarize(name, errors, regimes):
    """Of pairs that differ, of equal ones, and for distances of each regime."""
    told = REGIMES if name in ("squared_distance", "gradient") else ["equal"]
    summaries = {regime: summary(errors[regimes == regime]) for regime in told}
    return {"all": summary(errors[regimes != "equal"]), **summaries}


def timed(case, pairs, seed, checks):
    """The rows of a case, and the seconds that they took."""
    start = time.monotonic()
    return measure(case, pairs, seed, checks), time.monotonic() - start


def measure(case, pairs, seed, checks):
    """The rows of a case: one an operation, or one a target of conversion."""
    sample = Sample(case, pairs, seed)
    differing = np.flatnonzero(sample.regimes != "equal")
    rows = []
    for name in OPERATIONS:
        if not hasattr(case.family, name):
            continue
        others = [chart for chart in case.family.charts if chart != case.chart]
        for target in others if name == "convert" else [None]:
            operation = Operation(case, sample.arguments(OPERATIONS[name][0]), name, target)
            rng = np.random.default_rng(seed)
            # Distributions of many outcomes are many numbers each.
            count = max(checks * 20 // max(20, int(np.prod(case.family.event_shape))), 3)
            checked = rng.choice(differing, min(count, differing.size), replace=False)
            reference = operation.check_reference(np.sort(checked))
            got = operation.run_fisher()
            if hasattr(case.family, "align") and operation.kind == "point":
                operation.exact = case.family.align(operation.exact, got)
            errors = pair_errors(got, operation.exact, operation.sizes, sample.dtype)
            row = {
                "family": case.family.name,
                "label": case.family.label,
                "chart": case.chart,
                "standard": case.family.standard,
                "element": case.element,
                "operation": name,
                "target": target,
                "event": list(case.family.event_shape),
                "pairs": int(differing.size),
                "reference": reference,
                "fisher": summarize(name, errors, sample.regimes),
                "conditioned": worst_conditioned(
                    got,
                    operation.exact,
                    operation.sizes,
                    errors,
                    operation.allowances,
                    sample.dtype,
                ),
                "rivals": {},
            }
            for rival in RIVALS:
                results = operation.run_rival(rival)
                if results is not None:
                    errors = pair_errors(
                        results, operation.exact, operation.sizes, sample.dtype
                    )
                    row["rivals"][rival.TITLE] = summarize(name, errors, sample.regimes)
            rows.append(row)
    return rows
