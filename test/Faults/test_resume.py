# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A run that is stopped at any moment goes on to the same bits."""

import ctypes.util
import json
import shutil
import signal
import time

import numpy as np
import pytest

import training
from paths import ROOT


@pytest.mark.parametrize("seed", range(3))
def test_killed_again_and_again(tmp_path, seed):
    arguments = [*training.tutorial(tmp_path, 6000), "--checkpoint-every=300"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    longest = training.timed(*arguments, *training.outputs(whole))
    again = [*arguments, *training.outputs(stopped), "--resume"]
    killed = [training.kill_after(moment, training.start(*again))
              for moment in training.moments(seed, 5, longest)]
    assert any(killed)
    training.succeed(*again)
    assert training.same_files(whole, stopped)


@pytest.mark.parametrize("seed", range(3))
def test_killed_while_it_writes(tmp_path, seed):
    arguments = training.large(tmp_path, 12)
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    longest = training.timed(*arguments, *training.outputs(whole),
                             "--checkpoint-every=1")
    stopped.mkdir()
    (stopped / "out.npz").write_bytes(b"old")
    again = [*arguments, *training.outputs(stopped), "--checkpoint-every=1"]
    new = (whole / "out.npz").read_bytes()
    for moment in training.moments(seed, 6, longest):
        training.kill_after(moment, training.start(*again))
        assert (stopped / "out.npz").read_bytes() in (b"old", new)
        if (stopped / "state.npz").exists():
            assert np.isfinite(training.read(stopped / "state.npz")["w"]).all()
    # With any number of threads.
    training.succeed(*again, "--resume", env={"OMP_NUM_THREADS": str(seed + 1)})
    assert training.same_files(whole, stopped)


def test_interrupted(tmp_path):
    """What an interrupt adds to the metrics is gone when the run goes on."""
    arguments = [*training.tutorial(tmp_path, 40000), "--log-every=1000",
                 "--checkpoint-every=40000"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    training.succeed(*arguments, *training.outputs(whole))
    process = training.start(*arguments, *training.outputs(stopped))
    while not ((stopped / "run.jsonl").exists()
               and (stopped / "run.jsonl").stat().st_size):
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[0]
    assert process.returncode == 130 and "interrupted after" in said
    last = json.loads((stopped / "run.jsonl").read_text().splitlines()[-1])
    assert last["step"] == training.read(stopped / "state.npz")["checkpoint/step"]
    assert f"going on after step {last['step']}\n" in training.succeed(
        *arguments, *training.outputs(stopped), "--resume")
    assert training.same_files(whole, stopped)


def test_evaluated(tmp_path):
    """A network with beliefs, Adam, measurements, noise and evaluations."""
    example = ROOT / "examples" / "bayes_mlp"
    arguments = [example / "step.mlir", f"--data={example}/digits.npz",
                 f"--policy={ROOT}/examples/prior.policy.mlir", "--steps=150",
                 "--optimizer=adam", "--learning-rate=1e-2", "--measure",
                 "--measure-every=3", f"--evaluate={example}/predict.mlir",
                 "--evaluate-every=7", "--checkpoint-every=4"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    training.succeed(*arguments, *training.outputs(whole))
    process = training.start(*arguments, *training.outputs(stopped))
    while not (stopped / "state.npz").exists():
        assert process.poll() is None
        time.sleep(0.002)
    assert training.kill_after(0, process)
    training.succeed(*arguments, *training.outputs(stopped), "--resume")
    assert training.same_files(whole, stopped)


def test_run_goes_on_for_longer(tmp_path):
    folder, whole = tmp_path / "folder", tmp_path / "whole"
    longer = [*training.tutorial(tmp_path, 70, measured=True), "--log-every=8"]
    training.succeed(*longer, *training.outputs(whole))
    training.succeed(*training.tutorial(tmp_path, 33, measured=True),
                     "--log-every=8", *training.outputs(folder))
    training.succeed(*longer, *training.outputs(folder), "--resume")
    assert training.same_files(whole, folder)
    # Nothing is left to do, but what was there is made again.
    (folder / "out.npz").unlink()
    training.succeed(*longer, *training.outputs(folder), "--resume")
    assert training.same_files(whole, folder)


def test_resume_from_another_file(tmp_path):
    folder, whole = tmp_path / "folder", tmp_path / "whole"
    arguments = training.tutorial(tmp_path, 50)
    training.succeed(*arguments, *training.outputs(whole))
    training.succeed(*training.tutorial(tmp_path, 20), *training.outputs(folder))
    state = shutil.move(folder / "state.npz", tmp_path / "moved.npz")
    training.succeed(*arguments, f"--resume={state}",
                     f"--outputs={folder}/out.npz", f"--metrics={folder}/run.jsonl")
    assert training.same_files(whole, folder)
    error = training.fail(*arguments, f"--resume={tmp_path}/none.npz")
    assert "none.npz: No such file" in error


def has_opencl():
    return ctypes.util.find_library("OpenCL") and shutil.which("llvm-spirv-15")


@pytest.mark.skipif(not has_opencl(), reason="no OpenCL here")
def test_resume_on_a_device(tmp_path):
    environment = {"FISHER_OPENCL_PLATFORM": "Portable Computing Language"}
    arguments = [*training.tutorial(tmp_path, 12), "--device=opencl",
                 "--checkpoint-every=5"]
    shorter = [argument if argument != "--steps=12" else "--steps=5"
               for argument in arguments]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    training.succeed(*arguments, *training.outputs(whole), env=environment)
    training.succeed(*shorter, *training.outputs(stopped), env=environment)
    training.succeed(*arguments, *training.outputs(stopped), "--resume",
                     env=environment)
    assert training.same_files(whole, stopped)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    arguments = training.tutorial(folder, 20)
    training.succeed(*arguments, *training.outputs(folder))
    return arguments, folder / "state.npz"


@pytest.mark.parametrize("change, reason", [
    (("--seed=1", "--seed=2"), "another --seed"),
    (("--learning-rate=1e-2", "--learning-rate=1e-3"), "another optimizer"),
    (("--optimizer=adam", "--optimizer=sgd"), "another optimizer"),
    (("--seed=1", "--seed=1", "--measure"), "another program"),
    (("--seed=1", "--seed=1", "--measure", "--measure-every=4"),
     "another program, another --measure-every"),
    (("--seed=1", "--seed=1", "--rows=0:99"), "another choice of rows"),
    (("--steps=20", "--steps=19"), "it is of step 20, but --steps=19"),
])
def test_other_run_is_refused(checkpoint, change, reason):
    arguments, path = checkpoint
    old, *new = change
    place = arguments.index(old)
    error = training.fail(*arguments[:place], *new, *arguments[place + 1:],
                          f"--resume={path}")
    assert "state.npz: " in error and reason in error


def test_other_data_and_values_are_refused(checkpoint, tmp_path):
    arguments, path = checkpoint
    other = training.write_data(tmp_path)
    arrays = training.read(other)
    arrays["y"][7] += 1
    np.savez(other, **arrays)
    changed = [argument if "--data" not in str(argument) else f"--data={other}"
               for argument in arguments]
    assert ("that run had another array 'y' of the data\n"
            in training.fail(*changed, f"--resume={path}"))


def test_damaged_checkpoints_are_refused(checkpoint, tmp_path):
    arguments, path = checkpoint
    damaged = tmp_path / "damaged.npz"

    def refuse(reason, **arrays):
        np.savez(damaged, **{**training.read(path), **arrays})
        assert reason in training.fail(*arguments, f"--resume={damaged}")

    refuse("a checkpoint of version 9, made by a newer Fisher",
           **{"checkpoint/version": np.uint64(9)})
    refuse("its rows are not those of a run",
           **{"checkpoint/rows": np.zeros(400, np.int64)})
    refuse("its rows are not those of a run",
           **{"checkpoint/position": np.uint64(2**63)})
    refuse("'checkpoint/step' is int32[], which does not fit",
           **{"checkpoint/step": np.int32(3)})
    refuse("argument 'w.mu' (arg0) expects 'tensor<3xf32>', but array 'w.mu'",
           **{"w.mu": np.zeros(4, np.float32)})
    refuse("which does not fit",
           **{"checkpoint/mean of w.mu": np.zeros(4)})
    damaged.write_bytes(path.read_bytes()[:-100])
    assert "not an .npz file" in training.fail(*arguments, f"--resume={damaged}")
    assert "data.npz: not a checkpoint" in training.fail(
        *arguments, f"--resume={path.parent}/data.npz")


def test_metrics_of_another_run_are_refused(checkpoint, tmp_path):
    arguments, path = checkpoint
    metrics = tmp_path / "short.jsonl"
    metrics.write_text("{}\n")
    error = training.fail(*arguments, f"--resume={path}", f"--metrics={metrics}")
    assert "short.jsonl: has 3 bytes, but had" in error
    assert metrics.read_text() == "{}\n"


def test_options_that_need_others(tmp_path):
    arguments = training.tutorial(tmp_path, 3)
    assert "--resume without a file needs --checkpoint" in training.fail(
        *arguments, "--resume")
    assert "--checkpoint-every needs --checkpoint" in training.fail(
        *arguments, "--checkpoint-every=2")


def test_checkpoint_has_initial_values(checkpoint, tmp_path):
    """It can be read like outputs, and by --init."""
    arguments, path = checkpoint
    training.succeed(*arguments, f"--init={path}", f"--outputs={tmp_path}/out.npz")
    final = training.read(path.parent / "out.npz")
    state = training.read(path)
    assert final and all((state[name] == final[name]).all() for name in final)
