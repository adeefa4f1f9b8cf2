# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the extended precision of families/ against the textbook formulas in
hundreds of digits."""

import mpmath as mp
import numpy as np

from formulas import FORMULAS

# Of numbers from 1e-300 to 1e300, the textbook's differences leave more than
# fifty digits of these.
DIGITS = 700


class ManyDigits:
    """mpmath with numpy's names."""

    exp, log, expm1, sqrt, sin, cos = mp.exp, mp.log, mp.expm1, mp.sqrt, mp.sin, mp.cos
    tanh, cosh, sign = mp.tanh, mp.cosh, mp.sign
    arccosh, arcsinh, arcsin, arccos = mp.acosh, mp.asinh, mp.asin, mp.acos

    @staticmethod
    def logaddexp(a, b):
        return mp.log(mp.exp(a) + mp.exp(b))


def to_mpf(x):
    """A number of extended precision, exactly."""
    high = float(x)
    if not np.isfinite(high):
        mantissa, exponent = np.frexp(np.longdouble(x))
        return mp.ldexp(to_mpf(mantissa), int(exponent))
    return mp.mpf(high) + mp.mpf(float(x - np.longdouble(high)))


def evaluate(family, operation, arguments, index):
    """One pair's results in many digits; None where the formula divides by
    zero, as for equal means."""
    formulas = FORMULAS[family.name](ManyDigits)
    scalars = [
        [to_mpf(component[index]) for component in argument]
        if isinstance(argument, list)
        else argument if isinstance(argument, str) else mp.mpf(argument)
        for argument in arguments
    ]
    try:
        return getattr(formulas, operation)(*scalars)
    except ZeroDivisionError:
        return None


def worst_difference(family, operation, arguments, exact, units, indices):
    """The largest error of the extended precision in the given units, over some
    pairs, and where it is."""
    worst, where = 0.0, None
    with mp.workdps(DIGITS):
        for i in indices:
            truth = evaluate(family, operation, arguments, i)
            if truth is None:
                continue
            for value, expected, unit in zip(exact, truth, units):
                if not np.isfinite(value[i]):
                    continue
                error = float(abs(to_mpf(value[i]) - expected) / to_mpf(unit[i]))
                if not error <= worst:
                    worst, where = error, int(i)
    return worst, where
