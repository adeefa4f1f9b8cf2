#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write docs/python-api.md from the docstrings of python/fisher.

The sources are read, not imported, so nothing needs to be built or installed.
"""

import argparse
import ast
import inspect
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "python" / "fisher"
DOCUMENT = ROOT / "docs" / "python-api.md"
MODULES = {
    "fisher": PACKAGE / "__init__.py",
    "fisher.jax": PACKAGE / "jax" / "__init__.py",
    "fisher.optax": PACKAGE / "optax.py",
    "fisher.report": PACKAGE / "report" / "__init__.py",
    "fisher.torch": PACKAGE / "torch" / "__init__.py",
}

# What comes from the compiled part of the package.
COMPILED = {
    "CompilerError": "What the compiler reported of a module that was given as text, with "
    "locations. A `ValueError`.",
    "__version__": "The version of the package, a string.",
}

HEAD = """# Python API

Written by `utils/python_api.py` from the docstrings. [docs/jax.md](jax.md) and
[docs/torch.md](torch.md) say how things go together, and
[docs/differentiation.md](differentiation.md) what can be differentiated.

A *batch* is any number of dimensions that number the beliefs; the *event* dimensions
behind them belong to one: none for most families, one for `Categorical`, two for
`CenteredGaussian`. Distances have no unit: a distance of 0.1 is a change of a belief
that one would notice in some 100 samples. Divergences are in nats, and directions in
radians.
"""


def get_definitions(path):
    """What a file defines at its top level: nodes by name, and the `#:` comments of
    variables."""
    text = path.read_text()
    lines, found = text.splitlines(), {}
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            comment, line = [], node.lineno - 2
            while line >= 0 and lines[line].startswith("#:"):
                comment.insert(0, lines[line].removeprefix("#:").strip())
                line -= 1
            if comment:
                found[node.targets[0].id] = " ".join(comment)
    return found


def get_public(path):
    """The public definitions of a module, by name, in the order of `__all__`."""
    tree = ast.parse(path.read_text())
    found = get_definitions(path)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            source = path.parent / f"{node.module}.py"
            definitions = get_definitions(source) if source.is_file() else {}
            for alias in node.names:
                found[alias.name] = definitions.get(alias.name, COMPILED.get(alias.name))
        elif isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            everything = ast.literal_eval(node.value)
    return ast.get_docstring(tree), {name: found[name] for name in everything}


def get_signature(node):
    """The arguments as they are written in a definition, without self."""
    if isinstance(node, ast.ClassDef):
        node = next(
            (part for part in node.body if getattr(part, "name", "") == "__init__"), None
        )
        if node is None:
            return ""
    arguments = node.args
    if arguments.args and arguments.args[0].arg == "self":
        arguments.args = arguments.args[1:]
    return f"({ast.unparse(arguments)})"


TITLES = {"Args": "Arguments"}
SECTION = re.compile(r"^(Args|Returns|Raises|Source|Example|Attributes):(:?)(.*)$")


def format_text(text):
    """Paragraphs with code as Markdown has it: a paragraph that ends in `::` is
    followed by an indented block of code."""
    text = text.replace("``", "`")
    out, code = [], []

    def flush():
        if code:
            block = inspect.cleandoc("\n".join(code))
            out.extend(["```python", *block.splitlines(), "```"])
            code.clear()

    in_code = False
    for line in text.splitlines():
        if in_code and (line.startswith("    ") or not line.strip()):
            code.append(line)
            continue
        if in_code:
            flush()
            in_code = False
            out.append("")
        if line.endswith("::"):
            in_code = True
            line = line[:-1]
            out += [line, ""] if line != ":" else []
        else:
            out.append(line)
    flush()
    return "\n".join(out).strip()


def format_items(lines):
    """A list of `name: text`, or a paragraph."""
    text = inspect.cleandoc("\n" + "\n".join(lines))
    items = re.split(r"\n(?=\S)", text)
    if all(re.match(r"[\w*`, ]+: ", item) for item in items):
        out = []
        for item in items:
            names, rest = item.split(": ", 1)
            rest = " ".join(part.strip() for part in rest.splitlines())
            names = ", ".join(f"`{name.strip()}`" for name in names.split(","))
            out.append(f"- {names}: {rest}")
        return format_text("\n".join(out))
    return format_text(text)


def format_docstring(docstring):
    """A docstring in Google's style as Markdown."""
    out, title, lines = [], None, []

    def flush():
        if title is None:
            out.append(format_text("\n".join(lines)))
        elif title == "Example":
            out.append("**Example**\n\n" + format_text("x::\n\n" + "\n".join(lines))[4:].strip())
        elif lines:
            out.append(f"**{TITLES.get(title, title)}**\n\n{format_items(lines)}")

    for line in docstring.splitlines():
        found = SECTION.match(line)
        if found:
            flush()
            title, lines = found[1], [found[3]] if found[3].strip() else []
        else:
            lines.append(line)
    flush()
    return "\n\n".join(part for part in out if part)


def format_class(name, node):
    """The methods and attributes of a class."""
    out = []
    for part in node.body:
        if not isinstance(part, ast.FunctionDef) or part.name.startswith("_"):
            continue
        is_property = any(
            isinstance(decorator, ast.Name) and decorator.id == "property"
            for decorator in part.decorator_list
        )
        signature = "" if is_property else get_signature(part)
        out.append(f"#### `{name}.{part.name}{signature}`")
        out.append(format_docstring(ast.get_docstring(part)))
    return out


def make_document():
    parts = [HEAD.strip()]
    for module, path in MODULES.items():
        docstring, public = get_public(path)
        parts += [f"## `{module}`", format_docstring(docstring)]
        for name, node in public.items():
            if isinstance(node, str):
                parts += [f"### `{module}.{name}`", node]
                continue
            parts.append(f"### `{module}.{name}{get_signature(node)}`")
            parts.append(format_docstring(ast.get_docstring(node)))
            if isinstance(node, ast.ClassDef):
                parts += format_class(name, node)
    return "\n\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=DOCUMENT, help="default: docs/python-api.md"
    )
    parser.parse_args().output.write_text(make_document())


if __name__ == "__main__":
    main()
