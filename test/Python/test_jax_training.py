# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loss and gradients of regularized training steps are those of the penalty that
is written by hand in float64, whatever JAX does with the step."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import fisher
import fisher.jax
from by_hand import (
    FAST,
    PRIOR,
    assert_close,
    assert_equal,
    find_beliefs,
    gaussian,
    gaussian_prior,
    in_float64,
    wide,
)
from paths import ROOT

WEIGHT = 1e-3
SOFTPLUS = fisher.Gaussian("softplus")


def sample(belief, eps):
    return belief["mu"] + jax.nn.softplus(belief["rho"]) * eps


def normal(seed, shape, dtype=jnp.float32):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), dtype)


def make_belief(seed, shape, dtype=jnp.float32):
    rng = np.random.default_rng(seed)
    return {
        "mu": jnp.asarray(rng.normal(size=shape) / np.sqrt(shape[0]), dtype),
        "rho": jnp.asarray(-2 + 0.3 * rng.normal(size=shape), dtype),
    }


def cross_entropy(logits, labels):
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], 1).mean()


def hand_written(loss):
    """The loss with the penalty, in JAX."""
    return lambda params, *args: loss(params, *args) + WEIGHT * gaussian_prior(params)


def evaluate_by_hand(loss, params, *args):
    """Loss and gradients of the hand-written step, and of its penalty alone."""
    (stored,) = {leaf.dtype for belief in find_beliefs(params) for leaf in belief.values()}

    def both(params, *args):
        penalty = jax.value_and_grad(lambda params: WEIGHT * gaussian_prior(params, stored))(params)
        value, grads = jax.value_and_grad(loss)(params, *args)
        total = value + penalty[0], jax.tree.map(jnp.add, grads, penalty[1])
        return total, penalty

    return in_float64(both, params, *args)


def check(loss, params, *args, tolerance=1e-5, options=None):
    """`value_and_grad`, and `jax.grad` of `penalty`, against the penalty that is
    written by hand, whose results are returned."""
    expected, penalty = evaluate_by_hand(loss, params, *args)
    step = jax.jit(fisher.jax.value_and_grad(loss, PRIOR), compiler_options=options)
    got = step(params, *args)
    assert_close(got, expected, tolerance)
    assert jax.tree.map(jnp.result_type, got[1]) == jax.tree.map(jnp.result_type, params)

    by_grad = jax.jit(jax.value_and_grad(lambda params: fisher.jax.penalty(params, PRIOR)))
    assert_close(by_grad(params), penalty, tolerance)
    # The penalty matters far more than the tolerance, in each of its gradients.
    for part, total in zip(jax.tree.leaves(penalty), jax.tree.leaves(expected)):
        part, total = np.abs(part).max(initial=0), np.abs(total).max(initial=0)
        assert part == 0 or part > 10 * tolerance * total
    return expected


# The model of test/Models/bayes_mlp: a step that JAX wrote, and the same with the
# penalty.


def load_model(name):
    with np.load(ROOT / "test" / "Models" / name / "io.npz") as io:
        arrays = {key: io[key] for key in io.files}
    taken = [arrays[f"arg{i}"] for i in range(10)]
    layers = [dict(zip(("mu", "rho", "bias"), taken[i : i + 3])) for i in (0, 3)]
    params = {f"fc{i}": jax.tree.map(jnp.asarray, layer) for i, layer in enumerate(layers)}
    returned = [arrays[f"out{i}"] for i in range(7)]
    return params, tuple(map(jnp.asarray, taken[6:])), returned


def mlp_loss(params, x, y, eps0, eps1):
    hidden = jax.nn.relu(x @ sample(params["fc0"], eps0) + params["fc0"]["bias"])
    return cross_entropy(hidden @ sample(params["fc1"], eps1) + params["fc1"]["bias"], y)


def test_bayesian_network():
    params, batch, returned = load_model("bayes_mlp_fr_grads")
    check(mlp_loss, params, *batch)
    # And as JAX computed it when the model was made.
    step = fisher.jax.regularize(jax.value_and_grad(mlp_loss), PRIOR)
    layers = [dict(zip(("mu", "rho", "bias"), returned[i : i + 3])) for i in (1, 4)]
    expected = returned[0], {"fc0": layers[0], "fc1": layers[1]}
    assert_close(jax.jit(step)(params, *batch), expected)


def test_convolutions():
    params = {
        "conv": make_belief(0, (3, 3, 1, 4)),
        "dense": {**make_belief(1, (4, 10)), "bias": jnp.zeros(10)},
    }
    images = normal(2, (8, 8, 8, 1))
    labels = jnp.arange(8)
    eps = normal(3, (3, 3, 1, 4)), normal(4, (4, 10))

    def loss(params, images, labels, eps):
        hidden = jax.lax.conv_general_dilated(
            images,
            sample(params["conv"], eps[0]),
            (1, 1),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        pooled = jnp.tanh(hidden).mean((1, 2))
        dense = params["dense"]
        return cross_entropy(pooled @ sample(dense, eps[1]) + dense["bias"], labels)

    check(loss, params, images, labels, eps, options=FAST)


LAYERS, WIDTH = 3, 16


@functools.cache
def make_transformer(dtype=jnp.float32):
    """Parameters of a transformer, whose layers are stacked, and a batch."""
    shapes = {"qkv": (WIDTH, 3 * WIDTH), "up": (WIDTH, 2 * WIDTH), "down": (2 * WIDTH, WIDTH)}
    params = {
        "layers": {
            name: make_belief(seed, (LAYERS, *shape), dtype)
            for seed, (name, shape) in enumerate(shapes.items())
        },
        "scale": jnp.ones((LAYERS, WIDTH), dtype),
        "head": make_belief(3, (WIDTH, 7), dtype),
    }
    return params, normal(4, (4, 5, WIDTH), dtype), jnp.arange(4) % 7


def transformer_loss(params, tokens, labels, remat=False):
    def norm(x):
        return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-6)

    def layer(x, weights):
        beliefs, scale = weights
        mean = {name: belief["mu"] for name, belief in beliefs.items()}
        q, k, v = jnp.split(norm(x) * scale @ mean["qkv"], 3, -1)
        scores = jax.nn.softmax(q @ k.swapaxes(-1, -2) / np.sqrt(WIDTH))
        x = x + scores @ v
        x = x + jnp.tanh(norm(x) @ mean["up"]) @ mean["down"]
        spread = sum(jnp.square(jax.nn.softplus(b["rho"])).mean() for b in beliefs.values())
        return x, spread

    body = jax.checkpoint(layer) if remat else layer
    x, spreads = jax.lax.scan(body, tokens, (params["layers"], params["scale"]))
    logits = x.mean(1) @ params["head"]["mu"]
    return cross_entropy(logits, labels) + spreads.mean()


def test_transformer_with_stacked_layers():
    """As it is, and with `jax.checkpoint` of its layers and of all that the
    penalty is in."""
    params, *batch = make_transformer()
    expected = check(transformer_loss, params, *batch, options=FAST)

    @jax.checkpoint
    def penalized(params, *batch):
        loss = transformer_loss(params, *batch, remat=True)
        return loss + fisher.jax.penalty(params, PRIOR)

    step = jax.jit(jax.value_and_grad(penalized), compiler_options=FAST)
    assert_close(step(params, *batch), expected)


def test_bfloat16_parameters():
    """Gradients are rounded to bfloat16, whose unit is 2^-8: the penalty's, and
    the sum's. The loss is a float32."""
    params = {"w": make_belief(0, (32, 8), jnp.bfloat16)}

    def loss(params):
        mean = params["w"]["mu"]
        return 1e-2 * jnp.square(mean.astype(jnp.result_type(mean, jnp.float32))).sum()

    expected = check(loss, params, tolerance=2**-7)
    value, _ = jax.jit(fisher.jax.value_and_grad(loss, PRIOR))(params)
    assert value.dtype == jnp.float32
    np.testing.assert_allclose(value, expected[0], rtol=1e-5)


@pytest.mark.parametrize("dtype", [jnp.float64, jnp.float16])
def test_other_types(dtype):
    tolerance = 1e-13 if dtype == jnp.float64 else 2**-9
    with jax.enable_x64(True):
        params = {"w": make_belief(3, (20, 5), dtype)}
        loss = lambda params: jnp.float32(0) + (params["w"]["mu"] ** 2).sum().astype(dtype)
        by_hand = lambda params: loss(params) + WEIGHT * gaussian_prior(params, dtype)
        expected = jax.jit(jax.value_and_grad(by_hand))(wide(params))
        got = jax.jit(fisher.jax.value_and_grad(loss, PRIOR))(params)
        assert_close(got, expected, tolerance)
        assert jax.tree.map(jnp.result_type, got[1]) == jax.tree.map(jnp.result_type, params)


def test_mixed_types_are_programs_of_their_own():
    """A policy over parameters of two element types."""
    params = {
        "a": make_belief(0, (4, 3)),
        "b": make_belief(1, (4, 3), jnp.bfloat16),
    }
    value, grads = jax.jit(jax.value_and_grad(lambda p: fisher.jax.penalty(p, PRIOR)))(params)

    def by_hand(params):
        total = gaussian_prior(params["a"]) + gaussian_prior(params["b"], jnp.bfloat16)
        return WEIGHT * total

    expected = in_float64(jax.value_and_grad(by_hand), params)
    np.testing.assert_allclose(value, expected[0], rtol=1e-5)
    assert_close(grads["a"], expected[1]["a"])
    assert_close(grads["b"], expected[1]["b"], 2**-8)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (2, 3, 4), (0,), (3, 0, 2)], ids=str)
def test_shapes(shape):
    rng = np.random.default_rng(0)
    params = {
        "w": {name: jnp.asarray(rng.normal(size=shape), jnp.float32) for name in ("mu", "rho")}
    }
    got = jax.jit(fisher.jax.value_and_grad(lambda p: p["w"]["mu"].sum(), PRIOR))(params)
    assert_close(
        got, in_float64(jax.value_and_grad(hand_written(lambda p: p["w"]["mu"].sum())), params)
    )


def test_one_scale_for_many_means():
    """What several elements have in common gets the sum of their gradients."""
    params = {"w": {"mu": jnp.arange(12.0).reshape(3, 4) / 5, "rho": jnp.linspace(-1, 1, 4)}}
    check(lambda p: (p["w"]["mu"] ** 2).sum(), params)


def test_one_scale_for_several_parameters():
    """What beliefs have in common keeps them in one program, large as they are."""
    policy = fisher.Policy().regularize(
        "(*).mu", "rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight=WEIGHT
    )
    params = {
        "a": {"mu": normal(0, (300, 100))},
        "b": {"mu": normal(1, (200, 100))},
        "rho": jnp.float32(-0.5),
    }

    def by_hand(params):
        beliefs = {name: {"mu": params[name]["mu"], "rho": params["rho"]} for name in ("a", "b")}
        return WEIGHT * gaussian_prior(beliefs)

    expected = in_float64(jax.value_and_grad(by_hand), params)
    got = jax.jit(jax.value_and_grad(lambda p: fisher.jax.penalty(p, policy)))(params)
    assert_close(got, expected)
    step = jax.jit(fisher.jax.value_and_grad(lambda p: 0 * p["rho"], policy))
    assert_close(step(params), expected)


def train(params, batches, eps, step_size=0.1):
    """A whole training loop in `jax.lax.scan`; the losses and what was learnt."""

    def body(params, batch):
        loss, grads = fisher.jax.value_and_grad(mlp_loss, PRIOR)(params, *batch, *eps)
        return jax.tree.map(lambda p, g: p - step_size * g, params, grads), loss

    params, losses = jax.lax.scan(body, params, batches)
    return losses, params


def train_by_hand(params, batches, eps, step_size=0.1):
    def body(params, batch):
        loss, grads = jax.value_and_grad(hand_written(mlp_loss))(params, *batch, *eps)
        return jax.tree.map(lambda p, g: p - step_size * g, params, grads), loss

    params, losses = jax.lax.scan(body, params, batches)
    return losses, params


@functools.cache
def make_training():
    params, (x, y, *eps), _ = load_model("bayes_mlp")
    batches = x.reshape(8, 8, -1), y.reshape(8, 8)
    return params, batches, tuple(eps)


def test_training_loop_in_scan():
    training = make_training()
    assert_close(jax.jit(train)(*training), in_float64(train_by_hand, *training))


def test_ensemble_of_training_loops():
    """`vmap` over parameters: each member is trained as if alone."""
    params, batches, eps = make_training()
    members = jax.tree.map(lambda leaf: jnp.stack([leaf, 0.5 * leaf, leaf - 0.1]), params)
    got = jax.jit(jax.vmap(train, (0, None, None)))(members, batches, eps)
    train_one = jax.jit(train)
    for i in range(3):
        member = jax.tree.map(lambda leaf: leaf[i], members)
        alone = train_one(member, batches, eps)
        assert_close(jax.tree.map(lambda leaf: leaf[i], got), alone)


def test_gradients_of_each_example():
    """`vmap` over the batch alone leaves the penalty as it is."""
    params, (x, y, *eps), _ = load_model("bayes_mlp")

    def loss(params, x, y):
        return mlp_loss(params, x[None], y[None], *eps)

    got = jax.jit(jax.vmap(fisher.jax.value_and_grad(loss, PRIOR), (None, 0, 0)))(
        params, x[:4], y[:4]
    )
    step = jax.jit(fisher.jax.value_and_grad(loss, PRIOR))
    for i in range(4):
        one = step(params, x[i], y[i])
        assert_close(jax.tree.map(lambda leaf: leaf[i], got), one)


def test_donated_buffers():
    """Parameters that are donated are updated in place, to the same bits."""
    params, batch, _ = load_model("bayes_mlp")

    def step(params, *batch):
        loss, grads = fisher.jax.value_and_grad(mlp_loss, PRIOR)(params, *batch)
        return jax.tree.map(lambda p, g: p - 0.1 * g, params, grads), loss

    kept, donated = jax.jit(step), jax.jit(step, donate_argnums=0)
    expected, got = params, jax.tree.map(jnp.copy, params)
    for _ in range(3):
        before = got
        expected, expected_loss = kept(expected, *batch)
        got, loss = donated(got, *batch)
        assert all(leaf.is_deleted() for leaf in jax.tree.leaves(before))
        assert_equal((got, loss), (expected, expected_loss))


def test_retracing():
    """Other shapes, static arguments and policies are other programs; the same
    are not traced again."""
    traced = []

    @functools.partial(jax.jit, static_argnames=("policy", "scale"))
    def step(params, policy, scale):
        traced.append(jax.tree.map(jnp.shape, params))
        return fisher.jax.value_and_grad(lambda p: scale * p["w"]["mu"].sum(), policy)(params)

    def expected(params, weight, scale):
        return in_float64(
            jax.value_and_grad(lambda p: scale * p["w"]["mu"].sum() + weight * gaussian_prior(p)),
            params,
        )

    heavier = fisher.Policy().regularize(
        "(*).mu", "(*).rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight=0.5
    )
    for shape, scale in (((3,), 1.0), ((2, 2), 2.0), ((3,), 1.0)):
        params = {"w": make_belief(0, shape)}
        for policy, weight in ((PRIOR, WEIGHT), (heavier, 0.5)):
            assert_close(step(params, policy, scale), expected(params, weight, scale))
    assert len(traced) == 4
    # A policy that is equal is the same.
    equal = fisher.Policy().regularize(
        "(*).mu", "(*).rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight=0.5
    )
    step(params, equal, 1.0)
    assert len(traced) == 4


def test_auxiliary_results_and_keywords():
    params = {"w": make_belief(0, (3, 2))}

    def loss(params, x, *, scale):
        return scale * (params["w"]["mu"] * x).sum(), {"x": x, "text": "kept"}

    (value, aux), grads = fisher.jax.value_and_grad(loss, PRIOR, has_aux=True)(
        params, 2.0, scale=3.0
    )
    assert aux == {"x": 2.0, "text": "kept"}
    expected = in_float64(
        jax.value_and_grad(hand_written(lambda p: 6 * p["w"]["mu"].sum())), params
    )
    assert_close((value, grads), expected)


def test_loss_in_a_short_type():
    """The loss keeps its type; the penalty is rounded to it."""
    params = {"w": make_belief(0, (3, 2))}
    value, grads = fisher.jax.value_and_grad(
        lambda p: (p["w"]["mu"].sum()).astype(jnp.bfloat16), PRIOR
    )(params)
    assert value.dtype == jnp.bfloat16 and grads["w"]["mu"].dtype == jnp.float32


def test_arguments():
    """Weights and references that are handed over at each step, and change."""
    policy = fisher.Policy().regularize(
        "(*).mu",
        "(*).rho",
        as_=SOFTPLUS,
        toward=fisher.argument("teacher.{0}.mu", "teacher.{0}.rho"),
        weight="schedule",
    )
    params = {"w": make_belief(0, (6, 2)), "bias": jnp.zeros(2)}
    teacher = {"w": make_belief(1, (6, 2)), "unused": jnp.ones(3)}
    step = jax.jit(fisher.jax.value_and_grad(lambda p: p["w"]["mu"].sum(), policy))

    def by_hand(params, teacher, weight):
        one, other = ((tree["w"]["mu"], tree["w"]["rho"]) for tree in (params, teacher))
        return params["w"]["mu"].sum() + weight * gaussian(one, other).sum()

    for weight in (0.0, 0.1, 10.0):
        arguments = {"teacher": teacher, "schedule": jnp.float32(weight)}
        got = step(params, fisher_arguments=arguments)
        assert_close(got, in_float64(jax.value_and_grad(by_hand), params, teacher, weight))
        total = fisher.jax.penalty(params, policy, arguments=arguments)
        np.testing.assert_allclose(got[0] - params["w"]["mu"].sum(), total, rtol=1e-4, atol=1e-6)


def test_weight_that_is_no_number():
    """A schedule that went wrong is seen."""
    policy = fisher.Policy().regularize(
        "(*).mu", "(*).rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight="w"
    )
    params = {"w": make_belief(0, (3,))}
    value = fisher.jax.penalty(params, policy, arguments={"w": jnp.float32(np.nan)})
    assert np.isnan(value)


@pytest.mark.parametrize("family", ["von_mises", "categorical", "centered_gaussian", "one"])
def test_several_entries(family):
    """Entries of other families beside the Gaussian one, each by its own operation."""
    from by_hand import draw

    families = {
        "von_mises": fisher.VonMises("log_kappa"),
        "categorical": fisher.Categorical("logits"),
        "centered_gaussian": fisher.CenteredGaussian("cholesky"),
        "one": fisher.Bernoulli("logit"),
    }
    belief = draw(families[family], (5,))
    reference = draw(families[family], (5,), seed=1)
    names = [f"head.{i}" for i in range(len(belief.components))]
    policy = PRIOR.regularize(
        *names,
        as_=families[family],
        toward=fisher.argument(*[f"ref.{i}" for i in range(len(names))]),
        weight=0.25,
    )
    params = {"w": make_belief(0, (4, 3)), "head": list(belief.components)}
    arguments = {"ref": list(reference.components)}

    def by_operations(params):
        one = families[family](*params["head"])
        distances = fisher.jax.squared_distance(one, reference)
        return 0.25 * distances.sum() + fisher.jax.penalty(params, PRIOR)

    got = jax.jit(jax.value_and_grad(lambda p: fisher.jax.penalty(p, policy, arguments=arguments)))(
        params
    )
    assert_close(got, jax.value_and_grad(by_operations)(params), 2e-6)
    step = jax.jit(fisher.jax.value_and_grad(lambda p: 0.0 * p["w"]["mu"].sum(), policy))
    assert_close(step(params, fisher_arguments=arguments), got, 2e-6)


def test_penalty_is_differentiated_by_parameters_only():
    policy = fisher.Policy().regularize(
        "(*).mu", "(*).rho", as_=SOFTPLUS, toward=fisher.prior(0, 1), weight="w"
    )
    params = {"w": make_belief(0, (3,))}
    with pytest.raises(TypeError, match="differentiated with respect to parameters only"):
        jax.grad(lambda w: fisher.jax.penalty(params, policy, arguments={"w": w}))(1.0)
    with pytest.raises(TypeError, match="can be differentiated once"):
        jax.hessian(lambda p: fisher.jax.penalty(p, PRIOR))(params)
    step = fisher.jax.value_and_grad(lambda p: p["w"]["mu"].sum(), PRIOR)
    with pytest.raises(TypeError, match="can be differentiated once"):
        jax.grad(lambda p: step(p)[0])(params)


def test_penalty_in_forward_mode():
    params = {"w": make_belief(0, (3, 2))}
    tangent = jax.tree.map(jnp.cos, params)
    value, change = jax.jvp(lambda p: fisher.jax.penalty(p, PRIOR), (params,), (tangent,))
    grads = jax.grad(lambda p: fisher.jax.penalty(p, PRIOR))(params)
    products = jax.tree.map(lambda a, b: (a * b).sum(), grads, tangent)
    np.testing.assert_allclose(change, sum(jax.tree.leaves(products)), rtol=1e-5)
    assert value == fisher.jax.penalty(params, PRIOR)


def test_proximal_has_no_gradients():
    policy = PRIOR.in_mode("proximal")
    with pytest.raises(fisher.PolicyError, match="mode proximal changes an update"):
        fisher.jax.value_and_grad(mlp_loss, policy)
    # The penalty is there in every mode.
    params = {"w": make_belief(0, (3,))}
    for mode in ("proximal", "natural", "loss_only"):
        penalty = fisher.jax.penalty(params, PRIOR.in_mode(mode))
        assert penalty == fisher.jax.penalty(params, PRIOR) > 0


def test_loss_only_entries_have_gradients():
    """`value_and_grad` is what differentiates them."""
    params = {"w": make_belief(0, (3, 2))}
    loss = lambda p: (p["w"]["mu"] ** 2).sum()
    got = fisher.jax.value_and_grad(loss, PRIOR.in_mode("loss_only"))(params)
    assert_equal(got, fisher.jax.value_and_grad(loss, PRIOR)(params))


def test_natural_gradients():
    """The sum of the gradients times the inverse metric."""
    params = {"w": make_belief(0, (3, 2)), "bias": jnp.ones(2)}
    loss = lambda p: (p["w"]["mu"] ** 2).sum() + (p["w"]["rho"] * p["bias"]).sum()

    def by_hand(params):
        value, grads = jax.value_and_grad(hand_written(loss))(params)
        rho = params["w"]["rho"]
        sigma, slope = jnp.logaddexp(rho, 0), 1 / (1 + jnp.exp(-rho))
        natural = {
            "mu": grads["w"]["mu"] * sigma**2,
            "rho": grads["w"]["rho"] * sigma**2 / (2 * slope**2),
        }
        return value, {**grads, "w": natural}

    step = jax.jit(fisher.jax.value_and_grad(loss, PRIOR.in_mode("natural")))
    assert_close(step(params), in_float64(by_hand, params))


def test_loss_must_be_a_number():
    params = {"w": make_belief(0, (3,))}
    for loss in (lambda p: p["w"]["mu"], lambda p: jnp.int32(1)):
        with pytest.raises((TypeError, fisher.PolicyError), match="scalar|real"):
            fisher.jax.value_and_grad(loss, PRIOR)(params)


def test_large_and_small_beliefs_of_one_policy():
    """Large beliefs are programs of their own, small ones are put together."""
    params = {
        "large": make_belief(0, (300, 200)),
        "larger": make_belief(1, (100001,)),
        "small": {f"s{seed}": make_belief(seed, (3,)) for seed in range(2, 7)},
    }
    check(lambda p: (p["large"]["mu"] ** 2).mean(), params)


def test_policy_without_entries():
    """Nothing is added, so that a program may choose a policy that does nothing."""
    params = {"w": jnp.arange(3.0)}
    regularized = fisher.jax.value_and_grad(lambda p: (p["w"] ** 2).sum(), fisher.Policy())
    value, grads, state = regularized(params, fisher_state=fisher.jax.init(params, fisher.Policy()))
    assert value == 5 and (grads["w"] == 2 * params["w"]).all() and state == {}
