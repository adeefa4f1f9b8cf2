# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules with a contraction."""


def tensor(sizes, element):
    return "tensor<" + "".join(f"{size}x" for size in sizes) + element + ">"


def contraction(equation, sizes, dtypes, dynamic=False, zero=True):
    """A module for an equation as numpy.einsum takes it. `dynamic` has the loops
    whose sizes are not known, or says whether all are such. Where `zero` is not set,
    the sum starts from the third argument."""
    lhs, rhs, out = equation.replace("->", ",").split(",")
    loops = "".join(dict.fromkeys(out + lhs + rhs))
    kinds = ", ".join('"parallel"' if loop in out else '"reduction"' for loop in loops)
    maps = ", ".join(
        f"affine_map<({', '.join(loops)}) -> ({', '.join(term)})>" for term in (lhs, rhs, out)
    )
    types = [
        tensor(["?" if dynamic is True or i in (dynamic or "") else sizes[i] for i in term], dtype)
        for term, dtype in zip((lhs, rhs, out), dtypes)
    ]
    start = "%c"
    fill = ""
    if zero:
        start = "%start"
        fill = f"""
  %zero = arith.constant 0.0 : {dtypes[2]}
  %start = linalg.fill ins(%zero : {dtypes[2]}) outs(%c : {types[2]}) -> {types[2]}"""

    body, factors = "", []
    for name, dtype in zip("xy", dtypes):
        factors.append(f"%{name}")
        if dtype != dtypes[2]:
            factors[-1] = f"%wide_{name}"
            body += f"    {factors[-1]} = arith.extf %{name} : {dtype} to {dtypes[2]}\n"

    return f"""
func.func @main(%a: {types[0]}, %b: {types[1]}, %c: {types[2]}) -> {types[2]} {{{fill}
  %result = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}}
      ins(%a, %b : {types[0]}, {types[1]}) outs({start} : {types[2]}) {{
  ^bb0(%x: {dtypes[0]}, %y: {dtypes[1]}, %old: {dtypes[2]}):
{body}    %product = arith.mulf {', '.join(factors)} : {dtypes[2]}
    %sum = arith.addf %old, %product : {dtypes[2]}
    linalg.yield %sum : {dtypes[2]}
  }} -> {types[2]}
  return %result : {types[2]}
}}
"""
