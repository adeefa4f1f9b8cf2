# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""utils/setup.sh on machines that lack what it needs; its tools are stand-ins."""

import re
import shutil
import subprocess

import pytest
from paths import ROOT

NEEDED = re.sub("#.*", "", (ROOT / "utils" / "apt-packages.txt").read_text()).split()


@pytest.fixture
def setup(tmp_path):
    """Runs a copy of the script where the programs do as they are told here."""
    tree = tmp_path / "tree"
    (tree / "utils").mkdir(parents=True)
    for name in ("setup.sh", "apt-packages.txt", "requirements.txt"):
        shutil.copy(ROOT / "utils" / name, tree / "utils")
    programs = tmp_path / "programs"
    programs.mkdir()

    def run(**texts):
        texts = {"dpkg_query": "exit 1", "apt_cache": "exit 0", "apt_get": "exit 0",
                 "sudo": 'exec "$@"', **texts}  # fmt: skip
        for name, text in texts.items():
            program = programs / name.replace("_", "-")
            program.write_text(f"#!/bin/bash\n{text}\n")
            program.chmod(0o755)
        return subprocess.run(
            [tree / "utils" / "setup.sh"],
            capture_output=True,
            text=True,
            env={"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(tmp_path)},
        )

    return run


def test_says_where_llvm_is_to_be_had(setup):
    done = setup(apt_cache="[[ $2 != *-22* ]]")
    assert done.returncode == 1
    missing = [name for name in NEEDED if "-22" in name]
    assert len(missing) > 5 and f"error: apt has no {' '.join(missing)};" in done.stderr
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    assert f"\n{done.stderr.strip()}\n" in page


def test_asks_for_what_is_missing_only(setup):
    done = setup(
        dpkg_query='[[ ${@: -1} == cmake ]] || echo installed',
        apt_get='[[ $* == *"install -y --no-install-recommends cmake" ]] && echo asked && exit 7; exit 0',
    )
    assert done.returncode == 7 and done.stdout.splitlines()[-1] == "asked"
