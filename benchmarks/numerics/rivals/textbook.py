# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The textbook formulas, by numpy in the element type."""

import types

import numpy as np

from formulas import FORMULAS

try:
    from scipy.special import ive
except ImportError:
    ive = None

TITLE = "textbook"
VERSION = f"numpy {np.__version__}"

ARITHMETIC = types.SimpleNamespace(**vars(np), ive=ive)


def find(family, chart, operation):
    """The operation as a function of arrays, or None."""
    formulas = FORMULAS.get(family.name)
    if formulas is None or not hasattr(formulas, operation):
        return None
    if family.name == "von_mises" and ive is None and operation != "convert":
        return None
    function = getattr(formulas(ARITHMETIC), operation)

    def call(*arguments):
        with np.errstate(all="ignore"):
            return function(chart, *arguments)

    return call
