# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Colors for MLIR, which Pygments does not know."""

from pygments import token
from pygments.lexer import RegexLexer, bygroups, words


class MLIRLexer(RegexLexer):
    """Takes any text: what is no MLIR, such as the dots of an excerpt, has no color."""

    name = "MLIR"
    aliases = ["mlir"]
    filenames = ["*.mlir"]

    tokens = {
        "root": [
            (r"\s+", token.Whitespace),
            (r"//.*", token.Comment.Single),
            (r'"(?:\\.|[^"\\\n])*"', token.String),
            # Values, symbols, blocks.
            (r"%[\w$.-]+(?::\d+|#\d+)?", token.Name.Variable),
            (r"@[\w$.-]+", token.Name.Function),
            (r"\^\w+", token.Name.Label),
            # Attributes and types of dialects, and aliases of them.
            (r"#[A-Za-z_][\w.]*", token.Name.Decorator),
            (r"![A-Za-z_][\w.]*", token.Name.Class),
            (r"(tensor|memref|vector)(<)([\dx?*]*)",
             bygroups(token.Keyword.Type, token.Punctuation, token.Number)),
            (r"\b(?:[su]?i\d+|b?f\d+\w*|tf32|index|none|complex|tuple)\b", token.Keyword.Type),
            (words(("true", "false", "dense", "unit", "affine_map", "loc", "attributes", "to",
                    "toward", "as", "at", "weight", "mode", "ins", "outs", "private"),
                   prefix=r"\b", suffix=r"\b"), token.Keyword),
            # Operations have their dialect before them.
            (r"\b[a-z_]\w*(?:\.[a-z_]\w*)+", token.Name.Builtin),
            (r"\b(?:return|call|module)\b", token.Name.Builtin),
            (r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|0x[0-9A-Fa-f]+", token.Number),
            (r"->|::=|[=:,<>(){}\[\]?*+|-]", token.Punctuation),
            (r"[A-Za-z_]\w*", token.Name),
            (r".", token.Text),
        ]
    }  # fmt: skip
