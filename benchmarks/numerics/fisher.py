# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs Fisher's operations, each in one compiled call on all pairs."""

import os
import pathlib
import subprocess
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FISHER_BUILD_DIR", ROOT / "build"))


class RunError(Exception):
    """fisher-run failed."""


# The lines of each operation; $y and $r stand for names, one a component.
BODIES = {
    "squared_distance": "%r0 = fisher.squared_distance %a, %b : !b -> !s",
    "gradient": "%d, $r = fisher.squared_distance_with_gradient %a, %b : !b -> !s, $t",
    "kl_divergence": "%r0 = fisher.kl_divergence %a, %b : !b -> !s",
    "metric": "$r = fisher.metric %a, $y : !b",
    "natural_gradient": "$r = fisher.natural_gradient %a, $y : !b",
    "log": "$r = fisher.log %a, %b : !b",
    "exp": """%q = fisher.exp %a, $y : !b
  $r = fisher.components %q : !b""",
    "geodesic": """%f = arith.constant $fraction : $element
  %q = fisher.geodesic %a, %b at %f : !b
  $r = fisher.components %q : !b""",
    "convert": """%q = fisher.convert %a : !b to !c
  $r = fisher.components %q : !c""",
}


def module(family, chart, element, operation, shape, fraction, target):
    """The text of a module whose @main is the operation."""
    k = family.components
    tensor = "tensor<" + "".join(f"{n}x" for n in shape) + element + ">"

    def names(letter):
        return ", ".join(f"%{letter}{i}" for i in range(k))

    def arguments(letter):
        return ", ".join(f"%{letter}{i}: !t" for i in range(k))

    scalar = operation in ("squared_distance", "kl_divergence")
    body = BODIES[operation]
    for name, text in {
        "$t": ", ".join(["!t"] * k),
        "$y": names("y"),
        "$r": names("r"),
        "$fraction": repr(float(fraction)),
        "$element": element,
    }.items():
        body = body.replace(name, text)
    second = "" if "%b" not in body else f"%b = fisher.belief {names('y')} : !b"
    results = "%r0" if scalar else names("r")
    types = "!s" if scalar else ", ".join(["!t"] * k)
    return f"""
!t = {tensor}
!s = tensor<{shape[0]}x{element}>
!b = !fisher.belief<#fisher.{family.name}<{chart}>, {tensor}>
!c = !fisher.belief<#fisher.{family.name}<{target or chart}>, {tensor}>
func.func @main({arguments("x")}, {arguments("y")}) -> ({types}) {{
  %a = fisher.belief {names("x")} : !b
  {second}
  {body}
  return {results} : {types}
}}
"""


def run(text, arrays):
    """The results of @main for arrays."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "module.mlir").write_text(text)
        np.savez(folder / "in.npz", **{f"arg{i}": x for i, x in enumerate(arrays)})
        done = subprocess.run(
            [
                BUILD / "bin" / "fisher-run",
                folder / "module.mlir",
                f"--inputs={folder / 'in.npz'}",
                f"--outputs={folder / 'out.npz'}",
            ],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RunError(f"fisher-run failed on\n{text}\n{done.stderr}")
        with np.load(folder / "out.npz") as results:
            return [results[f"out{i}"] for i in range(len(results.files))]
