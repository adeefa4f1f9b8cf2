# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Python threads that trace, compile and call at once."""

import concurrent.futures
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fisher
import fisher.jax
from by_hand import PRIOR, assert_equal

THREADS = 8


def run_at_once(function, count=THREADS):
    """The results of `function` of numbers, in threads that start together."""
    barrier = threading.Barrier(count)

    def run(number):
        barrier.wait()
        return function(number)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def make_params(size):
    rng = np.random.default_rng(size)
    return {"w": dict(zip(("mu", "rho"), rng.normal(size=(2, size)).astype(np.float32)))}


def evaluate(size):
    params = make_params(size)
    step = jax.jit(fisher.jax.value_and_grad(lambda p: p["w"]["mu"].sum(), PRIOR))
    return jax.tree.map(np.asarray, step(params))


def test_each_compiles_its_own():
    at_once = run_at_once(lambda number: evaluate(1000 + number))
    for number, result in enumerate(at_once):
        assert_equal(result, evaluate(1000 + number))


def test_all_compile_the_same():
    first, *others = run_at_once(lambda _: evaluate(54_321))
    for other in others:
        assert_equal(other, first)


def test_all_call_one_program():
    """A large penalty, which XLA's threads share, by several callers."""
    step = jax.jit(jax.value_and_grad(lambda params: fisher.jax.penalty(params, PRIOR)))
    params = jax.tree.map(jnp.asarray, make_params(300_000))
    expected = jax.tree.map(np.asarray, step(params))

    def call(_):
        return [jax.tree.map(np.asarray, step(params)) for _ in range(5)]

    for results in run_at_once(call):
        for result in results:
            assert_equal(result, expected)


def test_errors_are_those_of_their_thread():
    def fail(number):
        with pytest.raises(fisher.PolicyError, match=f"'parameter{number}' matches no"):
            fisher.jax.penalty(
                make_params(3),
                fisher.Policy().regularize(
                    f"parameter{number}",
                    as_=fisher.Poisson("rate"),
                    toward=fisher.frozen,
                    weight=1.0,
                ),
            )
        return fisher.rewrite(f"module @m{number} {{}}", "canonicalize")

    for number, text in enumerate(run_at_once(fail)):
        assert f"@m{number}" in text
