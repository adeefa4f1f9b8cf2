# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What any version of the dialect has written is read by this one.

Versions/N.mlir and Versions/N.mlirbc are the same modules as version N printed
and wrote them. They are never changed: `fisher-opt --emit-bytecode` made the
second from the first when N was current.
"""

import re
import subprocess
from pathlib import Path

import pytest
from declarations import all_declarations
from paths import FISHER_OPT, ROOT

VERSIONS = Path(__file__).parent / "Versions"
KEPT = sorted(VERSIONS.glob("*.mlir"), key=lambda path: int(path.stem))
HEADER = (ROOT / "include" / "fisher" / "IR" / "Version.h").read_text()
CURRENT = int(re.search(r"current = (\d+);", HEADER)[1])


def read(path):
    done = subprocess.run([FISHER_OPT, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_version_is_kept():
    assert [int(path.stem) for path in KEPT] == list(range(1, CURRENT + 1))


@pytest.mark.parametrize("text", KEPT, ids=lambda path: path.stem)
def test_text_and_bytecode_are_read_as_the_same(text):
    bytecode = text.with_suffix(".mlirbc")
    assert bytecode.read_bytes().startswith(b"ML\xefR")
    assert read(bytecode) == read(text)


def test_the_current_version_is_written_as_it_was():
    kept = KEPT[-1].read_text()
    assert f"fisher.version = #fisher.version<{CURRENT}>" in kept
    assert read(KEPT[-1]) == kept


@pytest.mark.parametrize(
    "declaration",
    [d for d in all_declarations() if d.kind in {"op", "attr", "type", "enum"} and d.mentions],
    ids=str,
)
def test_all_that_can_be_written_is_kept(declaration):
    texts = [path.read_text() for path in KEPT]
    unseen = [m for m in declaration.mentions if not any(re.search(m, text) for text in texts)]
    assert not unseen, f"no file in {VERSIONS.name} has {declaration.name}: {unseen}"
