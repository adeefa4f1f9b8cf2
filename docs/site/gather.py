# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Puts together what the site is made of: the tree's documents where they lie, so
that their links hold, and in reference/ the pages that were generated of the dialect."""

import argparse
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
SITE = Path("docs", "site")
# What documents show or link to.
LINKED = ["LICENSE", "CITATION.cff", "benchmarks", "docs", "examples", "test", "CHANGELOG.md", "CONTRIBUTING.md"]


def read_generated(path):
    """A generated page, as a page of a site: with a title, and with no headings but
    those that one looks for."""
    text = path.read_text().replace("[TOC]\n", "")
    text = re.sub(r"^<!--.*-->\n+", "", text)
    kind = path.parent.name
    if kind == "passes":
        text = f"# Passes: {path.stem.lower()}\n\n" + re.sub("^### ", "## ", text, flags=re.M)
    elif kind == "interfaces":
        words = re.sub("(?<!^)(?=[A-Z])", " ", path.stem).lower().split()
        text = re.sub("^# .*\n", f"# Interfaces: {' '.join(words[:-1])}\n", text)
        text = re.sub("^### Methods:$", "**Methods**", text, flags=re.M)
        text = re.sub("^#### ", "### ", text, flags=re.M)
    else:
        text = re.sub("^# .*\n", "# The dialect\n", text)
        # Things are called what one writes, and looks for.
        text = re.sub(r"^(### `fisher\.\w+`) \((.*)\)\n\n(.*)", r"\1\n\n\3 (`\2`)", text, flags=re.M)
        text = re.sub(
            r"^### (\w+)\n\n(.*)\n\n(Syntax: *\s+`+\s*([#!]fisher\.\w+))",
            r"### `\4`\n\n\2 (`fisher::\1`)\n\n\3",
            text,
            flags=re.M,
        )
    return re.sub(r"^#{4,5} (\w+):?$", r"**\1**", text, flags=re.M)


def gather(generated, output):
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    for name in LINKED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, output / name)
    # The first page of the tree is that of the site.
    for page in [*output.glob("*.md"), *output.glob("docs/*.md")]:
        page.write_text(re.sub(r"\]\(((?:\.\./)?)README\.md", r"](\1index.md", page.read_text()))

    pages = sorted(generated.rglob("*.md"), key=lambda path: (len(path.parts), path))
    reference = [path.relative_to(generated) for path in pages]
    for name in reference:
        page = output / "reference" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(read_generated(generated / name))

    # Documents that have no place of their own come last.
    contents = (ROOT / SITE / "contents.md").read_text()
    others = [f"docs/{path.stem}" for path in sorted((ROOT / "docs").glob("*.md"))]
    others = [name for name in others if f"\n{name}\n" not in contents]
    contents = contents.replace("@others@\n", "".join(f"{name}\n" for name in others))
    contents = contents.replace(
        "@reference@\n", "".join(f"reference/{name.with_suffix('')}\n" for name in reference)
    )
    (output / "index.md").write_text((ROOT / "README.md").read_text() + contents)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("generated", type=Path, help="folder of the generated pages")
    parser.add_argument("output", type=Path, help="folder that is made anew")
    arguments = parser.parse_args()
    gather(arguments.generated, arguments.output)
