# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A step of JAX goes through fisher-opt and comes back to XLA.

usage: python step.py path/to/fisher-opt
"""

import pathlib
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

# Not public; as of jax 0.10.
from jax._src.interpreters import mlir
from jax._src.lib import xla_client
from jaxlib.mlir import ir


def step(params, x):
    """The loss of weights that are normal beliefs, at their means."""
    return jnp.mean((x @ params["fc"]["mu"] - 1.0) ** 2)


params = {"fc": {"mu": np.full(4, 0.5, np.float32), "rho": np.zeros(4, np.float32)}}
x = np.ones((2, 4), np.float32)

# In generic form, with the locations that have the arguments' names.
lowered = jax.jit(step, keep_unused=True).lower(params, x)
module = lowered.compiler_ir("stablehlo").operation.get_asm(
    print_generic_op_form=True, enable_debug_info=True
)
policy = pathlib.Path(__file__).with_name("policy.mlir")
text = subprocess.run(
    [
        sys.argv[1],
        "--allow-unregistered-dialect",
        f"--fisher-insert=policy-file={policy}",
        "--canonicalize",
        "--cse",
        "--convert-fisher-to-stablehlo",
    ],
    input=module,
    stdout=subprocess.PIPE,
    text=True,
    check=True,
).stdout

device = jax.local_devices(backend="cpu")[0]
with mlir.make_ir_context():
    code = mlir.module_to_bytecode(ir.Module.parse(text))
executable = device.client.compile_and_load(
    code, xla_client.DeviceList((device,)), xla_client.CompileOptions()
)
arguments = [jax.device_put(array, device) for array in jax.tree.leaves((params, x))]
(loss,) = executable.execute_sharded(arguments).disassemble_into_single_device_arrays()
print(f"loss {step(params, x):.6f}, regularized {np.asarray(loss[0]):.6f}")
