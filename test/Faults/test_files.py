# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Files that cannot be written, or not wholly, and odd names of files."""

import json
import os
import resource
import shutil
import stat
import subprocess

import pytest

import training
from paths import BUILD

PLUGIN = BUILD / "lib" / "FisherPlugin.so"


def limit_files(size):
    """What limits the files of a process to so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("file, size, limit", [
    ("out.npz", 1, 100_000), ("state.npz", 1, 100_000)])
def test_arrays_too_large_for_the_disk(tmp_path, file, size, limit):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / file).write_bytes(b"old")
    option = "--outputs" if file == "out.npz" else "--checkpoint"
    error = training.fail(*training.large(tmp_path, size), f"{option}={folder}/{file}",
                          preexec_fn=limit_files(limit))
    assert f"{folder}/{file}: cannot be written: " in error
    assert "File too large" in error
    assert names(folder) == [file] and (folder / file).read_bytes() == b"old"


def test_metrics_too_large_for_the_disk(tmp_path):
    """Whole lines are left, and the run goes on where there is room."""
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    arguments = [*training.tutorial(tmp_path, 400), "--checkpoint-every=10"]
    training.succeed(*arguments, *training.outputs(whole))
    size = (whole / "run.jsonl").stat().st_size
    assert (whole / "state.npz").stat().st_size < size // 2
    error = training.fail(*arguments, *training.outputs(stopped),
                          preexec_fn=limit_files(size // 2))
    assert f"{stopped}/run.jsonl: cannot be written: File too large\n" in error
    assert names(stopped) == ["run.jsonl", "state.npz"]
    lines = [json.loads(line)["step"] for line in
             (stopped / "run.jsonl").read_text().splitlines()]
    assert lines == list(range(1, len(lines) + 1)) and 10 <= len(lines) < 400
    training.succeed(*arguments, *training.outputs(stopped), "--resume")
    assert training.same_files(whole, stopped)


def can_mount():
    return os.geteuid() == 0 and shutil.which("unshare") and subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"],
        capture_output=True).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs the right to mount a file system")
def test_full_disk(tmp_path):
    """A file system of 64 KiB, on which the outputs of before are."""
    arguments = training.large(tmp_path, 1)
    disk = tmp_path / "disk"
    disk.mkdir()
    script = ('mount -t tmpfs -o size=64k none "$0" && echo old > "$0/out.npz"'
              ' && "$@"; echo "status $?, $(ls "$0"), $(cat "$0/out.npz")"')
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, disk, BUILD / "bin" / "fisher-run",
         *arguments, f"--outputs={disk}/out.npz"], capture_output=True, text=True)
    assert "out.npz: cannot be written: " in done.stderr
    assert "No space left on device\n" in done.stderr
    assert done.stdout.endswith("status 1, out.npz, old\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_devices_that_are_full(tmp_path):
    arguments = training.tutorial(tmp_path, 3)
    assert "/dev/full: cannot be written: No space left on device\n" in training.fail(
        *arguments, "--metrics=/dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / "bin" / "fisher-run", *arguments], stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize("option", ["outputs", "metrics", "checkpoint"])
def test_folders_that_are_not_there(tmp_path, option):
    arguments = training.tutorial(tmp_path, 10**9)
    error = training.fail(*arguments, f"--{option}={tmp_path}/no/file")
    assert f"{tmp_path}/no/file: cannot be written: No such file or directory\n" in error
    error = training.fail(*arguments, f"--{option}={tmp_path}")
    assert f"{tmp_path}: cannot be written: " in error


@pytest.mark.parametrize("option", ["outputs", "metrics", "checkpoint"])
def test_folders_that_are_read_only(tmp_path, option):
    arguments = training.tutorial(tmp_path, 10**9)
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    error = training.fail(*arguments, f"--{option}={locked}/file",
                          preexec_fn=training.respect_modes)
    assert f"{locked}/file: cannot be written: Permission denied\n" in error
    assert names(locked) == []
    error = training.fail(training.TUTORIAL / "step.mlir", "--emit=object", "-o",
                          locked / "step.o", preexec_fn=training.respect_modes)
    assert f"{locked}/step.o: cannot be written: Permission denied\n" in error


def test_metrics_that_are_read_only(tmp_path):
    arguments = training.tutorial(tmp_path, 10**9)
    metrics = tmp_path / "run.jsonl"
    metrics.write_text("old\n")
    metrics.chmod(0o444)
    error = training.fail(*arguments, f"--metrics={metrics}",
                          preexec_fn=training.respect_modes)
    assert f"{metrics}: cannot be written: Permission denied\n" in error
    assert metrics.read_text() == "old\n"


def test_what_is_no_file_stays(tmp_path):
    """A pipe is not replaced by a file, nor would /dev/null be."""
    os.mkfifo(tmp_path / "pipe")
    arguments = training.tutorial(tmp_path, 3)
    for option in ("outputs", "checkpoint"):
        error = training.fail(*arguments, f"--{option}={tmp_path}/pipe")
        assert "pipe: cannot be written: it is not a regular file\n" in error
    error = training.fail(training.TUTORIAL / "step.mlir", "--emit=object", "-o",
                          tmp_path / "pipe")
    assert "pipe: cannot be written: it is not a regular file\n" in error
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_links_and_modes_are_kept(tmp_path):
    arguments = training.tutorial(tmp_path, 3)
    file, link = tmp_path / "file.npz", tmp_path / "link.npz"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    training.succeed(*arguments, f"--outputs={link}")
    assert link.is_symlink() and "w.mu" in training.read(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["with space", "ünïcödé 信念 🐟", "new\nline", "-dash",
                                  "100%s%n", "quote'\"", "a" * 240])
def test_names(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    step, policy = folder / "ste p.mlir", folder / "pölicy.mlir"
    shutil.copy(training.TUTORIAL / "step.mlir", step)
    shutil.copy(training.TUTORIAL / "policy.mlir", policy)
    data = training.write_data(folder)
    arguments = [step, f"--policy={policy}", f"--data={data}", "--steps=3",
                 "--optimizer=adam", "--learning-rate=0.01"]
    files = folder / "öut"
    training.succeed(*arguments, *training.outputs(files))
    training.succeed(*arguments, *training.outputs(files), "--resume")
    assert names(files) == ["out.npz", "run.jsonl", "state.npz"]
    training.succeed(step, "--emit=object,shared,header", "-o", folder / "st ep",
                     "--parallel=false")
    subprocess.run(["cc", "-fsyntax-only", "-x", "c", "-"], check=True, text=True,
                   input=(folder / "st ep.h").read_text())
    shutil.copy(PLUGIN, folder / "Plugin ü.so")
    subprocess.run([BUILD / "bin" / "fisher-opt", policy, "-o", folder / "o ut.mlir"],
                   check=True)
    error = training.fail(step, "--policy=" + str(folder / "none.mlir"))
    assert "none.mlir" in error


def test_a_name_that_is_too_long(tmp_path):
    error = training.fail(*training.tutorial(tmp_path, 3),
                          f"--outputs={tmp_path}/{'a' * 300}")
    assert "cannot be written: File name too long\n" in error
