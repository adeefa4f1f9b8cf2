# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fisher-recognize finds in training steps that PyTorch exports: forward,
backward and update as one graph, by torch.export and torch-mlir, as
docs/recognition.md shows it."""

import functools
import os
import re
import subprocess
from unittest import mock

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import get_ema_avg_fn
from torch_mlir.extras.fx_decomp_util import get_decomposition_table

from findings import recognize
from paths import FISHER_OPT, ROOT

PAGE = (ROOT / "docs" / "recognition.md").read_text()
SECTION = PAGE.split("## Steps of PyTorch\n")[1].split("\n## ")[0]
EXPORT, EXAMPLE = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
SHOWN = {}
exec(compile(EXPORT, "docs/recognition.md", "exec"), SHOWN)
to_mlir = SHOWN["to_mlir"]

CLEAN = ["--canonicalize", "--cse"]
WAYS = {
    "plain": [],
    "clean": CLEAN,
    "fused": [*CLEAN, "--linalg-fuse-elementwise-ops", *CLEAN],
    "siblings": ["--linalg-fold-unit-extent-dims", *CLEAN, "--fisher-fuse-elementwise",
                 "--fisher-fuse", *CLEAN],
}
# Operators that PyTorch takes apart before torch-mlir would.
aten = torch.ops.aten
DECOMPOSED = {**get_decomposition_table(), **torch._decomp.get_decompositions([
    aten.addmm, aten.addcmul, aten.addcdiv, aten.lerp, aten.log_softmax, aten._log_softmax,
    aten._log_softmax_backward_data, aten.softplus, aten.softplus_backward,
    aten.threshold_backward, aten.square, aten.linalg_vector_norm, aten.std, aten.rsub])}
FORMS = {
    "linalg": ({}, WAYS),
    "decomposed": ({"decomposition_table": DECOMPOSED}, ["plain", "siblings"]),
    "stablehlo": ({"output_type": "stablehlo"}, ["plain", "clean"]),
}


def check(text, expected, ways=WAYS):
    """Exactly these findings, (kind, names, values), in all forms, with
    coefficients to 1e-6."""
    for way in ways:
        found = recognize(text, *WAYS[way])["main"]
        assert [(f.kind, f.names) for f in found] == [(k, n) for k, n, _ in expected], way
        for finding, (kind, _, values) in zip(found, expected):
            assert finding.values.keys() == values.keys()
            for key, value in values.items():
                got = finding.values[key]
                assert got == value or abs(got - value) <= 1e-6 * abs(value), (way, kind, key)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc0, self.fc1 = nn.Linear(64, 32), nn.Linear(32, 10)

    def forward(self, x, noise=None):
        h = torch.relu(self.fc0(x))
        if noise is not None:
            h = h * (noise < 0.8).float() / 0.8
        return self.fc1(h)


class NetworkWithDropout(Network):
    def forward(self, x):
        return self.fc1(F.dropout(torch.relu(self.fc0(x)), 0.2))


NETWORK = Network()
PARAMS = {name: p.detach() for name, p in NETWORK.named_parameters()}
X, Y, NOISE = torch.randn(16, 64), torch.randint(10, (16,)), torch.rand(16, 32)


def named(prefix, params=PARAMS, rank=None):
    """The names of arguments that are tensors of parameters."""
    return [f"{prefix}_{name}".replace(".", "_") for name, p in params.items()
            if rank in (None, p.ndim)]


ALL, MATRICES = named("params"), named("params", rank=2)


def zeros(params):
    return {name: torch.zeros_like(p) for name, p in params.items()}


def descend(params, gradients, rate=0.05):
    return {name: p - rate * gradients[name] for name, p in params.items()}


def cross_entropy(params, x, y, *noise, network=NETWORK):
    return F.cross_entropy(torch.func.functional_call(network, params, (x, *noise)), y)


def sgd_step(loss):
    """Plain descent."""
    def step(params, x, y):
        gradients, value = torch.func.grad_and_value(loss)(params, x, y)
        return descend(params, gradients), value
    return step


#===------------------------------------------------------------------------===#
# Optimizers of torch.optim
#===------------------------------------------------------------------------===#

MOMENTS = ("step", "exp_avg", "exp_avg_sq")
MOMENTUM = ("momentum_buffer",)


def make_state(params, keys):
    """An optimizer's tensors for each parameter, by their keys."""
    return {key: {name: torch.zeros(()) if key in ("step", "mu_product") else
                  torch.zeros_like(p) for name, p in params.items()} for key in keys}


def optimizer_step(make, loss=cross_entropy):
    """A step of an optimizer, with weight decay for matrices only."""
    def step(params, state, x, y):
        leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
        value = loss(leaves, x, y)
        gradients = torch.autograd.grad(value, list(leaves.values()))
        new = {name: p.clone() for name, p in params.items()}
        optimizer = make([{"params": [p for p in new.values() if p.ndim == 2]},
                          {"params": [p for p in new.values() if p.ndim != 2],
                           "weight_decay": 0.0}])
        for (name, p), gradient in zip(new.items(), gradients):
            p.grad = gradient
            for key, tensors in state.items():
                optimizer.state[p][key] = tensors[name].clone()
        optimizer.step()
        return new, {key: {name: optimizer.state[p][key] for name, p in new.items()}
                     for key in state}, value.detach()
    return step


def adam_values(rate=1e-3, params=PARAMS):
    return {"learning_rate": rate, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8,
            "bias_correction": True, "epsilon_inside_root": False,
            "first_moment_in": named("state_exp_avg", params),
            "second_moment_in": named("state_exp_avg_sq", params)}


L2 = ("l2_gradient", MATRICES, {"strength": 1e-2})
DECAY = {"weight_decay": 1e-2}


def momentum_finding(kind="momentum", **values):
    return (kind, ALL, {"learning_rate": 0.05, "momentum": 0.9,
                        "momentum_in": named("state_momentum_buffer"), **values})


OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"lr": 0.05}, (),
            [("sgd", ALL, {"learning_rate": 0.05})]),
    "sgd_l2": (torch.optim.SGD, {"lr": 0.05, **DECAY}, (),
               [("sgd", ALL, {"learning_rate": 0.05}), L2]),
    "momentum": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, **DECAY}, MOMENTUM,
                 [momentum_finding(), L2]),
    "dampened": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "dampening": 0.9, **DECAY},
                 MOMENTUM, [momentum_finding(dampening=0.9), L2]),
    "nesterov": (torch.optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True, **DECAY},
                 MOMENTUM, [momentum_finding("nesterov"), L2]),
    "adam": (torch.optim.Adam, {"lr": 1e-3}, MOMENTS, [("adam", ALL, adam_values())]),
    "adam_l2": (torch.optim.Adam, {"lr": 1e-3, **DECAY}, MOMENTS,
                [("adam", ALL, adam_values()), L2]),
    "adamw": (torch.optim.AdamW, {"lr": 3e-4, **DECAY}, MOMENTS,
              [("adamw", ALL, adam_values(3e-4)),
               ("weight_decay", MATRICES, {"strength": 1e-2})]),
    "rmsprop": (torch.optim.RMSprop, {"lr": 1e-3, "alpha": 0.95, "eps": 1e-6, **DECAY},
                ("step", "square_avg"),
                [("rmsprop", ALL, {"learning_rate": 1e-3, "decay": 0.95, "epsilon": 1e-6,
                                   "epsilon_inside_root": False,
                                   "second_moment_in": named("state_square_avg")}), L2]),
    # None of these is one that is known.
    "amsgrad": (torch.optim.AdamW, {"lr": 1e-3, "amsgrad": True, **DECAY},
                (*MOMENTS, "max_exp_avg_sq"), []),
    "nadam": (torch.optim.NAdam, {"lr": 1e-3, **DECAY}, (*MOMENTS, "mu_product"), []),
    "adagrad": (torch.optim.Adagrad, {"lr": 1e-2, **DECAY}, ("step", "sum"), []),
    "rmsprop_centered": (torch.optim.RMSprop, {"lr": 1e-3, "centered": True, **DECAY},
                         ("step", "square_avg", "grad_avg"), []),
    "rmsprop_momentum": (torch.optim.RMSprop, {"lr": 1e-3, "momentum": 0.9, **DECAY},
                         ("step", "square_avg", "momentum_buffer"), []),
}




def export_optimizer(name, **options):
    kind, constants, keys, expected = OPTIMIZERS[name]
    step = optimizer_step(lambda groups: kind(groups, **constants, **options))
    return to_mlir(step, PARAMS, make_state(PARAMS, keys), X, Y), expected


@pytest.fixture
def compiling():
    """What an optimizer does on a GPU and where it is compiled: it reads no tensor
    of the CPU."""
    with mock.patch.object(torch.compiler, "is_compiling", lambda: True):
        yield


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "nadam"])
def test_optimizers(name):
    check(*export_optimizer(name, differentiable=True))


@pytest.mark.parametrize("name", ["adam_l2", "adamw", "rmsprop", "rmsprop_momentum", "nadam"])
def test_capturable_optimizers(name, compiling):
    check(*export_optimizer(name, capturable=True), ways=["plain", "fused"])


# torch-mlir knows none of the operators for lists of tensors; they are loops.
LISTS = {
    op: functools.partial(op._op_dk, torch._C.DispatchKey.CompositeExplicitAutograd)
    for packet in (getattr(torch.ops.aten, name.removeprefix("aten::").split(".")[0])
                   for name in torch._C._dispatch_get_all_op_names()
                   if name.startswith("aten::_foreach_"))
    for op in (getattr(packet, overload) for overload in packet.overloads())}


@pytest.mark.parametrize("name", ["momentum", "nesterov", "adamw", "rmsprop", "amsgrad"])
def test_optimizers_of_lists(name, compiling):
    """As they are by default on a GPU, one operator for all parameters."""
    plain = SHOWN["make_fx"]
    with mock.patch.dict(SHOWN, make_fx=functools.partial(plain, decomposition_table=LISTS)):
        options = {} if OPTIMIZERS[name][0] is torch.optim.SGD else {"capturable": True}
        check(*export_optimizer(name, foreach=True, **options), ways=["plain", "fused"])


def test_rate_and_clipping():
    """The rate is a value, and the gradient is clipped before L2 is added."""
    def step(params, rate, x, y):
        gradients, value = torch.func.grad_and_value(cross_entropy)(params, x, y)
        norm = torch.nn.utils.get_total_norm(gradients.values())
        scale = torch.clamp(1.0 / (norm + 1e-6), max=1.0)
        return {name: p - rate * (gradients[name] * scale + 1e-3 * p)
                for name, p in params.items()}, value

    check(to_mlir(step, PARAMS, torch.tensor(0.1), X, Y),
          [("sgd", ALL, {"learning_rate": "rate"}),
           ("l2_gradient", ALL, {"strength": 1e-3})])


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_types(dtype):
    params = {name: p.to(dtype) for name, p in PARAMS.items()}
    kind, constants, keys, expected = OPTIMIZERS["adamw"]
    step = optimizer_step(lambda groups: kind(groups, **constants, differentiable=True))
    check(to_mlir(step, params, make_state(params, keys), X.to(dtype), Y), expected,
          ways=["plain", "fused"])


#===------------------------------------------------------------------------===#
# The models of test/Models
#===------------------------------------------------------------------------===#

SGD = ("sgd", ALL, {"learning_rate": 0.05})


def mlp_sgd():
    return sgd_step(cross_entropy), (PARAMS, X, Y), [SGD]


def mlp_sgd_l2():
    kind, constants, keys, expected = OPTIMIZERS["momentum"]
    step = optimizer_step(lambda groups: kind(groups, **constants))
    return step, (PARAMS, make_state(PARAMS, keys), X, Y), expected


def mlp_l2_loss():
    def loss(params, x, y):
        squares = sum(p.square().sum() for p in params.values() if p.ndim == 2)
        return cross_entropy(params, x, y) + 5e-4 * squares

    return sgd_step(loss), (PARAMS, X, Y), [SGD, ("l2_loss", MATRICES, {"strength": 1e-3})]


def mlp_l2_norm():
    """The same, spelled by a norm, and for one of two matrices."""
    def loss(params, x, y):
        return cross_entropy(params, x, y) + 5e-4 * params["fc1.weight"].norm() ** 2

    return sgd_step(loss), (PARAMS, X, Y), [
        SGD, ("l2_loss", ["params_fc1_weight"], {"strength": 1e-3})]


def mlp_norm():
    """A norm that is not squared is no L2."""
    def loss(params, x, y):
        return cross_entropy(params, x, y) + 5e-4 * params["fc1.weight"].norm()

    return sgd_step(loss), (PARAMS, X, Y), [SGD]


def mlp_adamw():
    kind, constants, keys, expected = OPTIMIZERS["adamw"]
    step = optimizer_step(lambda groups: kind(groups, **constants, differentiable=True))
    return step, (PARAMS, make_state(PARAMS, keys), X, Y), expected


def average(decay=0.99):
    return ("moving_average", ALL, {"decay": decay, "of": "parameter",
                                    "average_in": named("averages")})


def mlp_ema():
    """By the function that torch.optim.swa_utils has for it."""
    move = get_ema_avg_fn(0.99)

    def step(params, averages, x, y):
        new, value = sgd_step(cross_entropy)(params, x, y)
        return new, {name: move(averages[name], p, 1) for name, p in new.items()}, value

    return step, (PARAMS, zeros(PARAMS), X, Y), [SGD, average()]


def mlp_ema_lerp():
    def step(params, averages, x, y):
        new, value = sgd_step(cross_entropy)(params, x, y)
        return new, {name: averages[name].lerp(p, 0.05) for name, p in new.items()}, value

    return step, (PARAMS, zeros(PARAMS), X, Y), [SGD, average(0.95)]


def mlp_not_ema():
    """Two coefficients that do not sum to one."""
    def step(params, averages, x, y):
        new, value = sgd_step(cross_entropy)(params, x, y)
        return new, {name: 0.99 * averages[name] + 0.02 * p for name, p in new.items()}, value

    return step, (PARAMS, zeros(PARAMS), X, Y), [SGD]


def mlp_dropout():
    def step(params, x, y, noise):
        def loss(params):
            return F.cross_entropy(torch.func.functional_call(NETWORK, params, (x, noise)), y)
        gradients, value = torch.func.grad_and_value(loss)(params)
        return descend(params, gradients), value

    return step, (PARAMS, X, Y, NOISE), [
        SGD, ("dropout", ["noise"], {"keep": 0.8, "is_scaled": True})]


def mlp_drawn_dropout():
    def loss(params, x, y):
        h = F.linear(x, params["fc0.weight"], params["fc0.bias"]).tanh()
        h = h * (torch.rand(16, 32) < 0.75)
        return F.cross_entropy(F.linear(h, params["fc1.weight"], params["fc1.bias"]), y)

    return sgd_step(loss), (PARAMS, X, Y), [
        SGD, ("dropout", [], {"keep": 0.75, "is_scaled": False})]


def mlp_functional_dropout():
    loss = functools.partial(cross_entropy, network=NetworkWithDropout())
    return optimizer_step(lambda groups: torch.optim.SGD(groups, lr=0.05), loss), (
        PARAMS, {}, X, Y), [SGD, ("dropout", [], {"keep": 0.8, "is_scaled": True})]


BAYES = {f"{layer}.{part}": torch.randn(shape if part != "bias" else shape[:1])
         for layer, shape in (("fc0", (32, 64)), ("fc1", (10, 32)))
         for part in ("mu", "rho", "bias")}
DRAWN = {"fc0": torch.randn(32, 64), "fc1": torch.randn(10, 32)}
BAYES_SGD = ("sgd", named("params", BAYES), {"learning_rate": 0.05})
BELIEFS = ["params_fc0_mu", "params_fc0_rho", "params_fc1_mu", "params_fc1_rho"]


def bayes_step(penalty=lambda mean, sigma: 0.0, draws=False):
    def step(params, noise, x, y):
        def loss(params):
            h, extra = x, 0.0
            for layer in ("fc0", "fc1"):
                mean, sigma = params[f"{layer}.mu"], F.softplus(params[f"{layer}.rho"])
                normal = torch.randn(mean.shape) if draws else noise[layer]
                h = F.linear(h, mean + sigma * normal, params[f"{layer}.bias"])
                h = torch.relu(h) if layer == "fc0" else h
                extra = extra + penalty(mean, sigma)
            return F.cross_entropy(h, y) + extra

        gradients, value = torch.func.grad_and_value(loss)(params)
        return descend(params, gradients), value

    return step, (BAYES, DRAWN, X, Y)


def kl(mean, sigma):
    """As torch.distributions has it."""
    prior = torch.distributions.Normal(0.0, 1.0, validate_args=False)
    belief = torch.distributions.Normal(mean, sigma, validate_args=False)
    return 1e-3 * torch.distributions.kl_divergence(belief, prior).sum()


def bayes_mlp():
    return *bayes_step(), [BAYES_SGD]


def bayes_mlp_drawn():
    return *bayes_step(draws=True), [BAYES_SGD]


KL = ("kl_to_prior", BELIEFS, {"weight": 1e-3, "prior_mean": 0, "prior_sigma": 1,
                               "chart": "softplus"})


def bayes_mlp_kl():
    return *bayes_step(kl), [BAYES_SGD, KL]


def bayes_mlp_kl_closed_form():
    def closed(mean, sigma):
        return 5e-4 * (sigma.square() + mean.square() - 1 - 2 * sigma.log()).sum()
    return *bayes_step(closed), [BAYES_SGD, KL]


def bayes_mlp_not_kl():
    """Without the logarithm it is L2 of the mean."""
    return *bayes_step(lambda mean, sigma: 5e-4 * (sigma + mean.square()).sum()), [
        BAYES_SGD, ("l2_loss", BELIEFS[::2], {"strength": 1e-3})]


def policy_gradient():
    def loss(params, x, y):
        logits = torch.func.functional_call(NETWORK, params, (x,))
        choice = torch.distributions.Categorical(logits=logits, validate_args=False)
        return F.cross_entropy(logits, y) - 0.01 * choice.entropy().mean()

    return sgd_step(loss), (PARAMS, X, Y), [SGD, ("entropy_bonus", [], {"weight": 0.01 / 16})]


def policy_gradient_by_hand():
    def loss(params, x, y):
        log_p = torch.func.functional_call(NETWORK, params, (x,)).log_softmax(-1)
        entropy = -(log_p.exp() * log_p).sum(-1).mean()
        return F.nll_loss(log_p, y) - 0.01 * entropy

    return sgd_step(loss), (PARAMS, X, Y), [SGD, ("entropy_bonus", [], {"weight": 0.01 / 16})]


MODELS = [mlp_sgd, mlp_sgd_l2, mlp_l2_loss, mlp_l2_norm, mlp_norm, mlp_adamw, mlp_ema,
          mlp_ema_lerp, mlp_not_ema, mlp_dropout, mlp_drawn_dropout, mlp_functional_dropout,
          bayes_mlp, bayes_mlp_drawn, bayes_mlp_kl, bayes_mlp_kl_closed_form,
          bayes_mlp_not_kl, policy_gradient, policy_gradient_by_hand]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_models(model, form):
    step, arguments, expected = model()
    options, ways = FORMS[form]
    check(to_mlir(step, *arguments, **options), expected, ways)


#===------------------------------------------------------------------------===#
# A larger network
#===------------------------------------------------------------------------===#


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(50, 32)
        self.layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, activation="gelu",
                                                batch_first=True)
        self.head = nn.Linear(32, 50)

    def forward(self, x):
        return self.head(self.layer(self.embedding(x)))


def test_transformer():
    """With batched products, a gather, normalization and dropout."""
    network = Transformer()
    params = {name: p.detach() for name, p in network.named_parameters()}

    def loss(params, x, y):
        scores = torch.func.functional_call(network, params, (x,))
        return F.cross_entropy(scores.flatten(0, 1), y.flatten())

    kind, constants, keys, _ = OPTIMIZERS["adamw"]
    step = optimizer_step(lambda groups: kind(groups, **constants, differentiable=True), loss)
    words = torch.randint(50, (4, 16))
    text = to_mlir(step, params, make_state(params, keys), words, words)
    dropouts = [("dropout", [], {"keep": 0.9, "is_scaled": True})] * 4
    check(text, [("adamw", named("params", params), adam_values(3e-4, params)),
                 ("weight_decay", named("params", params, rank=2), {"strength": 1e-2}),
                 *dropouts], ways=["plain", "fused"])


#===------------------------------------------------------------------------===#
# The page
#===------------------------------------------------------------------------===#


def test_page(tmp_path, monkeypatch):
    """What the page shows is what it says."""
    monkeypatch.chdir(tmp_path)
    exec(compile(EXAMPLE, "docs/recognition.md", "exec"), dict(SHOWN))
    command = re.search(r"`fisher-opt (.*--fisher-report)`", SECTION).group(1)
    done = subprocess.run([FISHER_OPT, *command.split(), "-o", os.devnull],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    shown = re.search(r"```text\n(.*?)```", SECTION, re.DOTALL).group(1)
    found = [line for line in done.stderr.splitlines() if line.startswith("| ")]
    assert found[1:] == shown.splitlines()


def test_policies_know_the_names(tmp_path):
    """What momentum is given as the gradient gets the penalty's, too."""
    kind, constants, keys, _ = OPTIMIZERS["momentum"]
    step = optimizer_step(lambda groups: kind(groups, **constants))
    policy = tmp_path / "policy.mlir"
    policy.write_text("""
        fisher.policy @default {
          fisher.regularize "params_(*)_weight" as #fisher.bernoulli<logit>
              toward #fisher.prior<[0.5]> weight 1.0e-3 mode coupled
        }""")
    done = subprocess.run(
        [FISHER_OPT, "-", "--allow-unregistered-dialect",
         f"--fisher-insert=policy-file={policy}"],
        input=to_mlir(step, PARAMS, make_state(PARAMS, keys), X, Y),
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    for name in MATRICES:
        assert re.search(f"remark: regularized '{name}'.*in what momentum is given", done.stderr)
    assert done.stdout.count("fisher.penalty_with_gradient") == 2
