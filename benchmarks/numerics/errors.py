# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors in ulps, and what is told of many of them."""

import numpy as np


def ulp(magnitude, dtype):
    """The spacing of the element type's numbers at a magnitude."""
    info = np.finfo(dtype)
    magnitude = np.maximum(np.abs(magnitude), float(info.tiny))
    _, exponent = np.frexp(magnitude)
    return np.ldexp(magnitude.dtype.type(info.eps), exponent - 1)


def event_axes(array):
    """The axes of a result that belong to one pair: all but the first."""
    return tuple(range(1, array.ndim))


def component_errors(got, exact, magnitude, dtype):
    """The errors of one component in ulps of the magnitude. NaN and infinity
    where the exact value is a number of the type are an infinite error; so is
    whatever is not zero where zero is exact."""
    largest = float(np.finfo(dtype).max)
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(exact.dtype) - exact) / ulp(magnitude, dtype)
        overflows = np.abs(exact) > largest
        right = np.isinf(got) & (np.sign(got) == np.sign(exact))
    error[~np.isfinite(got)] = np.inf
    error[(magnitude == 0) & (got != 0)] = np.inf
    error[overflows] = np.where(right[overflows], 0, np.inf)
    # What has no exact value says nothing.
    error[np.isnan(exact)] = 0
    return error


def pair_errors(got, exact, magnitudes, dtype):
    """The largest error of any component of each pair, in ulps."""
    errors = np.zeros(exact[0].shape[:1], exact[0].dtype)
    for value, truth, magnitude in zip(got, exact, magnitudes):
        error = component_errors(value, truth, magnitude, dtype)
        errors = np.maximum(errors, error.max(axis=event_axes(error), initial=0))
    return errors


def summary(errors):
    """Of errors of pairs in ulps: the median, the worst of those that are finite,
    and the share of the others: NaN, infinity, and what is not zero where zero is
    exact."""
    finite = errors[np.isfinite(errors)]
    return {
        "median": float(np.median(errors)),
        "worst": float(finite.max(initial=0)),
        "lost": 1 - finite.size / errors.size,
    }


def worst_conditioned(got, exact, magnitudes, errors, allowances, dtype, chunk=20_000):
    """The worst error in units of what one rounding of the result and one of
    each input can change, where `allowances(index)` is what the inputs' change.

    The unit is at least half an ulp, so pairs are taken from the largest error
    in ulps on until no other can be worse."""
    order = np.argsort(-errors, kind="stable")
    worst = 0.0
    for start in range(0, order.size, chunk):
        index = order[start : start + chunk]
        index = index[np.isfinite(errors[index])]
        if not index.size or 2 * float(errors[index[0]]) <= worst:
            if start and not index.size:
                continue
            break
        for value, truth, magnitude, allowance in zip(
            got, exact, magnitudes, allowances(index)
        ):
            unit = ulp(magnitude[index], dtype) / 2 + allowance
            with np.errstate(all="ignore"):
                error = np.abs(value[index].astype(truth.dtype) - truth[index]) / unit
            error = error[np.isfinite(error)]
            worst = max(worst, float(error.max(initial=0)))
    return worst
