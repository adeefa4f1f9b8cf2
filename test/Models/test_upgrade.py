# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Classical regularizers of training steps that JAX wrote are taken out, and
Fisher-Rao ones take their place: the numbers of both."""

import json
import re
import subprocess

import numpy as np
import pytest

from execution import tool
from findings import read_findings
from paths import FISHER_OPT
from test_coupled import HERE, WAYS, assert_close, read, read_marks
from test_recognition import EXPECTED, argument_names
from test_recognition import WAYS as ALL_WAYS

REMOVED = {"l2_gradient", "l2_loss", "weight_decay", "kl_to_prior"}
MODELS = ["bayes_mlp_kl", "mlp_adamw", "mlp_l2_loss", "mlp_sgd_l2"]
CLEAN = ["--canonicalize", "--cse"]
MATRICES = ["fc0.w", "fc1.w"]
LAYERS = ["fc0", "fc1"]
EXACT = 1e-6


def upgrade(name, way, options="", after=CLEAN):
    """The module, and the remarks."""
    path = HERE / name / ("step.stablehlo.mlir" if "stablehlo" in way else "step.mlir")
    done = subprocess.run(
        [FISHER_OPT, path, "--allow-unregistered-dialect", *ALL_WAYS[way],
         f"--fisher-upgrade={options}", *after], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, re.findall(r"remark: (.*)", done.stderr)


def run(name, module, tmp_path, scale=None):
    """The results of a step for the model's inputs, by what they are.
    `scale`: parameters are multiplied by it."""
    arguments, results = read_marks(name)
    (tmp_path / "step.mlir").write_text(module)
    with np.load(HERE / name / "io.npz") as io:
        inputs = {key: io[key] for key in io.files if key.startswith("arg")}
    for i, argument in enumerate(arguments):
        if scale is not None and argument in MATRICES:
            inputs[f"arg{i}"] = (scale * inputs[f"arg{i}"]).astype(np.float32)
    np.savez(tmp_path / "in.npz", **inputs)
    done = subprocess.run(
        [tool("fisher-run"), tmp_path / "step.mlir", f"--inputs={tmp_path / 'in.npz'}",
         f"--outputs={tmp_path / 'out.npz'}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as out:
        assert len(out.files) == len(results)
        return {mark: out[f"out{i}"].astype(np.float64)
                for i, mark in enumerate(results)}


def insert(module, replaced=()):
    """What fisher-insert makes of an upgraded module and its policy."""
    for old, new in replaced:
        assert old in module
        module = module.replace(old, new)
    done = subprocess.run([FISHER_OPT, "-", "--fisher-insert"], input=module,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def count_operations(text):
    return len(re.findall(r"^ *%.* = ", text, re.M))


@pytest.mark.parametrize("way", ALL_WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_left(name, way):
    """The other findings are what they were, with their coefficients."""
    module, _ = upgrade(name, way, "remove-only", [*CLEAN, "--fisher-recognize"])
    found = read_findings(module)["main"]
    expected = [(kind, values) for kind, _, values in EXPECTED[name]
                if kind not in REMOVED]
    assert [f.kind for f in found] == [kind.replace("adamw", "adam")
                                      for kind, _ in expected]
    for finding, (_, values) in zip(found, expected):
        for key, value in values.items():
            if isinstance(value, float):
                assert abs(finding.values[key] - value) <= 1e-6 * abs(value)
    # Neither are the constants.
    assert not re.search(r"\b(1\.0000000*e-03|9\.99999974E-6|5\.0000000*e-04)\b", module) \
        or name == "mlp_adamw"


@pytest.mark.parametrize("way", ALL_WAYS)
def test_a_divergence_leaves_no_operation(way):
    """As many as in the same step written without it."""
    module, _ = upgrade("bayes_mlp_kl", way, "remove-only")
    path = HERE / "bayes_mlp" / ("step.stablehlo.mlir" if "stablehlo" in way else "step.mlir")
    plain = subprocess.run(
        [FISHER_OPT, path, "--allow-unregistered-dialect", *ALL_WAYS[way], *CLEAN],
        capture_output=True, text=True, check=True).stdout
    assert 0 < count_operations(module) <= count_operations(plain)
    for function in ("log", "sqrt"):
        assert module.count(f"{function} ") <= plain.count(f"{function} ")


def expect_without(name):
    """The results without the term, in f64."""
    before, after = read(name)
    if name == "bayes_mlp_kl":
        return read("bayes_mlp")[1]
    for matrix in MATRICES:
        if name == "mlp_adamw":
            after[matrix] += 1e-3 * 1e-2 * before[matrix]
        if name == "mlp_sgd_l2":
            after["momentum." + matrix] -= 1e-3 * before[matrix]
        if name in ("mlp_sgd_l2", "mlp_l2_loss"):
            after[matrix] += 0.05 * 1e-3 * before[matrix]
        if name == "mlp_l2_loss":
            after["loss"] -= 1e-3 / 2 * np.sum(before[matrix] ** 2)
    return after


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_the_step_without_the_term(name, way, tmp_path):
    results = run(name, upgrade(name, way, "remove-only")[0], tmp_path)
    expected = expect_without(name)
    for mark in results:
        assert_close(results[mark], expected[mark], EXACT)
    # The term matters far more than the tolerance.
    _, after = read(name)
    changed = max(np.abs(after[mark] - expected[mark]).max()
                  / np.abs(expected[mark]).max() for mark in results)
    assert changed > 5 * EXACT


# test/Python/test_stablehlo.py runs these, where JAX is.
@pytest.mark.parametrize("way", ["stablehlo", "stablehlo-clean"])
@pytest.mark.parametrize("name", MODELS)
def test_the_step_in_stablehlo(name, way):
    pytest.importorskip("jax")
    import xla
    module, _ = upgrade(name, way, "remove-only")
    arguments, results = read_marks(name)
    with np.load(HERE / name / "io.npz") as io:
        inputs = [io[f"arg{i}"] for i in range(len(arguments))]
    expected = expect_without(name)
    for mark, got in zip(results, xla.compile_text(module)(*inputs)):
        assert_close(got.astype(np.float64), expected[mark], EXACT)


#===------------------------------------------------------------------------===#
# With a policy in their place
#===------------------------------------------------------------------------===#


def distance(rho, mu):
    """Half of 1e-3 times the squared distance to N(0, 1), and its gradient."""
    sigma, slope = np.logaddexp(0, rho), 1 / (1 + np.exp(-rho))
    near, far = mu**2 + 2 * (sigma - 1) ** 2, mu**2 + 2 * (sigma + 1) ** 2
    ratio = np.sqrt(near / far)
    outer = 16 * np.arctanh(ratio) / (1 - ratio**2) / (2 * ratio * far**2)
    by_mu = outer * 2 * mu * (far - near)
    by_sigma = outer * 4 * ((sigma - 1) * far - (sigma + 1) * near)
    return (5e-4 * np.sum(8 * np.arctanh(ratio) ** 2), 5e-4 * by_mu,
            5e-4 * by_sigma * slope)


def test_distance():
    """The formula above: by differences, and along the axis log sigma."""
    mu, rho, h = 0.3, -2.0, 1e-5
    value, by_mu, by_rho = distance(rho, mu)
    assert abs((distance(rho, mu + h)[0] - distance(rho, mu - h)[0]) / (2 * h)
               - by_mu) < 1e-9
    assert abs((distance(rho + h, mu)[0] - distance(rho - h, mu)[0]) / (2 * h)
               - by_rho) < 1e-9
    assert abs(distance(rho, 1e-9)[0]
               - 5e-4 * 2 * np.log(np.logaddexp(0, rho)) ** 2) < 1e-12


@pytest.mark.parametrize("way", WAYS)
def test_divergence_becomes_distance(way, tmp_path):
    """With half of the weight."""
    module, remarks = upgrade("bayes_mlp_kl", way)
    names = [f"{layer}.{part}" for layer in LAYERS for part in ("mu", "rho")]
    if way != "marked":
        names = [f"arg{argument_names('bayes_mlp_kl').index(n)}" for n in names]
    assert (f"kl_to_prior on {', '.join(names)}, weight 0.001: replaced by the squared "
            "Fisher-Rao distance to N(0, 1^2), weight 0.0005, mode coupled") in remarks
    results = run("bayes_mlp_kl", insert(module), tmp_path)
    before, expected = read("bayes_mlp")
    for layer in LAYERS:
        penalty, by_mu, by_rho = distance(before[f"{layer}.rho"], before[f"{layer}.mu"])
        expected["loss"] += penalty
        expected[f"{layer}.mu"] -= 0.05 * by_mu
        expected[f"{layer}.rho"] -= 0.05 * by_rho
    for mark in results:
        assert_close(results[mark], expected[mark], 1e-5)
    # That is another step than with the divergence.
    _, divergence = read("bayes_mlp_kl")
    rho = "fc0.rho"
    assert np.abs(divergence[rho] - expected[rho]).max() > 5e-5 * np.abs(expected[rho]).max()


@pytest.mark.parametrize("options", ["", "sigma=0.1"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["mlp_sgd_l2", "mlp_l2_loss"])
def test_l2_at_fixed_sigma_is_the_same(name, way, options, tmp_path):
    module, _ = upgrade(name, way, options)
    weight = 5e-4 if not options else 5e-6
    assert module.count(f"weight {weight:.6e} mode coupled") == 2
    results = run(name, insert(module), tmp_path)
    before, after = read(name)
    if name == "mlp_sgd_l2":
        after["loss"] += sum(5e-4 * np.sum(before[matrix] ** 2) for matrix in MATRICES)
    for mark in results:
        assert_close(results[mark], after[mark], EXACT)


def test_among_all_gaussians_it_is_so_to_second_order(tmp_path):
    """Halving the distance leaves an eighth of the difference: the gradients are
    the same to second order, and the next term is the third."""
    module, _ = upgrade("mlp_sgd_l2", "marked", "sigma=0.5")
    whole = insert(module, [("#fisher.gaussian_mean<sigma>", "#fisher.gaussian<sigma>")])
    largest = []
    for scale in (1.0, 0.5, 0.25):
        results = run("mlp_sgd_l2", whole, tmp_path, scale)
        equal = run("mlp_sgd_l2", insert(module), tmp_path, scale)
        largest.append(max(np.abs(results["momentum." + m] - equal["momentum." + m]).max()
                           for m in MATRICES))
    assert largest[0] > 1e-6
    assert largest[0] / largest[1] > 7 and largest[1] / largest[2] > 7.5


@pytest.mark.parametrize("options", ["", "sigma=0.1"])
@pytest.mark.parametrize("way", WAYS)
def test_decay_becomes_a_proximal_step(way, options, tmp_path):
    """p/(1 + rate * strength) with the optimizer's rate and whatever sigma, the
    same to second order."""
    module, _ = upgrade("mlp_adamw", way, options)
    results = run("mlp_adamw", insert(module), tmp_path)
    _, after = read("mlp_adamw")
    expected = expect_without("mlp_adamw")
    for matrix in MATRICES:
        expected[matrix] /= 1 + 1e-3 * 1e-2
        assert np.abs(expected[matrix] - after[matrix]).max() <= 2e-5 * 1e-3
    for mark in results:
        assert_close(results[mark], expected[mark], EXACT)


@pytest.mark.parametrize("way", WAYS)
def test_spread_of_the_second_moment(way, tmp_path):
    module, remarks = upgrade("mlp_adamw", way, "belief=adam count=1000 epsilon=0.01")
    moment = "adam.v.fc0.w" if way == "marked" else \
        f"arg{argument_names('mlp_adamw').index('adam.v.fc0.w')}"
    assert f'from adam("{moment}") count 1000 epsilon 1.000000e-02' in module
    assert any(f"sigma 1/sqrt(1000 ({moment} + 0.01)), weight 0.005, mode proximal"
               in remark for remark in remarks)
    results = run("mlp_adamw", insert(module), tmp_path)
    expected = expect_without("mlp_adamw")
    for matrix in MATRICES:
        expected[matrix] /= 1 + 1e-3 * 1e-2
    for mark in results:
        assert_close(results[mark], expected[mark], EXACT)
    # Coupled, the penalty is the one of elastic weight consolidation.
    coupled = insert(module, [("mode proximal", "mode coupled")])
    results = run("mlp_adamw", coupled, tmp_path)
    before, after = read("mlp_adamw")
    penalty = sum(5e-3 * 1000 * np.sum((before["adam.v." + m] + 0.01) * before[m]**2)
                  for m in MATRICES)
    assert penalty > 1e-2 * after["loss"]
    assert_close(results["loss"], after["loss"] + penalty, EXACT)


@pytest.mark.parametrize("name", ["mlp_ema", "mlp_dropout", "mlp_sgd", "bayes_mlp"])
def test_what_has_no_term_stays(name):
    """Every finding has a remark; there is no policy."""
    module, remarks = upgrade(name, "marked", after=[])
    assert "fisher.policy" not in module
    plain = subprocess.run([FISHER_OPT, HERE / name / "step.mlir"],
                           capture_output=True, text=True, check=True).stdout
    assert module == plain
    assert [remark.split(" on ")[0] for remark in remarks] == [
        kind for kind, _, _ in EXPECTED[name]]
    assert all(": kept, as " in remark for remark in remarks)


#===------------------------------------------------------------------------===#
# How far apart
#===------------------------------------------------------------------------===#


def compare(name):
    module, _ = upgrade(name, "marked", "keep=classical", [
        "--fisher-insert=compare-to=classical", *CLEAN, "--symbol-dce"])
    assert "@classical" not in module
    return module


def test_nats_between_the_steps(tmp_path):
    """The divergence of what the two steps make of the same belief."""
    module = compare("bayes_mlp_kl")
    arguments, results = read_marks("bayes_mlp_kl")
    (tmp_path / "step.mlir").write_text(module)
    subprocess.run(
        [tool("fisher-run"), tmp_path / "step.mlir",
         f"--inputs={HERE / 'bayes_mlp_kl' / 'io.npz'}",
         f"--outputs={tmp_path / 'out.npz'}"], check=True)
    _, old = read("bayes_mlp_kl")
    with np.load(tmp_path / "out.npz") as out:
        new = {mark: out[f"out{i}"].astype(np.float64) for i, mark in enumerate(results)}
        nats = [float(out[f"out{len(results) + i}"]) for i in range(2)]
    for layer, got in zip(LAYERS, nats):
        m, n = new[f"{layer}.mu"], old[f"{layer}.mu"]
        s, t = (np.logaddexp(0, x[f"{layer}.rho"]) for x in (new, old))
        expected = np.sum(np.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5)
        assert expected > 1e-4
        assert abs(got - expected) <= 2e-3 * expected


def test_nats_of_what_is_the_same(tmp_path):
    (tmp_path / "step.mlir").write_text(compare("mlp_sgd_l2"))
    done = subprocess.run(
        [tool("fisher-run"), tmp_path / "step.mlir",
         f"--inputs={HERE / 'mlp_sgd_l2' / 'io.npz'}",
         f"--outputs={tmp_path / 'out.npz'}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "out.npz") as out:
        count = len(read_marks("mlp_sgd_l2")[1])
        assert len(out.files) == count + 2
        assert all(0 <= out[f"out{count + i}"] < 1e-10 for i in range(2))


def test_nats_in_training(tmp_path):
    """One number a step and belief, from the arguments of that step."""
    (tmp_path / "step.mlir").write_text(compare("bayes_mlp_kl"))
    with np.load(HERE / "bayes_mlp_kl" / "io.npz") as io:
        np.savez(tmp_path / "data.npz", x=io["arg6"], y=io["arg7"])
        names = read_marks("bayes_mlp_kl")[0][:6]
        np.savez(tmp_path / "start.npz", **{n: io[f"arg{i}"] for i, n in enumerate(names)})
    subprocess.run(
        [tool("fisher-run"), tmp_path / "step.mlir", f"--data={tmp_path / 'data.npz'}",
         f"--init={tmp_path / 'start.npz'}", "--steps=20",
         f"--metrics={tmp_path / 'run.jsonl'}"], check=True, capture_output=True)
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").open()]
    nats = [line["nats.fc0.mu"] for line in lines if "nats.fc0.mu" in line]
    assert len(nats) == 20 and all(1e-5 < n < 1e-2 for n in nats)
    assert len(set(nats)) == 20
