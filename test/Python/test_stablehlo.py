# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules in StableHLO: what JAX prints goes in, and XLA runs what comes out."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp

import execution
import xla
from paths import FAMILIES, FISHER_OPT, ROOT

MODELS = ROOT / "test" / "Models"
# Geometric is a plugin, which XLA does not know.
TESTS = [name for name in FAMILIES if name != "Geometric"] + ["test_derivatives.py"]


@pytest.mark.parametrize("family", TESTS)
def test_families(family):
    """Every operation, chart and element type of a family against its tables
    and formulas, run by XLA: the family's own tests, with bounds twice as
    much where products are added with one rounding (accuracy.MOST)."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short", "-m", "reference",
         ROOT / "test" / "Families" / family],
        env={**os.environ, "FISHER_TEST_DEVICE": "xla"},
        capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    assert " passed" in done.stdout


def test_upgraded_steps():
    """Steps without their classical regularizers, run by XLA."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--tb=short", "-k", "in_stablehlo",
         MODELS / "test_upgrade.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    assert "8 passed" in done.stdout and "skipped" not in done.stdout


PENALTY = """
!t = tensor<{count}x{element}>
!b = !fisher.belief<#fisher.gaussian<{chart}>, !t>
func.func @main(%x: !t, %y: !t, %weight: tensor<{compute}>)
    -> (tensor<{compute}>, !t, !t) {{
  %w = tensor.extract %weight[] : tensor<{compute}>
  %a = fisher.belief %x, %y : !b
  %b = fisher.belief %x, %y : !b
  %p, %g0, %g1 = fisher.penalty_with_gradient %a toward {toward} weight %w
      : !b -> tensor<{compute}>, !t, !t
  return %p, %g0, %g1 : tensor<{compute}>, !t, !t
}}
"""


@pytest.mark.parametrize("element", ["f64", "f32", "bf16", "f16"])
@pytest.mark.parametrize("chart", ["sigma", "log_sigma", "softplus"])
def test_penalty_at_no_distance_is_exactly_zero(chart, element):
    """Compilers may not make something of nothing, by rounding once where two
    equal terms are rounded apart."""
    dtype = {"f64": np.float64, "f32": np.float32, "f16": np.float16,
             "bf16": jnp.bfloat16}[element]
    compute = "f64" if element == "f64" else "f32"
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000).astype(dtype)
    y = np.abs(rng.normal(size=1000) + 0.1).astype(dtype)
    # Both are the same values in the IR, and again only the same numbers.
    same = PENALTY.format(count=1000, chart=chart, element=element,
                          compute=compute, toward="%b")
    two = same.replace("%y: !t, ", "%y: !t, %u: !t, %v: !t, ").replace(
        "%b = fisher.belief %x, %y", "%b = fisher.belief %u, %v")
    weight = np.array(3.0, compute.replace("f", "float"))
    for results in (xla.run(same, x, y, weight),
                    xla.run(two, x, y, x, y, weight)):
        assert results[1].dtype == dtype
        for result in results:
            assert np.all(np.asarray(result, np.float64) == 0)


@pytest.mark.parametrize("element", ["f64", "f32"])
def test_beliefs_that_are_computed_alike_are_the_same(element):
    """A variance is a product, which XLA would not round before it subtracts
    the other from it."""
    stored = f"tensor<1000x{element}>"
    module = f"""
!b = !fisher.belief<#fisher.gaussian<variance>, {stored}>
func.func @main(%m: {stored}, %s: {stored}, %n: {stored}, %t: {stored})
    -> ({stored}, {stored}, {stored}) {{
  %v = arith.mulf %s, %s : {stored}
  %w = arith.mulf %t, %t : {stored}
  %a = fisher.belief %m, %v : !b
  %b = fisher.belief %n, %w : !b
  %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b
      : !b -> {stored}, {stored}, {stored}
  return %d, %g0, %g1 : {stored}, {stored}, {stored}
}}"""
    rng = np.random.default_rng(5)
    mean, sigma = rng.normal(size=(2, 1000)).astype(element.replace("f", "float"))
    for result in xla.run(module, mean, sigma, mean.copy(), sigma.copy()):
        assert (result == 0).all()


def print_module(step, *arguments, **options):
    """What JAX makes of a step, as MLIR without StableHLO can read it."""
    lowered = jax.jit(step, keep_unused=True, **options).lower(*arguments)
    return lowered.compiler_ir("stablehlo").operation.get_asm(
        print_generic_op_form=True, enable_debug_info=True)


def with_policy(module, policy, tmp_path, options=""):
    path = tmp_path / "policy.mlir"
    path.write_text(policy)
    text = xla.opt(module, f"--fisher-insert=policy-file={path} {options}",
                   "--canonicalize", "--cse", "--convert-fisher-to-stablehlo",
                   "--mlir-print-debuginfo")
    left = set(re.findall(r'^ *(?:%\S+ = )?"?([a-z]+)\.\w+"?\(', text, re.M))
    assert left <= {"stablehlo", "func"}, left
    return text


def squared_distance_to_standard(mu, rho):
    """Of normal beliefs whose deviation is the softplus of rho."""
    mu, sigma = np.float64(mu), np.log1p(np.exp(np.float64(rho)))
    half = (mu**2 / 8 + (sigma - 1)**2 / 4) / sigma
    return 8 * np.arcsinh(np.sqrt(half))**2


def step(params, state, x):
    def loss(params):
        layer = params["fc"]
        weights = layer["mu"] + 0.1 * jax.nn.softplus(layer["rho"])
        return jnp.mean((x @ weights - 1)**2)

    value, gradients = jax.value_and_grad(loss)(params)
    momentum = jax.tree.map(lambda m, g: 0.9 * m + g, state[0], gradients)
    return jax.tree.map(lambda p, m: p - 0.1 * m, params, momentum), (momentum,), value


def step_arguments():
    rng = np.random.default_rng(1)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    params = {"fc": {"mu": draw(16, 3), "rho": draw(16, 3)}}
    return params, (jax.tree.map(np.zeros_like, params),), draw(8, 16)


POLICY = """
fisher.policy @default {
  fisher.regularize "params.(*).mu", "params.(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 0.02 mode loss_only
}"""


def test_loss_of_a_jax_step(tmp_path):
    """No mark but JAX's own: the arguments' names, and one scalar result."""
    arguments = step_arguments()
    module = print_module(step, *arguments)
    assert "fisher." not in module
    text = with_policy(module, POLICY, tmp_path)
    flat = jax.tree.leaves(arguments)
    results = xla.compile_text(text)(*flat)
    expected = jax.tree.leaves(step(*arguments))
    penalty = 0.02 * np.sum(squared_distance_to_standard(*flat[:2]))
    assert penalty > 0.1 * expected[-1]
    np.testing.assert_allclose(results[-1], expected[-1] + penalty, rtol=1e-5)
    for got, other in zip(results[:-1], expected[:-1]):
        np.testing.assert_allclose(got, other, rtol=1e-5, atol=1e-6)


def test_proximal_step_of_a_jax_step(tmp_path):
    """The results that update the parameters are those that take their place."""
    arguments = step_arguments()
    module = print_module(step, *arguments, donate_argnums=(0, 1))
    policy = POLICY.replace("loss_only", "proximal")
    text = with_policy(module, policy, tmp_path, "step-size=0.5")
    plain = jax.tree.leaves(step(*arguments))
    results = xla.compile_text(text)(*jax.tree.leaves(arguments))
    # A point of the geodesic, at s/(1 + s) of the way to the reference.
    strength = 2 * 0.5 * 0.02
    before = np.sqrt(squared_distance_to_standard(*plain[:2]))
    after = np.sqrt(squared_distance_to_standard(*results[:2]))
    np.testing.assert_allclose(after, before / (1 + strength), rtol=1e-4)
    for got, other in zip(results[2:], plain[2:]):
        np.testing.assert_allclose(got, other, rtol=1e-5, atol=1e-6)


def test_coupled_equals_the_penalty_written_by_hand(tmp_path):
    """A step of JAX with marks, whose penalty JAX computed, too."""
    policy = (ROOT / "examples" / "prior.policy.mlir").read_text()
    module = (MODELS / "bayes_mlp_grads" / "step.stablehlo.mlir").read_text()
    text = with_policy(module, policy, tmp_path)
    with np.load(MODELS / "bayes_mlp_grads" / "io.npz") as io:
        arguments = [io[f"arg{i}"] for i in range(10)]
        plain = io["out0"]
    results = xla.compile_text(text)(*arguments)
    with np.load(MODELS / "bayes_mlp_fr_grads" / "io.npz") as io:
        assert abs(io["out0"] - plain) > 0.1 * abs(plain)
        assert len(results) == 7
        for i, result in enumerate(results):
            expected = io[f"out{i}"]
            np.testing.assert_allclose(result, expected, rtol=1e-5,
                                       atol=1e-5 * abs(expected).max())


def run_plain(name, policy, tmp_path, *before):
    """A step of JAX that nobody marked, after passes and with a policy that
    names its arguments by their numbers; and JAX's results of another step."""
    module = (MODELS / name / "step.stablehlo.mlir").read_text()
    text = with_policy(xla.opt(module, *before) if before else module, policy, tmp_path)
    with np.load(MODELS / name / "io.npz") as io:
        count = sum(key.startswith("arg") for key in io.files)
        arguments = [io[f"arg{i}"] for i in range(count)]
    return xla.compile_text(text)(*arguments)


def assert_results(results, name):
    with np.load(MODELS / name / "io.npz") as io:
        assert len(results) == sum(key.startswith("out") for key in io.files)
        for i, result in enumerate(results):
            expected = io[f"out{i}"]
            np.testing.assert_allclose(result, expected, rtol=1e-5,
                                       atol=1e-5 * abs(expected).max())


@pytest.mark.parametrize("before", [[], ["--canonicalize", "--cse"]])
def test_coupled_in_a_step_that_returns_no_gradients(before, tmp_path):
    """What SGD is given as the gradient is found."""
    policy = "fisher.policy @default {" + "".join(f"""
  fisher.regularize "arg{mean}", "arg{mean + 1}" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled""" for mean in (0, 3)) + "\n}"
    assert_results(run_plain("bayes_mlp", policy, tmp_path, *before), "bayes_mlp_fr")


@pytest.mark.parametrize("before", [[], ["--canonicalize", "--cse"]])
def test_coupled_in_adam(before, tmp_path):
    """The same numbers as on the CPU."""
    policy = "fisher.policy @default {" + "".join(f"""
  fisher.regularize "arg{matrix}" as #fisher.bernoulli<logit>
      toward #fisher.prior<[0.7]> weight 0.01 mode coupled""" for matrix in (0, 2)) + "\n}"
    results = run_plain("mlp_adamw", policy, tmp_path, *before)
    step = MODELS / "mlp_adamw" / "step.mlir"
    stripped = subprocess.run([FISHER_OPT, step, "--fisher-strip-marks"], text=True,
                              capture_output=True, check=True).stdout
    with np.load(MODELS / "mlp_adamw" / "io.npz") as io:
        arguments = [io[f"arg{i}"] for i in range(15)]
        plain = io["out0"], io["out13"]
    expected = execution.run(stripped, *arguments,
                             options=(f"--policy={tmp_path / 'policy.mlir'}",))
    # The new weights and the loss.
    assert abs(plain[0] - expected[0]).max() > 1e-4
    assert expected[13] - plain[1] > 1e-2
    for one, other in zip(results, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * abs(other).max())


def test_example():
    """From `jax.jit` to numbers that XLA computes."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "stablehlo" / "step.py", FISHER_OPT],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loss, regularized = map(float, re.fullmatch(
        r"loss (\S+), regularized (\S+)\n", done.stdout).groups())
    penalty = 4 * 0.01 * squared_distance_to_standard(0.5, 0.0)
    assert abs(regularized - loss - penalty) < 2e-6


@pytest.mark.parametrize("family, chart, standard, low, high", [
    ("gaussian", "softplus", "0.0, 1.0", -6.0, 6.0),
    ("gaussian", "sigma", "0.0, 1.0", 1e-18, 1e18),
    ("poisson", "log_rate", "2.0", -40.0, 40.0),
    ("exponential", "rate", "3.0", 1e-30, 1e30),
    ("bernoulli", "logit", "0.3", -60.0, 60.0),
    ("von_mises", "log_kappa", "0.5, 2.0", -3.0, 3.0),
])
def test_constant_references(family, chart, standard, low, high, tmp_path):
    """What is computed from constants alone is one to XLA, too: the numbers are
    those that it computes where the same reference is an argument."""
    count = 512
    components = 2 if family in ("gaussian", "von_mises") else 1
    type = f"tensor<{count}xf32>"
    names = "mr"[:components]
    arguments = ", ".join(
        f'%{name}: {type} {{fisher.name = "{name}", fisher.role = "param"}}'
        for name in names)
    globs = ", ".join(f'"{name}"' for name in names)
    policy = f"""
fisher.policy @default {{
  fisher.regularize {globs} as #fisher.{family}<{chart}>
      toward #fisher.prior<[{standard}]> weight 1.0 mode coupled
}}"""
    gradients = ", ".join(f'{type} {{fisher.gradient_of = "{name}"}}'
                          for name in names)
    module = f"""
func.func @main({arguments}) -> ({gradients}) {{
  %zero = arith.constant dense<0.0> : {type}
  return {", ".join(["%zero"] * components)} : {", ".join([type] * components)}
}}"""
    path = tmp_path / "policy.mlir"
    path.write_text(policy)
    inserted = xla.opt(module, f"--fisher-insert=policy-file={path}")
    # The constant that is packed as the reference, as an argument.
    packed = re.search(r"fisher.belief (%cst\S*)(?:, (%cst\S*))? :", inserted)
    extra = [name for name in packed.groups() if name]
    values = [float(re.search(rf"{re.escape(name)} = arith.constant dense<(\S+)>",
                              inserted)[1]) for name in extra]
    given = inserted.replace("func.func @main(", "func.func @main(" + "".join(
        f"%x{i}: {type}, " for i in range(len(extra))))
    renamed = ", ".join(f"%x{i}" for i in range(len(extra)))
    given = given.replace(packed[0], f"fisher.belief {renamed} :")
    rng = np.random.default_rng(3)
    draw = (lambda: rng.uniform(low, high, count)) if low < 0 else (
        lambda: np.exp(rng.uniform(np.log(low), np.log(high), count)))
    inputs = [draw().astype(np.float32) for _ in range(components)]
    same = [np.full(count, value, np.float32) for value in values]
    constant = xla.run(inserted, *inputs)
    argument = xla.run(given, *same, *inputs)
    for one, other in zip(constant, argument, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6)


@pytest.mark.parametrize("batch", ["", "0x", "1x", "2x3x"])
@pytest.mark.parametrize("family, event", [
    ("gaussian<sigma>", ""), ("poisson<rate>", ""),
    ("categorical<probabilities>", "3x"), ("categorical<probabilities>", "1x"),
    ("centered_gaussian<cholesky>", "2x2x"),
])
def test_sizes(family, event, batch):
    """No distribution, one without dimensions and with them, and many: the
    numbers are those of the CPU pipeline."""
    components = 2 if family == "gaussian<sigma>" else 1
    stored, numbers = f"tensor<{batch}{event}f32>", f"tensor<{batch}f32>"
    names = lambda letter: ", ".join(f"%{letter}{i}" for i in range(components))
    types = lambda first, count: ", ".join(first + [stored] * count)
    module = f"""
!b = !fisher.belief<#fisher.{family}, {stored}>
func.func @main({", ".join(f"%{x}{i}: {stored}" for x in "ab" for i in range(components))})
    -> ({types(["tensor<f32>", numbers], 2 * components)}) {{
  %a = fisher.belief {names("a")} : !b
  %b = fisher.belief {names("b")} : !b
  %w = arith.constant 0.5 : f32
  %p, {names("g")} = fisher.penalty_with_gradient %a toward %b weight %w
      : !b -> {types(["tensor<f32>"], components)}
  %k = fisher.kl_divergence %a, %b : !b -> {numbers}
  %q = fisher.geodesic %a, %b at %w : !b
  {names("q")} = fisher.components %q : !b
  return %p, %k, {names("g")}, {names("q")}
      : {types(["tensor<f32>", numbers], 2 * components)}
}}"""
    shape = [int(size) for size in (batch + event).split("x") if size]
    rng = np.random.default_rng(4)
    arrays = [np.abs(rng.normal(size=shape)) + 0.2 for _ in range(2 * components)]
    if "probabilities" in family:
        arrays = [array / array.sum(-1, keepdims=True) for array in arrays]
    arrays = [array.astype(np.float32) for array in arrays]
    expected = execution.run(module, *arrays)
    for one, other in zip(xla.run(module, *arrays), expected, strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-7)


TIED = """
func.func @main(%mu: tensor<4x3xf32> {fisher.name = "mu", fisher.role = "param"},
                %rho: tensor<1x3xf32> {fisher.name = "rho", fisher.role = "param"},
                %beta: tensor<f32> {fisher.name = "beta", fisher.role = "state"},
                %loss: tensor<f32> {fisher.name = "loss", fisher.role = "batch"},
                %dmu: tensor<4x3xf32> {fisher.role = "batch"},
                %drho: tensor<1x3xf32> {fisher.role = "batch"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<4x3xf32> {fisher.gradient_of = "mu"},
        tensor<1x3xf32> {fisher.gradient_of = "rho"}) {
  return %loss, %dmu, %drho : tensor<f32>, tensor<4x3xf32>, tensor<1x3xf32>
}
"""


def test_tied_components_and_a_weight_that_is_an_argument(tmp_path):
    """What stands beside operations on beliefs: broadcasts, sums, arithmetic."""
    policy = """
fisher.policy @default {
  fisher.regularize "mu", "rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight "beta" mode coupled
}"""
    call = xla.compile_text(with_policy(TIED, policy, tmp_path))
    rng = np.random.default_rng(2)
    mu, rho, dmu, drho = (rng.normal(size=shape).astype(np.float32)
                          for shape in ((4, 3), (1, 3), (4, 3), (1, 3)))
    beta, loss = np.float32(0.3), np.float32(1.5)
    results = call(mu, rho, beta, loss, dmu, drho)
    penalty = lambda mu, rho: float(beta) * np.sum(
        squared_distance_to_standard(mu, rho))
    np.testing.assert_allclose(results[0], loss + penalty(mu, rho), rtol=1e-6)
    for result, start, argument in ((results[1], dmu, 0), (results[2], drho, 1)):
        for index in np.ndindex(start.shape):
            ends = []
            for move in (1e-4, -1e-4):
                moved = [np.float64(mu), np.float64(rho)]
                moved[argument][index] += move
                ends.append(penalty(*moved))
            slope = (ends[0] - ends[1]) / 2e-4
            np.testing.assert_allclose(result[index], start[index] + slope,
                                       rtol=1e-5, atol=1e-6)
