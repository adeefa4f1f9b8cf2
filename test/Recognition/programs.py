# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes training steps in many spellings."""

import random


class Value:
    def __init__(self, name, type):
        self.name, self.type = name, type


class Program:
    """A function on tensors, operation by operation. What is equal in real
    numbers is spelled as `rng` likes."""

    def __init__(self, rng, shape=(4, 3), element="f32"):
        self.rng = rng
        self.shape, self.element = shape, element
        self.type = f"tensor<{'x'.join(map(str, shape))}x{element}>"
        self.scalar_type = f"tensor<{element}>"
        self.arguments, self.lines, self.count = [], [], 0

    def argument(self, type=None):
        value = Value(f"%arg{len(self.arguments)}", type or self.type)
        self.arguments.append(value)
        return value

    def emit(self, text, type):
        value = Value(f"%v{self.count}", type)
        self.count += 1
        self.lines.append(f"  {value.name} = {text}")
        return value

    def constant(self, number, type=None):
        type = type or self.type
        text = {float("inf"): "0x7F800000"}.get(number, f"{number:.17e}")
        return self.emit(f"arith.constant dense<{text}> : {type}", type)

    def op(self, name, *operands):
        type = operands[0].type
        return self.emit(f"{name} {', '.join(o.name for o in operands)} : {type}", type)

    def commuted(self, name, a, b):
        return self.op(name, *((a, b) if self.rng.random() < 0.5 else (b, a)))

    def negated(self, a):
        if self.rng.random() < 0.5:
            return self.op("arith.negf", a)
        return self.commuted("arith.mulf", a, self.constant(-1.0, a.type))

    def add(self, a, b):
        return self.commuted("arith.addf", a, b)

    def subtract(self, a, b):
        if self.rng.random() < 0.7:
            return self.op("arith.subf", a, b)
        return self.add(a, self.negated(b))

    def multiply(self, a, b):
        return self.commuted("arith.mulf", a, b)

    def scale(self, number, a):
        if self.rng.random() < 0.2:
            return self.op("arith.divf", a, self.constant(1 / number, a.type))
        return self.multiply(self.constant(number, a.type), a)

    def square(self, a):
        if self.rng.random() < 0.3:
            return self.op("math.powf", a, self.constant(2.0, a.type))
        return self.op("arith.mulf", a, a)

    def divide(self, a, b):
        if self.rng.random() < 0.7:
            return self.op("arith.divf", a, b)
        return self.multiply(a, self.op("arith.divf", self.constant(1.0, b.type), b))

    def sum(self, a):
        """Of all elements, at once or one dimension after another."""
        dimensions = list(range(len(self.shape)))
        if self.rng.random() < 0.5:
            return self.reduce(a, dimensions, self.scalar_type)
        shape = list(self.shape)
        while shape:
            dimension = self.rng.randrange(len(shape))
            del shape[dimension]
            prefix = "".join(f"{size}x" for size in shape)
            a = self.reduce(a, [dimension], f"tensor<{prefix}{self.element}>")
        return a

    def reduce(self, a, dimensions, type):
        zero = self.constant(0.0, type)
        return self.emit(
            f"linalg.reduce {{arith.addf}} ins({a.name} : {a.type}) "
            f"outs({zero.name} : {type}) dimensions = {dimensions}", type)

    def compare(self, predicate, a, b):
        type = a.type.replace(self.element + ">", "i1>")
        return self.emit(f"arith.cmpf {predicate}, {a.name}, {b.name} : {a.type}", type)

    def select(self, mask, a, b):
        return self.emit(f"arith.select {mask.name}, {a.name}, {b.name} : "
                         f"{mask.type}, {a.type}", a.type)

    def to_float(self, mask):
        return self.emit(f"arith.uitofp {mask.name} : {mask.type} to {self.type}",
                         self.type)

    def elementwise(self, *values):
        """Some function of these, and no sum of them."""
        a = self.rng.choice(values)
        for _ in range(self.rng.randrange(1, 4)):
            name = self.rng.choice(["math.sin", "math.tanh", "math.exp", "math.cos"])
            a = self.op(name, self.multiply(a, self.rng.choice(values)))
        return a

    def text(self, *results):
        arguments = ", ".join(f"{a.name}: {a.type}" for a in self.arguments)
        types = ", ".join(r.type for r in results)
        returned = ", ".join(r.name for r in results)
        return "\n".join([f"func.func @main({arguments}) -> ({types}) {{", *self.lines,
                          f"  return {returned} : {types}", "}", ""])


def make(seed, **options):
    return Program(random.Random(seed), **options)
