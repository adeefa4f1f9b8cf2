# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The families and charts that the tree declares, modules with beliefs, and the
kernels in modules that were lowered."""

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LLVM = Path("/usr/lib/llvm-22")


def charts(llvm=LLVM):
    """Family -> its charts, as Families.td has them."""
    done = subprocess.run(
        [llvm / "bin" / "llvm-tblgen", "--dump-json", ROOT / "include/fisher/IR/Fisher.td",
         "-I", ROOT / "include", "-I", llvm / "include"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    records = json.loads(done.stdout)
    enums = {
        f"{enum['cppNamespace']}::{enum['className']}": enum
        for enum in (records[name] for name in records["!instanceof"]["EnumInfo"])
    }
    found = {}
    for family in (records[name] for name in records["!instanceof"]["Fisher_FamilyBase"]):
        parameter = records[family["parameters"]["args"][0][0]["def"]]
        cases = enums[parameter["cppType"]]["enumerants"]
        found[family["mnemonic"]] = [records[case["def"]]["str"] for case in cases]
    return found


def pointwise(llvm=LLVM):
    """The families whose distributions are single elements, with charts."""
    declared = (ROOT / "include/fisher/Families/Families.td").read_text()
    names = re.findall(r': Fisher_EventFamily<"\w+", "(\w+)"', declared)
    return {family: found for family, found in charts(llvm).items() if family not in names}


def components(families, fisher_opt):
    """How many components each family has in a chart, by names such as
    `gaussian<sigma>`: a belief of none is an error that says how many it takes."""
    module = "\n// -----\n".join(
        f"%b = fisher.belief : !fisher.belief<#fisher.{family}, tensor<2x2x2xf32>>"
        for family in families
    )
    done = subprocess.run([fisher_opt, "--split-input-file"], input=module,
                          capture_output=True, text=True)
    found = re.findall(r"got 0 operands and (\d+) types", done.stderr)
    assert len(found) == len(families), done.stderr
    return dict(zip(families, map(int, found)))


def penalty(family, count, shape="?x", element="f32", name="main"):
    """A function with the penalty of beliefs in `count` components and its gradient,
    weighted by a number in a buffer, for components of a shape such as `?x` or
    `16x4x`."""
    array = f"tensor<{shape}{element}>"
    belief = f"!fisher.belief<#fisher.{family}, {array}>"
    compute = "f64" if element == "f64" else "f32"
    names = [f"%x{i}" for i in range(2 * count)]
    gradients = ", ".join(f"%g{i}" for i in range(count))
    results = ", ".join([f"tensor<{compute}>"] + [array] * count)
    return f"""
func.func @{name}({", ".join(f"{name}: {array}" for name in names)},
                %weight: tensor<{compute}>) -> ({results}) {{
  %w = tensor.extract %weight[] : tensor<{compute}>
  %a = fisher.belief {", ".join(names[:count])} : {belief}
  %b = fisher.belief {", ".join(names[count:])} : {belief}
  %p, {gradients} = fisher.penalty_with_gradient %a toward %b weight %w
      : {belief} -> {results}
  return %p, {gradients} : {results}
}}
"""


def kernel_code(lowered):
    """The bytes of the kernels' code in a module that was lowered."""
    found = re.search(r'(?:assembly|bin) = "((?:[^"\\]|\\.)*)"', lowered)

    def unescape(match):
        text = match[1]
        return chr(int(text, 16)) if len(text) == 2 else text

    text = re.sub(r"\\([0-9A-F]{2}|.)", unescape, found[1])
    return text.encode("latin-1")
