# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `fuzz-generate --plain` prints, read, and arguments for it."""

import re

import ml_dtypes
import numpy as np

DTYPES = {"f64": np.dtype(np.float64), "f32": np.dtype(np.float32),
          "f16": np.dtype(np.float16), "bf16": np.dtype(ml_dtypes.bfloat16)}

OPERATION = re.compile(r"  (%\w+)(?::\d+)? = ([\w.]+) (.*?) : (.*)")
BELIEF = re.compile(r"!fisher\.belief<#fisher\.(\w+)<(\w+)>, tensor<((?:\d+x)*)(\w+)>>")
# The component that beliefs must have in common, and that has no slope.
KNOWN = ("gaussian_mean", 1)
EVENT_RANK = {"categorical": 1, "centered_gaussian": 2}


class Type:
    """The type of a belief or a tensor."""

    def __init__(self, family, chart, shape, element):
        self.family, self.chart, self.element = family, chart, element
        self.shape = tuple(map(int, shape.split("x")[:-1]))
        self.compute = "f64" if element == "f64" else "f32"


def tensor_type(text):
    shape, element = re.fullmatch(r"tensor<((?:\d+x)*)(\w+)>", text).groups()
    return tuple(map(int, shape.split("x")[:-1])), element


def read_signature(text):
    """Types of the arguments and results, by position."""
    head = re.search(r"func\.func @main\((.*?)\) -> \((.*?)\) \{", text, re.DOTALL)
    arguments = dict(re.findall(r"(%a\d+): (tensor<[^>]*>)", head[1]))
    return ({name: tensor_type(type) for name, type in arguments.items()},
            [tensor_type(type) for type in re.findall(r"tensor<[^>]*>", head[2])])


def draw(text, rng):
    """Arguments: points of the manifold for components, else any numbers."""
    arguments, _ = read_signature(text)
    drawn, scales = {}, {}
    for line in text.splitlines():
        match = OPERATION.fullmatch(line)
        if not match or match[2] != "fisher.belief":
            continue
        family, chart, _, _ = BELIEF.search(match[4]).groups()
        for index, name in enumerate(re.findall(r"%\w+", match[3])):
            drawn[name] = draw_component(rng, family, chart, index, arguments[name][0])
            if (family, index) == KNOWN:
                drawn[name] = scales.setdefault(match[4], drawn[name])
    values = []
    for name, (shape, element) in arguments.items():
        value = drawn.get(name)
        if value is None:
            value = abs(rng.normal(size=shape)) if shape == () else 0.25 * rng.normal(size=shape)
        values.append(np.asarray(value).astype(DTYPES[element]))
    return dict(zip(arguments, values))


def draw_component(rng, family, chart, index, shape):
    x = rng.normal(size=shape)
    if family == "von_mises" and index == 0 or family.startswith("gaussian") and index == 0:
        return x
    if chart in ("softplus", "logit", "logits") or chart.startswith("log_"):
        return x
    if chart in ("probability",):
        return 0.05 + 0.9 / (1 + np.exp(-x))
    if chart == "probabilities":
        # What folds to a belief keeps its sum, which is one in formulas.
        return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
    if family == "centered_gaussian":
        size = shape[-1]
        factor = np.tril(0.3 * x)
        at = np.arange(size)
        factor[..., at, at] = np.exp(0.5 * x[..., at, at])
        if chart == "cholesky":
            return factor
        product = factor @ np.swapaxes(factor, -1, -2)
        return (product + np.swapaxes(product, -1, -2)) / 2
    return np.exp(0.5 * x)
