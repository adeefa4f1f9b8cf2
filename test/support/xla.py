# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs modules through StableHLO by XLA on the CPU."""

import subprocess

import jax
import numpy as np
import pytest
from jax._src.interpreters import mlir
from jax._src.lib import xla_client
from jaxlib.mlir import ir

from paths import FISHER_OPT


def parse(text):
    """A module in jaxlib's own MLIR, which knows StableHLO, verified."""
    with mlir.make_ir_context():
        module = ir.Module.parse(text)
        module.operation.verify()
        return module


def opt(text, *options):
    """What fisher-opt makes of a module's text."""
    done = subprocess.run(
        [FISHER_OPT, "-", "--allow-unregistered-dialect", *options],
        input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def compile_text(text):
    """A function of arrays that returns the results of `@main` of a module in
    StableHLO."""
    device = jax.local_devices(backend="cpu")[0]
    executable = device.client.compile_and_load(
        mlir.module_to_bytecode(parse(text)),
        xla_client.DeviceList((device,)), xla_client.CompileOptions())

    def call(*arguments):
        # Arrays of f64 can be handed over so; modules do not depend on it.
        with jax.enable_x64(True):
            results = executable.execute_sharded(
                [jax.device_put(argument, device) for argument in arguments])
        return [np.asarray(shards[0]) for shards in
                results.disassemble_into_single_device_arrays()]

    return call


def run(text, *arguments):
    """The results of `@main` of a module with operations on beliefs."""
    if "?" in text:
        pytest.skip("XLA has static shapes")
    return compile_text(opt(text, "--convert-fisher-to-stablehlo"))(*arguments)
