# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Gaussian family's geometry in 60-digit arithmetic, by textbook formulas.

Beliefs are tuples (mean, stored scale); charts say how the scale is stored.
The formulas are not those of the family's code: what cancels there is simply
carried in more digits here.
"""

import mpmath as mp

mp.mp.dps = 60

# chart: (sigma of the stored value, stored value of sigma, d sigma / d stored)
CHARTS = {
    "sigma": (lambda c: c, lambda s: s, lambda c: mp.mpf(1)),
    "log_sigma": (mp.exp, mp.log, mp.exp),
    "softplus": (lambda c: mp.log1p(mp.exp(c)),
                 lambda s: s + mp.log(-mp.expm1(-s)),
                 lambda c: 1 / (1 + mp.exp(-c))),
    "variance": (mp.sqrt, lambda s: s**2, lambda c: 1 / (2 * mp.sqrt(c))),
    "log_variance": (lambda c: mp.exp(c / 2), lambda s: 2 * mp.log(s),
                     lambda c: mp.exp(c / 2) / 2),
    "precision": (lambda c: 1 / mp.sqrt(c), lambda s: 1 / s**2,
                  lambda c: -c**mp.mpf("-1.5") / 2),
}


def _x(a, b):
    """sinh^2(D/2) for beliefs (mean, sigma)."""
    return ((a[0] - b[0])**2 / 8 + (a[1] - b[1])**2 / 4) / (a[1] * b[1])


def distance_and_gradient(chart, a, b):
    """[d2, its derivatives in the stored mean and scale of `a`]."""
    sigma, _, slope = CHARTS[chart]
    s1, s2 = sigma(a[1]), sigma(b[1])
    dmu = a[0] - b[0]
    x = _x((a[0], s1), (b[0], s2))
    if x == 0:
        return [mp.mpf(0)] * 3
    u = mp.sqrt(x)
    k = 8 * mp.asinh(u) / (u * mp.sqrt(1 + x))
    dx_dmu = dmu / (4 * s1 * s2)
    dx_dsigma = -dmu**2 / (8 * s1**2 * s2) + (1 / s2 - s2 / s1**2) / 4
    return [8 * mp.asinh(u)**2, k * dx_dmu, k * dx_dsigma * slope(a[1])]


def divergence(chart, a, b):
    """[KL(a || b)] in nats."""
    sigma = CHARTS[chart][0]
    s1, s2 = sigma(a[1]), sigma(b[1])
    return [mp.log(s2 / s1) + (s1**2 + (a[0] - b[0])**2) / (2 * s2**2) -
            mp.mpf(1) / 2]


def geodesic(chart, a, b, t):
    """[mean, stored scale] at fraction t of the way."""
    sigma, stored, _ = CHARTS[chart]
    s1, s2 = sigma(a[1]), sigma(b[1])
    D = 2 * mp.asinh(mp.sqrt(_x((a[0], s1), (b[0], s2))))
    if D == 0:
        return [a[0], a[1]]
    u1 = mp.sinh((1 - t) * D) / mp.sinh(D) / s1
    u2 = mp.sinh(t * D) / mp.sinh(D) / s2
    return [a[0] + (b[0] - a[0]) * u2 / (u1 + u2), stored(1 / (u1 + u2))]


def convert(source, target, a):
    """[mean, stored scale] in another chart."""
    return [a[0], CHARTS[target][1](CHARTS[source][0](a[1]))]


def metric(chart, at, tangent):
    """The Fisher metric applied to a tangent vector."""
    sigma, _, slope = CHARTS[chart]
    s, ds = sigma(at[1]), slope(at[1])
    return [tangent[0] / s**2, 2 * tangent[1] * ds**2 / s**2]


def natural_gradient(chart, at, gradient):
    """The inverse metric applied to a gradient."""
    sigma, _, slope = CHARTS[chart]
    s, ds = sigma(at[1]), slope(at[1])
    return [gradient[0] * s**2, gradient[1] * s**2 / (2 * ds**2)]


def exp(chart, a, tangent):
    """[mean, stored scale] where the geodesic is at time one."""
    sigma, stored, slope = CHARTS[chart]
    s = sigma(a[1])
    u = tangent[0] / (mp.sqrt(2) * s)
    w = slope(a[1]) * tangent[1] / s
    D = mp.sqrt(u**2 + w**2)
    if D == 0:
        return [a[0], a[1]]
    ratio = 1 / (mp.cosh(D) - w * mp.sinh(D) / D)
    return [a[0] + tangent[0] * mp.sinh(D) / D * ratio, stored(s * ratio)]
