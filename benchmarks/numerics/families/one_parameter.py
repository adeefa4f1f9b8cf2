# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What families of one parameter share: the geometry follows from the signed
arc length `arc(chart, a, b)` = y(a) - y(b) and its slope dy/da, in stored
values."""


class OneParameter:
    event_shape = ()
    share = 1
    components = 1
    # Charts whose zero means nothing: errors are not relative to the value.
    zero_means_nothing = ()

    @property
    def label(self):
        return self.name

    def squared_distance(self, chart, a, b):
        return [self.arc(chart, a[0], b[0]) ** 2]

    def gradient(self, chart, a, b):
        return [2 * self.arc(chart, a[0], b[0]) * self.slope(chart, a[0])]

    def metric(self, chart, at, tangent):
        return [self.slope(chart, at[0]) ** 2 * tangent[0]]

    def natural_gradient(self, chart, at, gradient):
        return [gradient[0] / self.slope(chart, at[0]) ** 2]

    def log(self, chart, a, b):
        return [-self.arc(chart, a[0], b[0]) / self.slope(chart, a[0])]

    def units(self, chart, point):
        return [point[0] * 0 + (1 if chart in self.zero_means_nothing else 0)]

    def tangents(self, rng, chart, a, b, regimes):
        """Half-way to the second belief: the whole way may end at the boundary,
        where rounding decides."""
        return [x / 2 for x in self.log(chart, a, b)]
