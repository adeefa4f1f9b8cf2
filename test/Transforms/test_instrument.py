# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fisher-instrument measures, against paths whose numbers are known and
against f64 from the parameters of every step."""

import json
import subprocess

import ml_dtypes
import numpy as np
import pytest
from execution import run, tool

STEPS = 1000


def train(tmp_path, module, init, steps, *options, measure=("--measure",)):
    """The measurements of each step, and what is left at the end."""
    (tmp_path / "step.mlir").write_text(module)
    np.savez(tmp_path / "init.npz", **init)
    done = subprocess.run(
        [tool("fisher-run"), tmp_path / "step.mlir", *measure, f"--steps={steps}",
         f"--init={tmp_path / 'init.npz'}", f"--metrics={tmp_path / 'run.jsonl'}",
         f"--outputs={tmp_path / 'out.npz'}", *options],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    every = [int(o.partition("=")[2]) for o in options if o.startswith("--log-every=")]
    assert len(lines) == (-(-steps // every[0]) if every else steps)
    lines = [line for line in lines if "measurements" in line]
    last = done.stdout.splitlines()[-1]
    efficiency = number(lines[-1], "efficiency")
    assert ("efficiency" not in last) if np.isnan(efficiency) else f"efficiency {efficiency:.6g}" in last
    return lines, dict(np.load(tmp_path / "out.npz"))


def number(line, column, belief=None):
    measured = line["measurements"]
    return float((measured["beliefs"][belief] if belief else measured["all"])[column])


# Each step adds `move` to what is stored, or what the second half adds.
PATH = """
!t = tensor<{shape}x{element}>
func.func @main(%x: !t {{fisher.name = "w.x", fisher.role = "param"}},
                %y: !t {{fisher.name = "w.y", fisher.role = "param"}},
                %dx: !t {{fisher.name = "dx", fisher.role = "state"}},
                %dy: !t {{fisher.name = "dy", fisher.role = "state"}},
                %ex: !t {{fisher.name = "ex", fisher.role = "state"}},
                %ey: !t {{fisher.name = "ey", fisher.role = "state"}})
    -> (!t {{fisher.updates = "w.x"}}, !t {{fisher.updates = "w.y"}},
        !t {{fisher.updates = "dx"}}, !t {{fisher.updates = "dy"}},
        !t {{fisher.updates = "ex"}}, !t {{fisher.updates = "ey"}}) {{
  %0 = arith.addf %x, %dx : !t
  %1 = arith.addf %y, %dy : !t
  return %0, %1, %ex, %ey, %dx, %dy : !t, !t, !t, !t, !t, !t
}}
fisher.policy @measured {{
  fisher.regularize "w.x", "w.y" as #fisher.{family}
      toward #fisher.frozen weight 0.0 mode loss_only
}}
"""


def path(tmp_path, family, steps, x, y, even, odd=None, element="f32", shape="1", options=()):
    """A path whose steps are in turn `even` and `odd`."""
    dtype = {"f32": np.float32, "f64": np.float64}[element]
    size = tuple(int(n) for n in shape.split("x"))
    odd = even if odd is None else odd
    init = {"w.x": x, "w.y": y, "dx": even[0], "dy": even[1], "ex": odd[0], "ey": odd[1]}
    init = {name: np.broadcast_to(np.asarray(value, dtype), size) for name, value in init.items()}
    module = PATH.format(family=family, element=element, shape=shape)
    (tmp_path / "policy.mlir").write_text(module[module.index("fisher.policy") :])
    return train(
        tmp_path, module[: module.index("fisher.policy")], init, steps, *options,
        measure=(f"--measure={tmp_path / 'policy.mlir'}",),
    )[0]  # fmt: skip


@pytest.mark.parametrize("element", ["f32", "f64"])
def test_equal_steps_along_a_geodesic(tmp_path, element):
    # A vertical line of the half plane.
    lines = path(tmp_path, "gaussian<log_sigma>", 64, 0.25, -1, (0, 0.125), element=element)
    for line in lines:
        assert abs(number(line, "efficiency") - 1) < 1e-6
    distance = np.sqrt(2) * 0.125
    np.testing.assert_allclose(number(lines[-1], "length"), 64 * distance, rtol=1e-6)
    np.testing.assert_allclose(number(lines[-1], "displacement"), 64 * distance, rtol=1e-6)
    np.testing.assert_allclose(number(lines[-1], "action"), 64 * distance**2, rtol=1e-6)
    # sigma grows by e^(1/8): of the new belief from the old one.
    kl = (np.expm1(0.25) - 0.25) / 2
    np.testing.assert_allclose(number(lines[-1], "kl"), kl, rtol=1e-6)
    np.testing.assert_allclose(number(lines[-1], "information"), 64 * kl, rtol=1e-6)


def test_equal_steps_along_a_half_circle(tmp_path):
    """A geodesic whose mean and sigma both change: mu = sqrt(2) tanh(s), sigma =
    1/cosh(s); in f32, the points are what is stored."""
    s = np.linspace(-2, 2, 33)
    points = np.stack([np.sqrt(2) * np.tanh(s), 1 / np.cosh(s)]).astype(np.float32)
    lines = follow(tmp_path, "gaussian<sigma>", points)
    assert abs(number(lines[-1], "efficiency") - 1) < 1e-6
    np.testing.assert_allclose(number(lines[-1], "length"), np.sqrt(2) * 4, rtol=1e-6)


def test_uneven_steps(tmp_path):
    # Of 1 and 3 in turn: (sum d)²/(T sum d²) = 16/20.
    lines = path(tmp_path, "gaussian<log_sigma>", 10, 0, 0, (0, 0.25), (0, 0.75))
    np.testing.assert_allclose(number(lines[-1], "efficiency"), 0.8, rtol=1e-6)


def test_bent_path(tmp_path):
    """Two elements that move in turn, in a flat plane: a staircase, whose diagonal
    is as long as half of the steps' squares allow."""
    lines = path(
        tmp_path, "gaussian_mean<sigma>", 10, [0, 0], 0.5, ([0.25, 0], 0), ([0, 0.25], 0), shape="2"
    )
    np.testing.assert_allclose(number(lines[-1], "efficiency"), 0.5, rtol=1e-6)
    np.testing.assert_allclose(number(lines[-1], "length"), 10 * 0.5, rtol=1e-6)


@pytest.mark.parametrize("chart", ["softplus", "log_sigma"])
def test_steps_that_are_not_read(tmp_path, chart):
    """They keep the sums alone, and change no bit of what is read."""
    rows, move = np.linspace(-3, 1, 1000), (0.01, -0.02)
    runs = {}
    for every in (1, 7):
        (tmp_path / str(every)).mkdir()
        runs[every] = path(
            tmp_path / str(every), f"gaussian<{chart}>", 30, rows, rows[::-1], move,
            (-0.03, 0.01), shape="1000", options=(f"--log-every={every}",),
        )  # fmt: skip
    read = [line for line in runs[1] if line["step"] % 7 == 0 or line["step"] == 30]
    assert [line["step"] for line in runs[7]] == [7, 14, 21, 28, 30]
    assert [line["measurements"] for line in runs[7]] == [line["measurements"] for line in read]


def test_there_and_back(tmp_path):
    lines = path(tmp_path, "gaussian<log_sigma>", 2, 0, 0, (0, 0.5), (0, -0.5))
    assert number(lines[1], "efficiency") == 0
    assert number(lines[1], "displacement") == 0
    assert number(lines[1], "length") > 1.4


def test_nothing_moves(tmp_path):
    (line,) = path(tmp_path, "gaussian<sigma>", 1, 0, 1, (0, 0))
    assert line["measurements"]["all"]["efficiency"] == "NaN"
    for column in ("moved", "reference", "kl", "penalty", "length", "action", "displacement"):
        assert number(line, column) == 0


def follow(tmp_path, family, points):
    """Goes along points [component, step], which the step's table has."""
    count = points.shape[1]
    rows = ", ".join(
        "[" + ", ".join(f"0x{int(bits):08X}" for bits in row.view(np.uint32)) + "]"
        for row in points
    )
    module = f"""
func.func @main(%x: tensor<1xf32> {{fisher.name = "x", fisher.role = "param"}},
                %y: tensor<1xf32> {{fisher.name = "y", fisher.role = "param"}},
                %n: tensor<i64> {{fisher.name = "n", fisher.role = "state"}})
    -> (tensor<1xf32> {{fisher.updates = "x"}}, tensor<1xf32> {{fisher.updates = "y"}},
        tensor<i64> {{fisher.updates = "n"}}) {{
  %table = arith.constant dense<[{rows}]> : tensor<2x{count}xf32>
  %one = arith.constant dense<1> : tensor<i64>
  %next = arith.addi %n, %one : tensor<i64>
  %number = tensor.extract %next[] : tensor<i64>
  %at = arith.index_cast %number : i64 to index
  %zero = arith.constant 0 : index
  %second = arith.constant 1 : index
  %a = tensor.extract %table[%zero, %at] : tensor<2x{count}xf32>
  %b = tensor.extract %table[%second, %at] : tensor<2x{count}xf32>
  %0 = tensor.from_elements %a : tensor<1xf32>
  %1 = tensor.from_elements %b : tensor<1xf32>
  return %0, %1, %next : tensor<1xf32>, tensor<1xf32>, tensor<i64>
}}
fisher.policy @measured {{
  fisher.regularize "x", "y" as #fisher.{family} toward #fisher.frozen weight 1.0 mode proximal
}}
"""
    policy = tmp_path / "policy.mlir"
    policy.write_text(module[module.index("fisher.policy") :])
    return train(
        tmp_path, module[: module.index("fisher.policy")],
        {"x": points[0, :1], "y": points[1, :1]}, count - 1, measure=(f"--measure={policy}",),
    )[0]  # fmt: skip


# ===----------------------------------------------------------------------=== #
# A whole run, against f64 from the parameters of every step
# ===----------------------------------------------------------------------=== #

# Every number of the step is exact to a rounding, so numpy gets the same bits.
DECAY = """
func.func @main(%mu: tensor<{shape}x{element}> {{fisher.name = "fc.mu", fisher.role = "param"}},
                %rho: tensor<{shape}x{element}> {{fisher.name = "fc.rho", fisher.role = "param"}},
                %a: tensor<{shape}x{element}> {{fisher.name = "a", fisher.role = "state"}},
                %b: tensor<{shape}x{element}> {{fisher.name = "b", fisher.role = "state"}})
    -> ({results}) {{
  %0 = arith.subf %mu, %a : tensor<{shape}x{element}>
  %1 = arith.subf %rho, %b : tensor<{shape}x{element}>
  %rate = arith.constant 0.0078125 : {element}
{body}
}}
fisher.policy @default {{
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<log_sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 0.5 mode {mode}
}}
"""
TYPE = "tensor<{shape}x{element}>"
UPDATES = (
    f'{TYPE} {{{{fisher.updates = "fc.mu"}}}}, {TYPE} {{{{fisher.updates = "fc.rho"}}}}, '
    f'{TYPE} {{{{fisher.gradient_of = "fc.mu"}}}}, {TYPE} {{{{fisher.gradient_of = "fc.rho"}}}}'
)
GRADIENTS = (
    f'{TYPE} {{{{fisher.gradient_of = "fc.mu"}}}}, {TYPE} {{{{fisher.gradient_of = "fc.rho"}}}}'
)


def decay_module(shape, element, updates):
    """Exponential decay to a and b, by the step or by its caller."""
    generic = (
        "  %{name} = linalg.generic {{{{indexing_maps = [affine_map<({dims}) -> ({dims})>,"
        " affine_map<({dims}) -> ({dims})>], iterator_types = [{loops}]}}}}"
        " ins(%{source} : {type}) outs(%{source} : {type}) {{{{\n"
        "  ^bb0(%in: {{element}}, %out: {{element}}):\n"
        "    %x = arith.mulf %in, %rate : {{element}}\n"
        "    linalg.yield %x : {{element}}\n"
        "  }}}} -> {type}\n"
    )
    rank = shape.count("x") + 1
    dims = ", ".join(f"d{i}" for i in range(rank))
    loops = ", ".join(['"parallel"'] * rank)
    body = ""
    if updates:
        for name, source in (("2", "0"), ("3", "1")):
            body += generic.format(name=name, source=source, dims=dims, loops=loops, type=TYPE)
        body += f"  %4 = arith.subf %mu, %2 : {TYPE}\n  %5 = arith.subf %rho, %3 : {TYPE}\n"
        body += f"  return %4, %5, %0, %1 : {TYPE}, {TYPE}, {TYPE}, {TYPE}"
    else:
        body = f"  return %0, %1 : {TYPE}, {TYPE}"
    types = {"shape": shape, "element": element}
    return DECAY.format(
        **types, mode="loss_only", body=body.format(**types),
        results=(UPDATES if updates else GRADIENTS).format(**types),
    )  # fmt: skip


def half_plane(point):
    mean, log_sigma = (x.astype(np.longdouble) for x in point)
    return mean, np.exp(log_sigma)


def squared_distance(p, q):
    """Of two beliefs with mu and log sigma, by 2 arcosh², summed."""
    (m1, s1), (m2, s2) = half_plane(p), half_plane(q)
    x = ((m1 - m2) ** 2 / 2 + (s1 - s2) ** 2) / (4 * s1 * s2)
    return float((2 * (2 * np.arcsinh(np.sqrt(x))) ** 2).sum())


def divergence(p, q):
    (m1, s1), (m2, s2) = half_plane(p), half_plane(q)
    ratio = s1 / s2
    return float((((m1 - m2) / s2) ** 2 / 2 + (ratio**2 - 1) / 2 - np.log(ratio)).sum())


def start(shape, dtype, seed=0):
    random = np.random.default_rng(seed)
    size = tuple(int(n) for n in shape.split("x"))
    return {
        "fc.mu": random.normal(0, 1, size), "fc.rho": random.normal(-2, 0.5, size),
        "a": random.normal(0, 1, size), "b": random.normal(-1, 0.5, size),
    }, dtype  # fmt: skip


def test_a_thousand_steps(tmp_path):
    shape, dtype = "17x5", np.float32
    init = {name: value.astype(dtype) for name, value in start(shape, dtype)[0].items()}
    policy = tmp_path / "policy.mlir"
    module = decay_module(shape, "f32", updates=True)
    policy.write_text(module[module.index("fisher.policy") :])
    lines, out = train(
        tmp_path, module[: module.index("fisher.policy")], init, STEPS,
        measure=(f"--measure={policy}",),
    )  # fmt: skip

    rate = dtype(0.0078125)
    mu, rho = init["fc.mu"], init["fc.rho"]
    points = [(mu, rho)]
    for _ in range(STEPS):
        mu, rho = mu - (mu - init["a"]) * rate, rho - (rho - init["b"]) * rate
        points.append((mu, rho))
    np.testing.assert_array_equal(out["fc.mu"], mu)
    np.testing.assert_array_equal(out["fc.rho"], rho)

    moved = np.array([squared_distance(q, p) for p, q in zip(points, points[1:])])
    information = np.array([divergence(q, p) for p, q in zip(points, points[1:])])
    prior = (np.zeros_like(mu), np.zeros_like(rho))
    for count in (1, 2, 10, STEPS):
        line = lines[count - 1]
        before, after = points[count - 1], points[count]
        displacement = squared_distance(after, points[0])
        reference = squared_distance(before, prior)
        g, h = (x.astype(np.longdouble) - init[n] for x, n in zip(before, ("a", "b")))
        sigma = half_plane(before)[1]
        expected = {
            "moved": np.sqrt(moved[count - 1]),
            "reference": np.sqrt(reference),
            "kl": information[count - 1],
            "penalty": 0.5 * reference,
            "gradient_norm": np.sqrt(float(((sigma * g) ** 2 + h**2 / 2).sum())),
            "length": np.sqrt(moved[:count]).sum(),
            "action": moved[:count].sum(),
            "displacement": np.sqrt(displacement),
            "information": information[:count].sum(),
            "efficiency": displacement / (count * moved[:count].sum()),
        }
        assert list(line["measurements"]["all"]) == list(expected)
        for column, value in expected.items():
            for belief in (None, "fc.mu, fc.rho"):
                np.testing.assert_allclose(
                    number(line, column, belief), value, rtol=1e-5, err_msg=f"{column} of {count}"
                )


def test_one_step_in_so_many(tmp_path):
    """From one belief that is measured to the next; training is the same."""
    init = {name: value.astype(np.float32) for name, value in start("17x5", None)[0].items()}
    policy = tmp_path / "policy.mlir"
    module = decay_module("17x5", "f32", updates=True)
    policy.write_text(module[module.index("fisher.policy") :])
    lines, out = train(
        tmp_path, module[: module.index("fisher.policy")], init, 45, "--measure-every=10",
        measure=(f"--measure={policy}",),
    )  # fmt: skip
    assert [line["step"] for line in lines] == [1, 11, 21, 31, 41]
    rate = np.float32(0.0078125)
    points = [(init["fc.mu"], init["fc.rho"])]
    for _ in range(45):
        mu, rho = points[-1]
        points.append((mu - (mu - init["a"]) * rate, rho - (rho - init["b"]) * rate))
    np.testing.assert_array_equal(out["fc.mu"], points[-1][0])
    seen = points[:41:10]
    moved = [0.0] + [squared_distance(q, p) for p, q in zip(seen, seen[1:])]
    for k, line in enumerate(lines):
        displacement = squared_distance(seen[k], seen[0])
        expected = {
            "moved": np.sqrt(moved[k]),
            "length": np.sqrt(moved[: k + 1]).sum(),
            "action": sum(moved[: k + 1]),
            "displacement": np.sqrt(displacement),
            "efficiency": displacement / (k * sum(moved[: k + 1])) if k else np.nan,
        }
        for column, value in expected.items():
            np.testing.assert_allclose(number(line, column), value, rtol=1e-5, err_msg=column)


def test_a_step_without_optimizer(tmp_path):
    """What moved is told one step later, and adds up to the same."""
    shape, dtype = "4", np.float64
    init = start(shape, dtype)[0]
    ways = {}
    for updates in (True, False):
        module = decay_module(shape, "f64", updates=updates)
        policy = tmp_path / "policy.mlir"
        policy.write_text(module[module.index("fisher.policy") :])
        options = [] if updates else ["--optimizer=sgd", "--learning-rate=0.0078125"]
        ways[updates] = train(
            tmp_path, module[: module.index("fisher.policy")], init, 9 if updates else 10,
            *options, measure=(f"--measure={policy}",),
        )[0]  # fmt: skip
    first, *later = ways[False]
    assert first["measurements"]["all"]["efficiency"] == "NaN"
    assert number(first, "moved") == 0
    assert len(later) == len(ways[True])
    for there, here in zip(ways[True], later):
        for column in ("moved", "kl", "length", "action", "displacement", "efficiency"):
            np.testing.assert_allclose(number(here, column), number(there, column), rtol=1e-12)
        assert number(here, "gradient_norm") > 0


def test_measuring_changes_nothing(tmp_path):
    """The parameters have the same bits, and the penalty is that which is added."""
    shape = "33x7"
    init = {name: value.astype(np.float32) for name, value in start(shape, None)[0].items()}
    module = decay_module(shape, "f32", updates=True).replace("mode loss_only", "mode proximal")
    module = module.replace(' {fisher.gradient_of = "fc.mu"}', "")
    module = module.replace(' {fisher.gradient_of = "fc.rho"}', "")
    (tmp_path / "step.mlir").write_text(module)
    lines, out = train(tmp_path, module, init, 20, "--step-size=0.0625")
    plain = subprocess.run(
        [tool("fisher-run"), tmp_path / "step.mlir", "--steps=20", "--step-size=0.0625",
         f"--init={tmp_path / 'init.npz'}", f"--metrics={tmp_path / 'plain.jsonl'}",
         f"--outputs={tmp_path / 'plain.npz'}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert plain.returncode == 0, plain.stderr
    for name in ("fc.mu", "fc.rho"):
        np.testing.assert_array_equal(out[name], np.load(tmp_path / "plain.npz")[name])
    for line, other in zip(lines, (tmp_path / "plain.jsonl").read_text().splitlines()):
        assert line["penalty"] == json.loads(other)["penalty"]
        np.testing.assert_allclose(number(line, "penalty"), line["penalty"], rtol=1e-6)


# ===----------------------------------------------------------------------=== #
# Types, shapes and families
# ===----------------------------------------------------------------------=== #


@pytest.mark.parametrize("shape", ["", "0x", "5x", "?x", "2x?x3x", "0x4x"])
@pytest.mark.parametrize("element", ["f64", "f32", "bf16", "f16"])
def test_types_and_shapes(element, shape):
    """One step from zero to an exact power of two, in a chart of log sigma."""
    size = [4 if n == "?" else int(n) for n in shape.split("x") if n]
    dtype = {"f64": np.float64, "f32": np.float32, "bf16": ml_dtypes.bfloat16, "f16": np.float16}
    module = f"""
!t = tensor<{shape}{element}>
func.func @main(%mu: !t {{fisher.name = "mu"}}, %rho: !t {{fisher.name = "rho"}}, %next: !t)
    -> (!t {{fisher.updates = "mu"}}, !t {{fisher.updates = "rho"}},
        !t {{fisher.gradient_of = "mu"}}, !t {{fisher.gradient_of = "rho"}}) {{
  return %mu, %next, %next, %next : !t, !t, !t, !t
}}
fisher.policy @p {{
  fisher.regularize "mu", "rho" as #fisher.gaussian<log_sigma>
      toward #fisher.frozen weight 0.25 mode proximal
}}
"""
    instrumented = subprocess.run(
        [tool("fisher-opt"), "--fisher-instrument"], input=module, capture_output=True, text=True
    )
    assert instrumented.returncode == 0, instrumented.stderr
    zero = np.zeros(size, dtype[element])
    quarter = np.full(size, 0.25, dtype[element])
    totals = np.array([[3, 1, 2, 4]] * 2, np.float64)
    *_, new, table = run(
        instrumented.stdout, zero, zero.copy(), quarter, zero.copy(), zero.copy(), totals
    )
    count = int(np.prod(size))
    square, kl = count * 0.125, count * (np.expm1(0.5) - 0.5) / 2
    moved = np.sqrt(square)
    gradient = np.sqrt(count * (0.25**2 + 0.25**2 / 2))
    with np.errstate(invalid="ignore"):
        efficiency = square / (4 * (2 + square))
    expected = [
        moved, moved, kl, 0.25 * square, gradient, 1 + moved, 2 + square, moved, 4 + kl, efficiency
    ]  # fmt: skip
    tolerance = {"f64": 1e-14, "f32": 1e-6}.get(element, 1e-6)
    np.testing.assert_allclose(table, [expected] * 2, rtol=tolerance)
    np.testing.assert_allclose(new, [[4, 1 + moved, 2 + square, 4 + kl]] * 2, rtol=tolerance)


def test_families_with_events():
    """Rows of probabilities are one belief each."""
    module = """
!t = tensor<2x3xf64>
func.func @main(%p: !t {fisher.name = "p"}, %next: !t) -> (!t {fisher.updates = "p"}) {
  return %next : !t
}
fisher.policy @p {
  fisher.regularize "p" as #fisher.categorical<probabilities>
      toward #fisher.frozen weight 1.0 mode proximal
}
"""
    instrumented = subprocess.run(
        [tool("fisher-opt"), "--fisher-instrument"], input=module, capture_output=True, text=True
    )
    assert instrumented.returncode == 0, instrumented.stderr
    p = np.array([[0.25, 0.25, 0.5], [0.1, 0.2, 0.7]])
    q = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]])
    _, _, table = run(instrumented.stdout, p, q, p.copy(), np.zeros((2, 4)))
    distance = 2 * np.arccos(np.sqrt(p * q).sum(axis=1))[0]
    kl = (q * np.log(q / p)).sum()
    np.testing.assert_allclose(table[0, [0, 2, 7]], [distance, kl, distance], rtol=1e-12)
    assert np.isnan(table[0, 4])


@pytest.mark.parametrize("shape", ["", "0x", "1x", "4x", "?x", "2x?x3x", "3x5x", "0x4x"])
@pytest.mark.parametrize("element", ["f64", "f32", "bf16", "f16"])
@pytest.mark.parametrize("count", [1, 3])
def test_traces(element, shape, count):
    """Elements at equal distances, from what the step returns."""
    size = [4 if n == "?" else int(n) for n in shape.split("x") if n]
    dtype = {"f64": np.float64, "f32": np.float32, "bf16": ml_dtypes.bfloat16, "f16": np.float16}
    module = f"""
!t = tensor<{shape}{element}>
func.func @main(%mu: !t {{fisher.name = "mu"}}, %rho: !t {{fisher.name = "rho"}}, %next: !t)
    -> (!t {{fisher.updates = "mu"}}, !t {{fisher.updates = "rho"}}) {{
  return %mu, %next : !t, !t
}}
fisher.policy @p {{
  fisher.regularize "mu", "rho" as #fisher.gaussian<log_sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 0.0 mode loss_only
}}
"""
    instrumented = subprocess.run(
        [tool("fisher-opt"), f"--fisher-instrument=trace={count}"],
        input=module, capture_output=True, text=True,
    )  # fmt: skip
    assert instrumented.returncode == 0, instrumented.stderr
    total = int(np.prod(size))
    mean = np.arange(total).reshape(size).astype(dtype[element])
    following = (-0.25 * np.arange(total)).reshape(size).astype(dtype[element])
    zero = np.zeros(size, dtype[element])
    *_, trace = run(
        instrumented.stdout, mean, zero, following, mean.copy(), zero.copy(), np.zeros((2, 4))
    )
    shown = min(count, total)
    elements = np.arange(shown) * ((total - 1) // (shown - 1) if shown > 1 else 1)
    expected = np.stack([elements, elements, np.exp(-0.25 * elements)], axis=1)
    assert trace.dtype == np.float64 and trace.shape == (shown, 3)
    np.testing.assert_allclose(trace, expected, rtol=1e-6)


def test_trace_of_tied_components(tmp_path):
    """One spread for all means, and one that is made of Adam's second moment."""
    module = """
func.func @main(%mu: tensor<2x3xf32> {fisher.name = "w.mu", fisher.role = "param"},
                %rho: tensor<3xf32> {fisher.name = "rho", fisher.role = "param"},
                %v: tensor<2x3xf32> {fisher.name = "v", fisher.role = "state"})
    -> (tensor<2x3xf32> {fisher.updates = "w.mu"}, tensor<3xf32> {fisher.updates = "rho"}) {
  return %mu, %rho : tensor<2x3xf32>, tensor<3xf32>
}
fisher.policy @p {
  fisher.regularize "(*).mu", "rho" as #fisher.gaussian<log_sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode loss_only
}
fisher.policy @made {
  fisher.regularize "(*).mu" as #fisher.gaussian_mean<sigma> from adam("v") count 4 epsilon 0.0
      toward #fisher.prior<[0.0]> weight 1.0 mode loss_only
}
"""
    init = {
        "w.mu": np.arange(6).reshape(2, 3),
        "rho": np.log([1, 2, 4]),
        "v": 1 / np.arange(1, 7).reshape(2, 3),
    }
    init = {name: value.astype(np.float32) for name, value in init.items()}
    policies = module.index("fisher.policy"), module.index("fisher.policy @made")
    step = module[: policies[0]]
    for policy, spread in (
        (module[policies[0] : policies[1]], [1, 2, 4, 1, 2, 4]),
        (module[policies[1] :], np.sqrt(np.arange(1, 7) / 4)),
    ):
        (tmp_path / "policy.mlir").write_text(policy)
        lines, _ = train(
            tmp_path, step, init, 1, "--trace=6",
            measure=(f"--measure={tmp_path / 'policy.mlir'}",),
        )  # fmt: skip
        (trace,) = lines[0]["trace"].values()
        expected = np.stack([np.arange(6), np.arange(6), spread], axis=1)
        np.testing.assert_allclose(np.array(trace["elements"], float), expected, rtol=1e-6)
