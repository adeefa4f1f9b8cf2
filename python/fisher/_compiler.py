# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiler, called with the text of modules."""

import re

from . import _fisher
from ._fisher import CompilerError


class PolicyError(ValueError):
    """A policy is wrong, or does not fit what it is applied to.

    The message names the parameter or the glob, and says how to mend it.
    """


def rewrite(module, pipeline, *, generic=False):
    """Runs a pass pipeline on a module.

    Args:
      module: the text of an MLIR module. Operations of dialects that the
        compiler does not know, such as StableHLO in its generic form, are kept.
      pipeline: passes and their options, ``"fisher-insert,canonicalize"``.
      generic: print every operation in its generic form, which jaxlib reads.

    Returns:
      The text of the module afterwards.

    Raises:
      CompilerError: what the compiler reported, with locations.
    """
    return _fisher.rewrite(module, pipeline, generic)[0]


# The location that a diagnostic starts with: a name or a file, line and column.
_LOCATION = re.compile(r'^(?:"(?P<file>[^"]*)":(?P<line>\d+):\d+|\S+:\d+|[^:\s]+): (?=\w+: )')

# What is said of the IR, for one who does not see it: patterns, and what is said
# instead. What is left empty is left out.
_TRANSLATIONS = [
    (r"^note: in this function$", ""),
    (r"^error: ", ""),
    (r"'fisher\.regularize' op ", ""),
    (r"tensor<((?:\d+x)*)(\w+(?:<\w+>)?)>", lambda found: print_type(*found.groups())),
    (
        r'give the argument that holds it fisher\.name = (".*")',
        r"hand it over by this name: arguments={\1: ...}, or fisher_arguments= of a step in JAX",
    ),
    (
        r"give the entry 'step_size' after its weight, or the pass the option step-size",
        "state step_size= in the entry, or where the policy is applied",
    ),
]


def print_type(sizes, element):
    """A type as JAX prints it, of the words of MLIR's: f32[4,3] of 4x3x, f32."""
    return f"{element}[{sizes.replace('x', ',').rstrip(',')}]"


def explain(error):
    """The reports of the compiler for one who wrote Python: locations in text
    that the package made up are left out, and so are the words of the IR."""

    def shorten(line):
        found = _LOCATION.match(line)
        text = line[found.end() :] if found else line
        for pattern, translation in _TRANSLATIONS:
            text = re.sub(pattern, translation, text)
        if text and found and found["file"] not in (None, "-"):
            text = f"{found['file']}:{found['line']}: {text}"
        return text

    return "\n".join(filter(None, map(shorten, str(error).splitlines())))


def apply_policy(module, pipeline):
    """`rewrite` for a module with a policy in it.

    Raises:
      PolicyError: the policy does not fit the module.
    """
    try:
        return rewrite(module, pipeline)
    except CompilerError as error:
        raise PolicyError(explain(error)) from None
