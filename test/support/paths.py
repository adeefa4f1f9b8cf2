# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the tests find the tree, what was built, and LLVM's tools."""

import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = Path(os.environ.get("FISHER_BUILD_DIR", ROOT / "build"))
# The folders with the tests of each family. Python makes others beside them.
FAMILIES = sorted({path.parent.name for path in (ROOT / "test" / "Families").glob("*/test_*.py")})


def read_cache(name):
    """The value that CMake's cache has for a variable."""
    cache = (BUILD / "CMakeCache.txt").read_text()
    return re.search(rf"^{re.escape(name)}:\w+=(.*)$", cache, re.MULTILINE).group(1)


FISHER_OPT = BUILD / "bin" / "fisher-opt"
LLVM_PREFIX = Path(read_cache("MLIR_DIR")).parents[2]
LLVM_TOOLS = LLVM_PREFIX / "bin"
