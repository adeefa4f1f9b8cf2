# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Regularized steps that leave their process: exported, and found in JAX's
persistent cache."""

import os
import subprocess
import sys

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest

import fisher
import fisher.jax
from by_hand import PRIOR, assert_equal

PARAMS = {
    "w": {
        "mu": np.linspace(-1, 1, 200_000, dtype=np.float32).reshape(1000, 200),
        "rho": np.linspace(-2, 1, 200_000, dtype=np.float32).reshape(1000, 200),
    }
}
KERNEL = [jax.export.DisabledSafetyCheck.custom_call("fisher_kernel")]


def loss(params, x):
    return (x @ params["w"]["mu"]).mean()


STEP = jax.jit(fisher.jax.value_and_grad(loss, PRIOR))
X = np.ones((3, 1000), np.float32)

# What another process does with an exported step.
USE = """
import sys, jax, numpy as np
import fisher.jax
from jax import export, monitoring

hits = []
monitoring.register_event_listener(
    lambda event, **_: event.endswith("cache_hits") and hits.append(event))
jax.config.update("jax_compilation_cache_dir", sys.argv[3])
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
with np.load(sys.argv[2]) as file:
    mu, rho, x = file["mu"], file["rho"], file["x"]
exported = export.deserialize(open(sys.argv[1], "rb").read())
value, grads = jax.jit(exported.call)({"w": {"mu": mu, "rho": rho}}, x)
np.savez(sys.argv[4], value=value, **grads["w"])
print(len(hits))
"""


def test_exported_and_cached(tmp_path):
    """Another process gets the same bits, and a third finds the program in the
    cache, with its kernel."""
    pytest.importorskip("flatbuffers", reason="JAX serializes with it")
    exported = jax.export.export(STEP, disabled_checks=KERNEL)(PARAMS, X)
    (tmp_path / "step").write_bytes(exported.serialize())
    np.savez(tmp_path / "in.npz", x=X, **PARAMS["w"])
    value, grads = STEP(PARAMS, X)
    hits = []
    for number in range(2):
        arguments = ["step", "in.npz", "cache", f"out{number}.npz"]
        done = subprocess.run(
            [sys.executable, "-c", USE, *(tmp_path / name for name in arguments)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        hits.append(int(done.stdout))
        with np.load(tmp_path / f"out{number}.npz") as out:
            assert_equal(
                {name: out[name] for name in out.files},
                {"value": np.asarray(value), **jax.tree.map(np.asarray, grads["w"])},
            )
    assert hits[0] == 0 and hits[1] > 0


@pytest.mark.parametrize("platform", ["cuda", "rocm", "tpu"])
def test_other_platforms_get_stablehlo(platform):
    """Without a kernel, so that nothing but JAX is needed to run it."""
    exported = jax.export.export(STEP, platforms=[platform])(PARAMS, X)
    text = exported.mlir_module()
    assert "custom_call" not in text and "stablehlo.reduce" in text


def test_several_platforms():
    exported = jax.export.export(STEP, platforms=["cpu", "cuda"], disabled_checks=KERNEL)(PARAMS, X)
    text = exported.mlir_module()
    assert "fisher_kernel" in text and "stablehlo.bitcast_convert" in text
    assert_equal(jax.jit(exported.call)(PARAMS, X), STEP(PARAMS, X))


def test_sizes_that_are_symbols():
    """The batch may have any size, the parameters may not."""
    (size,) = jax.export.symbolic_shape("n")
    exported = jax.export.export(STEP, disabled_checks=KERNEL)(
        PARAMS, jax.ShapeDtypeStruct((size, 1000), jnp.float32)
    )
    for count in (1, 5):
        x = np.ones((count, 1000), np.float32)
        value, grads = exported.call(PARAMS, x)
        np.testing.assert_allclose(value, STEP(PARAMS, x)[0], rtol=1e-6)
    belief = {name: jax.ShapeDtypeStruct((size, 4), jnp.float32) for name in ("mu", "rho")}
    with pytest.raises(ValueError, match=r"sizes of parameters must be known .* got \(n, 4\)"):
        jax.export.export(jax.jit(lambda p: fisher.jax.penalty(p, PRIOR)))({"w": belief})


# A process prints the bits of results, on as many processors as it is given.
BITS = """
import hashlib, os, sys
os.sched_setaffinity(0, map(int, sys.argv[1].split(",")))
import jax, jax.numpy as jnp, numpy as np
import fisher, fisher.jax
sys.path.insert(0, sys.argv[2])
from by_hand import PRIOR, draw

bits = hashlib.sha256()
for count in (100_001, 1_000_000):
    rng = np.random.default_rng(count)
    params = {"w": dict(zip(("mu", "rho"), rng.normal(size=(2, count)).astype(np.float32)))}
    evaluate = jax.jit(jax.value_and_grad(lambda params: fisher.jax.penalty(params, PRIOR)))
    for leaf in jax.tree.leaves(evaluate(params)):
        bits.update(np.asarray(leaf).tobytes())
print(bits.hexdigest())
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one processor")
def test_threads_do_not_change_bits():
    """Of XLA's pool, which has as many threads as the process has processors, or
    as it is told."""
    processors = [str(number) for number in sorted(os.sched_getaffinity(0))]
    found = {
        subprocess.run(
            [sys.executable, "-c", BITS, ",".join(given), os.path.dirname(__file__)],
            env={**os.environ, **threads},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for given, threads in [
            (processors[:1], {}),
            (processors[:2], {}),
            (processors, {"NPROC": "7"}),
        ]
    }
    assert len(found) == 1 and len(found.pop()) == 65
