# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Steps of all optimizers, whose gradient a policy changes: the numbers are
those of the optimizer that is given the gradient and the penalty's."""

import numpy as np
import pytest

import execution

RATE, BETA, BETA2, EPSILON, WEIGHT = 0.125, 0.875, 0.75, 2.0**-10, 0.25


def sgd(p, g):
    return [p - RATE * g]


def momentum(p, g, m):
    m = BETA * m + g
    return [p - RATE * m, m]


def momentum_of_steps(p, g, m):
    m = BETA * m - RATE * g
    return [p + m, m]


def dampened(p, g, m):
    m = BETA * m + (1 - BETA) * g
    return [p - RATE * m, m]


def nesterov(p, g, m):
    m = BETA * m + g
    return [p - RATE * (g + BETA * m), m]


def averaged(p, g, a):
    p = p - RATE * g
    return [p, 0.75 * a + 0.25 * p]


def averaged_before(p, g, a):
    return [p - RATE * g, 0.75 * a + 0.25 * p]


def adam(p, g, m, v):
    m, v = BETA * m + (1 - BETA) * g, BETA2 * v + (1 - BETA2) * (g * g)
    return [p - RATE * (m / (v**0.5 + EPSILON)), m, v]


def adamw(p, g, m, v):
    m, v = BETA * m + (1 - BETA) * g, BETA2 * v + (1 - BETA2) * (g * g)
    return [p - RATE * (m / (v**0.5 + EPSILON)) - (RATE * 0.01) * p, m, v]


def rmsprop(p, g, v):
    v = BETA2 * v + (1 - BETA2) * (g * g)
    return [p - RATE * g / (v**0.5 + EPSILON), v]


LINEAR = [sgd, momentum, momentum_of_steps, dampened, nesterov, averaged, averaged_before]
OPTIMIZERS = [*LINEAR, adam, adamw, rmsprop]


class Traced:
    """An array whose arithmetic is written down as operations."""

    lines = []
    shape = ""

    def __init__(self, text):
        self.text = text

    @classmethod
    def write(cls, operation):
        name = f"%{len(cls.lines)}"
        cls.lines.append(f"  {name} = {operation} : {cls.shape}")
        return cls(name)

    @classmethod
    def get(cls, value):
        if isinstance(value, Traced):
            return value
        return cls.write(f"arith.constant dense<{float(value)!r}>")

    def binary(self, other, name):
        return self.write(f"arith.{name} {self.text}, {self.get(other).text}")

    def __add__(self, other):
        if isinstance(other, Sum):
            return self + other.first + other.second
        return self.binary(other, "addf")

    def __sub__(self, other):
        if isinstance(other, Sum):
            return self - other.first - other.second
        return self.binary(other, "subf")

    def __mul__(self, other):
        return self.binary(other, "mulf")

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other):
        return self.binary(other, "divf")

    def __pow__(self, exponent):
        assert exponent == 0.5
        return self.write(f"math.sqrt {self.text}")


class Sum:
    """A sum that is never a value: its parts are added one after another."""

    def __init__(self, first, second):
        self.first, self.second = first, second

    def __rmul__(self, number):
        return Sum(number * self.first, number * self.second)

    def __add__(self, other):
        return other + self.first + self.second


def trace(optimizer, element, is_value):
    """A step."""
    Traced.shape, Traced.lines = f"tensor<5x{element}>", []
    count = optimizer.__code__.co_argcount - 1
    states = [Traced(f"%s{i}") for i in range(count)]
    x, y = Traced("%x"), Traced("%y")
    gradient = x * y + x if is_value else Sum(x * 2, y)
    results = optimizer(states[0], gradient, *states[1:])
    tensor = Traced.shape
    marks = [f'{{fisher.updates = "s{i}"}}' for i in range(count)]
    arguments = ", ".join(
        f'%s{i}: {tensor} {{fisher.name = "s{i}"}}' for i in range(count))
    body = "\n".join(Traced.lines)
    return f"""
func.func @main({arguments}, %x: {tensor}, %y: {tensor})
    -> ({", ".join(f"{tensor} {mark}" for mark in marks)}) {{
{body}
  return {", ".join(r.text for r in results)} : {", ".join([tensor] * count)}
}}"""


POLICY = f"""
fisher.policy @default {{
  fisher.regularize "s0" as #fisher.bernoulli<logit>
      toward #fisher.prior<[0.7]> weight {WEIGHT} mode MODE
}}"""


def distance(p):
    return (2 * np.arcsin(np.sqrt(1 / (1 + np.exp(-p))))
            - 2 * np.arcsin(np.sqrt(0.7)))


def draw(optimizer):
    rng = np.random.default_rng(7)
    count = optimizer.__code__.co_argcount - 1
    states = [rng.normal(size=5) for _ in range(count)]
    if optimizer in (adam, adamw, rmsprop):
        states[-1] = states[-1]**2
    return states, *rng.normal(size=(2, 5))


# The others are refused: insert-optimizer-errors.mlir.
CASES = [*((optimizer, True, mode) for optimizer in OPTIMIZERS
           for mode in ("coupled", "natural")),
         *((optimizer, False, "coupled") for optimizer in LINEAR)]


@pytest.mark.parametrize("element", ["f64", "f32"])
@pytest.mark.parametrize("optimizer, is_value, mode", CASES)
def test_optimizer(optimizer, is_value, mode, element):
    states, x, y = draw(optimizer)
    dtype = element.replace("f", "float")
    module = trace(optimizer, element, is_value) + POLICY.replace("MODE", mode)
    results = execution.run(module, *(a.astype(dtype) for a in (*states, x, y)))
    p = states[0]
    gradient = x * y + x if is_value else 2 * x + y
    slope = 1 / (1 + np.exp(-p)) * (1 / (1 + np.exp(p)))
    gradient = gradient + WEIGHT * 2 * distance(p) * np.sqrt(slope)
    if mode == "natural":
        gradient = gradient / slope
    expected = optimizer(p, gradient, *states[1:])
    assert len(results) == len(expected)
    for one, other in zip(results, expected):
        np.testing.assert_allclose(one, other, rtol=1e-12 if element == "f64" else 2e-5,
                                   atol=1e-12 if element == "f64" else 1e-6)


@pytest.mark.parametrize("size", ["5", "?"])
def test_shared_gradient_and_dynamic_sizes(size):
    """Two parameters that are given the same gradient, each with a penalty of
    its own; a third one without."""
    tensor = f"tensor<{size}xf32>"
    module = f"""
func.func @main(%p: {tensor} {{fisher.name = "p"}}, %q: {tensor} {{fisher.name = "q"}},
                %r: {tensor} {{fisher.name = "r"}}, %x: {tensor}, %rate: f32)
    -> ({tensor} {{fisher.updates = "p"}}, {tensor} {{fisher.updates = "q"}},
        {tensor} {{fisher.updates = "r"}}) {{
  %c0 = arith.constant 0 : index
  %size = tensor.dim %x, %c0 : {tensor}
  %e = tensor.empty({"%size" if size == "?" else ""}) : {tensor}
  %rates = linalg.fill ins(%rate : f32) outs(%e : {tensor}) -> {tensor}
  %g = math.exp %x : {tensor}
  %s = arith.mulf %rates, %g : {tensor}
  %0 = arith.subf %p, %s : {tensor}
  %1 = arith.subf %q, %s : {tensor}
  %2 = arith.subf %r, %s : {tensor}
  return %0, %1, %2 : {tensor}, {tensor}, {tensor}
}}
fisher.policy @default {{
  fisher.regularize "p" as #fisher.bernoulli<logit>
      toward #fisher.prior<[0.7]> weight 1.0 mode coupled
  fisher.regularize "q" as #fisher.bernoulli<logit>
      toward #fisher.prior<[0.7]> weight 3.0 mode coupled
}}"""
    rng = np.random.default_rng(3)
    p, q, r, x = rng.normal(size=(4, 5)).astype(np.float32)
    results = execution.run(module, p, q, r, x, np.float32(0.5))
    for got, old, weight in zip(results, (p, q, r), (1, 3, 0)):
        slope = 1 / (2 + np.exp(-old) + np.exp(old))
        expected = old - 0.5 * (np.exp(x) + weight * 2 * distance(old) * np.sqrt(slope))
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("is_value", [True, False])
def test_gradients_of_a_wider_type(is_value):
    """Parameters in bf16, whose optimizer computes in f32: nothing is rounded
    to bf16 before the new value is."""
    module = """
func.func @main(%p: tensor<64xbf16> {fisher.name = "p"}, %m: tensor<64xf32> {fisher.name = "m"},
                %x: tensor<64xf32>)
    -> (tensor<64xbf16> {fisher.updates = "p"}, tensor<64xf32> {fisher.updates = "m"}) {
  %rate = arith.constant dense<0.125> : tensor<64xf32>
  %mu = arith.constant dense<0.5> : tensor<64xf32>
  GRADIENT
  %3 = arith.mulf %rate, %2 : tensor<64xf32>
  %4 = arith.extf %p : tensor<64xbf16> to tensor<64xf32>
  %5 = arith.subf %4, %3 : tensor<64xf32>
  %6 = arith.truncf %5 : tensor<64xf32> to tensor<64xbf16>
  return %6, %2 : tensor<64xbf16>, tensor<64xf32>
}
fisher.policy @default {
  fisher.regularize "p" as #fisher.bernoulli<logit>
      toward #fisher.prior<[0.7]> weight 1.0 mode coupled
}"""
    rng = np.random.default_rng(3)
    p, m, x = rng.normal(size=(3, 64)).astype(np.float32)
    p = p.astype(execution.ml_dtypes.bfloat16)
    if is_value:
        text = """%g = math.exp %x : tensor<64xf32>
  %0 = arith.mulf %mu, %m : tensor<64xf32>
  %2 = arith.addf %0, %g : tensor<64xf32>"""
        gradient = np.exp(x)
    else:
        text = """%one = arith.constant dense<1.0> : tensor<64xf32>
  %0 = arith.mulf %mu, %m : tensor<64xf32>
  %1 = arith.addf %0, %x : tensor<64xf32>
  %2 = arith.addf %1, %one : tensor<64xf32>"""
        gradient = x + 1
    after, state = execution.run(module.replace("GRADIENT", text), p, m, x)
    wide = p.astype(np.float64)
    slope = 1 / (2 + np.exp(-wide) + np.exp(wide))
    penalty = 2 * distance(wide) * np.sqrt(slope)
    expected = 0.5 * m + gradient + penalty
    # The penalty's own gradient is of the parameter's type.
    np.testing.assert_allclose(state, expected, atol=2**-8 * abs(penalty).max())
    np.testing.assert_allclose(after.astype(np.float64), wide - 0.125 * expected,
                               atol=2**-7 * abs(wide).max())
