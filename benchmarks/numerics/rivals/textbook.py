# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The textbook formulas, by numpy in the element type."""

import numpy as np

from formulas import FORMULAS

TITLE = "textbook"
VERSION = f"numpy {np.__version__}"


def find(family, chart, operation):
    """The operation as a function of arrays, or None."""
    formulas = FORMULAS.get(family.name)
    if formulas is None or not hasattr(formulas, operation):
        return None
    function = getattr(formulas(np), operation)

    def call(*arguments):
        with np.errstate(all="ignore"):
            return function(chart, *arguments)

    return call
