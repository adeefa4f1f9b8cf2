# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Trains on all devices of one or several processes, and writes what came of it;
run by test_jax_sharding.py: train_sharded.py RESULT HOW [ADDRESS PROCESSES PROCESS].

HOW is `alone`, `several` or `grid`: parameters on one device, along one axis of
all devices, or along one of two, the batch along the other.
"""

import json
import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import fisher
import fisher.jax

STEPS = 3
PRIOR = fisher.Policy().regularize(
    "(*).mu", "(*).rho", as_=fisher.Gaussian("softplus"), toward=fisher.prior(0, 1), weight=1e-3
)
POLICY = PRIOR.regularize(
    "rate", as_=fisher.Poisson("log_rate"), toward=fisher.frozen, weight=1e-2
).regularize(
    "head.logits",
    as_=fisher.Categorical("logits"),
    toward=fisher.moving_average(0.9),
    weight=1e-2,
)
COLLECTIVES = "all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute"


def make_model():
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.normal(size=shape).astype(np.float32)
    belief = lambda *shape: {"mu": 0.05 * draw(*shape), "rho": 0.3 * draw(*shape) - 1}
    params = {
        # The first two are large enough to be programs of their own.
        "fc0": belief(64, 512),
        "fc1": belief(512, 64),
        "head": {"logits": draw(64, 8)},
        "rate": 0.1 * draw(64),
    }
    return params, (draw(16, 64), draw(16, 64))


def loss(params, x, y):
    hidden = jnp.tanh(x @ (params["fc0"]["mu"] * jax.nn.softplus(params["fc0"]["rho"])))
    out = hidden @ params["fc1"]["mu"] * jnp.exp(params["rate"])
    return ((out - y) ** 2).mean() + (jnp.tanh(out) @ params["head"]["logits"] ** 2).mean()


def train(params, state, batch):
    """A step with the policy, or without where there is no state."""
    if state is None:
        value, grads = jax.value_and_grad(loss)(params, *batch)
    else:
        step = fisher.jax.value_and_grad(loss, POLICY)
        value, grads, state = step(params, *batch, fisher_state=state)
    return jax.tree.map(lambda p, g: p - 0.3 * g, params, grads), state, value


def get_collectives(compiled):
    """The name and the type of the result of each collective."""
    text = compiled.as_text()
    return [
        (name, type)
        for name in COLLECTIVES
        for type in re.findall(rf"= (.+?) {name}(?:-start)?\(", text)
    ]


def place(tree, mesh, spec):
    """Arrays on a mesh, which may reach over processes."""

    def put(leaf):
        sharding = NamedSharding(mesh, spec)
        return jax.make_array_from_callback(leaf.shape, sharding, lambda index: leaf[index])

    return jax.tree.map(put, tree)


def gather(tree):
    """The arrays as lists of numbers, by name."""
    if jax.process_count() > 1:
        tree = multihost_utils.process_allgather(tree, tiled=True)
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(leaf).ravel().tolist() for path, leaf in leaves}


def run_steps(mesh, spec, batch_spec):
    params, batch = make_model()
    params, batch = place(params, mesh, spec), place(batch, mesh, batch_spec)
    state = fisher.jax.init(params, POLICY)
    assert all(leaf.sharding.spec == spec for leaf in state.values())
    # What is sharded stays so.
    kept = jax.tree.map(lambda leaf: leaf.sharding, (params, state))
    with_policy = jax.jit(train, out_shardings=(*kept, None)).lower(params, state, batch).compile()
    without = None
    # Several processes would each find the same.
    if jax.process_count() == 1:
        plain = jax.jit(train, out_shardings=(kept[0], None, None))
        without = get_collectives(plain.lower(params, None, batch).compile())
    losses = []
    for _ in range(STEPS):
        params, state, value = with_policy(params, state, batch)
        losses.append(float(value))
    return {
        "losses": losses,
        "learnt": gather((params, state)),
        "with": get_collectives(with_policy),
        "without": without,
        "kernel": "fisher_kernel" in with_policy.as_text(),
    }


def penalize(params):
    return jax.value_and_grad(fisher.jax.penalty)(params, PRIOR)


def run_in_shard_map(mesh):
    """Each device has a part of the parameters, and calls the kernel on it; the
    means of one belief are in parts, but all devices have its scales."""
    params, _ = make_model()
    params["fc0"]["rho"] = params["fc0"]["rho"][:1]
    specs = jax.tree.map(lambda _: PartitionSpec("d"), params)
    specs["fc0"]["rho"] = PartitionSpec()

    def penalize_part(params):
        value, grads = penalize(params)
        return jax.lax.psum(value, "d"), grads

    function = jax.shard_map(
        penalize_part, mesh=mesh, in_specs=(specs,), out_specs=(PartitionSpec(), specs)
    )
    params = jax.tree.map(lambda leaf, spec: place(leaf, mesh, spec), params, specs)
    compiled = jax.jit(function).lower(params).compile()
    value, grads = compiled(params)
    return {
        "loss": float(value),
        "grads": gather(grads),
        "with": get_collectives(compiled),
        "kernel": "fisher_kernel" in compiled.as_text(),
    }


def run_explicit():
    """Shardings in the types of arrays, of two beliefs that are one program and are
    divided differently."""
    mesh = jax.make_mesh((jax.device_count(),), ("d",), axis_types=(AxisType.Explicit,))
    specs = {"a": PartitionSpec("d", None), "b": PartitionSpec(None, "d")}
    rng = np.random.default_rng(0)
    params = {
        name: {
            part: place(rng.normal(size=(16, 8)).astype(np.float32), mesh, spec)
            for part in ("mu", "rho")
        }
        for name, spec in specs.items()
    }
    kept = {}

    def note(name, tree):
        leaves = jax.tree.leaves(tree)
        kept[name] = [str(jax.typeof(leaf).sharding.spec) for leaf in leaves]

    @jax.jit
    def step(params):
        total = lambda params: sum((leaf**2).sum() for leaf in jax.tree.leaves(params))
        results = fisher.jax.value_and_grad(total, PRIOR)(params)
        note("params", params)
        note("grads", results[1])
        note("penalty", penalize(params))
        logits = fisher.Categorical("logits")(params["a"]["mu"])
        distances = fisher.jax.squared_distance(logits, fisher.Categorical("logits")(0.0))
        note("distances", distances)
        return results, distances

    with jax.set_mesh(mesh):
        (value, grads), distances = step(params)
        return {"loss": float(value), "grads": gather((grads, distances)), "kept": kept}


def main(result, how, address=None, processes=1, process=0):
    if address:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(address, int(processes), int(process))
    count = jax.device_count()
    line = jax.make_mesh((count,), ("d",), axis_types=(AxisType.Auto,))
    parts = PartitionSpec("d")
    if how == "grid":
        grid = jax.make_mesh((2, count // 2), ("data", "model"), axis_types=(AxisType.Auto,) * 2)
        found = {"steps": run_steps(grid, PartitionSpec("model"), PartitionSpec("data"))}
    else:
        found = {"steps": run_steps(line, parts, parts), "shard_map": run_in_shard_map(line)}
        # Several processes take as long as one, each.
        if not address:
            found["explicit"] = run_explicit()
    if int(process) == 0:
        with open(result, "w") as file:
            json.dump({"devices": count, **found}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
