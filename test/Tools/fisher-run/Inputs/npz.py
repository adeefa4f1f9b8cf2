# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes and prints archives of arrays.

usage: npz.py write FILE NAME=EXPRESSION ...
       npz.py print FILE

Expressions are numpy's, such as `x=float32([1, 2])`. Arrays are printed in the
order of the archive: name, type, shape and elements.
"""

import sys

import ml_dtypes
import numpy as np

command, path, *definitions = sys.argv[1:]
if command == "write":
    names = {**vars(np), "bfloat16": ml_dtypes.bfloat16}
    pairs = (definition.split("=", 1) for definition in definitions)
    np.savez(path, **{name: np.asarray(eval(text, names)) for name, text in pairs})
elif command == "print":
    with np.load(path) as archive:
        for name in archive.files:
            array = archive[name]
            print(name, array.dtype, array.shape, array.tolist())
else:
    sys.exit(__doc__)
