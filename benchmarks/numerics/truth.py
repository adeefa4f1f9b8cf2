# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the extended precision of families/ against the textbook formulas in
hundreds of digits."""

import mpmath as mp
import numpy as np
from mpmath.libmp import NoConvergence

from formulas import FORMULAS

# Of numbers from 1e-300 to 1e300, the textbook's differences leave more than
# fifty digits of these.
DIGITS = 700


def on_arrays(function, arguments=1):
    """A function of numbers that takes arrays of them too."""
    return staticmethod(np.frompyfunc(function, arguments, 1))


class MatricesOfManyDigits:
    """mpmath's linear algebra on numpy's arrays of objects."""

    @staticmethod
    def cholesky(a):
        return np.array(mp.cholesky(mp.matrix(a.tolist())).tolist(), object)

    @staticmethod
    def inv(a):
        return np.array(mp.inverse(mp.matrix(a.tolist())).tolist(), object)

    @staticmethod
    def eigh(a):
        try:
            values, vectors = mp.eigsy(mp.matrix(a.tolist()))
        except RuntimeError as error:
            raise NoConvergence(str(error)) from error
        return np.array(list(values), object), np.array(vectors.tolist(), object)


class ManyDigits:
    """mpmath with numpy's names."""

    exp, log, expm1, sqrt = map(on_arrays, (mp.exp, mp.log, mp.expm1, mp.sqrt))
    sin, cos, tanh, cosh = map(on_arrays, (mp.sin, mp.cos, mp.tanh, mp.cosh))
    arccosh, arcsinh = map(on_arrays, (mp.acosh, mp.asinh))
    arcsin, arccos, sign = map(on_arrays, (mp.asin, mp.acos, mp.sign))
    tril, linalg = staticmethod(np.tril), MatricesOfManyDigits
    ive = on_arrays(lambda n, x: mp.besseli(n, x) * mp.exp(-x), 2)
    logaddexp = on_arrays(lambda a, b: mp.log(mp.exp(a) + mp.exp(b)), 2)


def to_mpf(x):
    """A number of extended precision, exactly."""
    mantissa, exponent = np.frexp(np.longdouble(x))
    high = float(mantissa)
    low = float(mantissa - np.longdouble(high))
    return mp.ldexp(mp.mpf(high) + mp.mpf(low), int(exponent))


to_mpf_array = np.frompyfunc(to_mpf, 1, 1)


def evaluate(family, operation, arguments, index):
    """One pair's results in many digits; None where the formula divides by
    zero, as for equal means."""
    formulas = FORMULAS[family.name](ManyDigits)

    def exactly(argument):
        if isinstance(argument, str):
            return argument
        if isinstance(argument, list):
            return [to_mpf_array(component[index]) for component in argument]
        return mp.mpf(argument)

    try:
        return getattr(formulas, operation)(*map(exactly, arguments))
    except ZeroDivisionError:
        return None


def worst_difference(family, operation, arguments, exact, units, indices):
    """The largest error of the extended precision in the given units, over some
    pairs, and where it is."""
    worst, where = 0.0, None
    with mp.workdps(getattr(family, "digits", DIGITS)):
        for i in indices:
            truth = evaluate(family, operation, arguments, i)
            if truth is None:
                continue
            for value, expected, unit in zip(exact, truth, units):
                known = np.isfinite(value[i])
                difference = to_mpf_array(value[i][known]) - np.asarray(expected)[known]
                error = np.abs(difference) / to_mpf_array(unit[i][known])
                largest = float(np.max(error, initial=0))
                if not largest <= worst:
                    worst, where = largest, int(i)
    return worst, where
