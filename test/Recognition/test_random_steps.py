# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random steps: what is there is found however it is spelled, and what is almost
there is not."""

import math

import pytest

from findings import recognize
from programs import make

RATE, STRENGTH, DECAY, WEIGHT = 0.1, 0.01, 0.02, 1e-3
FUSE = ["--convert-elementwise-to-linalg", "--linalg-fuse-elementwise-ops",
        "--canonicalize", "--cse"]
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


def check(kind, seeds):
    """Many steps of a kind, in one module: as they are, and as loops that were
    fused."""
    steps = {f"step{seed}": kind(make(seed)) for seed in seeds}
    module = "\n".join(text.replace("@main", f"@{name}")
                       for name, (text, _) in steps.items())
    for passes in ([], FUSE):
        found = recognize(module, *passes)
        for name, (text, expected) in steps.items():
            findings = found[name]
            assert [(f.kind, f.names) for f in findings] == [
                (k, n) for k, n, _ in expected], (passes, text)
            for finding, (_, _, values) in zip(findings, expected):
                for key, value in values.items():
                    got = finding.values[key]
                    assert got == value or abs(got - value) <= 1e-6 * abs(value), (
                        key, passes, text)


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


def l2_scaled_by_a_function_without_rules(s):
    p, g, x, _ = start(s)
    pull = s.multiply(s.op("math.sinh", x), p)
    return s.text(descend(s, p, s.add(g, s.scale(STRENGTH, pull)))), SGD


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
    return s.text(descend(s, p, s.scale(0.2, error)),
                  s.scale(0.1, s.sum(s.square(error)))), SGD


def momentum_of_old_state(s):
    p, g, *_ = start(s)
    m = s.argument()
    return s.text(s.subtract(p, s.scale(RATE, m)), s.add(s.scale(0.9, m), g)), []


def momentum_with_wrong_sign(s):
    p, g, *_ = start(s)
    m = s.argument()
    new = s.add(s.scale(0.9, m), g)
    return s.text(s.add(p, s.scale(RATE, new)), new), []


def momentum_of_divided_gradients(s):
    p, g, *_ = start(s)
    m, v = s.argument(), s.argument()
    if s.rng.random() < 0.5:
        g = s.add(g, s.scale(STRENGTH, p))
    v1 = s.add(s.scale(0.99, v), s.scale(0.01, s.square(g)))
    root = s.op("math.sqrt", v1)
    if s.rng.random() < 0.5:
        root = s.add(root, s.constant(1e-8))
    m1 = s.add(s.scale(0.9, m), s.divide(g, root))
    change = s.add(s.scale(0.9, m1), s.divide(g, root)) if s.rng.random() < 0.5 else m1
    return s.text(s.subtract(p, s.scale(RATE, change)), m1, v1), []


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
    l2_with_wrong_sign, l2_with_wrong_power, l2_scaled_by_a_tensor,
    l2_scaled_by_a_function_without_rules, l2_of_another, l2_toward_another, decay_that_grows, decay_of_almost_all, ascent,
    average_that_does_not_sum_to_one, average_with_wrong_sign,
    average_with_a_tensor_for_decay, average_of_data, average_of_squares,
    l2_in_the_loss_only, wrong_power_in_the_loss, negative_l2_in_the_loss,
    square_of_an_error, momentum_of_old_state, momentum_with_wrong_sign,
    momentum_of_divided_gradients, almost_adam, adagrad, noise_that_is_used_twice, threshold_that_is_no_probability,
    mask_of_an_activation, almost_kl]


@pytest.mark.parametrize("kind", NEAR_MISSES, ids=lambda kind: kind.__name__)
def test_no_false_finding(kind):
    check(kind, range(8))


#===------------------------------------------------------------------------===#
# What is there
#===------------------------------------------------------------------------===#


def mixed(s, pairs):
    """The sum of multiples, in some order and with some factors taken out."""
    pairs = list(pairs)
    s.rng.shuffle(pairs)
    if len(pairs) == 1:
        number, value = pairs[0]
        return value if number == 1 and s.rng.random() < 0.8 else s.scale(number, value)
    if s.rng.random() < 0.3:
        factor = s.rng.choice(pairs)[0]
        return s.scale(factor, mixed(s, [(n / factor, v) for n, v in pairs]))
    cut = s.rng.randrange(1, len(pairs))
    left, right = mixed(s, pairs[:cut]), pairs[cut:]
    if s.rng.random() < 0.5:
        return s.subtract(left, mixed(s, [(-n, v) for n, v in right]))
    return s.add(left, mixed(s, right))


def l2_added(s):
    p, g, *_ = start(s)
    if s.rng.random() < 0.5:
        new = descend(s, p, mixed(s, [(1, g), (STRENGTH, p)]))
    else:
        new = s.subtract(s.scale(1 - RATE * STRENGTH, p), s.scale(RATE, g))
    return s.text(new), SGD + [("l2_gradient", ["arg0"], {"strength": STRENGTH})]


def momentum(s):
    p, g, *_ = start(s)
    m = s.argument()
    has_l2, kind = s.rng.random() < 0.5, s.rng.choice(["momentum", "nesterov"])
    terms = [(1, g), (STRENGTH, p)] if has_l2 else [(1, g)]
    expected = [(kind, ["arg0"], {"learning_rate": RATE, "momentum": 0.9,
                                  "momentum_in": ["arg3"]})]
    if has_l2:
        expected += [("l2_gradient", ["arg0"], {"strength": STRENGTH})]
    decay = s.rng.choice([0, DECAY])
    kept = [(1 - RATE * decay, p)]
    if decay:
        expected += [("weight_decay", ["arg0"], {"strength": decay})]
    if s.rng.random() < 0.5:
        new = mixed(s, [(0.9, m)] + terms)
        if kind == "momentum":
            return s.text(mixed(s, kept + [(-RATE, new)]), new), expected
        return s.text(mixed(s, kept + [(-0.9 * RATE, new)] + [
            (-RATE * n, v) for n, v in terms]), new), expected
    # The state holds steps. Their scale is told by how they are written.
    step = s.scale(RATE, mixed(s, terms))
    new = s.subtract(s.scale(0.9, m), step)
    if kind == "momentum":
        return s.text(mixed(s, kept + [(1, new)]), new), expected
    return s.text(mixed(s, kept + [(0.9, new), (-1, step)]), new), expected


def adam(s):
    p, g, *_ = start(s)
    m, v = s.argument(), s.argument()
    count = s.argument(s.scalar_type)
    has_l2, decay = s.rng.random() < 0.3, s.rng.choice([0, 0, DECAY])
    is_inside, is_corrected = s.rng.random() < 0.3, s.rng.random() < 0.7
    epsilon = s.rng.choice([1e-8, 1e-6])
    if has_l2:
        g = mixed(s, [(1, g), (STRENGTH, p)])
    m1 = mixed(s, [(0.9, m), (0.1, g)])
    if s.rng.random() < 0.3:
        m1 = s.add(m, s.scale(0.1, s.subtract(g, m)))
    square = s.square(g)
    v1 = mixed(s, [(0.999, v), (0.001, square)])
    first, second = m1, v1
    if is_corrected:
        step = s.add(count, s.constant(1.0, s.scalar_type))

        def correction(beta):
            power = s.op("math.powf", s.constant(beta, s.scalar_type), step)
            scalar = s.subtract(s.constant(1.0, s.scalar_type), power)
            return s.emit(f"linalg.broadcast ins({scalar.name} : {s.scalar_type}) "
                          f"outs({s.constant(0.0).name} : {s.type}) "
                          f"dimensions = {list(range(len(s.shape)))}", s.type)

        first, second = s.divide(m1, correction(0.9)), s.divide(v1, correction(0.999))
    if is_inside:
        root = s.op("math.sqrt", s.add(second, s.constant(epsilon)))
        change = s.divide(first, root)
    else:
        change = s.divide(first, s.add(s.op("math.sqrt", second), s.constant(epsilon)))
    if decay and s.rng.random() < 0.5:
        new = s.subtract(s.scale(1 - RATE * decay, p), s.scale(RATE, change))
    elif decay:
        new = mixed(s, [(1, p), (-RATE, change), (-RATE * decay, p)])
    else:
        new = s.subtract(p, s.scale(RATE, change))
    expected = [("adamw" if decay else "adam", ["arg0"],
                 {"learning_rate": RATE, "beta1": 0.9, "beta2": 0.999,
                  "epsilon": epsilon, "epsilon_inside_root": is_inside,
                  "bias_correction": is_corrected, "first_moment_in": ["arg3"],
                  "second_moment_in": ["arg4"]})]
    if has_l2:
        expected += [("l2_gradient", ["arg0"], {"strength": STRENGTH})]
    if decay:
        expected += [("weight_decay", ["arg0"], {"strength": decay})]
    return s.text(new, m1, v1), expected


def rmsprop(s):
    p, g, *_ = start(s)
    v = s.argument()
    v1 = mixed(s, [(0.99, v), (0.01, s.square(g))])
    change = s.divide(g, s.add(s.op("math.sqrt", v1), s.constant(1e-8)))
    return s.text(s.subtract(p, s.scale(RATE, change)), v1), [
        ("rmsprop", ["arg0"], {"learning_rate": RATE, "decay": 0.99, "epsilon": 1e-8,
                               "epsilon_inside_root": False,
                               "second_moment_in": ["arg3"]})]


def average(s):
    p, g, *_ = start(s)
    e = s.argument()
    new = descend(s, p, g)
    of = s.rng.choice(["parameter", "old parameter", "gradient"])
    x = {"parameter": new, "old parameter": p, "gradient": g}[of]
    if s.rng.random() < 0.5:
        average = mixed(s, [(0.99, e), (0.01, x)])
    else:
        average = s.add(e, s.scale(0.01, s.subtract(x, e)))
    return s.text(new, average), SGD + [
        ("moving_average", ["arg0"], {"decay": 0.99, "average_in": ["arg3"],
                                      "of": of.split()[-1]})]


def l2_loss(s):
    p, g, x, _ = start(s)
    data = s.sum(s.elementwise(x, p))
    penalty = s.scale(STRENGTH / 2, s.sum(s.square(p)))
    if s.rng.random() < 0.3:
        penalty = s.sum(s.scale(STRENGTH / 2, s.square(p)))
    loss = s.add(data, penalty)
    found = ("l2_loss", ["arg0"], {"strength": STRENGTH})
    if s.rng.random() < 0.3:
        return s.text(loss), [found]
    extra = s.rng.choice([0, STRENGTH])
    gradient = mixed(s, [(1, g), (STRENGTH, p)] + ([(extra, p)] if extra else []))
    return s.text(descend(s, p, gradient), loss), SGD + (
        [("l2_gradient", ["arg0"], {"strength": extra})] if extra else []) + [found]


def kl(s):
    m, r, x = s.argument(), s.argument(), s.argument()
    chart = s.rng.choice(["sigma", "log_sigma", "softplus", "variance", "log_variance",
                          "precision"])

    def exp(a):
        return s.op("math.exp", a)

    def softplus(a):
        way = s.rng.choice(["log1p", "log", "stable", "threshold"])
        if way == "log1p":
            return s.op("math.log1p", exp(a))
        if way == "log":
            return s.op("math.log", s.add(s.constant(1.0), exp(a)))
        if way == "threshold":
            return s.select(s.compare("ogt", a, s.constant(20.0)), a,
                            s.op("math.log1p", exp(a)))
        tail = s.op("math.log1p", exp(s.negated(s.op("math.absf", a))))
        return s.add(s.commuted("arith.maximumf", a, s.constant(0.0)), tail)

    sigma, variance = {
        "sigma": lambda: (r, s.square(r)),
        "log_sigma": lambda: (exp(r), exp(s.scale(2.0, r))),
        "softplus": lambda: (lambda a: (a, s.square(a)))(softplus(r)),
        "variance": lambda: (s.op("math.sqrt", r), r),
        "log_variance": lambda: (exp(s.scale(0.5, r)), exp(r)),
        "precision": lambda: (s.op("math.rsqrt", r), s.divide(s.constant(1.0), r)),
    }[chart]()
    if s.rng.random() < 0.5:
        variance = s.square(sigma)
    logs = (s.op("math.log", sigma) if s.rng.random() < 0.5
            else s.scale(0.5, s.op("math.log", variance)))
    mean, spread = s.rng.choice([(0, 1), (0, 0.5), (0.25, 2.0)])
    shifted = s.subtract(m, s.constant(mean)) if mean else m
    half = s.scale(0.5 / spread**2, s.add(variance, s.square(shifted)))
    each = s.add(s.subtract(half, logs), s.constant(-0.5))
    if spread != 1:
        each = s.add(each, s.constant(math.log(spread)))
    loss = s.add(s.sum(s.elementwise(x, m)), s.scale(WEIGHT, s.sum(each)))
    return s.text(loss), [("kl_to_prior", ["arg0", "arg1"],
                           {"weight": WEIGHT, "prior_mean": mean,
                            "prior_sigma": spread, "chart": chart})]


def dropout(s):
    x, u = s.argument(), s.argument()
    keep, is_scaled = s.rng.choice([0.8, 0.5, 0.9]), s.rng.random() < 0.5
    h = s.op("math.tanh", x)
    flipped = s.rng.random() < 0.3
    if flipped:
        mask = s.compare(s.rng.choice(["ogt", "oge"]), u, s.constant(1 - keep))
    else:
        mask = s.compare(s.rng.choice(["olt", "ole"]), u, s.constant(keep))
    way = s.rng.choice(["multiply", "select", "early"])
    if way == "select":
        scaled = s.scale(1 / keep, h) if is_scaled else h
        y = s.select(mask, scaled, s.constant(0.0))
    elif way == "early" and is_scaled:
        y = s.multiply(h, s.scale(1 / keep, s.to_float(mask)))
    else:
        y = s.multiply(h, s.to_float(mask))
        if is_scaled:
            y = s.scale(1 / keep, y)
    return s.text(s.op("math.sin", y)), [("dropout", ["arg1"],
                                          {"keep": keep, "is_scaled": is_scaled})]


def entropy(s):
    x = s.argument()
    rows = f"tensor<{s.shape[0]}x{s.element}>"

    def spread(a):
        return s.emit(f"linalg.broadcast ins({a.name} : {rows}) "
                      f"outs({s.constant(0.0).name} : {s.type}) dimensions = [1]", s.type)

    logits = s.op("math.tanh", x)
    if s.rng.random() < 0.7:
        low = s.constant(-1e30, rows)
        largest = s.emit(
            f"linalg.reduce {{arith.maximumf}} ins({logits.name} : {logits.type}) "
            f"outs({low.name} : {rows}) dimensions = [1]", rows)
        logits = s.subtract(logits, spread(largest))
    e = s.op("math.exp", logits)
    total = s.reduce(e, [1], rows)
    p = s.divide(e, spread(total))
    log_p = s.subtract(logits, spread(s.op("math.log", total)))
    if s.rng.random() < 0.5:
        p = s.op("math.exp", log_p)
    elif s.rng.random() < 0.5:
        log_p = s.op("math.log", p)
    term = s.scale(0.01, s.sum(s.multiply(p, log_p)))
    loss = s.add(s.sum(s.elementwise(x)), term)
    return s.text(loss), [("entropy_bonus", [], {"weight": 0.01})]


KINDS = [l2_added, momentum, adam, rmsprop, average, l2_loss, kl, dropout, entropy]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_found_in_any_spelling(kind):
    check(kind, range(40))


def test_near_misses_are_many():
    assert 8 * len(NEAR_MISSES) >= 200
