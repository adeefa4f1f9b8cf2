# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.compile, which writes into the arrays that it is given."""

import os

import torch
from cases import STATE, STEP, WEIGHT, digest, inputs

from . import Python


def version():
    return f"PyTorch {torch.__version__.partition('+')[0]}"


def _guarded(function, z, inside, safe):
    """function(z), and zero with a gradient of zero where z is outside."""
    return torch.where(inside, function(torch.where(inside, z, safe)), 0.0)


def _arccosh(z):
    # As the logarithm that it is; torch.arccosh is no vector code, and 17 times as slow.
    return torch.log(z + torch.sqrt(z * z - 1))


def _gaussian(mu, sigma, mean, scale):
    z = 1 + ((mu - mean) ** 2 / 2 + (sigma - scale) ** 2) / (2 * sigma * scale)
    return WEIGHT * torch.sum(2 * _guarded(_arccosh, z, z > 1, 2.0) ** 2)


def _categorical(logits, reference):
    roots = [torch.exp(torch.log_softmax(x, -1) / 2) for x in (logits, reference)]
    c = torch.sum(roots[0] * roots[1], -1)
    return WEIGHT * torch.sum(4 * _guarded(torch.arccos, c, c < 1, 0.5) ** 2)


def _into(penalty, argnums):
    """A function that writes the value and the gradients into what it is given."""
    function = torch.func.grad_and_value(penalty, argnums)

    def call(value, gradients, *given):
        found, result = function(*given)
        value.copy_(result)
        for to, gradient in zip(gradients, found):
            to.copy_(gradient)

    return call


def _adamw(value, state, mu_gradient, sigma_gradient, mean, scale, step):
    function = torch.func.grad_and_value(_gaussian, (0, 1))
    gradients, penalty = function(state[0], state[1], mean, scale)
    value.copy_(penalty)
    first, second = 1 - 0.9**step, 1 - 0.999**step
    for p, m, v, g, q in zip(
        state[:2], state[2:4], state[4:], (mu_gradient, sigma_gradient), gradients
    ):
        g = g + q
        m1 = 0.9 * m + 0.1 * g
        v1 = 0.999 * v + 0.001 * g * g
        p.copy_(p - 1e-5 * (m1 / first / (torch.sqrt(v1 / second) + 1e-8) + 1e-2 * p))
        m.copy_(m1)
        v.copy_(v1)


def can(case):
    return case.workload in ("W1", "W2", "W4")


def prepare(case, device):
    """A call of the compiled function, and what it writes: the penalty, and the
    state or the gradients."""
    arrays = {
        name: torch.from_numpy(array).to(device) for name, array in inputs(case).items()
    }
    value = torch.zeros((), device=device)
    if case.workload == "W4":
        results = [arrays.pop(name) for name in STATE]
        function, given = _adamw, [*arrays.values(), torch.tensor(STEP, device=device)]
    else:
        results = [torch.empty_like(x) for x in list(arrays.values())[: case.streams[1]]]
        penalty, argnums = (
            (_gaussian, (0, 1)) if case.workload == "W1" else (_categorical, (0,))
        )
        function, given = _into(penalty, argnums), list(arrays.values())
    compiled = torch.compile(function, fullgraph=True, dynamic=False)

    def call():
        compiled(value, results, *given)

    return call, value, results


def make(case):
    if not can(case):
        return {}
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    call, value, results = prepare(case, "cpu")

    def digest_once():
        call()
        return digest(value, [x.numpy() for x in results])

    return {"PyTorch": Python(call, digest_once)}
