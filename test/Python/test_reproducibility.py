# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The same bits wherever a step runs: as fisher-run's, as a kernel of this package,
as a library of C, as a call of XLA, and as an operator of PyTorch."""

import ctypes
import os
import pathlib
import re
import subprocess

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

import fisher
import fisher.jax
import fisher.torch
from by_hand import PRIOR
from fisher import _fisher
from fisher._compiler import rewrite

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FISHER_BUILD_DIR", ROOT / "build"))
MODELS = ROOT / "test" / "Models"
# Beliefs of two layers: one that threads share, one with tails of vectors.
SHAPES = {"fc0": (301, 67), "fc1": (67, 3)}
THREADS = (1, 2, 3, 7)


def tool(name, *arguments):
    done = subprocess.run(
        [BUILD / "bin" / name, *map(str, arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def set_threads(library, count):
    ctypes.CDLL(library).omp_set_num_threads(count)


def assert_same_bits(got, expected):
    assert len(got) == len(expected)
    for a, b in zip(got, expected):
        assert a.dtype == b.dtype and a.shape == b.shape
        assert a.tobytes() == b.tobytes()


# ===----------------------------------------------------------------------=== #
# Whole steps, without a framework
# ===----------------------------------------------------------------------=== #


def run_tool(folder, module, inputs):
    (folder / "step.mlir").write_text(module)
    np.savez(folder / "in.npz", **{f"arg{i}": array for i, array in enumerate(inputs)})
    tool(
        "fisher-run", folder / "step.mlir", f"--inputs={folder / 'in.npz'}",
        f"--outputs={folder / 'out.npz'}",
    )  # fmt: skip
    with np.load(folder / "out.npz") as results:
        return [results[f"out{i}"] for i in range(len(results.files))]


def call(function, inputs, like):
    """The results of a function of addresses."""
    results = [np.empty_like(array) for array in like]
    inputs = [np.ascontiguousarray(array) for array in inputs]
    function([array.ctypes.data for array in [*inputs, *results]])
    return results


class Library:
    """A step as a library of C, called as its header says."""

    def __init__(self, folder, step):
        tool("fisher-run", step, "--emit=shared,header", "-o", folder / "made")
        self.function = ctypes.CDLL(folder / "made.so").fisher_main
        header = (folder / "made.h").read_text()
        self.ports = re.findall(r"/\* (argument|result) '([^']*)'([^*]*)\*/", header)

    def __call__(self, inputs, like):
        results, places = [None] * len(like), []
        inputs = iter([array.copy() for array in inputs])
        for kind, name, description in self.ports:
            replaced = re.search(r"replaced by result (\d+)", description)
            if kind == "argument":
                array = next(inputs)
                if replaced:
                    results[int(replaced[1])] = array
            else:
                number = next(i for i, result in enumerate(results) if result is None)
                array = results[number] = np.empty_like(like[number])
            places.append(array)
        self.function(*(ctypes.c_void_p(array.ctypes.data) for array in places))
        return results


@pytest.mark.parametrize("name", ["bayes_mlp_fr", "heading_net", "mlp_adamw", "vae"])
def test_step(tmp_path, name):
    """fisher-run, the kernel of this package, and a C library, on any number of
    threads. The wheel and the tools are two links of the compiler."""
    module = (MODELS / name / "step.mlir").read_text()
    with np.load(MODELS / name / "io.npz") as io:
        count = sum(key.startswith("arg") for key in io.files)
        inputs = [io[f"arg{i}"] for i in range(count)]
    expected = run_tool(tmp_path, module, inputs)

    kernel = _fisher.compile(module)
    assert_same_bits(call(kernel, inputs, expected), expected)

    library = Library(tmp_path, tmp_path / "step.mlir")
    for threads in THREADS:
        set_threads("libomp.so.5", threads)
        assert_same_bits(library(inputs, expected), expected)


@pytest.mark.parametrize("name", sorted(path.parent.name for path in MODELS.glob("*/step.mlir")))
def test_two_links_of_the_compiler(name):
    step = MODELS / name / "step.mlir"
    of_the_tool = tool("fisher-opt", step, "--fisher-cpu-pipeline")
    assert rewrite(step.read_text(), "fisher-cpu-pipeline").rstrip() == of_the_tool.rstrip()


# ===----------------------------------------------------------------------=== #
# Penalties
# ===----------------------------------------------------------------------=== #


def make_params():
    rng = np.random.default_rng(5)
    return {
        layer: {
            "mu": rng.normal(0, 0.3, shape).astype(np.float32),
            "rho": rng.normal(-3, 0.5, shape).astype(np.float32),
        }
        for layer, shape in SHAPES.items()
    }


def in_order(tree):
    return [np.asarray(tree[layer][part]) for layer in SHAPES for part in ("mu", "rho")]


def test_penalty_and_gradients(tmp_path):
    """By the IR, by JAX and by PyTorch, on any number of threads."""
    params = make_params()
    rho = float(np.log(np.expm1(1.0)))
    arguments, body, results = [], [], []
    for layer, shape in SHAPES.items():
        t = f"tensor<{shape[0]}x{shape[1]}xf32>"
        arguments += [f"%{layer}mu: {t}", f"%{layer}rho: {t}"]
        body += [
            f"%b{layer} = fisher.belief %{layer}mu, %{layer}rho : !fisher.belief<#fisher.gaussian<softplus>, {t}>",
            f"%r{layer}m = arith.constant dense<0.0> : {t}",
            f"%r{layer}s = arith.constant dense<{rho!r}> : {t}",
            f"%r{layer} = fisher.belief %r{layer}m, %r{layer}s : !fisher.belief<#fisher.gaussian<softplus>, {t}>",
            f"%p{layer}, %g{layer}m, %g{layer}s = fisher.penalty_with_gradient %b{layer} toward %r{layer}"
            f" weight %w : !fisher.belief<#fisher.gaussian<softplus>, {t}> -> tensor<f32>, {t}, {t}",
        ]
        results += [(f"%g{layer}m", t), (f"%g{layer}s", t)]
    names, types = (", ".join(parts) for parts in zip(*results))
    module = (
        f"func.func @main({', '.join(arguments)}) -> ({types}) {{\n  %w = arith.constant 1.0e-3 : f32\n  "
        + "\n  ".join(body)
        + f"\n  return {names} : {types}\n}}\n"
    )
    expected = run_tool(tmp_path, module, in_order(params))

    of_jax = jax.tree.map(jnp.asarray, params)
    loss, gradients = jax.jit(
        jax.value_and_grad(lambda tree: fisher.jax.penalty(tree, PRIOR))
    )(of_jax)
    assert_same_bits(in_order(gradients), expected)

    tensors = {
        f"{layer}.{part}": torch.tensor(params[layer][part], requires_grad=True)
        for layer in SHAPES
        for part in ("mu", "rho")
    }
    before = torch.get_num_threads()
    for threads in THREADS:
        torch.set_num_threads(threads)
        penalty = fisher.torch.penalty(tensors, PRIOR)
        got = torch.autograd.grad(penalty, list(tensors.values()))
        assert_same_bits([gradient.numpy() for gradient in got], expected)
        assert penalty.detach().numpy().tobytes() == np.asarray(loss).tobytes()
    torch.set_num_threads(before)


@pytest.mark.parametrize("family", ["gaussian", "von_mises"])
def test_distances_of_frameworks(tmp_path, family):
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(0.5, 2, 1003).astype(np.float32) for _ in range(4)]
    chart = {"gaussian": "sigma", "von_mises": "kappa"}[family]
    t = "tensor<1003xf32>"
    b = f"!fisher.belief<#fisher.{family}<{chart}>, {t}>"
    (expected,) = run_tool(
        tmp_path,
        f"""func.func @main(%a: {t}, %b: {t}, %c: {t}, %d: {t}) -> {t} {{
  %x = fisher.belief %a, %b : {b}
  %y = fisher.belief %c, %d : {b}
  %z = fisher.squared_distance %x, %y : {b} -> {t}
  return %z : {t}
}}""",
        arrays,
    )
    kind = {"gaussian": fisher.Gaussian, "von_mises": fisher.VonMises}[family](chart)
    for package, convert in ((fisher.jax, jnp.asarray), (fisher.torch, torch.tensor)):
        a, b = (kind(*map(convert, arrays[i : i + 2])) for i in (0, 2))
        got = np.asarray(package.squared_distance(a, b))
        assert_same_bits([got], [expected])
        # In pieces, too.
        a, b = (kind(*(convert(array[500:531]) for array in arrays[i : i + 2])) for i in (0, 2))
        assert_same_bits([np.asarray(package.squared_distance(a, b))], [expected[500:531]])
