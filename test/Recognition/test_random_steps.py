# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random steps: what is there is found however it is spelled, and what is almost
there is not."""

import pytest

from findings import recognize
from programs import make

RATE, STRENGTH = 0.1, 0.01
SGD = [("sgd", ["arg0"], {"learning_rate": RATE})]


def descend(s, p, gradient):
    """p - rate * gradient"""
    if s.rng.random() < 0.5:
        return s.subtract(p, s.scale(RATE, gradient))
    return s.add(p, s.scale(-RATE, gradient))


def start(s):
    """A parameter and its gradient, a function of data and of the parameter."""
    p, x, y = s.argument(), s.argument(), s.argument()
    return p, s.elementwise(x, y, p), x, y


def check(text, expected, *passes):
    found = recognize(text, *passes)["main"]
    assert [(f.kind, f.names) for f in found] == [(k, n) for k, n, _ in expected], text
    for finding, (_, _, values) in zip(found, expected):
        for key, value in values.items():
            got = finding.values[key]
            assert got == value or abs(got - value) <= 1e-6 * abs(value), (key, text)


#===------------------------------------------------------------------------===#
# Near misses
#===------------------------------------------------------------------------===#


def l2_with_wrong_sign(s):
    p, g, *_ = start(s)
    return s.text(descend(s, p, s.subtract(g, s.scale(STRENGTH, p)))), SGD


def l2_with_wrong_power(s):
    p, g, *_ = start(s)
    power = s.rng.choice([s.square(p), s.multiply(p, s.square(p)), s.op("math.absf", p),
                          s.op("math.sqrt", p)])
    return s.text(descend(s, p, s.add(g, s.scale(STRENGTH, power)))), SGD


def l2_scaled_by_a_tensor(s):
    p, g, x, _ = start(s)
    return s.text(descend(s, p, s.add(g, s.multiply(s.scale(STRENGTH, x), p)))), SGD


def l2_of_another(s):
    p, g, x, _ = start(s)
    return s.text(descend(s, p, s.add(g, s.scale(STRENGTH, x)))), SGD


def l2_toward_another(s):
    p, g, x, _ = start(s)
    pull = s.scale(STRENGTH, s.subtract(p, x))
    return s.text(descend(s, p, s.add(g, pull))), SGD


def decay_that_grows(s):
    p, g, *_ = start(s)
    return s.text(s.subtract(s.scale(1.001, p), s.scale(RATE, g))), SGD


def decay_of_almost_all(s):
    p, g, *_ = start(s)
    return s.text(s.subtract(s.scale(0.1, p), s.scale(RATE, g))), []


def ascent(s):
    p, g, *_ = start(s)
    return s.text(s.add(p, s.scale(RATE, g))), []


def average_that_does_not_sum_to_one(s):
    p, g, *_ = start(s)
    e = s.argument()
    new = descend(s, p, g)
    share = s.rng.choice([0.02, 0.0101, 0.1, 0.009, 0.01001])
    return s.text(new, s.add(s.scale(0.99, e), s.scale(share, new))), SGD


def average_with_wrong_sign(s):
    p, g, *_ = start(s)
    e = s.argument()
    new = descend(s, p, g)
    return s.text(new, s.subtract(s.scale(0.99, e), s.scale(0.01, new))), SGD


def average_with_a_tensor_for_decay(s):
    p, g, x, _ = start(s)
    e = s.argument()
    new = descend(s, p, g)
    return s.text(new, s.add(e, s.multiply(x, s.subtract(new, e)))), SGD


def average_of_data(s):
    e, x = s.argument(), s.argument()
    if s.rng.random() < 0.5:
        return s.text(s.add(s.scale(0.9, e), s.scale(0.1, x))), []
    return s.text(s.subtract(e, s.scale(0.1, s.subtract(e, x)))), []


def average_of_squares(s):
    p, g, *_ = start(s)
    e = s.argument()
    new = descend(s, p, g)
    return s.text(new, s.add(s.scale(0.99, e), s.scale(0.01, s.square(new)))), SGD


def l2_in_the_loss_only(s):
    p, g, x, _ = start(s)
    loss = s.add(s.sum(s.elementwise(x)), s.scale(STRENGTH / 2, s.sum(s.square(p))))
    return s.text(descend(s, p, g), loss), SGD


def wrong_power_in_the_loss(s):
    p, g, x, _ = start(s)
    power, slope = s.rng.choice([
        (lambda: s.op("math.absf", p), lambda: s.elementwise(p)),
        (lambda: s.multiply(p, s.square(p)), lambda: s.square(p)),
        (lambda: s.square(s.square(p)), lambda: s.multiply(p, s.square(p))),
        (lambda: s.multiply(p, x), lambda: x)])
    loss = s.add(s.sum(s.elementwise(x)), s.scale(STRENGTH, s.sum(power())))
    return s.text(descend(s, p, s.add(g, s.scale(STRENGTH, slope()))), loss), SGD


def negative_l2_in_the_loss(s):
    p, g, x, _ = start(s)
    loss = s.subtract(s.sum(s.elementwise(x)), s.scale(STRENGTH / 2, s.sum(s.square(p))))
    return s.text(descend(s, p, s.subtract(g, s.scale(STRENGTH, p))), loss), SGD


def square_of_an_error(s):
    p, x = s.argument(), s.argument()
    error = s.subtract(p, x)
    return s.text(descend(s, p, s.scale(2.0, error)), s.sum(s.square(error))), SGD


def momentum_of_old_state(s):
    p, g, *_ = start(s)
    m = s.argument()
    return s.text(s.subtract(p, s.scale(RATE, m)), s.add(s.scale(0.9, m), g)), []


def momentum_with_wrong_sign(s):
    p, g, *_ = start(s)
    m = s.argument()
    new = s.add(s.scale(0.9, m), g)
    return s.text(s.add(p, s.scale(RATE, new)), new), []


def almost_adam(s):
    p, g, *_ = start(s)
    m, v = s.argument(), s.argument()
    miss = s.rng.choice(["sum of first", "sum of second", "no square", "old moment",
                         "no root", "wrong sign", "another gradient"])
    share = 0.2 if miss == "sum of first" else 0.1
    m1 = s.add(s.scale(0.9, m), s.scale(share, g))
    square = s.op("math.absf", g) if miss == "no square" else s.square(
        s.op("math.sin", g) if miss == "another gradient" else g)
    v1 = s.add(s.scale(0.99, v), s.scale(0.02 if miss == "sum of second" else 0.01, square))
    root = v if miss == "old moment" else v1
    root = root if miss == "no root" else s.op("math.sqrt", root)
    change = s.scale(RATE, s.divide(m1, s.add(root, s.constant(1e-8))))
    p1 = s.add(p, change) if miss == "wrong sign" else s.subtract(p, change)
    return s.text(p1, m1, v1), []


def adagrad(s):
    p, g, *_ = start(s)
    v = s.argument()
    v1 = s.add(v, s.square(g))
    return s.text(s.subtract(p, s.scale(RATE, s.divide(g, s.op("math.sqrt", v1)))), v1), []


def noise_that_is_used_twice(s):
    x, u = s.argument(), s.argument()
    mask = s.to_float(s.compare("olt", u, s.constant(0.8)))
    return s.text(s.add(s.multiply(s.op("math.tanh", x), mask), s.op("math.sin", u))), []


def threshold_that_is_no_probability(s):
    x, u = s.argument(), s.argument()
    threshold = s.rng.choice([1.5, -0.2, 0.0, 1.0])
    mask = s.to_float(s.compare("olt", u, s.constant(threshold)))
    return s.text(s.multiply(s.op("math.tanh", x), mask)), []


def mask_of_an_activation(s):
    x, u = s.argument(), s.argument()
    mask = s.to_float(s.compare("olt", s.op("math.tanh", u), s.constant(0.8)))
    return s.text(s.multiply(s.op("math.tanh", x), mask)), []


def almost_kl(s):
    m, r, x = s.argument(), s.argument(), s.argument()
    miss = s.rng.choice(["sign of log", "weight of mean", "power of mean", "sign of all",
                         "another spread"])
    spread = s.op("math.exp", r)
    other = s.op("math.exp", x) if miss == "another spread" else spread
    mean = s.square(m) if miss != "power of mean" else s.op("math.absf", m)
    if miss == "weight of mean":
        mean = s.scale(0.5, mean)
    half = s.scale(0.5, s.add(mean, s.square(spread)))
    logs = s.op("math.log", other)
    kl = s.add(half, logs) if miss == "sign of log" else s.subtract(half, logs)
    total = s.scale(1e-3, s.sum(kl))
    data = s.sum(s.elementwise(x))
    # What is left of it may be L2 of the mean.
    expected = [] if miss in ("power of mean", "sign of all") else [
        ("l2_loss", ["arg0"], {"strength": 5e-4 if miss == "weight of mean" else 1e-3})]
    return s.text(s.subtract(data, total) if miss == "sign of all" else
                  s.add(data, total)), expected


NEAR_MISSES = [
    l2_with_wrong_sign, l2_with_wrong_power, l2_scaled_by_a_tensor, l2_of_another,
    l2_toward_another, decay_that_grows, decay_of_almost_all, ascent,
    average_that_does_not_sum_to_one, average_with_wrong_sign,
    average_with_a_tensor_for_decay, average_of_data, average_of_squares,
    l2_in_the_loss_only, wrong_power_in_the_loss, negative_l2_in_the_loss,
    square_of_an_error, momentum_of_old_state, momentum_with_wrong_sign, almost_adam,
    adagrad, noise_that_is_used_twice, threshold_that_is_no_probability,
    mask_of_an_activation, almost_kl]
FUSE = ["--convert-elementwise-to-linalg", "--linalg-fuse-elementwise-ops",
        "--canonicalize", "--cse"]


@pytest.mark.parametrize("seed", range(200))
def test_no_false_finding(seed):
    text, expected = NEAR_MISSES[seed % len(NEAR_MISSES)](make(seed))
    check(text, expected)
    check(text, expected, *FUSE)
