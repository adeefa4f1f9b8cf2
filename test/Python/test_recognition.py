# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fisher-recognize finds in steps that JAX and Optax write."""

import time

import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp

from findings import recognize

WIDTH, WORDS, LENGTH, BATCH = 32, 50, 16, 4


def lower(step, *arguments):
    """The step in StableHLO, in generic form and with the names of arguments."""
    lowered = jax.jit(step, keep_unused=True).lower(*arguments)
    return lowered.compiler_ir("stablehlo").operation.get_asm(
        print_generic_op_form=True, enable_debug_info=True)


def find(step, *arguments):
    return {finding.kind: finding
            for finding in recognize(lower(step, *arguments))["main"]}


def check(finding, names, **values):
    assert finding.names == names
    for key, value in values.items():
        got = finding.values[key]
        assert got == value or abs(got - value) <= 1e-6 * abs(value), key


def mlp_loss(params, x, y):
    h = jnp.tanh(x @ params["w0"] + params["b0"])
    return jnp.square(h @ params["w1"] + params["b1"] - y).mean()


PARAMS = {"b0": jnp.zeros(8), "b1": jnp.zeros(3), "w0": jnp.zeros((5, 8)),
          "w1": jnp.zeros((8, 3))}
DATA = jnp.zeros((16, 5)), jnp.zeros((16, 3))
NAMES = [f"params.{name}" for name in PARAMS]


OPTIMIZERS = {
    "sgd": (lambda o: o.sgd(0.1), "sgd", {"learning_rate": 0.1}),
    "momentum": (lambda o: o.sgd(0.1, momentum=0.9), "momentum",
                 {"learning_rate": 0.1, "momentum": 0.9}),
    "nesterov": (lambda o: o.sgd(0.1, momentum=0.9, nesterov=True), "nesterov",
                 {"learning_rate": 0.1, "momentum": 0.9}),
    "adam": (lambda o: o.adam(1e-3, b2=0.99, eps=1e-7), "adam",
             {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-7,
              "bias_correction": True}),
    "adamw": (lambda o: o.adamw(1e-3, weight_decay=1e-2), "adamw",
              {"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
    "rmsprop": (lambda o: o.rmsprop(1e-3, decay=0.95, eps=1e-6, initial_scale=0.0),
                "rmsprop", {"learning_rate": 1e-3, "decay": 0.95, "epsilon": 1e-6}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optax(name):
    optax = pytest.importorskip("optax")
    make, kind, values = OPTIMIZERS[name]
    optimizer = make(optax)

    def step(params, state, x, y):
        value, gradient = jax.value_and_grad(mlp_loss)(params, x, y)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    found = find(step, PARAMS, optimizer.init(PARAMS), *DATA)
    check(found.pop(kind), NAMES, **values)
    if name == "adamw":
        check(found.pop("weight_decay"), NAMES, strength=1e-2)
    assert not found


def test_l2_added_by_optax():
    """Before Adam, it is divided as the gradient is."""
    optax = pytest.importorskip("optax")
    mask = {name: name.startswith("w") for name in PARAMS}
    optimizer = optax.chain(optax.add_decayed_weights(1e-2, mask), optax.adam(1e-3))

    def step(params, state, x, y):
        value, gradient = jax.value_and_grad(mlp_loss)(params, x, y)
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, value

    found = find(step, PARAMS, optimizer.init(PARAMS), *DATA)
    check(found.pop("adam"), NAMES, learning_rate=1e-3)
    check(found.pop("l2_gradient"), ["params.w0", "params.w1"], strength=1e-2)
    assert not found


def test_l2_in_the_loss_and_average():
    def loss(params, x, y):
        return mlp_loss(params, x, y) + 5e-3 * sum(
            jnp.vdot(params[name], params[name]) for name in ("w0", "w1"))

    def step(params, average, x, y):
        value, gradient = jax.value_and_grad(loss)(params, x, y)
        params = jax.tree.map(lambda p, g: p - 0.1 * g, params, gradient)
        average = jax.tree.map(lambda a, p: a + 0.01 * (p - a), average, params)
        return params, average, value

    found = find(step, PARAMS, PARAMS, *DATA)
    check(found.pop("sgd"), NAMES, learning_rate=0.1)
    check(found.pop("l2_loss"), ["params.w0", "params.w1"], strength=1e-2)
    check(found.pop("moving_average"), NAMES, decay=0.99,
          average_in=[name.replace("params", "average") for name in NAMES])
    assert not found


def test_drawn_dropout():
    def step(params, key, x, y):
        def loss(params):
            h = jnp.tanh(x @ params["w0"] + params["b0"])
            mask = jax.random.bernoulli(key, 0.75, h.shape)
            h = jnp.where(mask, h / 0.75, 0)
            return jnp.square(h @ params["w1"] + params["b1"] - y).mean()

        value, gradient = jax.value_and_grad(loss)(params)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, gradient), value

    found = find(step, PARAMS, jax.random.key_data(jax.random.key(0)), *DATA)
    check(found.pop("sgd"), NAMES, learning_rate=0.1)
    check(found.pop("dropout"), [], keep=0.75, is_scaled=True)
    assert not found


def test_entropy_bonus():
    def step(params, x, y):
        def loss(params):
            h = jnp.tanh(x @ params["w0"] + params["b0"])
            logits = h @ params["w1"] + params["b1"]
            log_p = jax.nn.log_softmax(logits)
            entropy = -(jnp.exp(log_p) * log_p).sum(-1).mean()
            return -(y * log_p).sum(-1).mean() - 0.01 * entropy

        value, gradient = jax.value_and_grad(loss)(params)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, gradient), value

    found = find(step, PARAMS, *DATA)
    check(found.pop("sgd"), NAMES, learning_rate=0.1)
    check(found.pop("entropy_bonus"), [], weight=0.01 / len(DATA[0]))
    assert not found


def transformer(layers):
    """A training step of a language model, with AdamW."""
    def normalize(x, gain, bias):
        mean = x.mean(-1, keepdims=True)
        variance = jnp.square(x - mean).mean(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * gain + bias

    def loss(p, x, y):
        h = p["embedding"][x]
        mask = jnp.tril(jnp.ones((LENGTH, LENGTH)))
        for i in range(layers):
            q = p[f"layer{i}"]
            a = normalize(h, q["gain0"], q["bias0"])
            scores = jnp.einsum("btd,bsd->bts", a @ q["query"], a @ q["key"])
            scores = jnp.where(mask > 0, scores / jnp.sqrt(WIDTH), -1e9)
            h = h + jax.nn.softmax(scores) @ (a @ q["value"]) @ q["out"]
            a = normalize(h, q["gain1"], q["bias1"])
            h = h + jax.nn.gelu(a @ q["up"]) @ q["down"]
        log_p = jax.nn.log_softmax(h @ p["head"])
        return -jnp.take_along_axis(log_p, y[..., None], -1).mean()

    def step(p, m, v, count, x, y):
        value, g = jax.value_and_grad(loss)(p, x, y)
        count = count + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.95 * v + 0.05 * g * g, v, g)

        def update(p, m, v):
            new = p - 3e-4 * (m / (1 - 0.9**count)) / (
                jnp.sqrt(v / (1 - 0.95**count)) + 1e-8)
            return new - 3e-5 * p if p.ndim == 2 else new

        return jax.tree.map(update, p, m, v), m, v, count, value

    square, vector = jnp.zeros((WIDTH, WIDTH)), jnp.zeros(WIDTH)
    wide = jnp.zeros((WIDTH, 4 * WIDTH))
    p = {"embedding": jnp.zeros((WORDS, WIDTH)), "head": jnp.zeros((WIDTH, WORDS))}
    for i in range(layers):
        p[f"layer{i}"] = {
            "query": square, "key": square, "value": square, "out": square,
            "up": wide, "down": wide.T, "gain0": vector, "bias0": vector,
            "gain1": vector, "bias1": vector}
    words = jnp.zeros((BATCH, LENGTH), int)
    return step, (p, p, p, jnp.float32(0), words, words)


def test_transformer():
    """Gradients of many terms are told apart, and in time."""
    step, arguments = transformer(layers=6)
    text = lower(step, *arguments)
    start = time.monotonic()
    found = {finding.kind: finding for finding in recognize(text)["main"]}
    assert time.monotonic() - start < 20
    assert found.keys() == {"adamw", "weight_decay"}
    leaves = jax.tree_util.tree_leaves_with_path(arguments[0])
    names = {".".join(["p", *(key.key for key in path)]): leaf.ndim
             for path, leaf in leaves}
    assert set(found["adamw"].names) == names.keys()
    assert set(found["weight_decay"].names) == {n for n, rank in names.items() if rank == 2}
    check(found["adamw"], list(names), learning_rate=3e-4, beta1=0.9, beta2=0.95,
          epsilon=1e-8, bias_correction=True)
    check(found["weight_decay"], found["weight_decay"].names, strength=0.1)
