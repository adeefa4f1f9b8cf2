# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What docs/python-api.md shows can be run. Its blocks are of docstrings, so they go on
from what a reader has: a model, a loss, a policy."""

import doctest
import os
import re

import pytest

import fisher
from paths import ROOT

# One process that compiles is enough for what is compiled here.
os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")

PAGE = (ROOT / "docs" / "python-api.md").read_text()
POLICY = """
entry = dict(as_=fisher.Gaussian("softplus"), toward=fisher.prior(0, 1), weight=1e-3)
policy = fisher.Policy().regularize("w.mu", "w.rho", **entry)
proximal_policy = fisher.Policy().regularize("w.mu", "w.rho", mode="proximal", **entry)
"""
JAX = POLICY + """
import jax, jax.numpy as jnp
params = {"w": {"mu": jnp.ones(3), "rho": jnp.zeros(3)}}
"""
TORCH = POLICY + """
import torch
class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.ParameterDict({"mu": torch.ones(3), "rho": torch.zeros(3)})
    def forward(self, x):
        return x @ (self.w["mu"] + torch.exp(self.w["rho"]))
model, x, y = Model(), torch.ones(2, 3), torch.zeros(2)
"""

# What a block goes on from, and what it comes to, by the heading that it is under.
BLOCKS = {
    "`fisher`": ("", 'assert "(*).mu" in str(policy)'),
    "`fisher.Policy(": ("", ""),
    "`fisher.jax.regularize": (
        JAX + """
def step(params):
    loss, gradients = jax.value_and_grad(lambda p: jnp.sum(p["w"]["mu"] ** 2))(params)
    return jax.tree.map(lambda p, g: p - 0.1 * g, params, gradients), loss
policy = fisher.Policy().regularize("w.mu", "w.rho", mode="proximal", step_size=0.1, **entry)
""",
        "assert step(params)[0]['w']['mu'].max() < 0.8",
    ),
    "`fisher.optax`": (
        JAX + "import optax",
        "optimizer.update(params, optimizer.init(params), params)",
    ),
    "`fisher.torch.backend": (
        TORCH + "step = lambda x, y: (model(x) - y).square().mean()",
        "assert model.w['rho'].grad.abs().min() > 0",
    ),
    "`fisher.torch.value_and_grad": (
        TORCH + """
def loss(params, x, y):
    return (torch.func.functional_call(model, params, (x,)) - y).square().mean()
""",
        "assert gradients['w.rho'].abs().min() > 0",
    ),
}


def read_blocks():
    """The blocks of the page, each with the heading that it is under."""
    found, heading = [], None
    for line in re.finditer(r"^#+ ([^\n]*)$|^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        if line[1]:
            heading = line[1]
        else:
            found.append((heading, line[2]))
    return found


@pytest.mark.parametrize("heading, block", read_blocks(), ids=lambda text: text.split("(")[0][:40])
def test_block(heading, block):
    (before, after) = next(
        texts for name, texts in BLOCKS.items() if heading.startswith(name)
    )
    names = {"fisher": fisher}
    exec("import fisher, fisher.jax, fisher.optax, fisher.torch\n" + before, names)
    if ">>>" in block:
        test = doctest.DocTestParser().get_doctest(block, names, heading, "python-api.md", 0)
        assert test.examples and doctest.DocTestRunner().run(test).failed == 0
    else:
        exec(compile(block, heading, "exec"), names)
        exec(after, names)
