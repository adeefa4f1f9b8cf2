#!/usr/bin/env python3
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes first inputs of the fuzzers: the modules and policies of the tests and
examples, and archives as numpy writes them."""

import argparse
import hashlib
import io
import pathlib
import re

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Longer modules take too long to be changed often.
LONGEST = 6000


def write(folder, data):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)


def without_comments(text):
    return "".join(f"{line}\n" for line in text.splitlines()
                   if line.strip() and not line.strip().startswith("//"))


def write_texts(folder):
    files = [*(ROOT / "test").rglob("*.mlir"), *(ROOT / "examples").glob("*.mlir")]
    for file in files:
        for part in re.split(r"^// -----.*$", file.read_text(), flags=re.MULTILINE):
            module = without_comments(part)
            if 0 < len(module) < LONGEST:
                write(folder / "text", module.encode())
            for policy in re.findall(r"^fisher\.policy.*?^}", module, re.MULTILINE | re.DOTALL):
                write(folder / "policy", f"{policy}\n".encode())


def write_archives(folder):
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    archives = [
        (np.savez, {"x": x, "y": np.array([1, 2])}),
        (np.savez_compressed, {"x": np.zeros((2, 3)), "b": np.array([True, False]),
                               "h": np.zeros((2, 0), np.float16)}),
        (np.savez, {"x": np.asfortranarray(x.astype(">f8")), "s": np.float32(3)}),
        (np.savez, {}),
    ]
    for save, arrays in archives:
        data = io.BytesIO()
        save(data, **arrays)
        write(folder / "npz", data.getvalue())
    for array in (x, np.zeros((), "<u2")):
        data = io.BytesIO()
        np.save(data, array)
        write(folder / "npz", data.getvalue())
    for rows in ("0:10", "-5:", ":"):
        write(folder / "npz", f"rows:{rows}".encode())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    write_texts(folder)
    write_archives(folder)


if __name__ == "__main__":
    main()
