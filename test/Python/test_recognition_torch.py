# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What fisher-recognize finds in steps that PyTorch exports through torch-mlir."""

import pytest

torch = pytest.importorskip("torch")
fx = pytest.importorskip("torch_mlir.fx")

from torch.fx.experimental.proxy_tensor import make_fx

from findings import recognize

PARAMS = {"w0": (64, 32), "b0": (32,), "w1": (32, 10), "b1": (10,)}
NAMES = [f"arg{i}" for i in range(len(PARAMS))]
MATRICES = ["arg0", "arg2"]
RATE = 0.05


def find(make_new, has_dropout=False, penalty=0.0, states=0):
    """What is found in a step with these new values of parameters and states."""
    count = len(PARAMS)

    def step(*arguments):
        params, state = arguments[:count], arguments[count:count * (1 + states)]
        x, y, noise = arguments[count * (1 + states):]
        leaves = [p.detach().requires_grad_() for p in params]
        w0, b0, w1, b1 = leaves
        h = torch.relu(x @ w0 + b0)
        if has_dropout:
            h = h * (noise < 0.8).float() / 0.8
        log_p = torch.log_softmax(h @ w1 + b1, -1)
        loss = -(y * log_p).sum(-1).mean()
        if penalty:
            loss = loss + penalty / 2 * (w0.square().sum() + w1.square().sum())
        gradients = torch.autograd.grad(loss, leaves)
        return (*make_new(params, gradients, state), loss.detach())

    shapes = list(PARAMS.values())
    arguments = [torch.randn(shape) for shape in shapes * (1 + states)]
    arguments += [torch.randn(16, 64), torch.randn(16, 10), torch.rand(16, 32)]
    graph = make_fx(step, tracing_mode="fake")(*arguments)
    exported = torch.export.export(graph, tuple(arguments))
    module = fx.export_and_import(exported, output_type="linalg-on-tensors",
                                  func_name="main")
    return {f.kind: f for f in recognize(str(module))["main"]}


def check(finding, names, **values):
    assert finding.names == names
    for key, value in values.items():
        got = finding.values[key]
        assert got == value or abs(got - value) <= 1e-6 * abs(value), key


def descend(params, gradients, state):
    return [p - RATE * g for p, g in zip(params, gradients)]


def test_nothing_but_the_optimizer():
    found = find(descend)
    assert found.keys() == {"sgd"}
    check(found["sgd"], NAMES, learning_rate=RATE)


def test_momentum_with_l2():
    def new(params, gradients, state):
        gradients = [g + 1e-3 * p if p.ndim == 2 else g for p, g in zip(params, gradients)]
        state = [0.9 * m + g for m, g in zip(state, gradients)]
        return [p - RATE * m for p, m in zip(params, state)] + state

    found = find(new, states=1)
    assert found.keys() == {"momentum", "l2_gradient"}
    check(found["momentum"], NAMES, learning_rate=RATE, momentum=0.9)
    check(found["l2_gradient"], MATRICES, strength=1e-3)


def test_adamw():
    """As torch.optim.AdamW does it."""
    def new(params, gradients, state):
        m, v = state[:len(params)], state[len(params):]
        params = [p.mul(1 - 1e-3 * 1e-2) if p.ndim == 2 else p for p in params]
        m = [torch.lerp(m, g, 0.1) for m, g in zip(m, gradients)]
        v = [v.mul(0.999).addcmul(g, g, value=0.001) for v, g in zip(v, gradients)]
        return [p.addcdiv(m, v.sqrt().add(1e-8), value=-1e-3)
                for p, m, v in zip(params, m, v)] + m + v

    found = find(new, states=2)
    assert found.keys() == {"adamw", "weight_decay"}
    check(found["adamw"], NAMES, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8)
    check(found["weight_decay"], MATRICES, strength=1e-2)


def test_l2_in_the_loss():
    found = find(descend, penalty=1e-3)
    assert found.keys() == {"sgd", "l2_loss"}
    check(found["sgd"], NAMES, learning_rate=RATE)
    check(found["l2_loss"], MATRICES, strength=1e-3)


def test_average():
    def new(params, gradients, state):
        params = descend(params, gradients, state)
        return params + [torch.lerp(e, p, 0.01) for e, p in zip(state, params)]

    found = find(new, states=1)
    assert found.keys() == {"sgd", "moving_average"}
    check(found["moving_average"], NAMES, decay=0.99, of="parameter")


def test_dropout():
    found = find(descend, has_dropout=True)
    assert found.keys() == {"sgd", "dropout"}
    check(found["dropout"], ["arg6"], keep=0.8, is_scaled=True)
