# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Odd numbers of threads, locales, and plugins that are loaded twice."""

import os
import shutil
import subprocess

import pytest

import training
from paths import BUILD, LLVM_TOOLS, ROOT, read_cache

SANITIZER = bool(read_cache("FISHER_USE_SANITIZER"))
PLUGIN = BUILD / "lib" / "FisherPlugin.so"
FISHER_OPT = BUILD / "bin" / "fisher-opt"
POLICY = training.TUTORIAL / "policy.mlir"


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial")
    training.succeed(*training.large(folder, 3), "--parallel=false",
                     f"--outputs={folder}/out.npz")
    return (folder / "out.npz").read_bytes()


@pytest.mark.parametrize("variable, value", [
    ("OMP_NUM_THREADS", "0"), ("OMP_NUM_THREADS", "-3"), ("OMP_NUM_THREADS", "many"),
    ("OMP_NUM_THREADS", ""), ("OMP_NUM_THREADS", "4,0"), ("OMP_NUM_THREADS", "7"),
    ("OMP_NUM_THREADS", "99999999999999999999"), ("OMP_THREAD_LIMIT", "0"),
    ("OMP_THREAD_LIMIT", "1"), ("OMP_DYNAMIC", "true"), ("OMP_SCHEDULE", "wrong"),
    ("KMP_AFFINITY", "wrong")])
def test_threads(tmp_path, serial, variable, value):
    training.succeed(*training.large(tmp_path, 3), f"--outputs={tmp_path}/out.npz",
                     env={variable: value})
    assert (tmp_path / "out.npz").read_bytes() == serial


def test_threads_that_cannot_start(tmp_path, serial):
    """The runtime ends the process where the system has no thread for it, or
    makes do with fewer."""
    limit = ["prlimit", "--nproc=1"]
    if os.geteuid() == 0:  # whom no limit binds: another user with root's access
        rights = "+dac_override,+dac_read_search"
        limit = ["setpriv", "--reuid=65534", "--clear-groups",
                 "--securebits=+no_setuid_fixup", f"--inh-caps={rights}",
                 f"--ambient-caps={rights}", *limit]
    if not all(shutil.which(name) for name in limit if not name.startswith("-")):
        pytest.skip("no prlimit here")
    done = subprocess.run(
        [*limit, BUILD / "bin" / "fisher-run", *training.large(tmp_path, 3),
         f"--outputs={tmp_path}/out.npz"], capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "8"})
    if done.returncode == 0:
        assert (tmp_path / "out.npz").read_bytes() == serial
    else:
        assert "OMP: " in done.stderr
        assert not (tmp_path / "out.npz").exists()


# What a program such as Python or a viewer does before it loads Fisher.
SET_LOCALE = """
#include <locale.h>
#include <stdlib.h>
__attribute__((constructor)) static void set(void) {
  if (!setlocale(LC_ALL, "") || *localeconv()->decimal_point != ',')
    abort();
}
"""


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """An environment in which every program writes 0,5."""
    folder = tmp_path_factory.mktemp("locale")
    if shutil.which("localedef"):  # which warns of what is no fault of ours
        subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", folder / "de_DE.UTF-8"],
                       capture_output=True)
    if not (folder / "de_DE.UTF-8").exists():
        pytest.skip("no locale with a decimal comma here")
    (folder / "set.c").write_text(SET_LOCALE)
    subprocess.run([read_cache("CMAKE_C_COMPILER"), "-shared", "-fPIC", folder / "set.c",
                    "-o", folder / "set.so"], check=True)
    return {"LOCPATH": str(folder), "LC_ALL": "de_DE.UTF-8",
            "LD_PRELOAD": str(folder / "set.so")}


def differs_by_locale(german, command):
    """What a command prints on stdout and stderr, in both locales."""
    texts = []
    for environment in ({"LC_ALL": "C"}, german):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True,
                              env={**os.environ, **environment})
        assert done.returncode == 0, done.stderr
        texts.append((done.stdout, done.stderr))
    assert "0." in "".join(texts[0])
    return texts[0] != texts[1]


@pytest.mark.skipif(SANITIZER, reason="the sanitizer must be loaded first")
@pytest.mark.parametrize("file, passes", [
    (ROOT / "test" / "Transforms" / "upgrade.mlir", "fisher-upgrade{policy=ours}"),
    (training.TUTORIAL / "step.mlir", f"fisher-insert{{policy-file={POLICY}}}"),
    (training.TUTORIAL / "step.mlir",
     f"fisher-insert{{policy-file={POLICY}}},convert-fisher-to-linalg")])
def test_locale_of_passes(german, file, passes):
    assert not differs_by_locale(
        german, [FISHER_OPT, file, f"--pass-pipeline=builtin.module({passes})"])


@pytest.mark.skipif(SANITIZER, reason="the sanitizer must be loaded first")
def test_locale_of_runs(tmp_path, german):
    folders = tmp_path / "C", tmp_path / "de"
    for folder, environment in zip(folders, ({"LC_ALL": "C"}, german)):
        training.succeed(*training.tutorial(tmp_path, 30), *training.outputs(folder),
                         env=environment)
    assert training.same_files(*folders)
    assert not differs_by_locale(german, [
        BUILD / "bin" / "fisher-run", *training.tutorial(tmp_path, 3)])


def load(tool, *plugins, passes=f"fisher-insert{{policy-file={POLICY}}}"):
    """What a tool prints with plugins, and its warnings of them."""
    done = subprocess.run(
        [tool, training.TUTORIAL / "step.mlir", *plugins,
         f"--pass-pipeline=builtin.module({passes})"], capture_output=True, text=True)
    warnings = [line for line in done.stderr.splitlines() if "FisherPlugin" in line]
    return done, warnings


@pytest.mark.skipif(SANITIZER, reason="stock mlir-opt lacks the sanitizer")
def test_plugin_twice(tmp_path):
    both = [f"--load-dialect-plugin={PLUGIN}", f"--load-pass-plugin={PLUGIN}"]
    done, warnings = load(LLVM_TOOLS / "mlir-opt", *both)
    expected = done.stdout
    assert done.returncode == 0 and not warnings
    done, warnings = load(LLVM_TOOLS / "mlir-opt", *both, *both)
    assert (done.returncode, done.stdout, warnings) == (0, expected, [])


@pytest.mark.skipif(SANITIZER, reason="stock mlir-opt lacks the sanitizer")
def test_two_copies_of_the_plugin(tmp_path):
    """The first one is used, wholly: parts of two could be of two versions."""
    other = shutil.copy(PLUGIN, tmp_path / "Other.so")
    first = [f"--load-dialect-plugin={PLUGIN}", f"--load-pass-plugin={PLUGIN}"]
    second = [f"--load-dialect-plugin={other}", f"--load-pass-plugin={other}"]
    done, warnings = load(LLVM_TOOLS / "mlir-opt", *first, *second)
    assert done.returncode == 0 and "linalg" in done.stdout
    assert len(warnings) == 2
    for line, what in zip(sorted(warnings), ("operations", "passes")):
        assert f": its {what} are not loaded, because another copy of it, version " in line
    done, warnings = load(LLVM_TOOLS / "mlir-opt", first[0], second[1])
    assert done.returncode == 1 and len(warnings) == 1
    assert "'fisher-insert' does not refer to a registered pass" in done.stderr


def test_plugin_in_tools_that_have_the_dialect():
    expected, _ = load(FISHER_OPT)
    done, warnings = load(FISHER_OPT, f"--load-dialect-plugin={PLUGIN}",
                          f"--load-pass-plugin={PLUGIN}")
    assert (done.returncode, done.stdout) == (0, expected.stdout)
    assert len(warnings) == 2
    assert all(line.endswith("are not loaded, because this program has its own")
               for line in warnings)
    done = training.run(ROOT / "examples" / "distance.mlir",
                        f"--load-dialect-plugin={PLUGIN}")
    assert "warning: FisherPlugin " in done.stderr and done.returncode == 1
    assert "bug report" not in done.stderr


def test_files_that_are_no_plugins(tmp_path):
    (tmp_path / "text.so").write_text("text")
    error = training.fail(training.TUTORIAL / "step.mlir",
                          f"--load-dialect-plugin={tmp_path}/text.so")
    assert "Could not load library" in error
    runtime = BUILD / "lib" / "libFisherRuntime.so"
    error = training.fail(training.TUTORIAL / "step.mlir",
                          f"--load-dialect-plugin={runtime}")
    assert "Plugin entry point not found" in error
