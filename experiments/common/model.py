# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A Bayesian network for digits as a training step, in any chart of the Gaussian.

Two layers, a Gaussian belief about each weight, of which a step draws one sample.
The texts of two charts differ in what a program would write differently: how it
gets the standard deviation from what it stores, and that number's slope.
"""

from dataclasses import dataclass
from string import Template

import numpy as np

from .tools import ROOT

LAYERS = {"0": (64, 32), "1": (32, 10)}
NUM_TRAINING = 1437
BATCH = 64


@dataclass(frozen=True)
class Chart:
    """How a chart stores a standard deviation: `mlir` computes %s, the standard
    deviation, and %slope, its derivative, from %c; `store` is its inverse."""

    mlir: str
    store: object


CHARTS = {
    "softplus": Chart(
        """%e = math.exp %c : !t
  %s = math.log1p %e : !t
  %more = arith.addf %one, %e : !t
  %slope = arith.divf %e, %more : !t""",
        lambda sigma: sigma + np.log(-np.expm1(-sigma)),
    ),
    "log_sigma": Chart(
        """%s = math.exp %c : !t
  %slope = arith.mulf %s, %one : !t""",
        np.log,
    ),
    "sigma": Chart(
        """%s = arith.mulf %c, %one : !t
  %slope = arith.divf %s, %s : !t""",
        lambda sigma: sigma,
    ),
    "variance": Chart(
        """%s = math.sqrt %c : !t
  %slope = arith.divf %half, %s : !t""",
        np.square,
    ),
    "log_variance": Chart(
        """%h = arith.mulf %half, %c : !t
  %s = math.exp %h : !t
  %slope = arith.mulf %half, %s : !t""",
        lambda sigma: 2 * np.log(sigma),
    ),
    "precision": Chart(
        """%root = math.sqrt %c : !t
  %s = arith.divf %one, %root : !t
  %minus = arith.negf %half : !t
  %h = arith.mulf %minus, %s : !t
  %slope = arith.divf %h, %c : !t""",
        lambda sigma: sigma**-2,
    ),
}

# How a layer's belief goes against its gradient %dmu, %dc, by the step %h.
_UPDATES = {
    "geodesic": """%n0, %n1 = fisher.natural_gradient %b, %dmu, %dc : !b
  %v0 = arith.mulf %minus, %n0 : !t
  %v1 = arith.mulf %minus, %n1 : !t
  %q = fisher.exp %b, %v0, %v1 : !b
  %m, %r = fisher.components %q : !b""",
    "natural": """%n0, %n1 = fisher.natural_gradient %b, %dmu, %dc : !b
  %v0 = arith.mulf %minus, %n0 : !t
  %v1 = arith.mulf %minus, %n1 : !t
  %m = arith.addf %mu, %v0 : !t
  %r = arith.addf %c, %v1 : !t""",
    "euclidean": """%v0 = arith.mulf %minus, %dmu : !t
  %v1 = arith.mulf %minus, %dc : !t
  %m = arith.addf %mu, %v0 : !t
  %r = arith.addf %c, %v1 : !t""",
}

# Weight decay of what is stored, toward what is stored of N(0, 1): the gradient
# of weight times the square of the difference.
_DECAY = """%two = arith.constant 2.0 : $type
  %hw = arith.mulf %h, %w : $type
  %rate = arith.mulf %two, %hw : $type
  %rates = tensor.splat %rate : !t
  %prior = arith.constant dense<$prior> : !t
  %p0 = arith.mulf %rates, %m : !t
  %off = arith.subf %r, %prior : !t
  %p1 = arith.mulf %rates, %off : !t
  %m1 = arith.subf %m, %p0 : !t
  %r1 = arith.subf %r, %p1 : !t
  return %m1, %r1 : !t, !t"""

_LAYER = """
func.func private @sample$layer(%mu: $t, %c: $t, %eps: $t) -> ($t, $t) {
  %one = arith.constant dense<1.0> : $t
  %half = arith.constant dense<0.5> : $t
  $chart
  %noise = arith.mulf %s, %eps : $t
  %w = arith.addf %mu, %noise : $t
  %by_c = arith.mulf %slope, %eps : $t
  return %w, %by_c : $t, $t
}
func.func private @update$layer(%mu: $t, %c: $t, %dmu: $t, %dc: $t, %h: $type, %w: $type) -> ($t, $t) {
  %b = fisher.belief %mu, %c : $b
  %negated = arith.negf %h : $type
  %minus = tensor.splat %negated : $t
  $update
  $regularize
}
"""

# The network, for any number of rows, inputs, hidden units and classes: a sample
# of its weights %w0, %w1 and its biases %a0, %a1 make logits of %x; those and the
# classes %y make the loss and its gradients %dw0, %dw1, %da0, %da1. %share is one
# over the number of rows.
_TYPES = Template("""
!f = $type
!s = tensor<$type>
!n = tensor<${rows}x$type>
!x = tensor<${rows}x${inputs}x$type>
!xt = tensor<${inputs}x${rows}x$type>
!h = tensor<${rows}x${hidden}x$type>
!i = tensor<${rows}x${hidden}xi1>
!ht = tensor<${hidden}x${rows}x$type>
!l = tensor<${rows}x${classes}x$type>
!w0 = tensor<${inputs}x${hidden}x$type>
!w1 = tensor<${hidden}x${classes}x$type>
!w1t = tensor<${classes}x${hidden}x$type>
!a0 = tensor<${hidden}x$type>
!a1 = tensor<${classes}x$type>
""")

LOGITS = """\
  %e0 = tensor.empty() : !h
  %e1 = tensor.empty() : !l
  %rows0 = linalg.broadcast ins(%a0 : !a0) outs(%e0 : !h) dimensions = [0]
  %pre = linalg.matmul ins(%x, %w0 : !x, !w0) outs(%rows0 : !h) -> !h
  %zeros = arith.constant dense<0.0> : !h
  %hidden = arith.maximumf %pre, %zeros : !h
  %rows1 = linalg.broadcast ins(%a1 : !a1) outs(%e1 : !l) dimensions = [0]
  %logits = linalg.matmul ins(%hidden, %w1 : !h, !w1) outs(%rows1 : !l) -> !l"""

GRADIENTS = """\
  %lowest = arith.constant dense<-1.0e30> : !n
  %top = linalg.reduce ins(%logits : !l) outs(%lowest : !n) dimensions = [1]
    (%in: !f, %acc: !f) { %m = arith.maximumf %in, %acc : !f linalg.yield %m : !f }
  %tops = linalg.broadcast ins(%top : !n) outs(%e1 : !l) dimensions = [1]
  %shifted = arith.subf %logits, %tops : !l
  %exps = math.exp %shifted : !l
  %none = arith.constant dense<0.0> : !n
  %sum = linalg.reduce { arith.addf } ins(%exps : !l) outs(%none : !n) dimensions = [1]
  %sums = linalg.broadcast ins(%sum : !n) outs(%e1 : !l) dimensions = [1]
  %logsum = math.log %sums : !l
  %logp = arith.subf %shifted, %logsum : !l
  %told = arith.mulf %logp, %y : !l
  %start = arith.constant dense<0.0> : !s
  %total = linalg.reduce { arith.addf } ins(%told : !l) outs(%start : !s) dimensions = [0, 1]
  %minus_share = arith.negf %share : !f
  %mean = tensor.from_elements %minus_share : !s
  %loss = arith.mulf %total, %mean : !s

  // Backward.
  %p = arith.divf %exps, %sums : !l
  %wrong = arith.subf %p, %y : !l
  %shares = tensor.splat %share : !l
  %dlogits = arith.mulf %wrong, %shares : !l
  %et = tensor.empty() : !ht
  %hidden_t = linalg.transpose ins(%hidden : !h) outs(%et : !ht) permutation = [1, 0]
  %zeros1 = arith.constant dense<0.0> : !w1
  %dw1 = linalg.matmul ins(%hidden_t, %dlogits : !ht, !l) outs(%zeros1 : !w1) -> !w1
  %zero10 = arith.constant dense<0.0> : !a1
  %da1 = linalg.reduce { arith.addf } ins(%dlogits : !l) outs(%zero10 : !a1) dimensions = [0]
  %ew = tensor.empty() : !w1t
  %w1_t = linalg.transpose ins(%w1 : !w1) outs(%ew : !w1t) permutation = [1, 0]
  %dhidden = linalg.matmul ins(%dlogits, %w1_t : !l, !w1t) outs(%zeros : !h) -> !h
  %on = arith.cmpf ogt, %pre, %zeros : !h
  %dpre = arith.select %on, %dhidden, %zeros : !i, !h
  %zeros_w0 = arith.constant dense<0.0> : !w0
  %ex = tensor.empty() : !xt
  %x_t = linalg.transpose ins(%x : !x) outs(%ex : !xt) permutation = [1, 0]
  %dw0 = linalg.matmul ins(%x_t, %dpre : !xt, !h) outs(%zeros_w0 : !w0) -> !w0
  %zero32 = arith.constant dense<0.0> : !a0
  %da0 = linalg.reduce { arith.addf } ins(%dpre : !h) outs(%zero32 : !a0) dimensions = [0]"""


def network_types(rows, inputs, hidden, classes, type):
    """The types that the texts LOGITS and GRADIENTS name."""
    return _TYPES.substitute(rows=rows, inputs=inputs, hidden=hidden, classes=classes, type=type)


_STEP = Template("""
func.func @main(
    %mu0: tensor<64x32x$type> {fisher.name = "fc0.mu", fisher.role = "param"},
    %c0: tensor<64x32x$type> {fisher.name = "fc0.scale", fisher.role = "param"},
    %a0: tensor<32x$type> {fisher.name = "fc0.bias", fisher.role = "param"},
    %mu1: tensor<32x10x$type> {fisher.name = "fc1.mu", fisher.role = "param"},
    %c1: tensor<32x10x$type> {fisher.name = "fc1.scale", fisher.role = "param"},
    %a1: tensor<10x$type> {fisher.name = "fc1.bias", fisher.role = "param"},
    %x: tensor<64x64x$type> {fisher.name = "x", fisher.role = "batch"},
    %y: tensor<64x10x$type> {fisher.name = "onehot", fisher.role = "batch"},
    %eps0: tensor<64x32x$type> {fisher.name = "eps0", fisher.role = "eps"},
    %eps1: tensor<32x10x$type> {fisher.name = "eps1", fisher.role = "eps"},
    %lr: tensor<$type> {fisher.name = "lr"},
    %bias_lr: tensor<$type> {fisher.name = "bias_lr"},
    %weight: tensor<$type> {fisher.name = "weight"},
    %clock: tensor<i32> {fisher.name = "clock", fisher.role = "state"},
    %seen0: tensor<8x64x32x$type> {fisher.name = "seen.fc0.mu", fisher.role = "state"},
    %seen1: tensor<8x64x32x$type> {fisher.name = "seen.fc0.scale", fisher.role = "state"},
    %seen2: tensor<8x32x10x$type> {fisher.name = "seen.fc1.mu", fisher.role = "state"},
    %seen3: tensor<8x32x10x$type> {fisher.name = "seen.fc1.scale", fisher.role = "state"})
    -> (tensor<$type> {fisher.role = "loss"},
        tensor<64x32x$type> {fisher.updates = "fc0.mu"},
        tensor<64x32x$type> {fisher.updates = "fc0.scale"},
        tensor<32x$type> {fisher.updates = "fc0.bias"},
        tensor<32x10x$type> {fisher.updates = "fc1.mu"},
        tensor<32x10x$type> {fisher.updates = "fc1.scale"},
        tensor<10x$type> {fisher.updates = "fc1.bias"},
        tensor<i32> {fisher.updates = "clock"},
        tensor<8x64x32x$type> {fisher.updates = "seen.fc0.mu"},
        tensor<8x64x32x$type> {fisher.updates = "seen.fc0.scale"},
        tensor<8x32x10x$type> {fisher.updates = "seen.fc1.mu"},
        tensor<8x32x10x$type> {fisher.updates = "seen.fc1.scale"}) {
  // What the step starts from, kept eight times in a run.
  %now = tensor.extract %clock[] : tensor<i32>
  %one = arith.constant 1 : i32
  %next = arith.addi %now, %one : i32
  %later = tensor.from_elements %next : tensor<i32>
  %every = arith.constant $every : i32
  %slot = arith.divui %now, %every : i32
  %k = arith.index_cast %slot : i32 to index
  %kept0 = tensor.insert_slice %mu0 into %seen0[%k, 0, 0] [1, 64, 32] [1, 1, 1] : tensor<64x32x$type> into tensor<8x64x32x$type>
  %kept1 = tensor.insert_slice %c0 into %seen1[%k, 0, 0] [1, 64, 32] [1, 1, 1] : tensor<64x32x$type> into tensor<8x64x32x$type>
  %kept2 = tensor.insert_slice %mu1 into %seen2[%k, 0, 0] [1, 32, 10] [1, 1, 1] : tensor<32x10x$type> into tensor<8x32x10x$type>
  %kept3 = tensor.insert_slice %c1 into %seen3[%k, 0, 0] [1, 32, 10] [1, 1, 1] : tensor<32x10x$type> into tensor<8x32x10x$type>

  %h = tensor.extract %lr[] : tensor<$type>
  %hb = tensor.extract %bias_lr[] : tensor<$type>
  %weight_scalar = tensor.extract %weight[] : tensor<$type>
  %zero = arith.constant 0.0 : $type
  %share = arith.constant 0.015625 : $type
  %w0, %by_c0 = call @sample0(%mu0, %c0, %eps0)
      : (tensor<64x32x$type>, tensor<64x32x$type>, tensor<64x32x$type>) -> (tensor<64x32x$type>, tensor<64x32x$type>)
  %w1, %by_c1 = call @sample1(%mu1, %c1, %eps1)
      : (tensor<32x10x$type>, tensor<32x10x$type>, tensor<32x10x$type>) -> (tensor<32x10x$type>, tensor<32x10x$type>)

  // Forward.
$logits
$gradients
  // Updates.
  %dc0 = arith.mulf %dw0, %by_c0 : tensor<64x32x$type>
  %dc1 = arith.mulf %dw1, %by_c1 : tensor<32x10x$type>
  %nm0, %nc0 = call @update0(%mu0, %c0, %dw0, %dc0, %h, %weight_scalar)
      : (tensor<64x32x$type>, tensor<64x32x$type>, tensor<64x32x$type>, tensor<64x32x$type>, $type, $type) -> (tensor<64x32x$type>, tensor<64x32x$type>)
  %nm1, %nc1 = call @update1(%mu1, %c1, %dw1, %dc1, %h, %weight_scalar)
      : (tensor<32x10x$type>, tensor<32x10x$type>, tensor<32x10x$type>, tensor<32x10x$type>, $type, $type) -> (tensor<32x10x$type>, tensor<32x10x$type>)
  %hb0 = tensor.splat %hb : tensor<32x$type>
  %hb1 = tensor.splat %hb : tensor<10x$type>
  %sa0 = arith.mulf %hb0, %da0 : tensor<32x$type>
  %sa1 = arith.mulf %hb1, %da1 : tensor<10x$type>
  %na0 = arith.subf %a0, %sa0 : tensor<32x$type>
  %na1 = arith.subf %a1, %sa1 : tensor<10x$type>
  return %loss, %nm0, %nc0, %na0, %nm1, %nc1, %na1, %later, %kept0, %kept1, %kept2, %kept3
      : tensor<$type>, tensor<64x32x$type>, tensor<64x32x$type>, tensor<32x$type>, tensor<32x10x$type>, tensor<32x10x$type>, tensor<10x$type>,
        tensor<i32>, tensor<8x64x32x$type>, tensor<8x64x32x$type>, tensor<8x32x10x$type>, tensor<8x32x10x$type>
}
""")


KEPT = 8


def step(chart, update, steps, decay=False, type="f64"):
    """The text of the training step. `update` says how a belief goes down its
    gradient: 'geodesic' along the geodesic in the direction of the natural
    gradient, 'natural' by adding that to what is stored, 'euclidean' by adding
    the gradient itself. With `decay`, what is stored then decays. A run of so
    many steps keeps its beliefs eight times."""
    text = network_types(BATCH, *LAYERS["0"], LAYERS["1"][1], type)
    text += _STEP.substitute(type=type, every=-(-steps // KEPT), logits=LOGITS, gradients=GRADIENTS)
    for layer, shape in LAYERS.items():
        tensor = f"tensor<{shape[0]}x{shape[1]}x{type}>"
        belief = f"!fisher.belief<#fisher.gaussian<{chart}>, {tensor}>"
        regularize = "return %m, %r : !t, !t"
        if decay:
            prior = float(CHARTS[chart].store(np.float64(1)))
            regularize = Template(_DECAY).substitute(type=type, prior=f"{prior:.17e}")
        parts = [CHARTS[chart].mlir, _UPDATES[update], regularize]
        parts = [part.replace("!t", tensor).replace("!b", belief) for part in parts]
        text += Template(_LAYER).substitute(
            layer=layer, t=tensor, b=belief, type=type,
            chart=parts[0], update=parts[1], regularize=parts[2],
        )  # fmt: skip
    return text


def policy(chart, mode="proximal"):
    """Toward the prior N(0, 1), by the arguments `weight` and `lr` of the step."""
    step_size = ' step_size "lr"' if mode == "proximal" else ""
    return f"""fisher.policy @default {{
  fisher.regularize "(*).mu", "(*).scale" as #fisher.gaussian<{chart}>
      toward #fisher.prior<[0.0, 1.0]> weight "weight"{step_size} mode {mode}
}}
"""


def start(chart, seed, sigma=0.05, dtype=np.float64):
    """Means normal with variance 1/fan-in, one standard deviation, biases zero."""
    random = np.random.default_rng(seed)
    arrays = {}
    for layer, shape in LAYERS.items():
        arrays[f"fc{layer}.mu"] = random.normal(size=shape) / np.sqrt(shape[0])
        arrays[f"fc{layer}.scale"] = np.full(shape, CHARTS[chart].store(np.float64(sigma)))
        arrays[f"fc{layer}.bias"] = np.zeros(shape[1])
        for part in ("mu", "scale"):
            arrays[f"seen.fc{layer}.{part}"] = np.zeros((KEPT, *shape))
    arrays = {name: array.astype(dtype) for name, array in arrays.items()}
    return {**arrays, "clock": np.int32(0)}


def write_data(folder, dtype=np.float64):
    """The digits to train on, as the step takes them; returns the path."""
    path = folder / f"digits-{np.dtype(dtype).name}.npz"
    with np.load(ROOT / "examples" / "bayes_mlp" / "digits.npz") as digits:
        x, y = digits["x"][:NUM_TRAINING], digits["y"][:NUM_TRAINING]
    np.savez(path, x=x.astype(dtype), onehot=np.eye(10, dtype=dtype)[y])
    return path


def flatten(parameters):
    """The means and the stored scales of all weights, one after another."""
    return [
        np.concatenate([parameters[f"fc{layer}.{part}"].ravel() for layer in LAYERS])
        for part in ("mu", "scale")
    ]


def flatten_kept(final):
    """The same of what a run has kept, one row each time."""
    return [
        np.concatenate(
            [final[f"seen.fc{layer}.{part}"].reshape(KEPT, -1) for layer in LAYERS], axis=1
        )
        for part in ("mu", "scale")
    ]


def to_sigma(tools, chart, mu, scale):
    """Beliefs of a chart as means and standard deviations in f64."""
    kind = "f32" if mu.dtype == np.float32 else "f64"
    module = f"""
!a = !fisher.belief<#fisher.gaussian<{chart}>, tensor<?x{kind}>>
!s = !fisher.belief<#fisher.gaussian<sigma>, tensor<?x{kind}>>
func.func @main(%mu: tensor<?x{kind}> {{fisher.name = "mu"}},
                %c: tensor<?x{kind}> {{fisher.name = "c"}}) -> (tensor<?x{kind}>, tensor<?x{kind}>) {{
  %a = fisher.belief %mu, %c : !a
  %s = fisher.convert %a : !a to !s
  %m, %sigma = fisher.components %s : !s
  return %m, %sigma : tensor<?x{kind}>, tensor<?x{kind}>
}}
"""
    return [part.astype(np.float64) for part in tools.evaluate(module, mu=mu, c=scale)]


_DISTANCE = """
!b = !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf64>>
func.func @main(%m1: tensor<?xf64> {fisher.name = "m1"}, %s1: tensor<?xf64> {fisher.name = "s1"},
                %m2: tensor<?xf64> {fisher.name = "m2"}, %s2: tensor<?xf64> {fisher.name = "s2"})
    -> (tensor<?xf64>, tensor<?xf64>) {
  %a = fisher.belief %m1, %s1 : !b
  %b = fisher.belief %m2, %s2 : !b
  %d = fisher.squared_distance %a, %b : !b -> tensor<?xf64>
  %k = fisher.kl_divergence %a, %b : !b -> tensor<?xf64>
  return %d, %k : tensor<?xf64>, tensor<?xf64>
}
"""


def squared_distance(tools, first, second):
    """d² of pairs of Gaussians, given as means and standard deviations."""
    return tools.evaluate(_DISTANCE, m1=first[0], s1=first[1], m2=second[0], s2=second[1])[0]


def kl_divergence(tools, first, second):
    """KL(first ‖ second) of the same."""
    return tools.evaluate(_DISTANCE, m1=first[0], s1=first[1], m2=second[0], s2=second[1])[1]


def trained_ends(tools, data, seed, steps):
    """Where a network starts and what it believes after it was trained on digits
    with Fisher-Rao regularization, both as means and standard deviations; and the
    last measurements of that run."""
    chart, begin = "log_sigma", start("log_sigma", seed)
    final, lines = tools.train(
        step(chart, "geodesic", steps), begin, steps, seed, data,
        policy=policy(chart), measure=policy(chart),
        settings={"lr": 1.0, "bias_lr": 0.1, "weight": 1 / (2 * NUM_TRAINING)},
    )  # fmt: skip
    ends = [to_sigma(tools, chart, *flatten(parameters)) for parameters in (begin, final)]
    return ends, lines[-1]["measurements"]["all"]
