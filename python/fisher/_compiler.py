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
_LOCATION = re.compile(r'^(?:"(?P<file>[^"]*)":(?P<line>\d+):\d+|[^:\s]+): (?=\w+: )')


def explain(error):
    """The reports of the compiler for one who wrote Python: locations in text
    that the package made up are left out."""

    def shorten(line):
        found = _LOCATION.match(line)
        if not found or found["file"] in (None, "-"):
            return line[found.end() :] if found else line
        return f"{found['file']}:{found['line']}: {line[found.end() :]}"

    lines = [shorten(line) for line in str(error).splitlines()]
    return "\n".join(line.removeprefix("error: ") for line in lines)


def apply_policy(module, pipeline):
    """`rewrite` for a module with a policy in it.

    Raises:
      PolicyError: the policy does not fit the module.
    """
    try:
        return rewrite(module, pipeline)
    except CompilerError as error:
        raise PolicyError(explain(error)) from None
