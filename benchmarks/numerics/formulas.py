# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The textbook formulas of every family, for any arithmetic.

In the element type they are the rival "textbook"; in arithmetic of many digits,
where nothing that cancels matters, they are what the extended precision of
families/ is checked with.

An arithmetic is a module or object that has numpy's names of functions.
"""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass
class Chart:
    """How a parameter is stored."""

    standard: Callable  # of the stored value
    stored: Callable  # of the standard parameter
    slope: Callable  # d standard / d stored


def positive_charts(m):
    """Charts of a positive number, by the names that families give them."""
    identity = Chart(lambda c: c, lambda s: s, lambda c: c * 0 + 1)
    logarithm = Chart(m.exp, m.log, m.exp)
    return {
        "sigma": identity,
        "log_sigma": logarithm,
        "softplus": Chart(
            lambda c: m.logaddexp(0 * c, c),
            lambda s: m.log(m.expm1(s)),
            lambda c: 1 / (1 + m.exp(-c)),
        ),
        "variance": Chart(m.sqrt, lambda s: s * s, lambda c: 1 / (2 * m.sqrt(c))),
        "log_variance": Chart(
            lambda c: m.exp(c / 2), lambda s: 2 * m.log(s), lambda c: m.exp(c / 2) / 2
        ),
        "precision": Chart(
            lambda c: 1 / m.sqrt(c), lambda s: 1 / (s * s), lambda c: -1 / (2 * c * m.sqrt(c))
        ),
        "rate": identity,
        "log_rate": logarithm,
    }


def probability_charts(m):
    def sigmoid(c):
        return 1 / (1 + m.exp(-c))

    return {
        "probability": Chart(lambda c: c, lambda p: p, lambda c: c * 0 + 1),
        "logit": Chart(
            sigmoid,
            lambda p: m.log(p / (1 - p)),
            # p (1 - p), which keeps its digits where p is next to one.
            lambda c: sigmoid(c) * sigmoid(-c),
        ),
    }


class Gaussian:
    """Atkinson and Mitchell: d = sqrt(2) arccosh of the half plane (mu/sqrt(2),
    sigma); geodesics are half circles and vertical lines."""

    def __init__(self, m):
        self.m = m
        self.charts = positive_charts(m)

    def cosh(self, chart, a, b):
        s1, s2 = (self.charts[chart].standard(x[1]) for x in (a, b))
        return 1 + ((a[0] - b[0]) ** 2 / 2 + (s1 - s2) ** 2) / (2 * s1 * s2), s1, s2

    def squared_distance(self, chart, a, b):
        z, _, _ = self.cosh(chart, a, b)
        return [2 * self.m.arccosh(z) ** 2]

    def gradient(self, chart, a, b):
        z, s1, s2 = self.cosh(chart, a, b)
        outer = 4 * self.m.arccosh(z) / self.m.sqrt(z * z - 1)
        by_mean = (a[0] - b[0]) / (2 * s1 * s2)
        by_sigma = (s1 - s2) / (s1 * s2) - (z - 1) / s1
        return [outer * by_mean, outer * by_sigma * self.charts[chart].slope(a[1])]

    def kl_divergence(self, chart, a, b):
        s1, s2 = (self.charts[chart].standard(x[1]) for x in (a, b))
        square = (s1 * s1 + (a[0] - b[0]) ** 2) / (2 * s2 * s2)
        return [self.m.log(s2 / s1) + square - 0.5]

    def _diagonal(self, chart, at):
        s, slope = self.charts[chart].standard(at[1]), self.charts[chart].slope(at[1])
        return 1 / (s * s), 2 * slope * slope / (s * s)

    def metric(self, chart, at, tangent):
        return [g * v for g, v in zip(self._diagonal(chart, at), tangent)]

    def natural_gradient(self, chart, at, gradient):
        return [v / g for g, v in zip(self._diagonal(chart, at), gradient)]

    def log(self, chart, a, b):
        natural = self.natural_gradient(chart, a, self.gradient(chart, a, b))
        return [-x / 2 for x in natural]

    def _at(self, chart, center, radius, s):
        m = self.m
        return [
            m.sqrt(2) * (center + radius * m.tanh(s)),
            self.charts[chart].stored(radius / m.cosh(s)),
        ]

    def geodesic(self, chart, a, b, t):
        m = self.m
        (x1, y1), (x2, y2) = (
            (p[0] / m.sqrt(2), self.charts[chart].standard(p[1])) for p in (a, b)
        )
        center = (x1 * x1 + y1 * y1 - x2 * x2 - y2 * y2) / (2 * (x1 - x2))
        radius = m.sqrt((x1 - center) ** 2 + y1 * y1)
        s1, s2 = m.arcsinh((x1 - center) / y1), m.arcsinh((x2 - center) / y2)
        return self._at(chart, center, radius, (1 - t) * s1 + t * s2)

    def exp(self, chart, a, tangent):
        m = self.m
        x, y = a[0] / m.sqrt(2), self.charts[chart].standard(a[1])
        dx, dy = tangent[0] / m.sqrt(2), tangent[1] * self.charts[chart].slope(a[1])
        center = x + y * dy / dx
        radius = m.sqrt((x - center) ** 2 + y * y)
        speed = m.sqrt(dx * dx + dy * dy) / y
        return self._at(chart, center, radius, m.arcsinh((x - center) / y) + m.sign(dx) * speed)

    def convert(self, chart, a, target):
        return [a[0], self.charts[target].stored(self.charts[chart].standard(a[1]))]


class GaussianMean(Gaussian):
    """Gaussians of one sigma, which the first belief has: a straight line."""

    def _sigma(self, chart, at):
        return self.charts[chart].standard(at[1])

    def squared_distance(self, chart, a, b):
        return [(a[0] - b[0]) ** 2 / self._sigma(chart, a) ** 2]

    def gradient(self, chart, a, b):
        return [2 * (a[0] - b[0]) / self._sigma(chart, a) ** 2, 0 * a[1]]

    def kl_divergence(self, chart, a, b):
        return [(a[0] - b[0]) ** 2 / (2 * self._sigma(chart, a) ** 2)]

    def metric(self, chart, at, tangent):
        return [tangent[0] / self._sigma(chart, at) ** 2, 0 * at[1]]

    def natural_gradient(self, chart, at, gradient):
        return [self._sigma(chart, at) ** 2 * gradient[0], 0 * at[1]]

    def log(self, chart, a, b):
        return [b[0] - a[0], 0 * a[1]]

    def geodesic(self, chart, a, b, t):
        return [(1 - t) * a[0] + t * b[0], a[1]]

    def exp(self, chart, a, tangent):
        return [a[0] + tangent[0], a[1]]


class OneParameter:
    """A curve with an arc length y of the standard parameter."""

    def squared_distance(self, chart, a, b):
        return [self.difference(chart, a, b) ** 2]

    def difference(self, chart, a, b):
        standard = self.charts[chart].standard
        return self.y(standard(a[0])) - self.y(standard(b[0]))

    def slope(self, chart, a):
        chart = self.charts[chart]
        return self.dy(chart.standard(a[0])) * chart.slope(a[0])

    def gradient(self, chart, a, b):
        return [2 * self.difference(chart, a, b) * self.slope(chart, a)]

    def metric(self, chart, at, tangent):
        return [self.slope(chart, at) ** 2 * tangent[0]]

    def natural_gradient(self, chart, at, gradient):
        return [gradient[0] / self.slope(chart, at) ** 2]

    def log(self, chart, a, b):
        return [-self.difference(chart, a, b) / self.slope(chart, a)]

    def _at(self, chart, y):
        return [self.charts[chart].stored(self.y_inverse(y))]

    def geodesic(self, chart, a, b, t):
        standard = self.charts[chart].standard
        return self._at(chart, (1 - t) * self.y(standard(a[0])) + t * self.y(standard(b[0])))

    def exp(self, chart, a, tangent):
        y = self.y(self.charts[chart].standard(a[0]))
        return self._at(chart, y + self.slope(chart, a) * tangent[0])

    def convert(self, chart, a, target):
        return [self.charts[target].stored(self.charts[chart].standard(a[0]))]


class Bernoulli(OneParameter):
    """d = 2 arccos(sqrt(p q) + sqrt((1-p)(1-q)))."""

    def __init__(self, m):
        self.m = m
        self.charts = probability_charts(m)

    def y(self, p):
        return 2 * self.m.arcsin(self.m.sqrt(p))

    def dy(self, p):
        return 1 / self.m.sqrt(p * (1 - p))

    def y_inverse(self, y):
        return self.m.sin(y / 2) ** 2

    def cosine(self, chart, a, b):
        p, q = (self.charts[chart].standard(x[0]) for x in (a, b))
        return self.m.sqrt(p * q) + self.m.sqrt((1 - p) * (1 - q)), p, q

    def squared_distance(self, chart, a, b):
        return [4 * self.m.arccos(self.cosine(chart, a, b)[0]) ** 2]

    def gradient(self, chart, a, b):
        m = self.m
        c, p, q = self.cosine(chart, a, b)
        by_p = m.sqrt(q / p) - m.sqrt((1 - q) / (1 - p))
        outer = -4 * m.arccos(c) / m.sqrt(1 - c * c)
        return [outer * by_p * self.charts[chart].slope(a[0])]

    def kl_divergence(self, chart, a, b):
        p, q = (self.charts[chart].standard(x[0]) for x in (a, b))
        return [p * self.m.log(p / q) + (1 - p) * self.m.log((1 - p) / (1 - q))]


class Poisson(OneParameter):
    """d = 2 |sqrt(r1) - sqrt(r2)|."""

    def __init__(self, m):
        self.m = m
        self.charts = positive_charts(m)

    def y(self, rate):
        return 2 * self.m.sqrt(rate)

    def dy(self, rate):
        return 1 / self.m.sqrt(rate)

    def y_inverse(self, y):
        return (y / 2) ** 2

    def kl_divergence(self, chart, a, b):
        r1, r2 = (self.charts[chart].standard(x[0]) for x in (a, b))
        return [r1 * self.m.log(r1 / r2) - r1 + r2]


class Exponential(OneParameter):
    """d = |log(r1/r2)|."""

    def __init__(self, m):
        self.m = m
        self.charts = positive_charts(m)

    def y(self, rate):
        return self.m.log(rate)

    def dy(self, rate):
        return 1 / rate

    def y_inverse(self, y):
        return self.m.exp(y)

    def kl_divergence(self, chart, a, b):
        r1, r2 = (self.charts[chart].standard(x[0]) for x in (a, b))
        return [self.m.log(r1 / r2) + r2 / r1 - 1]


class Categorical:
    """d = 2 arccos of the sum of sqrt(p q); arrays with the outcomes last."""

    def __init__(self, m):
        self.m = m

    @staticmethod
    def total(x):
        return x.sum(axis=-1, keepdims=True)

    def probabilities(self, chart, stored):
        if chart == "logits":
            stored = self.m.exp(stored - stored.max(axis=-1, keepdims=True))
        return stored / self.total(stored)

    def angle(self, chart, a, b):
        p, q = self.probabilities(chart, a[0]), self.probabilities(chart, b[0])
        cosine = self.total(self.m.sqrt(p * q))
        return self.m.arccos(cosine), cosine, p, q

    def squared_distance(self, chart, a, b):
        return [4 * self.angle(chart, a, b)[0][..., 0] ** 2]

    def log_change(self, chart, a, b):
        """What the logarithm does to the probabilities."""
        phi, cosine, p, q = self.angle(chart, a, b)
        quotient = phi / self.m.sqrt(1 - cosine * cosine)
        return 2 * quotient * (self.m.sqrt(p * q) - p * cosine), p

    def gradient(self, chart, a, b):
        slope = -2 * self.log_change(chart, a, b)[0]
        return [slope if chart == "logits" else slope / a[0]]

    def log(self, chart, a, b):
        change, p = self.log_change(chart, a, b)
        return [change / p if chart == "logits" else change * self.total(a[0])]

    def kl_divergence(self, chart, a, b):
        p, q = self.probabilities(chart, a[0]), self.probabilities(chart, b[0])
        return [(p * self.m.log(p / q)).sum(axis=-1)]

    def change(self, chart, at, v):
        p = self.probabilities(chart, at[0])
        if chart == "logits":
            return p, p * (v[0] - self.total(p * v[0]))
        return p, (v[0] - p * self.total(v[0])) / self.total(at[0])

    def metric(self, chart, at, tangent):
        change = self.change(chart, at, tangent)[1]
        return [change if chart == "logits" else change / at[0]]

    def natural_gradient(self, chart, at, gradient):
        p, g = self.probabilities(chart, at[0]), gradient[0]
        if chart == "logits":
            return [g / p - self.total(g)]
        return [self.total(at[0]) ** 2 * p * (g - self.total(p * g))]

    def normalizer(self, x):
        top = x.max(axis=-1, keepdims=True)
        return top + self.m.log(self.total(self.m.exp(x - top)))

    def geodesic(self, chart, a, b, t):
        m = self.m
        phi, _, p, q = self.angle(chart, a, b)
        root = (m.sin((1 - t) * phi) * m.sqrt(p) + m.sin(t * phi) * m.sqrt(q)) / m.sin(phi)
        if chart == "probabilities":
            return [root**2]
        gauge = (1 - t) * self.normalizer(a[0]) + t * self.normalizer(b[0])
        return [2 * m.log(root) + gauge]

    def exp(self, chart, a, tangent):
        m = self.m
        p, change = self.change(chart, a, tangent)
        velocity = change / (2 * m.sqrt(p))
        phi = m.sqrt(self.total(velocity**2))
        root = m.sqrt(p) * m.cos(phi) + velocity * m.sin(phi) / phi
        if chart == "probabilities":
            return [root**2]
        return [a[0] + 2 * m.log(root / m.sqrt(p))]

    def convert(self, chart, a, target):
        p = self.probabilities(chart, a[0])
        return [p if target == "probabilities" else self.m.log(p)]


class CenteredGaussian:
    """d^2 is half the sum of the squared logarithms of the eigenvalues of
    L^-1 S2 L^-T with S1 = L L^T; arrays with matrices last."""

    def __init__(self, m):
        self.m = m

    @staticmethod
    def transposed(a):
        return a.swapaxes(-1, -2)

    def covariance(self, chart, stored):
        return stored @ self.transposed(stored) if chart == "cholesky" else stored

    def factor(self, chart, stored):
        return stored if chart == "cholesky" else self.m.linalg.cholesky(stored)

    def whitened(self, L, a):
        inverse = self.m.linalg.inv(L)
        return inverse @ a @ self.transposed(inverse)

    def relation(self, chart, a, b):
        """L, and eigenvalues and vectors of the whitened second covariance."""
        L = self.factor(chart, a[0])
        W = self.whitened(L, self.covariance(chart, b[0]))
        return L, *self.m.linalg.eigh(W)

    def of_eigenvalues(self, values, vectors):
        return (vectors * values[..., None, :]) @ self.transposed(vectors)

    def half_diagonal(self, a):
        return (self.m.tril(a) + self.m.tril(a, -1)) / 2

    def squared_distance(self, chart, a, b):
        _, values, _ = self.relation(chart, a, b)
        return [(self.m.log(values) ** 2).sum(axis=-1) / 2]

    def kl_divergence(self, chart, a, b):
        _, values, _ = self.relation(chart, a, b)
        return [(1 / values - 1 + self.m.log(values)).sum(axis=-1) / 2]

    def gradient(self, chart, a, b):
        L, values, vectors = self.relation(chart, a, b)
        inverse = self.m.linalg.inv(L)
        G = -self.transposed(inverse) @ self.of_eigenvalues(self.m.log(values), vectors) @ inverse
        return [2 * self.m.tril(G @ L) if chart == "cholesky" else G]

    def metric(self, chart, at, tangent):
        inverse = self.m.linalg.inv(self.covariance(chart, at[0]))
        v = tangent[0]
        if chart == "covariance":
            return [inverse @ v @ inverse / 2]
        change = at[0] @ self.transposed(v) + v @ self.transposed(at[0])
        return [self.m.tril(inverse @ change @ inverse @ at[0])]

    def natural_gradient(self, chart, at, gradient):
        if chart == "covariance":
            return [2 * at[0] @ gradient[0] @ at[0]]
        return [at[0] @ self.half_diagonal(self.transposed(at[0]) @ gradient[0])]

    def log(self, chart, a, b):
        L, values, vectors = self.relation(chart, a, b)
        log = self.of_eigenvalues(self.m.log(values), vectors)
        if chart == "cholesky":
            return [L @ self.half_diagonal(log)]
        return [L @ log @ self.transposed(L)]

    def _moved(self, chart, L, values, vectors):
        S = L @ self.of_eigenvalues(values, vectors) @ self.transposed(L)
        return [self.m.linalg.cholesky(S) if chart == "cholesky" else S]

    def geodesic(self, chart, a, b, t):
        L, values, vectors = self.relation(chart, a, b)
        return self._moved(chart, L, self.m.exp(t * self.m.log(values)), vectors)

    def exp(self, chart, a, tangent):
        L, v = self.factor(chart, a[0]), tangent[0]
        if chart == "cholesky":
            v = L @ self.transposed(v) + v @ self.transposed(L)
        values, vectors = self.m.linalg.eigh(self.whitened(L, v))
        return self._moved(chart, L, self.m.exp(values), vectors)

    def convert(self, chart, a, target):
        function = self.covariance if target == "covariance" else self.factor
        return [function(chart, a[0])]


class VonMises:
    """With `ive` the Bessel functions I times e^-x. No textbook has its distance."""

    def __init__(self, m):
        self.m = m
        charts = positive_charts(m)
        self.charts = {
            "kappa": charts["rate"],
            "log_kappa": charts["log_rate"],
            "softplus": charts["softplus"],
        }

    def _ratio(self, kappa):
        return self.m.ive(1, kappa) / self.m.ive(0, kappa)

    def kl_divergence(self, chart, a, b):
        kappa1, kappa2 = (self.charts[chart].standard(x[1]) for x in (a, b))
        logs = self.m.log(self.m.ive(0, kappa2) / self.m.ive(0, kappa1)) + (kappa2 - kappa1)
        return [logs + self._ratio(kappa1) * (kappa1 - kappa2 * self.m.cos(a[0] - b[0]))]

    def _diagonal(self, chart, at):
        kappa, slope = self.charts[chart].standard(at[1]), self.charts[chart].slope(at[1])
        ratio = self._ratio(kappa)
        return kappa * ratio, (1 - ratio / kappa - ratio * ratio) * slope * slope

    def metric(self, chart, at, tangent):
        return [g * v for g, v in zip(self._diagonal(chart, at), tangent)]

    def natural_gradient(self, chart, at, gradient):
        return [v / g for g, v in zip(self._diagonal(chart, at), gradient)]

    def convert(self, chart, a, target):
        return [a[0], self.charts[target].stored(self.charts[chart].standard(a[1]))]


FORMULAS = {
    "von_mises": VonMises,
    "centered_gaussian": CenteredGaussian,
    "categorical": Categorical,
    "gaussian": Gaussian,
    "gaussian_mean": GaussianMean,
    "bernoulli": Bernoulli,
    "poisson": Poisson,
    "exponential": Exponential,
}
