# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training steps that JAX wrote, with the numbers that JAX computed.

Each folder has a step, its inputs and JAX's results; `_fr` and `_fr_grads` are
the same steps with the Fisher-Rao term written by hand in JAX.
"""

import pathlib
import re
import subprocess

import numpy as np
import pytest

from execution import tool
from paths import ROOT, read_cache
from stock_mlir import compile_with_stock_tools
import von_mises

HERE = pathlib.Path(__file__).parent
MODELS = sorted(path.parent.name for path in HERE.glob("*/step.mlir"))
PRIOR = ROOT / "examples" / "prior.policy.mlir"
TOLERANCE = 1e-5


def policy(tmp_path, old="", new=""):
    path = tmp_path / "policy.mlir"
    path.write_text(PRIOR.read_text().replace(old, new))
    return path


def fisher_run(*arguments):
    return subprocess.run([tool("fisher-run"), *map(str, arguments)],
                          capture_output=True, text=True)


def run_model(name, tmp_path, *options):
    """The model's results, in order."""
    output = tmp_path / "out.npz"
    done = fisher_run(HERE / name / "step.mlir",
                      f"--inputs={HERE / name / 'io.npz'}",
                      f"--outputs={output}", *options)
    assert done.returncode == 0, done.stderr
    with np.load(output) as results:
        return [results[f"out{i}"] for i in range(len(results.files))], done


def assert_close(got, expected):
    error = np.max(np.abs(got - expected), initial=0)
    assert error <= TOLERANCE * np.max(np.abs(expected), initial=0), error


def test_all_models_are_here():
    assert len(MODELS) == 17


@pytest.mark.parametrize("name", MODELS)
def test_unregularized_step_reproduces_jax(name):
    done = fisher_run(HERE / name / "step.mlir",
                      f"--inputs={HERE / name / 'io.npz'}",
                      f"--compare={HERE / name / 'io.npz'}",
                      f"--tolerance={TOLERANCE}")
    assert done.returncode == 0, done.stdout + done.stderr
    with np.load(HERE / name / "io.npz") as io:
        results = [key for key in io.files if key.startswith("out")]
    assert len(re.findall(r"^out\d+:", done.stdout, re.M)) == len(results)


def test_coupled_equals_the_penalty_written_by_hand(tmp_path):
    expected = HERE / "bayes_mlp_fr_grads" / "io.npz"
    results, done = run_model("bayes_mlp_grads", tmp_path, f"--policy={PRIOR}",
                              f"--compare={expected}",
                              f"--tolerance={TOLERANCE}")
    assert len(results) == 7
    assert done.stderr.count("remark: regularized") == 2
    # The regularizer matters far more than the tolerance.
    plain, _ = run_model("bayes_mlp_grads", tmp_path)
    assert abs(plain[0] - results[0]) > 0.1 * abs(results[0])


def test_loss_only_equals_the_penalty_written_by_hand(tmp_path):
    (loss,), _ = run_model(
        "bayes_mlp_loss", tmp_path,
        f"--policy={policy(tmp_path, 'coupled', 'loss_only')}")
    with np.load(HERE / "bayes_mlp_fr_grads" / "io.npz") as io:
        assert_close(loss, io["out0"])


def test_latent_belief_is_regularized_in_the_loss(tmp_path):
    """The VAE's latent mean and log variance are results of its step."""
    path = tmp_path / "policy.mlir"
    path.write_text("""
fisher.policy @default {
  fisher.regularize "latent.mu", "latent.logvar" as #fisher.gaussian<log_variance>
      toward #fisher.prior<[0.0, 1.0]> weight 5.0e-4 mode loss_only
}""")
    results, done = run_model("vae", tmp_path, f"--policy={path}")
    assert "'latent.mu', 'latent.logvar'" in done.stderr
    with np.load(HERE / "vae" / "io.npz") as io:
        loss, mu, logvar = (io[f"out{i}"].astype(np.float64) for i in range(3))
    sigma = np.exp(logvar / 2)
    x = (mu**2 / 8 + (sigma - 1)**2 / 4) / sigma
    expected = loss + 5e-4 * np.sum(8 * np.arcsinh(np.sqrt(x))**2)
    assert abs(expected - loss) > 1e-2
    assert_close(results[0], expected)
    assert_close(results[1], mu)
    assert_close(results[2], logvar)


def categorical_squared_distance(logits1, logits2):
    p, q = (np.exp(x - x.max(-1, keepdims=True)) for x in (logits1, logits2))
    p, q = (x / x.sum(-1, keepdims=True) for x in (p, q))
    chord = np.sqrt(((np.sqrt(p) - np.sqrt(q))**2).sum(-1))
    return (4 * np.arcsin(chord / 2))**2


@pytest.mark.parametrize("reference,family", [
    ('#fisher.argument<"reference.logits">', "logits"),
    ("#fisher.prior<[1.0]>", "logits")])
def test_policy_is_pulled_toward_a_policy(tmp_path, reference, family):
    """The policy's logits are a result; the reference's are an argument, or
    uniform."""
    path = tmp_path / "policy.mlir"
    path.write_text(f"""
fisher.policy @default {{
  fisher.regularize "policy.logits" as #fisher.categorical<{family}>
      toward {reference} weight 1.0e-2 mode loss_only
}}""")
    results, done = run_model("policy_gradient", tmp_path, f"--policy={path}")
    assert "regularized 'policy.logits'" in done.stderr
    with np.load(HERE / "policy_gradient" / "io.npz") as io:
        outputs = [io[f"out{i}"] for i in range(6)]
        arguments = [io[f"arg{i}"] for i in range(8)]
    loss, logits = (next(x for x in outputs if x.shape == shape).astype(
        np.float64) for shape in ((), (64, 10)))
    toward = arguments[7].astype(np.float64)
    assert toward.shape == logits.shape
    if "prior" in reference:
        toward = np.zeros_like(toward)
    penalty = 1e-2 * categorical_squared_distance(logits, toward).sum()
    assert penalty > 1e-3 * abs(loss)
    got = next(x for x in results if x.shape == ())
    assert abs(got - (loss + penalty)) <= TOLERANCE * (abs(loss) + penalty)


def geodesic(mu1, rho1, mu2, sigma2, t):
    """The point at fraction t from (mu1, softplus(rho1)), stored again."""
    s1 = np.logaddexp(0, rho1.astype(np.float64))
    mu1 = mu1.astype(np.float64)
    x = ((mu1 - mu2)**2 / 8 + (s1 - sigma2)**2 / 4) / (s1 * sigma2)
    D = 2 * np.arcsinh(np.sqrt(x))
    u1 = np.sinh((1 - t) * D) / np.sinh(D) / s1
    u2 = np.sinh(t * D) / np.sinh(D) / sigma2
    sigma = 1 / (u1 + u2)
    return mu1 + (mu2 - mu1) * u2 / (u1 + u2), np.log(np.expm1(sigma))


@pytest.mark.parametrize("how", ["clause", "option"])
def test_proximal_is_the_geodesic_step_after_the_update(tmp_path, how):
    step_size, weight = 0.05, 0.7
    clause = f"weight {weight}"
    options = [f"--step-size={step_size}"]
    if how == "clause":
        clause += f" step_size {step_size}"
        options = []
    text = policy(tmp_path, "weight 1.0e-3", clause).read_text()
    path = tmp_path / "proximal.mlir"
    path.write_text(text.replace("coupled", "proximal"))
    results, _ = run_model("bayes_mlp", tmp_path, f"--policy={path}", *options)

    s = 2 * step_size * weight
    with np.load(HERE / "bayes_mlp" / "io.npz") as io:
        plain = [io[f"out{i}"] for i in range(7)]
    for mean in (0, 3):
        mu, rho = geodesic(plain[mean], plain[mean + 1], 0.0, 1.0, s / (1 + s))
        assert_close(results[mean], mu)
        assert_close(results[mean + 1], rho)
    for untouched in (2, 5, 6):
        assert_close(results[untouched], plain[untouched])


def test_proximal_step_of_directions(tmp_path):
    """A bank of phases, drawn toward a prior after its update: compared with
    geodesics that are found by integrating their differential equation."""
    step_size, weight, prior = 0.05, 1.5, (0.5, 2.0)
    path = tmp_path / "policy.mlir"
    path.write_text(f"""
fisher.policy @default {{
  fisher.regularize "(*).mu", "(*).log_kappa" as #fisher.von_mises<log_kappa>
      toward #fisher.prior<[{prior[0]}, {prior[1]}]> weight {weight} mode proximal
}}""")
    results, done = run_model("phase_bank", tmp_path, f"--policy={path}",
                              f"--step-size={step_size}")
    assert "'bank.mu', 'bank.log_kappa'" in done.stderr
    with np.load(HERE / "phase_bank" / "io.npz") as io:
        mu, log_kappa, loss = (io[f"out{i}"].astype(np.float64)
                               for i in range(3))
    s = 2 * step_size * weight
    flat = mu.ravel(), np.exp(log_kappa.ravel())
    expected_mu, kappa = von_mises.geodesic(
        *flat, *(np.full(mu.size, p) for p in prior), s / (1 + s))
    # Directions that are stored are not wrapped, computed ones are.
    turns = np.rint((results[0] - expected_mu.reshape(mu.shape)) / (2 * np.pi))
    assert_close(results[0], expected_mu.reshape(mu.shape) + turns * 2 * np.pi)
    assert_close(results[1], np.log(kappa).reshape(mu.shape))
    assert_close(results[2], loss)
    # The step is far larger than the tolerance.
    assert np.abs(results[1] - log_kappa).max() > 0.1


@pytest.mark.skipif(bool(read_cache("FISHER_USE_SANITIZER")),
                    reason="stock mlir-opt cannot load a sanitized plugin")
def test_stock_mlir_opt_lowers_what_the_conversion_prints(tmp_path):
    """The plugin in stock mlir-opt, then only stock passes and tools."""
    text, function = compile_with_stock_tools(
        HERE / "bayes_mlp_grads" / "step.mlir", PRIOR, tmp_path)
    # Marks are attributes; no operation or type of the dialect is left.
    assert not re.search(r"fisher\.(?!name|role|updates|gradient_of|regularized)", text)
    with np.load(HERE / "bayes_mlp_grads" / "io.npz") as io:
        arguments = [io[f"arg{i}"] for i in range(10)]
    shapes = [(), (64, 32), (64, 32), (32,), (32, 10), (32, 10), (10,)]
    results = function(arguments, shapes)
    with np.load(HERE / "bayes_mlp_fr_grads" / "io.npz") as io:
        for i, result in enumerate(results):
            assert_close(result, io[f"out{i}"])


def test_stablehlo_body_is_left_untouched():
    path = HERE / "bayes_mlp_grads" / "step.stablehlo.mlir"

    def opt(text, *options):
        return subprocess.run(
            [tool("fisher-opt"), "--allow-unregistered-dialect", *options],
            input=text, capture_output=True, text=True, check=True).stdout

    before = opt(path.read_text())
    after = opt(before, f"--fisher-insert=policy-file={PRIOR}")
    assert opt(after) == after
    assert after.count("fisher.penalty_with_gradient") == 2

    def stablehlo(text):
        """The operations of the dialect, without the numbers of values."""
        return [re.sub(r"%\w+", "%", line) for line in text.splitlines()
                if '"stablehlo.' in line]

    assert len(stablehlo(before)) > 100
    assert stablehlo(after) == stablehlo(before)
    # Other functions are as they were, to the letter.
    private = before[before.index("func.func private"):]
    assert after.endswith(private)
