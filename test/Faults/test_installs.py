# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Installations that nobody may write to, and two of them side by side."""

import os
import re
import shutil
import stat
import subprocess

import pytest

import training
from paths import BUILD, LLVM_TOOLS, read_cache

pytestmark = pytest.mark.skipif(bool(read_cache("FISHER_USE_SANITIZER")),
                                reason="stock programs lack the sanitizer")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("install") / "a prefix"
    subprocess.run(["cmake", "--install", BUILD, "--prefix", folder], check=True,
                   stdout=subprocess.DEVNULL)
    return folder


def list_files(folder):
    return sorted((str(path), path.lstat().st_mtime_ns) for path in folder.rglob("*"))


def test_read_only(prefix, tmp_path):
    """Nothing is written where the tools are, and nothing missed there."""
    before = list_files(prefix)
    for path in [prefix, *prefix.rglob("*")]:
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)

    def run(*command):
        return subprocess.run(list(map(str, command)), check=True, text=True,
                              capture_output=True, cwd=tmp_path,
                              preexec_fn=training.respect_modes,
                              env={**os.environ, "HOME": "/nonexistent"}).stdout

    policy = training.TUTORIAL / "policy.mlir"
    assert "fisher.policy" in run(prefix / "bin" / "fisher-opt", policy)
    plugin = prefix / "lib" / "FisherPlugin.so"
    assert "fisher.policy" in run(LLVM_TOOLS / "mlir-opt", policy,
                                  f"--load-dialect-plugin={plugin}",
                                  f"--load-pass-plugin={plugin}")
    step = training.tutorial(tmp_path, 5)
    run(prefix / "bin" / "fisher-run", *step, "--outputs=out.npz", "--metrics=run.jsonl",
        "--checkpoint=state.npz")
    assert "w.mu" in training.read(tmp_path / "out.npz")
    run(prefix / "bin" / "fisher-run", training.TUTORIAL / "step.mlir",
        "--emit=shared,header", "-o", "step.so")
    assert list_files(prefix) == before
    for path in [prefix, *prefix.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)


PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(chooser LANGUAGES C CXX)
find_package(Fisher ${WANTED} QUIET CONFIG)
if(Fisher_FOUND)
  get_target_property(location Fisher::FisherIR LOCATION)
  message("found ${Fisher_VERSION} ${location}")
endif()
"""


def test_two_versions(prefix, tmp_path):
    """A project gets the version that it asks for, and that one's libraries."""
    shutil.copytree(prefix, newer := tmp_path / "newer", symlinks=True,
                    ignore=shutil.ignore_patterns("*.h", "*.inc", "bin"))
    config, = newer.rglob("FisherConfigVersion.cmake")
    config.chmod(0o644)
    text = config.read_text()
    version = re.search(r'PACKAGE_VERSION "([\d.]+)"', text).group(1)
    major, minor, _ = map(int, version.split("."))
    other = f"{major}.{minor + 1}.0"
    config.write_text(text.replace(version, other))
    (tmp_path / "CMakeLists.txt").write_text(PROJECT)
    known = subprocess.run(
        ["cmake", "-G", read_cache("CMAKE_GENERATOR"), "-S", tmp_path,
         "-B", tmp_path / "build", f"-DMLIR_DIR={read_cache('MLIR_DIR')}",
         *(f"-DCMAKE_{language}_COMPILER={read_cache(f'CMAKE_{language}_COMPILER')}"
           for language in ("C", "CXX"))],
        capture_output=True, text=True, check=True)
    assert "found" not in known.stderr

    def choose(wanted, *prefixes):
        done = subprocess.run(
            ["cmake", f"-DWANTED={wanted}", "-UFisher_DIR", "-S", tmp_path,
             "-B", tmp_path / "build",
             f"-DCMAKE_PREFIX_PATH={';'.join(map(str, prefixes))}"],
            capture_output=True, text=True, check=True)
        found = re.search(r"found (\S+) (.*)", done.stderr)
        return found and (found.group(1), found.group(2).startswith(str(newer)))

    for prefixes in ((prefix, newer), (newer, prefix)):
        assert choose(f"{major}.{minor}", *prefixes) == (version, False)
        assert choose(f"{major}.{minor + 1}", *prefixes) == (other, True)
        assert choose(f"{major}.{minor + 2}", *prefixes) is None


def test_tools_use_their_own_libraries(prefix, tmp_path):
    """Whatever else is installed: each tool finds its neighbour."""
    for tool in ("fisher-run", "fisher-opt"):
        libraries = subprocess.run(["ldd", prefix / "bin" / tool], capture_output=True,
                                   text=True, check=True).stdout
        for line in libraries.splitlines():
            if "libFisher" in line:
                path = os.path.realpath(line.split("=>")[1].split(" (")[0].strip())
                assert path.startswith(os.path.realpath(prefix)), line
