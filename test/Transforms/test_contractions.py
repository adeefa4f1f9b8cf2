# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Contractions of any layout, type and size, against float64 arithmetic in numpy."""

import ml_dtypes
import numpy as np
import pytest

from contraction import contraction, tensor
from execution import run

DTYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
# Half a unit in the last place, with a little for sums in f32.
ROUNDING = {"f64": 2.0**-53, "f32": 2.0**-24, "f16": 2.0**-11 * 1.01, "bf16": 2.0**-8 * 1.01}


def check(equation, sizes, dtypes=("f32",) * 3, dynamic=False, zero=True):
    lhs, rhs, out = equation.replace("->", ",").split(",")
    generator = np.random.default_rng(len(equation) + sum(sizes.values()))
    a, b, c = (
        generator.standard_normal([sizes[i] for i in term]).astype(DTYPES[dtype])
        for term, dtype in zip((lhs, rhs, out), dtypes)
    )
    module = contraction(equation, sizes, dtypes, dynamic, zero)
    (result,) = run(module, a, b, c)
    wide = [array.astype(np.float64) for array in (a, b, c)]
    start = 0 if zero else wide[2]
    expected = np.einsum(equation, wide[0], wide[1]) + start
    magnitude = np.einsum(equation, abs(wide[0]), abs(wide[1])) + abs(start)
    depth = np.prod([sizes[i] for i in set(lhs + rhs) - set(out)])
    # Errors of a sum's roundings go in all directions.
    summing = ROUNDING["f64" if dtypes[2] == "f64" else "f32"] * (1 + np.sqrt(depth))
    bound = ROUNDING[dtypes[2]] * abs(expected) + 2 * summing * magnitude
    assert result.shape == expected.shape
    assert np.all(abs(result.astype(np.float64) - expected) <= bound + 1e-300)


LAYOUTS = ["mk,kn->mn", "km,kn->mn", "mk,nk->mn", "km,nk->mn", "mk,kn->nm", "km,nk->nm"]
# One tile, whole and not; several blocks of rows, columns and the sum.
SIZES = [(1, 1, 1), (3, 5, 7), (12, 32, 16), (13, 33, 17), (64, 10, 32), (1, 300, 40),
         (300, 1, 40), (401, 530, 700)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("equation", LAYOUTS)
def test_layouts(equation, dtype):
    check(equation, {"m": 45, "n": 67, "k": 83}, (dtype,) * 3)


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("m, n, k", SIZES)
def test_sizes(m, n, k, dynamic):
    check("mk,kn->mn", {"m": m, "n": n, "k": k}, dynamic=dynamic)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("m, n, k", [(5, 7, 3), (200, 300, 600)])
def test_starts_from_what_is_there(m, n, k, dynamic, dtype):
    check("mk,nk->mn", {"m": m, "n": n, "k": k}, (dtype,) * 3, dynamic, zero=False)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("dynamic", ["", "n", "k", "nk"])
@pytest.mark.parametrize("m, n, k", [(1, 16, 256), (1, 37, 9000), (2, 5, 65), (3, 130, 129),
                                     (4, 64, 257), (7, 20, 300), (8, 33, 256), (1, 3, 40)])
def test_few_rows(m, n, k, dynamic, dtype):
    check("mk,nk->mn", {"m": m, "n": n, "k": k}, (dtype,) * 3, dynamic, zero=k % 2 == 0)


@pytest.mark.parametrize("dtypes", [("bf16", "bf16", "f32"), ("f32", "f32", "f64")])
def test_few_rows_in_wider_type(dtypes):
    check("mk,nk->mn", {"m": 5, "n": 41, "k": 523}, dtypes)
    check("bnk,bk->bn", {"b": 3, "n": 41, "k": 64}, dtypes)
    check("nk,mk->nm", {"n": 41, "m": 2, "k": 300}, dtypes)


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("m, n, k", [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0)])
def test_empty(m, n, k, dynamic, zero):
    check("mk,kn->mn", {"m": m, "n": n, "k": k}, dynamic=dynamic, zero=zero)


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("equation", [
    "bmk,bkn->bmn", "bmk,bnk->bmn", "bkm,bkn->bnm", "mbk,kbn->mbn", "bmk,kn->bmn",
    "mkl,kln->mn", "mkl,lkn->mn", "mpk,kn->mpn", "mpk,kqn->pmqn", "bhmk,bhnk->bhmn",
    "mk,k->m", "km,k->m", "k,kn->n", "k,nk->n", "bk,bk->b", "mk,bk->mb",
])
def test_dimensions(equation, dynamic):
    check(equation, {"b": 3, "h": 2, "m": 14, "p": 5, "n": 35, "q": 6, "k": 19, "l": 4},
          dynamic=dynamic)


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("dtypes", [("bf16", "bf16", "f32"), ("f16", "f16", "f32"),
                                    ("f32", "f32", "f64"), ("bf16", "f32", "f32")])
def test_sums_in_wider_type(dtypes, dynamic):
    check("mk,kn->mn", {"m": 33, "n": 41, "k": 520}, dtypes, dynamic)
    check("km,nk->mn", {"m": 6, "n": 8, "k": 9}, dtypes, dynamic)


def test_some_sizes_dynamic():
    module = contraction("bmk,kn->bmn", {"b": "?", "m": 5, "k": 7, "n": 9}, ("f32",) * 3)
    generator = np.random.default_rng(1)
    a, b, c = (generator.standard_normal(s).astype("f4") for s in ((4, 5, 7), (7, 9), (4, 5, 9)))
    (result,) = run(module, a, b, c)
    np.testing.assert_allclose(result, a @ b, rtol=1e-5, atol=1e-5)


def windows(image, height, width, stride, dilation):
    """For each place in a filter, what it meets in an image of (n, h, w, c)."""
    rows = (image.shape[1] - (height - 1) * dilation - 1) // stride + 1
    columns = (image.shape[2] - (width - 1) * dilation - 1) // stride + 1
    return {
        (i, j): image[:, i * dilation :: stride, j * dilation :: stride][:, :rows, :columns]
        for i in range(height)
        for j in range(width)
    }


def convolution(name, types, stride=1, dilation=1):
    attributes = (f"{{strides = dense<{stride}> : tensor<2xi64>, "
                  f"dilations = dense<{dilation}> : tensor<2xi64>}}")
    return f"""
func.func @main(%a: {types[0]}, %b: {types[1]}, %c: {types[2]}) -> {types[2]} {{
  %0 = linalg.{name} {attributes} ins(%a, %b : {types[0]}, {types[1]})
      outs(%c : {types[2]}) -> {types[2]}
  return %0 : {types[2]}
}}
"""


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
@pytest.mark.parametrize("channels, filters", [(1, 5), (3, 20), (16, 32)])
@pytest.mark.parametrize("stride, dilation", [(1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("channels_first", [False, True])
def test_convolution(channels_first, stride, dilation, channels, filters, dtype):
    generator = np.random.default_rng(1)
    image, weights = (
        generator.standard_normal(shape).astype(DTYPES[dtype])
        for shape in ((9, 12, 13, channels), (3, 2, channels, filters))
    )
    places = windows(image.astype("f8"), 3, 2, stride, dilation)
    expected = sum(place @ weights.astype("f8")[at] for at, place in places.items())
    name = "conv_2d_nhwc_hwcf"
    if channels_first:
        name = "conv_2d_nchw_fchw"
        image, weights = image.transpose(0, 3, 1, 2), weights.transpose(3, 2, 0, 1)
        expected = expected.transpose(0, 3, 1, 2)
    arrays = [np.ascontiguousarray(array) for array in (image, weights)]
    arrays.append(np.ones(expected.shape, DTYPES[dtype]))
    for dynamic in (False, True):
        types = [tensor(["?"] * 4 if dynamic else array.shape, dtype) for array in arrays]
        (result,) = run(convolution(name, types, stride, dilation), *arrays)
        error = abs(result.astype("f8") - (1 + expected))
        assert np.max(error / (1 + abs(expected))) <= (2e-5 if dtype == "f32" else 2.0**-7)


# A convolution's gradients, as sums over what met: image (n, h, w, c), filter
# (i, j, c, f), result (n, y, x, f).
GRADIENTS = {
    "weights": ("(n, y + i, x + j, c)", "(n, y, x, f)", "(i, j, c, f)"),
    "image": ("(n, y + i, x + j, f)", "(i, j, c, f)", "(n, y, x, c)"),
}


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("sizes", [
    dict(n=2, y=5, x=6, i=3, j=2, c=4, f=7), dict(n=9, y=12, x=11, i=3, j=3, c=16, f=24)])
def test_convolution_gradient(gradient, sizes):
    lhs, rhs, out = GRADIENTS[gradient]
    padded = (sizes["n"], sizes["y"] + sizes["i"] - 1, sizes["x"] + sizes["j"] - 1)
    shapes = [(*padded, sizes["c" if gradient == "weights" else "f"])]
    shapes += [tuple(sizes[d] for d in term.strip("()").split(", ")) for term in (rhs, out)]
    loops = "nyxijcf"
    kinds = ", ".join('"parallel"' if d in out else '"reduction"' for d in loops)
    maps = ", ".join(f"affine_map<({', '.join(loops)}) -> {term}>" for term in (lhs, rhs, out))
    types = [tensor(shape, "f32") for shape in shapes]
    module = f"""
func.func @main(%a: {types[0]}, %b: {types[1]}, %c: {types[2]}) -> {types[2]} {{
  %0 = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}}
      ins(%a, %b : {types[0]}, {types[1]}) outs(%c : {types[2]}) {{
  ^bb0(%x: f32, %y: f32, %old: f32):
    %product = arith.mulf %x, %y : f32
    %sum = arith.addf %product, %old : f32
    linalg.yield %sum : f32
  }} -> {types[2]}
  return %0 : {types[2]}
}}
"""
    generator = np.random.default_rng(1)
    a, b = (generator.standard_normal(shape).astype("f4") for shape in shapes[:2])
    (result,) = run(module, a, b, np.zeros(shapes[2], "f4"))
    places = windows(a.astype("f8"), sizes["i"], sizes["j"], 1, 1)
    if gradient == "weights":
        expected = np.array([np.einsum("nyxc,nyxf->cf", place, b.astype("f8"))
                             for place in places.values()]).reshape(shapes[2])
    else:
        expected = sum(place @ b.astype("f8")[at].T for at, place in places.items())
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


CONVOLUTION = """
func.func @main(%image: tensor<4x18x18x16xf32>, %weights: tensor<3x3x16x32xf32>,
                %bias: tensor<4x16x16x32xf32>) -> tensor<4x16x16x32xf32> {
  %0 = linalg.conv_2d_nhwc_hwcf
      ins(%image, %weights : tensor<4x18x18x16xf32>, tensor<3x3x16x32xf32>)
      outs(%bias : tensor<4x16x16x32xf32>) -> tensor<4x16x16x32xf32>
  return %0 : tensor<4x16x16x32xf32>
}
"""
# A module, and the shapes and the type of its arguments; sums are long enough
# to be in several blocks.
THREADED = {
    "matmul-f32": (contraction("mk,kn->mn", dict(m=401, n=530, k=700), ("f32",) * 3, zero=False),
                   [(401, 700), (700, 530), (401, 530)], "f32"),
    "matmul-bf16": (contraction("mk,nk->mn", dict(m=130, n=200, k=900), ("bf16",) * 3, True, False),
                    [(130, 900), (200, 900), (130, 200)], "bf16"),
    "batches": (contraction("bmk,bkn->bmn", dict(b=7, m=40, n=60, k=80), ("f64",) * 3, zero=False),
                [(7, 40, 80), (7, 80, 60), (7, 40, 60)], "f64"),
    "vector": (contraction("mk,k->m", dict(m=1500, k=900), ("f32",) * 3, zero=False),
               [(1500, 900), (900,), (1500,)], "f32"),
    "convolution": (CONVOLUTION, [(4, 18, 18, 16), (3, 3, 16, 32), (4, 16, 16, 32)], "f32"),
}  # fmt: skip


@pytest.mark.parametrize("name", THREADED)
def test_same_bits_for_any_number_of_threads(name, monkeypatch):
    module, shapes, dtype = THREADED[name]
    generator = np.random.default_rng(5)
    arrays = [generator.standard_normal(shape).astype(DTYPES[dtype]) for shape in shapes]
    (expected,) = run(module, *arrays, options=["--parallel=false"])
    for threads in [1, 2, 3, 8]:
        monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
        (result,) = run(module, *arrays)
        assert result.tobytes() == expected.tobytes()
