# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Training on many devices, of one process and of two: the numbers are those of
one device, and the policy adds no communication but that of its penalty."""

import collections
import functools
import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = pathlib.Path(__file__).with_name("train_sharded.py")


def start(devices, *arguments):
    flags = f"--xla_force_host_platform_device_count={devices}"
    return subprocess.Popen(
        [sys.executable, PROGRAM, *map(str, arguments)],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def get_free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@functools.cache
def run(how, folder, devices, processes):
    """What train_sharded.py found."""
    result = folder / f"{how}-{processes}.json"
    distributed = [get_free_address(), processes] if processes > 1 else []
    started = [
        start(devices, result, how, *distributed, *([process] if distributed else []))
        for process in range(processes)
    ]
    try:
        for process in started:
            output, _ = process.communicate(timeout=120)
            assert process.returncode == 0, output[-4000:]
    finally:
        for process in started:
            process.kill()
    return json.loads(result.read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sharding")


@pytest.fixture(scope="module")
def alone(folder):
    found = run("alone", folder, 1, 1)
    assert found["devices"] == 1 and found["steps"]["kernel"]
    losses = found["steps"]["losses"]
    assert losses == sorted(losses, reverse=True) and losses[0] > 1.2 * losses[-1]
    return found


def assert_close(got, expected, tolerance=1e-6):
    assert got.keys() == expected.keys()
    for name, numbers in expected.items():
        np.testing.assert_allclose(
            got[name], numbers, rtol=0, atol=tolerance * np.abs(numbers).max(), err_msg=name
        )


@pytest.mark.parametrize(
    "how,devices,processes", [("several", 8, 1), ("grid", 8, 1), ("several", 4, 2)]
)
def test_training_on_many_devices(alone, folder, how, devices, processes):
    found = run(how, folder, devices, processes)
    assert found["devices"] == 8
    steps = found["steps"]
    np.testing.assert_allclose(steps["losses"], alone["steps"]["losses"], rtol=1e-6)
    assert_close(steps["learnt"], alone["steps"]["learnt"])
    # XLA cannot divide a kernel.
    assert not steps["kernel"]

    # Where parameters are in parts, no part is sent because of the policy: its
    # four programs share one sum of a number from each.
    one_process = run(how, folder, 8, 1)["steps"]
    without = collections.Counter(map(tuple, one_process["without"]))
    added = collections.Counter(map(tuple, steps["with"]))
    assert not without - added
    added -= without
    assert added == {("all-reduce", "(f64[], f64[], f64[], f64[])"): 1}
    # There is communication that could have been more.
    assert {"all-reduce", "all-gather"} <= {name for name, _ in without}


@pytest.mark.parametrize("devices,processes", [(8, 1), (4, 2)])
def test_kernels_inside_shard_map(alone, folder, devices, processes):
    found = run("several", folder, devices, processes)["shard_map"]
    assert found["kernel"]
    np.testing.assert_allclose(found["loss"], alone["shard_map"]["loss"], rtol=1e-6)
    assert_close(found["grads"], alone["shard_map"]["grads"])
    # The penalty's, and the gradient of what all devices have alike.
    ((name, type),) = found["with"]
    assert name == "all-reduce" and type == "(f32[], f32[1,512]{1,0})"


def test_shardings_in_types(alone, folder):
    """Gradients are sharded as their parameters, distances as their beliefs."""
    found = run("several", folder, 8, 1)["explicit"]
    np.testing.assert_allclose(found["loss"], alone["explicit"]["loss"], rtol=1e-6)
    assert_close(found["grads"], alone["explicit"]["grads"])
    kept = found["kept"]
    assert kept["params"] == ["P('d', None)"] * 2 + ["P(None, 'd')"] * 2
    assert kept["grads"] == kept["params"] and kept["penalty"][1:] == kept["params"]
    assert kept["penalty"][0] == "P()" and kept["distances"] == ["P('d',)"]
