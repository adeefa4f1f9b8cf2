# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The wheel needs nothing of the system but C and C++, and shows nobody its
compiler."""

import pathlib
import re
import subprocess
import sys
import zipfile

import pytest

import fisher
from paths import BUILD, LLVM_TOOLS

# What every Linux has; the loader is part of the C library.
SYSTEM = re.compile(r"lib(c|m|stdc\+\+|pthread|dl|rt)\.so\.\d+|ld-linux.*\.so\.\d+")


@pytest.fixture(scope="module")
def wheel():
    wheels = list((BUILD / "wheel").glob("fisher-*.whl"))
    assert len(wheels) == 1, "utils/wheel.sh makes one"
    return wheels[0]


@pytest.fixture(scope="module")
def libraries(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return {path.name: path for path in folder.rglob("*.so*")}


def run(tool, *arguments):
    command = [LLVM_TOOLS / tool, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_installed_package_is_the_wheel(wheel):
    folder = pathlib.Path(fisher.__file__).parent
    assert folder.parent.name == "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith("fisher/")]
        assert {f"fisher/{path.name}" for path in folder.glob("*.py")} <= set(names)
        assert archive.read("fisher/_program.py") == (folder / "_program.py").read_bytes()


def test_size(wheel):
    assert wheel.stat().st_size < 120e6


def test_needs_the_system_alone(libraries):
    assert len(libraries) >= 2
    for name, path in libraries.items():
        needed = re.findall(r"NEEDED.*\[(.*)\]", run("llvm-readelf", "--dynamic", path))
        assert "libc.so.6" in needed
        rest = [other for other in needed if not SYSTEM.fullmatch(other)]
        # What is beside it is found there.
        assert set(rest) <= libraries.keys(), name
        if rest:
            assert "[$ORIGIN]" in run("llvm-readelf", "--dynamic", path)


def test_shows_its_entry_alone(libraries):
    (module,) = [path for name, path in libraries.items() if name.startswith("_fisher.")]
    symbols = run("llvm-nm", "--dynamic", "--defined-only", module).split()
    assert symbols[2::3] == ["PyInit__fisher"]


def test_undefined_symbols_are_those_of_python_and_the_system(libraries):
    provided = set()
    for path in libraries.values():
        provided |= set(run("llvm-nm", "--dynamic", "--defined-only", path).split()[2::3])
    for path in libraries.values():
        for line in run("llvm-nm", "--dynamic", "--undefined-only", path).splitlines():
            kind, symbol = line.split()[-2:]
            is_versioned = "@" in symbol
            is_python = symbol.startswith(("Py", "_Py"))
            assert is_versioned or is_python or symbol in provided or kind in "wv", symbol


def test_lives_beside_the_compilers_of_others():
    """jaxlib and PyTorch have LLVM and MLIR of their own in the process."""
    program = """
import jax, jax.numpy as jnp, torch
import fisher, fisher.jax
compiled = torch.compile(lambda x: (x * x).sum())
gaussian = fisher.Gaussian("log_sigma")
distance = jax.jit(lambda m: fisher.jax.squared_distance(gaussian(m, 0.0), gaussian(0.0, 0.0)))
print(float(distance(1.0)), float(jax.jit(jnp.sin)(1.0)), float(compiled(torch.ones(3))))
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["0.9609060287475586", "0.8414709568023682", "3.0"]
