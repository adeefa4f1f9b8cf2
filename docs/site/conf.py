# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How Sphinx makes the site of what gather.py puts together."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from mlir_lexer import MLIRLexer

project = "Fisher"
author = "The authors of Fisher"
copyright = author
extensions = ["myst_parser"]
root_doc = "index"
include_patterns = ["*.md", "docs/**", "reference/**", "benchmarks/README.md"]
exclude_patterns = ["README.md", "docs/site"]

# Links to headings are written as the place where the tree lies writes them.
myst_heading_anchors = 4

html_theme = "furo"
html_title = "Fisher"
html_logo = html_favicon = "logo.svg"
html_static_path = ["static"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"sidebar_hide_name": False}
pygments_style = "default"
pygments_dark_style = "monokai"


def setup(app):
    app.add_lexer("mlir", MLIRLexer)
