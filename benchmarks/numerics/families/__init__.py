# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One module a family: how its pairs are drawn, and its operations evaluated in
extended precision by formulas that are not those of lib/Families."""

from families.bernoulli import Bernoulli
from families.categorical import Categorical
from families.centered_gaussian import CenteredGaussian
from families.exponential import Exponential
from families.gaussian import Gaussian
from families.gaussian_mean import GaussianMean
from families.poisson import Poisson
from families.von_mises import VonMises

FAMILIES = [
    Gaussian(),
    GaussianMean(),
    VonMises(),
    Bernoulli(),
    Poisson(),
    Exponential(),
    Categorical(2, share=1),
    Categorical(10, share=0.1),
    Categorical(1000, share=0.001),
    CenteredGaussian(2, share=1),
    CenteredGaussian(8, share=0.02),
]
