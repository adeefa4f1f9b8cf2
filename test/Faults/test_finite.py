# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""NaN and infinity in data, parameters and losses of a training run."""

import ctypes.util
import json
import shutil

import ml_dtypes
import numpy as np
import pytest

import training

# The parameter becomes the sum of the rows so far; a batch is one row.
SUM = """
func.func @main(%w: tensor<TYPE> {fisher.name = "w", fisher.role = "param"},
                %n: tensor<i32> {fisher.name = "n", fisher.role = "state"},
                %least: tensor<TYPE> {fisher.name = "least", fisher.role = "state"},
                %x: tensor<1xTYPE> {fisher.name = "x", fisher.role = "batch"})
    -> (tensor<TYPE> {fisher.role = "loss"},
        tensor<TYPE> {fisher.updates = "w"},
        tensor<i32> {fisher.updates = "n"},
        tensor<TYPE> {fisher.updates = "least"}) {
  %one = arith.constant dense<1> : tensor<i32>
  %0 = tensor.collapse_shape %x [] : tensor<1xTYPE> into tensor<TYPE>
  %1 = arith.addf %w, %0 : tensor<TYPE>
  %2 = arith.addi %n, %one : tensor<i32>
  %3 = arith.minnumf %least, %0 : tensor<TYPE>
  return %LOSS, %1, %2, %3 : tensor<TYPE>, tensor<TYPE>, tensor<i32>, tensor<TYPE>
}
"""


def write_sum(folder, rows, kind="f32", loss="1"):
    names = {"f64": np.float64, "f32": np.float32, "f16": np.float16,
             "bf16": ml_dtypes.bfloat16}
    (folder / "sum.mlir").write_text(SUM.replace("TYPE", kind).replace("LOSS", loss))
    np.savez(folder / "data.npz", x=np.array(rows, names[kind]))
    return [folder / "sum.mlir", f"--data={folder}/data.npz", f"--steps={len(rows)}"]


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_data_are_named_with_the_place(tmp_path):
    arguments = write_sum(tmp_path, [1, 2, np.nan, 4, np.inf])
    error = training.fail(*arguments, *training.outputs(tmp_path / "out"))
    assert ("sum.mlir:5:17: error: array 'x' in " in error
            and "data.npz has nan at [2], and 1 more of 5 elements in the rows "
                "that are used\n" in error)
    assert not any((tmp_path / "out").iterdir())
    # Rows that nobody reads may be anything.
    training.succeed(*arguments[:2], "--steps=2", "--rows=0:2")
    assert "has inf at [4] in the rows" in training.fail(
        *arguments[:2], "--steps=2", "--rows=-2:")


def test_initial_parameters_are_named(tmp_path):
    arguments = write_sum(tmp_path, [1, 2])
    assert ("sum.mlir:2:17: error: argument 'w' (arg0) starts with -inf; "
            in training.fail(*arguments, "--set", "w=-inf"))
    np.savez(tmp_path / "init.npz",
             w=np.array([[0, 1, 2], [3, np.nan, np.inf]], np.float32))
    (tmp_path / "two.mlir").write_text("""
      func.func @main(%w: tensor<2x3xf32> {fisher.name = "w", fisher.role = "param"})
          -> (tensor<2x3xf32> {fisher.updates = "w"}) {
        return %w : tensor<2x3xf32>
      }""")
    initial = [tmp_path / "two.mlir", f"--init={tmp_path}/init.npz", "--steps=1"]
    assert ("argument 'w' (arg0) starts with nan at [1, 1], and 1 more of 6 elements"
            in training.fail(*initial))
    assert ("starts with" in training.fail(*initial, "--non-finite=skip"))
    training.succeed(*initial, "--non-finite=ignore")


@pytest.mark.parametrize("kind, most", [("f16", 6e4), ("bf16", 3e38),
                                        ("f32", 3e38), ("f64", 1.7e308)])
def test_the_step_is_told(tmp_path, kind, most):
    """The third step overflows in every type."""
    arguments = write_sum(tmp_path, [0, 0, 0, 0], kind, loss="0")
    arguments[0].write_text(arguments[0].read_text().replace("arith.addf %w, %0",
                                                             "arith.addf %w, %w"))
    folder = tmp_path / "out"
    training.succeed(*arguments[:2], "--steps=2", "--set", f"w={most / 4}",
                     *training.outputs(folder), "--checkpoint-every=1")
    before = (folder / "out.npz").read_bytes()
    error = training.fail(*arguments, "--set", f"w={most / 4}", "--log-every=100",
                          *training.outputs(folder), "--checkpoint-every=1")
    assert "sum.mlir:2:17: error: step 3: argument 'w' (arg0) becomes inf\n" in error
    assert "note: no outputs are written; --non-finite=skip" in error
    # What was there before is there, and the state of the last good step.
    assert (folder / "out.npz").read_bytes() == before
    state = training.read(folder / "state.npz")
    assert state["checkpoint/step"] == 2 and state["w"] == training.read(
        folder / "out.npz")["w"]
    assert [line["step"] for line in read_lines(folder / "run.jsonl")] == [3]


def test_loss_comes_first(tmp_path):
    arguments = write_sum(tmp_path, [1, 1, 1])
    text = arguments[0].read_text().replace(
        "return %1,", "%4 = math.log %n0 : tensor<f32>\n  return %4,")
    text = text.replace("%3 = ", "%n0 = arith.sitofp %n : tensor<i32> to tensor<f32>\n"
                        "  %3 = ")
    arguments[0].write_text(text)
    error = training.fail(*arguments)
    assert "error: step 1: the loss is -inf\n" in error
    assert "becomes" not in error
    training.succeed(*arguments, "--set", "n=1")
    warning = training.run(*arguments, "--non-finite=ignore",
                           f"--metrics={tmp_path}/run.jsonl")
    assert warning.returncode == 0
    assert warning.stderr.count("warning: step 1: the loss is -inf\n") == 1
    assert [line["loss"] for line in read_lines(tmp_path / "run.jsonl")][0] == "-Infinity"


def test_steps_are_undone(tmp_path):
    """Without what they did to states, and counted."""
    arguments = write_sum(tmp_path, [1, 2, np.nan, 4, np.inf, 8, 16])
    folder, stopped = tmp_path / "whole", tmp_path / "stopped"
    # A state may begin with infinity, and stay there.
    more = ["--non-finite=skip", "--set", "least=inf", "--checkpoint-every=1"]
    done = training.run(*arguments, *more, *training.outputs(folder))
    assert done.returncode == 0
    assert "warning: array 'x' in " in done.stderr
    assert done.stderr.count(": the loss is ") == 1
    assert "  skipped 2\n" in done.stdout
    final = training.read(folder / "out.npz")
    assert (final["w"], final["n"], final["least"]) == (31, 5, 1)
    assert read_lines(folder / "run.jsonl")[-1]["skipped"] == 2
    # The count is gone on with.
    training.succeed(*arguments[:2], "--steps=5", *more, *training.outputs(stopped))
    training.succeed(*arguments, *more, *training.outputs(stopped), "--resume")
    assert training.same_files(folder, stopped)


GRADIENT = """
func.func @main(%w: tensor<2xf32> {fisher.name = "w", fisher.role = "param"},
                %x: tensor<1x2xf32> {fisher.name = "x", fisher.role = "batch"})
    -> (tensor<f32> {fisher.role = "loss"},
        tensor<2xf32> {fisher.gradient_of = "w"},
        tensor<f32> {fisher.name = "first"}) {
  %zero = arith.constant 0 : index
  %loss = arith.constant dense<0.0> : tensor<f32>
  %0 = tensor.collapse_shape %x [[0, 1]] : tensor<1x2xf32> into tensor<2xf32>
  %1 = tensor.extract %0[%zero] : tensor<2xf32>
  %2 = tensor.from_elements %1 : tensor<f32>
  return %loss, %0, %2 : tensor<f32>, tensor<2xf32>, tensor<f32>
}
"""


def has_opencl():
    return ctypes.util.find_library("OpenCL") and shutil.which("llvm-spirv-15")


@pytest.mark.parametrize("device", ["cpu", pytest.param("opencl", marks=pytest.mark.skipif(
    not has_opencl(), reason="no OpenCL here"))])
def test_an_optimizer_forgets_steps(tmp_path, device):
    """Moments and Adam's count of steps are those without the steps undone."""
    rows = np.array([[1, 2], [np.nan, 1], [3, 1], [2, np.inf], [-1, 5]], np.float32)
    np.savez(tmp_path / "data.npz", x=rows)
    (tmp_path / "step.mlir").write_text(GRADIENT)
    training.succeed(tmp_path / "step.mlir", f"--data={tmp_path}/data.npz", "--steps=5",
                     "--optimizer=adam", "--learning-rate=0.1", "--non-finite=skip",
                     f"--outputs={tmp_path}/out.npz", f"--metrics={tmp_path}/run.jsonl",
                     f"--device={device}",
                     env={"FISHER_OPENCL_PLATFORM": "Portable Computing Language"})
    order = [line["first"] for line in read_lines(tmp_path / "run.jsonl")]
    w, mean, square, made = np.zeros((4, 2))
    for first in order:
        row = rows[[str(first) == str(f) or first == f for f in
                    ("NaN" if np.isnan(r) else r for r in rows[:, 0].tolist())]][0]
        if not np.isfinite(row).all():
            continue
        made = made + 1
        mean = 0.9 * mean + 0.1 * row
        square = 0.999 * square + 0.001 * row.astype(np.float64) ** 2
        w = w - 0.1 * mean / (1 - 0.9**made) / (np.sqrt(square / (1 - 0.999**made)) + 1e-8)
    assert made[0] == 3
    np.testing.assert_allclose(training.read(tmp_path / "out.npz")["w"], w, rtol=1e-5)


def test_a_device_is_watched(tmp_path):
    """There parameters are looked at when a run ends, at the latest."""
    if not has_opencl():
        pytest.skip("no OpenCL here")
    arguments = write_sum(tmp_path, [0, 0, 0, 0], loss="0")
    arguments[0].write_text(arguments[0].read_text().replace("arith.addf %w, %0",
                                                             "arith.addf %w, %w"))
    error = training.fail(*arguments, "--set", "w=3e38", "--device=opencl",
                          f"--outputs={tmp_path}/out.npz",
                          env={"FISHER_OPENCL_PLATFORM": "Portable Computing Language"})
    assert "error: step 4: argument 'w' (arg0) becomes inf\n" in error
    assert not (tmp_path / "out.npz").exists()
