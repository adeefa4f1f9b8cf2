# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Means and rank correlations with confidence intervals, and verdicts from them."""

from dataclasses import dataclass

import numpy as np

# The quantiles 0.975 of Student's t for 1, 2, ... degrees of freedom.
_T = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
    2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
]  # fmt: skip

HELD, FAILED, UNKNOWN = "held", "did not hold", "cannot tell"


def show(value, digits):
    """So many digits of a number, without an exponent where a reader needs none."""
    text = f"{value:#.{digits}g}".rstrip(".")
    return f"{float(text):.0f}" if "e" in text and 1 < abs(value) < 1e5 else text


@dataclass
class Interval:
    """A mean over seeds and its 95 % confidence interval."""

    mean: float
    low: float
    high: float

    def format(self, digits=3, unit=""):
        low, high = show(self.low, digits), show(self.high, digits)
        return f"{show(self.mean, digits)}{unit} [{low}, {high}]"


def interval(values):
    """Student's interval of the mean of at least two runs' numbers."""
    values = np.asarray(values, float)
    degrees = len(values) - 1
    assert degrees >= 1, "one run says nothing of chance"
    half = _T[min(degrees, len(_T)) - 1] * values.std(ddof=1) / np.sqrt(len(values))
    return Interval(values.mean(), values.mean() - half, values.mean() + half)


def log_interval(values):
    """The same of the geometric mean, for ratios and for what spans decades."""
    of_logs = interval(np.log(np.asarray(values, float)))
    return Interval(*np.exp([of_logs.mean, of_logs.low, of_logs.high]))


def is_between(found, low=-np.inf, high=np.inf):
    """Whether the mean lies between two bounds: it does if all of its interval
    does, does not if nothing of it does, and else nobody can tell."""
    if not np.isfinite([found.mean, found.low, found.high]).all():
        return UNKNOWN
    if low <= found.low and found.high <= high:
        return HELD
    if found.high < low or found.low > high:
        return FAILED
    return UNKNOWN


def together(verdicts):
    """One that does not hold refutes all; one that cannot be told leaves all open."""
    verdicts = list(verdicts)
    for verdict in (FAILED, UNKNOWN):
        if verdict in verdicts:
            return verdict
    return HELD


def agree(verdicts):
    """For the same prediction on several data sets, where one more that cannot be
    told leaves the verdict open: so a verdict by chance needs as many chances."""
    verdicts = list(verdicts)
    return UNKNOWN if UNKNOWN in verdicts else together(verdicts)


def ranks(values):
    """Along the last axis, from the mean rank; equal ones share theirs."""
    values = np.asarray(values, float)
    one, other = values[..., :, None], values[..., None, :]
    found = (other < one).sum(axis=-1) + (other == one).sum(axis=-1) / 2
    return found - values.shape[-1] / 2


def correlation(x, y, axis=-1):
    """Of numbers whose mean is zero; zero where one of the two does not vary."""
    product, squares = (x * y).sum(axis), (x * x).sum(axis) * (y * y).sum(axis)
    return product / np.sqrt(np.where(squares > 0, squares, np.inf))


def rank_correlation(x, y):
    """Spearman's, along the last axis."""
    return correlation(ranks(x), ranks(y))


def bootstrap(statistic, count, resamples=4000):
    """The 95 % interval of a statistic of `count` things by how it scatters over
    resamples of these; it is given their indices, in rows."""
    drawn = np.random.default_rng(1).integers(count, size=(resamples, count))
    low, high = np.percentile(statistic(drawn), [2.5, 97.5])
    return Interval(float(statistic(np.arange(count)[None])[0]), low, high)
