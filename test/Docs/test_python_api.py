# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/python-api.md is what utils/python_api.py writes, and the docstrings say what
one needs. When a docstring is changed: run utils/python_api.py."""

import ast
import importlib.util
import re

import pytest
from paths import ROOT

_spec = importlib.util.spec_from_file_location("python_api", ROOT / "utils" / "python_api.py")
python_api = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(python_api)


def list_public():
    for module, path in python_api.MODULES.items():
        for name, node in python_api.get_public(path)[1].items():
            yield f"{module}.{name}", node
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                        yield f"{module}.{name}.{part.name}", part


PUBLIC = dict(list_public())
FUNCTIONS = {name: node for name, node in PUBLIC.items() if isinstance(node, ast.FunctionDef)}


def test_document_is_up_to_date():
    assert python_api.DOCUMENT.read_text() == python_api.make_document()


def test_finds_everything():
    assert {"fisher.frozen", "fisher.Policy.regularize", "fisher.jax.value_and_grad"} <= PUBLIC.keys()
    assert {"fisher.optax.proximal", "fisher.torch.penalty"} <= FUNCTIONS.keys()
    assert len(FAMILIES) >= 7


@pytest.mark.parametrize("name", PUBLIC)
def test_has_a_docstring(name):
    node = PUBLIC[name]
    docstring = node if isinstance(node, str) else ast.get_docstring(node)
    assert docstring and "MATH.md" not in docstring


def is_property(node):
    return any(getattr(decorator, "id", "") == "property" for decorator in node.decorator_list)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if not is_property(FUNCTIONS[name])])
def test_docstring_says_what_is_taken_and_returned(name):
    docstring, arguments = ast.get_docstring(FUNCTIONS[name]), FUNCTIONS[name].args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [arguments.vararg] if arguments.vararg else []
    described = docstring.partition("Args:")[2]
    for argument in every:
        is_described = re.search(rf"^  (\w+, )*{argument.arg}[,:]", described, re.MULTILINE)
        assert argument.arg == "self" or is_described, argument.arg
    assert "Returns:" in docstring


FAMILIES = [
    name
    for name, node in PUBLIC.items()
    if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["Family"]
]


@pytest.mark.parametrize("name", FAMILIES)
def test_families_have_what_a_prior_is_and_a_source(name):
    docstring = ast.get_docstring(PUBLIC[name])
    assert "Charts" in docstring and "A prior is" in " ".join(docstring.split())
    assert "NaN" in docstring and "Source:" in docstring


def test_format_docstring():
    text = python_api.format_docstring(
        'Does it.\n\nAs so::\n\n    x = 1\n\nArgs:\n  a, b: two\n    things.\n\nRaises:\n  TypeError: ``a``.'
    )
    assert text == (
        "Does it.\n\nAs so:\n\n```python\nx = 1\n```\n\n"
        "**Arguments**\n\n- `a`, `b`: two things.\n\n**Raises**\n\n- `TypeError`: `a`."
    )
