# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a function that returns its argument on archives that numpy writes.

usage: check_npz.py FISHER_RUN FOLDER

What is read must come back bit for bit; what is refused must be refused with
the file, the array, the offset and the reason, and leave no output file.
"""

import io
import itertools
import pathlib
import subprocess
import sys
import zipfile

import ml_dtypes
import numpy as np

fisher_run, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
module, inputs, outputs = folder / "m.mlir", folder / "in.npz", folder / "out.npz"

TYPES = {
    "bool": "i1",
    "int8": "i8",
    "uint8": "i8",
    "int16": "i16",
    "uint16": "ui16",
    "int32": "i32",
    "uint32": "i32",
    "int64": "i64",
    "uint64": "i64",
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "float64": "f64",
}


def run(*types):
    """Runs a function that returns its arguments of these types."""
    outputs.unlink(missing_ok=True)
    arguments = ", ".join(f"%x{i}: {type}" for i, type in enumerate(types))
    values = ", ".join(f"%x{i}" for i in range(len(types)))
    results = ", ".join(types)
    module.write_text(
        f"func.func @main({arguments}) -> ({results}) {{ return {values} : {results} }}\n"
    )
    command = [fisher_run, module, f"--inputs={inputs}", f"--outputs={outputs}"]
    return subprocess.run(command, capture_output=True, text=True)


def tensor(shape, element):
    return "tensor<" + "".join(f"{size}x" for size in shape) + element + ">"


def native(array):
    """The array in C order and this machine's byte order."""
    array = np.ascontiguousarray(array).reshape(array.shape)
    return array.astype(array.dtype.newbyteorder("="))


def check_reads():
    random = np.random.default_rng(0)
    shapes = [(), (1,), (5,), (0,), (3, 0, 2), (2, 3), (3, 4, 5), (300, 200)]
    cases = [(name, shape) for name in TYPES for shape in shapes]
    types = [tensor(shape, TYPES[name]) for name, shape in cases]
    count = 0
    for order, byte_order, save in itertools.product(
        "CF", "<>", [np.savez, np.savez_compressed]
    ):
        arrays = []
        for name, shape in cases:
            numbers = np.asarray(random.integers(0, 2 if name == "bool" else 100, shape))
            dtype = np.dtype(getattr(ml_dtypes, name, name)).newbyteorder(byte_order)
            arrays.append(np.asarray(numbers.astype(dtype), order=order))
        save(inputs, **{f"arg{i}": array for i, array in enumerate(arrays)})
        result = run(*types)
        assert result.returncode == 0, result.stderr
        with np.load(outputs) as found:
            for i, (case, array) in enumerate(zip(cases, arrays)):
                out = found[f"out{i}"]
                assert out.shape == array.shape, (case, out.shape)
                assert out.tobytes() == native(array).tobytes(), (case, order, byte_order)
                count += 1
    print(f"{count} arrays read")


def save_member(data, method=zipfile.ZIP_STORED, name="arg0.npy"):
    with zipfile.ZipFile(inputs, "w", method) as archive:
        archive.writestr(name, data)


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def refused(what, *expected, type="tensor<4xf32>"):
    result = run(type)
    assert result.returncode == 1, (what, result)
    assert not outputs.exists(), what
    for text in [str(module) + ":1:", *expected]:
        assert text in result.stderr, (what, text, result.stderr)
    print(f"refused: {what}")


def check_refusals():
    good = npy(np.arange(4, dtype=np.float32))
    for what, array in {
        "object": np.array([None] * 4, dtype=object),
        "text": np.array(["a"] * 4),
        "bytes": np.array([b"a"] * 4),
        "complex": np.zeros(4, np.complex64),
        "date": np.zeros(4, "M8[s]"),
        "structure": np.zeros(4, [("a", "f4")]),
        "wide void": np.zeros(4, "V4"),
        "float8": np.zeros(4, ml_dtypes.float8_e4m3fn),
    }.items():
        save_member(npy(array, allow_pickle=True))
        refused(what, str(inputs), "'arg0'", "element type", "at offset 20")

    save_member(good[:-3])
    refused("cut data", "'arg0'", "cut off", "at offset 141")
    save_member(good + b"x")
    refused("data too long", "'arg0'", "too long", "at offset 145")
    save_member(good[:20])
    refused("cut header", "'arg0'", "header cut off at offset 20")
    save_member(b"")
    refused("empty member", "'arg0'", "no .npy header", "at offset 0")
    save_member(b"\x93NUMPY\x09" + good[7:])
    refused("unknown version", "version 9", "at offset 6")
    save_member(good.replace(b"(4,)", b"(-4)"))
    refused("negative size", "expected a size in the shape at offset")
    save_member(good.replace(b"(4,), }          ", b"(99999999999999,)"))
    refused("sizes beyond the data", "'arg0'")
    save_member(good, zipfile.ZIP_LZMA)
    refused("other compression", "'arg0'", "compressed by method 14")
    save_member(good, name="other.npy")
    refused("missing array", "'arg0'", "'tensor<4xf32>'", str(inputs), "the file has other")
    save_member(npy(np.zeros((2, 2), np.float32)))
    refused("wrong shape", "'arg0'", "expects 'tensor<4xf32>'", "is float32[2,2]")
    save_member(npy(np.zeros(4, np.float64)))
    refused("wrong type", "'arg0'", "expects 'tensor<4xf32>'", "is float64[4]")
    save_member(npy(np.zeros(4, np.float32)))
    refused("wrong type of bool", "is float32[4]", type="tensor<4xi1>")

    np.savez(inputs, arg0=np.zeros(4, np.float32))
    data = inputs.read_bytes()
    inputs.write_bytes(data[:-30])
    refused("cut archive", str(inputs), "cut off")
    inputs.write_bytes(good)
    refused("single array", str(inputs), "not an .npz file")
    inputs.write_bytes(b"")
    refused("empty file", str(inputs), "not an .npz file")
    damaged = bytearray(data)
    damaged[data.index(b"\x93NUMPY") + 130] ^= 1
    inputs.write_bytes(damaged)
    refused("damaged data", "'arg0'", "CRC error", "at offset")
    inputs.unlink()
    refused("missing file", str(inputs), "No such file")


check_reads()
check_refusals()
