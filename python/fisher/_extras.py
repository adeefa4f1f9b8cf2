# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What parts of this package need that is not installed with it."""

import importlib


def need(package: str, part: str, extra: str) -> None:
    """Imports a package that an extra brings, or says which one would.

    Raises:
      ModuleNotFoundError: it is not installed.
    """
    try:
        importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ModuleNotFoundError(
            f"{part} needs {package}, which is not installed; "
            f"pip install 'fisher[{extra}]' brings it",
            name=package,
        ) from None
