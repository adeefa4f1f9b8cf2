# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One module a family: how its pairs are drawn, and its operations evaluated in
extended precision by formulas that are not those of lib/Families."""

from families.bernoulli import Bernoulli
from families.exponential import Exponential
from families.gaussian import Gaussian
from families.poisson import Poisson

FAMILIES = [Gaussian(), Bernoulli(), Poisson(), Exponential()]
