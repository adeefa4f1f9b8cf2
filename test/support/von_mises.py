# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The von Mises family by textbook formulas: in 60 digits what has a closed
form, and geodesics by integrating their differential equation in float64, or
between far beliefs by integrals that are good for 15 digits.

Beliefs are (direction, stored concentration); charts say how it is stored.
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 60

# chart: (kappa of the stored value, stored value of kappa, d kappa / d stored)
CHARTS = {
    "kappa": (lambda c: c, lambda k: k, lambda c: mp.mpf(1)),
    "log_kappa": (mp.exp, mp.log, mp.exp),
    "softplus": (lambda c: mp.log1p(mp.exp(c)),
                 lambda k: k + mp.log(-mp.expm1(-k)),
                 lambda c: 1 / (1 + mp.exp(-c))),
}


def resultant(kappa):
    """A/kappa and A', where A = I1/I0."""
    if kappa < mp.mpf("1e-20"):
        return mp.mpf(1) / 2, mp.mpf(1) / 2
    A = mp.besseli(1, kappa) / mp.besseli(0, kappa)
    return A / kappa, 1 - A / kappa - A**2


def wrap(angle):
    """The angle less the nearest multiple of 2 pi."""
    return angle - 2 * mp.pi * mp.nint(angle / (2 * mp.pi))


def length(chart, at, tangent):
    """The Fisher length of a tangent vector."""
    v, w = tangent
    a, b = metric(chart, at, tangent)
    return mp.sqrt(v * a + w * b)


def rounding_length(chart, at, unit):
    """How far one rounding of the stored components moves a belief."""
    return (length(chart, at, [at[0] * unit, 0]) +
            length(chart, at, [0, at[1] * unit]))


def divergence(chart, a, b):
    """[KL(a || b)] in nats."""
    k1, k2 = CHARTS[chart][0](a[1]), CHARTS[chart][0](b[1])
    # Logarithms as large as kappa are subtracted to leave something small.
    with mp.workdps(100):
        mean = k1 * resultant(k1)[0]
        return [mp.log(mp.besseli(0, k2)) - mp.log(mp.besseli(0, k1)) -
                mean * (k2 - k1) + 2 * mean * k2 * mp.sin((a[0] - b[0]) / 2)**2]


def metric(chart, at, tangent):
    """The Fisher metric applied to a tangent vector."""
    kappa, _, slope = CHARTS[chart]
    k, dk = kappa(at[1]), slope(at[1])
    ratio, variance = resultant(k)
    return [k**2 * ratio * tangent[0], variance * dk**2 * tangent[1]]


def natural_gradient(chart, at, gradient):
    """The inverse metric applied to a gradient."""
    a, b = metric(chart, at, [mp.mpf(1), mp.mpf(1)])
    return [gradient[0] / a, gradient[1] / b]


def convert(source, target, a):
    """[direction, stored concentration] in another chart."""
    return [a[0], CHARTS[target][1](CHARTS[source][0](a[1]))]


# With u = kappa (cos mu, sin mu) the metric is G = A' nn' + A/kappa (1 - nn'),
# n = u/kappa: smooth at kappa = 0, and the Hessian of log I0, so that
# u'' = -G^-1 grad(v'Gv)/2 for v = u'. Arrays have the shape [2, count].


def _resultants(kappa):
    """A/kappa and A' for moderate concentrations, by backward recurrence."""
    r = np.zeros_like(kappa)
    for n in range(int(60 + 2 * kappa.max()), 1, -1):
        r = kappa / (2 * n + kappa * r)
    ratio = 1 / (2 + kappa * r)
    return ratio, 1 - ratio - (kappa * ratio)**2


def _acceleration(u, v):
    kappa = np.hypot(*u)
    n = u / kappa
    b, a = _resultants(kappa)
    db = (a - b) / kappa
    da = -db - 2 * kappa * b * a
    radial, squared = (v * n).sum(0), (v * v).sum(0)
    gradient = (((da - db) * radial**2 + db * squared) * n +
                2 * db * radial * (v - radial * n))
    along = (gradient * n).sum(0)
    return -0.5 * (along / a * n + (gradient - along * n) / b)


def shoot(u, v, steps):
    """Where the geodesics from u with velocity v are at time one."""
    h = 1 / steps
    for _ in range(steps):
        a1 = _acceleration(u, v)
        v2 = v + h / 2 * a1
        a2 = _acceleration(u + h / 2 * v, v2)
        v3 = v + h / 2 * a2
        a3 = _acceleration(u + h / 2 * v2, v3)
        v4 = v + h * a3
        a4 = _acceleration(u + h * v3, v4)
        u, v = u + h / 6 * (v + 2 * v2 + 2 * v3 + v4), v + h / 6 * (
            a1 + 2 * a2 + 2 * a3 + a4)
    return u


def to_plane(mu, kappa):
    return kappa * np.array([np.cos(mu), np.sin(mu)])


def _hyperbolic_velocity(mu1, kappa1, mu2, kappa2):
    """What the velocity of a geodesic would be if the surface were the
    hyperbolic plane that it resembles."""
    ratio, variance = _resultants(kappa1)
    x1 = kappa1 * np.sqrt(ratio / 2)
    x2 = kappa2 * np.sqrt(_resultants(kappa2)[0] / 2)
    cosh1, cosh2 = np.hypot(1, x1), np.hypot(1, x2)
    cosh = cosh1 * cosh2 - x1 * x2 * np.cos(mu2 - mu1)
    sinh = np.sqrt(cosh**2 - 1)
    size = np.sqrt(2) * np.arccosh(cosh)
    outward = size * (cosh2 - cosh1 * cosh) / (x1 * sinh) / np.sqrt(variance)
    turn = size * x2 * np.sin(mu2 - mu1) / sinh / (np.sqrt(2) * x1)
    radius = np.array([np.cos(mu1), np.sin(mu1)])
    return outward * radius + kappa1 * turn * np.array([-radius[1], radius[0]])


def _velocity(mu1, kappa1, mu2, kappa2, steps):
    """The velocity of the geodesics from the first beliefs that reach the
    second at time one, by Newton's method."""
    start, end = to_plane(mu1, kappa1), to_plane(mu2, kappa2)
    v = _hyperbolic_velocity(mu1, kappa1, mu2, kappa2)
    miss = shoot(start, v, steps) - end
    for _ in range(30):
        h = 1e-6
        (p, r), (q, s) = [(shoot(start, v + h * e, steps) -
                           shoot(start, v - h * e, steps)) / (2 * h)
                          for e in np.eye(2)[:, :, None]]
        step = np.array([s * miss[0] - q * miss[1],
                         p * miss[1] - r * miss[0]]) / (p * s - q * r)
        # Half the step where the whole one leads astray.
        for _ in range(5):
            trial = shoot(start, v - step, steps) - end
            astray = ~(np.hypot(*trial) < np.maximum(np.hypot(*miss), 1e-9))
            step = np.where(astray, step / 2, step)
            if not astray.any():
                break
        v, miss = v - step, trial
        if np.abs(miss).max() < 1e-9:
            return v
    raise AssertionError(f"missed by {np.abs(miss).max()}")


def geodesic(mu1, kappa1, mu2, kappa2, t, steps=100):
    """Points at the fraction t of the way, as (direction, concentration)."""
    v = _velocity(mu1, kappa1, mu2, kappa2, steps)
    x, y = shoot(to_plane(mu1, kappa1), t * v, steps)
    return np.arctan2(y, x), np.hypot(x, y)


# The rule of 16 nodes for pieces of the integrals that follow.
_RULE = [(mp.mpf(float(x)), mp.mpf(float(w)))
         for x, w in zip(*np.polynomial.legendre.leggauss(16))]


def _leg(k0, k):
    """From the concentration k0, where a geodesic is nearest to the uniform
    belief, out to k: the length and the turn. With kappa = k0 cosh s the
    integrands are smooth; pieces of s are at most two."""
    square = k0**2 * resultant(k0)[0]
    end = mp.acosh(k / k0)
    pieces = max(int(mp.ceil(end / 2)), 1)
    distance, turn = mp.mpf(0), mp.mpf(0)
    for i in range(pieces):
        for x, weight in _RULE:
            s = end * (i + (1 + x) / 2) / pieces
            at = k0 * mp.cosh(s)
            ratio, variance = resultant(at)
            across = square / (at**2 * ratio)
            step = (weight * end / (2 * pieces) * k0 * mp.sinh(s) *
                    mp.sqrt(variance / (1 - across)))
            distance += step
            turn += step * mp.sqrt(across) / (at * mp.sqrt(ratio))
    return distance, turn


def far_geodesic(chart, a, b):
    """Between beliefs so far apart that the geodesic first nears the uniform
    belief and then leaves it: the squared distance, its gradient in `a`, and the
    middle as (direction, concentration)."""
    kappa, _, slope = CHARTS[chart]
    k1, k2 = kappa(a[1]), kappa(b[1])
    angle = wrap(b[0] - a[0])
    sign, angle = mp.sign(angle), abs(angle)

    def legs(nearest):
        return _leg(mp.exp(nearest), k1), _leg(mp.exp(nearest), k2)

    def missed(nearest):
        first, second = legs(nearest)
        return first[1] + second[1] - angle

    nearest = mp.findroot(missed, (mp.mpf(-8), mp.mpf(2)), solver="anderson",
                          tol=mp.mpf("1e-36"))
    first, second = legs(nearest)
    k0 = mp.exp(nearest)
    distance = first[0] + second[0]
    invariant = k0 * mp.sqrt(resultant(k0)[0])
    ratio, variance = resultant(k1)
    inward = mp.sqrt(1 - (invariant / k1)**2 / ratio)
    gradient = [-2 * distance * invariant * sign,
                2 * distance * mp.sqrt(variance) * inward * slope(a[1])]

    # From the nearest point, towards the farther end.
    along = abs(first[0] - second[0]) / 2
    s = mp.findroot(lambda s: _leg(k0, k0 * mp.cosh(s))[0] - along,
                    (along, 1.5 * along), tol=mp.mpf("1e-36"))
    middle = k0 * mp.cosh(s)
    turn = _leg(k0, middle)[1]
    turn = first[1] - turn if first[0] > second[0] else first[1] + turn
    return distance**2, gradient, [a[0] + sign * turn, middle]
