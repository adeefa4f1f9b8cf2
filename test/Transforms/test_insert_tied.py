# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Beliefs with a component in common, against float64 arithmetic in numpy."""

import math
import subprocess

import ml_dtypes
import numpy as np
import pytest

from execution import run, tool

DTYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
# Of the sum of the elements' absolute values: an element is computed in f32 and
# stored in the type, the sum is in f64.
TOLERANCE = {"f64": 1e-12, "f32": 2e-6, "f16": 2.0**-10, "bf16": 2.0**-7}
WEIGHT = 0.25
# The shapes of the mean and of log sigma, and which of their sizes the program
# knows.
SHAPES = {
    "one for the tensor": ((64, 32), (), "64x32", ""),
    "one for the tensor, in size one": ((64, 32), (1, 1), "64x32", "1x1"),
    "one for each row": ((64, 32), (64, 1), "64x32", "64x1"),
    "one for each column": ((64, 32), (32,), "64x32", "32"),
    "one for each middle row": ((3, 5, 7), (5, 1), "3x5x7", "5x1"),
    "outer and inner": ((3, 5, 7), (3, 1, 7), "3x5x7", "3x1x7"),
    "a mean for each row": ((64, 1), (64, 32), "64x1", "64x32"),
    "one for the tensor, dynamic": ((64, 32), (), "?x?", ""),
    "one for each row, dynamic": ((64, 32), (64, 1), "?x?", "?x1"),
    "one for each column, dynamic": ((64, 32), (32,), "?x32", "32"),
    "outer and inner, dynamic": ((2, 3, 5, 7), (1, 3, 1, 7), "2x?x5x?", "1x?x1x?"),
}


def tensor(sizes, element):
    return f"tensor<{sizes}{'x' if sizes else ''}{element}>"


def distance(mu, rho, mu0=0.0, rho0=0.0):
    """The squared distance of Gaussians in the chart log_sigma, and its
    gradient with respect to the first, for each element."""
    sigma, sigma0 = np.exp(rho), np.exp(rho0)
    u = ((mu - mu0) ** 2 / 2 + (sigma - sigma0) ** 2) / (2 * sigma * sigma0)
    arc = 2 * np.arcsinh(np.sqrt(u / 2))
    # The slope of 2 arc² by u; arc / sinh(arc) is 1 at zero.
    slope = 4 * np.divide(arc, np.sinh(arc), where=arc != 0, out=np.ones_like(arc))
    by_mu = slope * (mu - mu0) / (2 * sigma * sigma0)
    by_rho = slope * ((sigma - sigma0) / sigma0 - u)
    return 2 * arc**2, by_mu, by_rho


def sum_to(array, shape):
    """The sum of what was broadcast from the shape."""
    array = array.sum(axis=tuple(range(array.ndim - len(shape))))
    axes = tuple(i for i, size in enumerate(shape) if size == 1)
    return array.sum(axis=axes, keepdims=True)


def assert_close(got, expected, terms, element):
    bound = TOLERANCE[element] * np.asarray(terms)
    assert np.shape(got) == np.shape(expected)
    error = np.abs(np.asarray(got, np.float64) - expected)
    assert (error <= bound).all(), f"{np.max(error / bound)} times the bound"


def step(arguments, results, operands):
    """A step that returns its arguments of these numbers; the first one is the
    loss."""
    declared = ", ".join(
        f'%a{i}: {kind} {{fisher.name = "{name}"}}' for i, (name, kind) in enumerate(arguments)
    )
    returned = ", ".join(f"{kind} {{{mark}}}" for kind, mark in results)
    values = ", ".join(f"%a{i}" for i in operands)
    kinds = ", ".join(kind for kind, _ in results)
    return f"func.func @main({declared}) -> ({returned}) {{\n  return {values} : {kinds}\n}}\n"


def run_with_policy(module, entry, folder, *arrays):
    path = folder / "policy.mlir"
    path.write_text(f"fisher.policy @p {{\n  fisher.regularize {entry}\n}}\n")
    return run(module, *arrays, options=[f"--policy={path}"])


@pytest.mark.parametrize("element", DTYPES)
@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("mode", ["coupled", "loss_only"])
def test_components_of_two_shapes(mode, shapes, element, tmp_path):
    shape, tied_shape, sizes, tied_sizes = shapes
    random = np.random.default_rng(5)
    dtype = DTYPES[element]
    wide = "f64" if element == "f64" else "f32"
    mu, dmu = random.normal(size=(2, *shape)).astype(dtype)
    rho, drho = random.normal(size=(2, *tied_shape)).astype(dtype)
    loss = np.array(random.normal(), DTYPES[wide])
    kind, tied = tensor(sizes, element), tensor(tied_sizes, element)
    scalar = tensor("", wide)
    module = step(
        [("loss", scalar), ("mu", kind), ("rho", tied), ("dmu", kind), ("drho", tied)],
        [(scalar, 'fisher.role = "loss"'), (kind, 'fisher.gradient_of = "mu"'),
         (tied, 'fisher.gradient_of = "rho"')],
        [0, 3, 4],
    )  # fmt: skip
    got_loss, got_dmu, got_drho = run_with_policy(
        module,
        '"mu", "rho" as #fisher.gaussian<log_sigma> '
        f"toward #fisher.prior<[0.0, 1.0]> weight {WEIGHT} mode {mode}",
        tmp_path, loss, mu, rho, dmu, drho,
    )  # fmt: skip

    mu, rho, dmu, drho = (np.asarray(a, np.float64) for a in (mu, rho, dmu, drho))
    d2, by_mu, by_rho = (WEIGHT * part for part in distance(*np.broadcast_arrays(mu, rho)))
    assert_close(got_loss, loss + d2.sum(), abs(loss) + d2.sum(), wide)
    if mode == "loss_only":
        assert (np.asarray(got_dmu, np.float64) == dmu).all()
        assert (np.asarray(got_drho, np.float64) == drho).all()
        return
    for got, own, gradient in ((got_dmu, dmu, by_mu), (got_drho, drho, by_rho)):
        assert_close(got, own + sum_to(gradient, own.shape),
                     abs(own) + sum_to(abs(gradient), own.shape), element)  # fmt: skip


@pytest.mark.parametrize("element", DTYPES)
def test_component_of_several_beliefs(element, tmp_path):
    """One row of scales for beliefs of three shapes, toward what they were."""
    random = np.random.default_rng(6)
    dtype = DTYPES[element]
    shapes = {"a": (8,), "b": (16, 8), "c": (3, 1, 8)}
    mus = {name: random.normal(size=(3, *shape)).astype(dtype) for name, shape in shapes.items()}
    rho, drho, rho0 = random.normal(size=(3, 8)).astype(dtype)
    kinds = {name: tensor("x".join(map(str, shape)), element) for name, shape in shapes.items()}
    tied = tensor("8", element)
    arguments = [(f"{name}.mu", kinds[name]) for name in shapes] + [("rho", tied)]
    arguments += [(f"{name}.d", kinds[name]) for name in shapes] + [("rho.d", tied)]
    results = [(kinds[name], f'fisher.gradient_of = "{name}.mu"') for name in shapes]
    results.append((tied, 'fisher.gradient_of = "rho"'))
    # The new arguments are in the order in which they are first needed.
    got = run_with_policy(
        step(arguments, results, range(4, 8)),
        '"(*).mu", "rho" as #fisher.gaussian<log_sigma> '
        f"toward #fisher.previous weight {WEIGHT} mode coupled",
        tmp_path,
        *(mus[name][0] for name in shapes), rho, *(mus[name][1] for name in shapes), drho,
        mus["a"][2], rho0, mus["b"][2], mus["c"][2],
    )  # fmt: skip
    assert len(got) == 8

    total = np.asarray(drho, np.float64)
    terms = abs(total)
    wide_rho, wide_rho0 = np.asarray(rho, np.float64), np.asarray(rho0, np.float64)
    for name, result in zip(shapes, got[:3], strict=True):
        mu, dmu, mu0 = np.asarray(mus[name], np.float64)
        _, by_mu, by_rho = distance(*np.broadcast_arrays(mu, wide_rho, mu0, wide_rho0))
        assert_close(result, dmu + WEIGHT * by_mu, abs(dmu) + WEIGHT * abs(by_mu), element)
        total = total + WEIGHT * sum_to(by_rho, (8,))
        terms = terms + WEIGHT * sum_to(abs(by_rho), (8,))
    assert_close(got[3], total, terms, element)
    # The next step's reference is what this step was given.
    for result, expected in zip(got[4:], (mus["a"][0], rho, mus["b"][0], mus["c"][0]), strict=True):
        assert (result == expected).all()


def test_sum_is_in_f64(tmp_path):
    """It is the sum of what the elements get that have a number of their own,
    rounded once."""
    kind = "tensor<100000xf32>"
    mu = np.random.default_rng(7).normal(size=100000).astype(np.float32)

    def gradient(tied, rho):
        module = step(
            [("mu", kind), ("rho", tied), ("dmu", kind), ("drho", tied)],
            [(kind, 'fisher.gradient_of = "mu"'), (tied, 'fisher.gradient_of = "rho"')],
            [2, 3],
        )  # fmt: skip
        return run_with_policy(
            module,
            '"mu", "rho" as #fisher.gaussian<log_sigma> '
            "toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode coupled",
            tmp_path, mu, rho, np.zeros_like(mu), np.zeros_like(rho),
        )[1]  # fmt: skip

    elements = gradient(kind, np.full_like(mu, 0.75))
    exact = math.fsum(elements.tolist())
    assert abs(np.cumsum(elements)[-1] - exact) > 2.0**-24 * abs(exact)
    (got,) = gradient("tensor<1xf32>", np.full(1, 0.75, np.float32))
    assert abs(got - exact) <= 2.0**-24 * abs(exact)


def test_sizes_are_checked_at_run_time(tmp_path):
    kind, tied = "tensor<?x?xf32>", "tensor<?x1xf32>"
    module = tmp_path / "step.mlir"
    module.write_text(step(
        [("loss", "tensor<f32>"), ("mu", kind), ("rho", tied)],
        [("tensor<f32>", 'fisher.role = "loss"')], [0],
    ) + """fisher.policy @p {
  fisher.regularize "mu", "rho" as #fisher.gaussian<log_sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode loss_only
}
""")  # fmt: skip
    np.savez(tmp_path / "in.npz", arg0=np.zeros((), np.float32),
             arg1=np.zeros((4, 3), np.float32), arg2=np.zeros((5, 1), np.float32))  # fmt: skip
    done = subprocess.run(
        [tool("fisher-run"), module, f"--policy={module}", f"--inputs={tmp_path / 'in.npz'}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert "fisher.penalty: the components differ in size along dimension 0" in done.stderr
