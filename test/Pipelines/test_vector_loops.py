# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loops over buffers, compiled and run, against numpy."""

import ml_dtypes
import numpy as np
import pytest

from execution import run

SIZES = [0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 1000, 4097, 1000003]
TYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16,
         "bf16": ml_dtypes.bfloat16, "i32": np.int32, "i8": np.int8}
# Of one operation, and of the storage of its result.
ROUNDING = {"f64": 2.3e-16, "f32": 1.2e-7, "f16": 1e-3, "bf16": 8e-3}

OPTIONS = ["", "vector-bits=256", "vector-bits=128", "threads=false"]


def tensor(shape, element):
    return f"tensor<{''.join(f'{n}x' for n in shape)}{element}>"


def random(rng, shape, element):
    if element.startswith("i"):
        return rng.integers(-50, 50, shape).astype(TYPES[element])
    return rng.standard_normal(shape).astype(TYPES[element])


def loops(element, size):
    """A module with a sum and an array of one loop."""
    prefix = "f" if "f" in element else "i"
    t = tensor([size], element)
    return f"""
    #id = affine_map<(i) -> (i)>
    #one = affine_map<(i) -> ()>
    func.func @main(%a: {t}, %b: {t}, %scale: tensor<{element}>)
        -> (tensor<{element}>, {t}) {{
      %c0 = arith.constant 0 : index
      %n = tensor.dim %a, %c0 : {t}
      %zero = arith.constant dense<0{'.0' if prefix == 'f' else ''}> : tensor<{element}>
      %e0 = tensor.empty({'%n' if size == '?' else ''}) : {t}
      %r:2 = linalg.generic {{
          indexing_maps = [#id, #id, #one, #one, #id],
          iterator_types = ["reduction"]}}
          ins(%a, %b, %scale : {t}, {t}, tensor<{element}>)
          outs(%zero, %e0 : tensor<{element}>, {t}) {{
      ^bb0(%x: {element}, %y: {element}, %s: {element}, %o: {element}, %u: {element}):
        %p = arith.mul{prefix} %x, %s : {element}
        %q = arith.sub{prefix} %p, %y : {element}
        %t = arith.add{prefix} %q, %o : {element}
        linalg.yield %t, %q : {element}, {element}
      }} -> (tensor<{element}>, {t})
      return %r#0, %r#1 : tensor<{element}>, {t}
    }}"""


@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("element", TYPES)
def test_sum_and_array(element, static):
    rng = np.random.default_rng(1)
    for size in SIZES:
        a, b = random(rng, size, element), random(rng, size, element)
        scale = np.array(3).astype(TYPES[element])
        module = loops(element, size if static else "?")
        total, array = run(module, a, b, scale)
        if element.startswith("i"):
            expected = (a * scale - b).astype(a.dtype)
            np.testing.assert_array_equal(array, expected)
            assert total == expected.sum(dtype=a.dtype)
            continue
        product = (a * scale).astype(a.dtype)
        expected = (product - b).astype(a.dtype)
        np.testing.assert_array_equal(array, expected)
        # Terms are exact, sums are kept in f64 and rounded once.
        exact = expected.astype(np.longdouble).sum()
        magnitude = np.abs(expected.astype(np.longdouble)).sum()
        bound = ROUNDING[element] * abs(exact) + 1e-15 * magnitude
        assert abs(total.astype(np.longdouble) - exact) <= bound


@pytest.mark.parametrize("threads", [2, 3, 8])
@pytest.mark.parametrize("element", ["f32", "f64", "bf16"])
def test_same_bits_for_any_number_of_threads(element, threads, monkeypatch):
    rng = np.random.default_rng(2)
    a, b = random(rng, 300007, element), random(rng, 300007, element)
    scale = np.array(0.1).astype(TYPES[element])
    results = []
    for number in [1, threads]:
        monkeypatch.setenv("OMP_NUM_THREADS", str(number))
        results.append(run(loops(element, "?"), a, b, scale))
    for one, many in zip(*results):
        assert one.tobytes() == many.tobytes()


MAPS = "affine_map<(i, j, k) -> ({})>"


def reduction(kept, shape, operation, initial, transposed=False):
    """A module that reduces all dimensions but some, of "ijk"."""
    sizes = dict(zip("ijk", shape))
    order = "kji" if transposed else "ijk"
    source = tensor([sizes[d] for d in order], "f32")
    result = tensor([sizes[d] for d in kept], "f32")
    iterators = ", ".join(
        '"parallel"' if d in kept else '"reduction"' for d in "ijk")
    dims = "".join(
        f"%{d} = arith.constant {order.index(d)} : index\n"
        f"%n{d} = tensor.dim %x, %{d} : {source}\n" for d in kept)
    dynamic = ", ".join(f"%n{d}" for d in kept if sizes[d] == "?")
    return f"""
    func.func @main(%x: {source}) -> {result} {{
      %c = arith.constant {initial} : f32
      {dims}
      %e = tensor.empty({dynamic}) : {result}
      %f = linalg.fill ins(%c : f32) outs(%e : {result}) -> {result}
      %r = linalg.generic {{
          indexing_maps = [{MAPS.format(', '.join(order))},
                           {MAPS.format(', '.join(kept))}],
          iterator_types = [{iterators}]}}
          ins(%x : {source}) outs(%f : {result}) {{
      ^bb0(%in: f32, %out: f32):
        %0 = arith.{operation} %out, %in : f32
        linalg.yield %0 : f32
      }} -> {result}
      return %r : {result}
    }}"""


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("static", [True, False])
@pytest.mark.parametrize("kept", ["", "i", "j", "k", "ij", "jk", "ik"])
def test_reductions(kept, static, transposed):
    rng = np.random.default_rng(3)
    for shape in [(3, 5, 70), (1, 1, 1), (2, 0, 3), (70, 5, 3), (4, 9000, 2)]:
        x = rng.standard_normal(shape).astype(np.float32)
        axes = tuple("ijk".index(d) for d in "ijk" if d not in kept)
        known = shape if static else "???"
        given = np.ascontiguousarray(x.T) if transposed else x
        got, = run(reduction(kept, known, "addf", "1.0", transposed), given)
        want = 1 + x.astype(np.float64).sum(axis=axes)
        np.testing.assert_allclose(got, want, rtol=2e-7, atol=1e-12)
        got, = run(reduction(kept, known, "maximumf", "0xFF800000", transposed), given)
        want = x.max(axis=axes, initial=-np.inf)
        np.testing.assert_array_equal(got, want)


def test_transposed_operand():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((7, 5, 40)).astype(np.float32)
    module = reduction("ijk", (40, 5, 7), "addf", "0.0", transposed=True)
    got, = run(module, x)
    np.testing.assert_array_equal(got, x.transpose())


def test_nan_and_infinity_in_a_maximum():
    x = np.zeros((2, 3, 33), np.float32)
    x[0, 1, 32] = np.nan
    x[1, 2, 31] = np.inf
    got, = run(reduction("i", x.shape, "maximumf", "0.0"), x)
    np.testing.assert_array_equal(got, [np.nan, np.inf])


def test_a_body_without_a_vector_form():
    """The index of the largest element, and bits."""
    x = np.array([1, 5, 2, 5, 3], np.float32)
    module = """
    #id = affine_map<(i) -> (i)>
    #one = affine_map<(i) -> ()>
    func.func @main(%x: tensor<?xf32>) -> (tensor<i64>, tensor<?xi1>) {
      %c0 = arith.constant 0 : index
      %n = tensor.dim %x, %c0 : tensor<?xf32>
      %low = arith.constant dense<-1.0> : tensor<f32>
      %none = arith.constant dense<-1> : tensor<i64>
      %two = arith.constant 2.5 : f32
      %r:2 = linalg.generic {indexing_maps = [#id, #one, #one],
                             iterator_types = ["reduction"]}
          ins(%x : tensor<?xf32>) outs(%low, %none : tensor<f32>, tensor<i64>) {
      ^bb0(%in: f32, %most: f32, %at: i64):
        %i = linalg.index 0 : index
        %k = arith.index_cast %i : index to i64
        %more = arith.cmpf ogt, %in, %most : f32
        %0 = arith.select %more, %in, %most : f32
        %1 = arith.select %more, %k, %at : i64
        linalg.yield %0, %1 : f32, i64
      } -> (tensor<f32>, tensor<i64>)
      %e = tensor.empty(%n) : tensor<?xi1>
      %b = linalg.generic {indexing_maps = [#id, #id],
                           iterator_types = ["parallel"]}
          ins(%x : tensor<?xf32>) outs(%e : tensor<?xi1>) {
      ^bb0(%in: f32, %out: i1):
        %0 = arith.cmpf ogt, %in, %two : f32
        linalg.yield %0 : i1
      } -> tensor<?xi1>
      return %r#1, %b : tensor<i64>, tensor<?xi1>
    }"""
    index, bits = run(module, x)
    assert index == 1
    np.testing.assert_array_equal(bits, x > 2.5)


FUNCTIONS = {
    "exp": (np.exp, [-200, 200]), "expm1": (np.expm1, [-200, 200]),
    "log": (np.log, [0, 1e6]), "log1p": (np.log1p, [-1, 1e6]),
    "sinh": (np.sinh, [-100, 100]), "cosh": (np.cosh, [-100, 100]),
    "tanh": (np.tanh, [-30, 30]), "sin": (np.sin, [-1000, 1000]),
    "cos": (np.cos, [-1000, 1000]), "tan": (np.tan, [-1.5, 1.5]),
    "asin": (np.arcsin, [-1, 1]), "atan": (np.arctan, [-100, 100]),
    "rsqrt": (lambda x: 1 / np.sqrt(x), [0, 1e6]),
    "atan2": (lambda x: np.arctan2(x, x[::-1]), [-5, 5])}


@pytest.mark.parametrize("element", ["f32", "f64", "f16", "bf16"])
def test_functions(element):
    """The functions of a model: within 4 roundings of what numpy says."""
    rng = np.random.default_rng(5)
    names = list(FUNCTIONS)
    t = tensor(["?"], element)
    body = "".join(
        f"%{name} = math.{name} %{i} : {t}\n" if name != "atan2" else
        f"%{name} = math.{name} %{i}, %r : {t}\n"
        for i, name in enumerate(names))
    arguments = ", ".join(f"%{i}: {t}" for i in range(len(names)))
    module = (f"func.func @main({arguments}, %r: {t}) -> "
              f"({', '.join([t] * len(names))}) {{\n{body}"
              f"return {', '.join('%' + name for name in names)} : "
              f"{', '.join([t] * len(names))}\n}}")
    with np.errstate(over="ignore"):
        inputs = [rng.uniform(*FUNCTIONS[name][1], 1001).astype(TYPES[element])
                  for name in names]
    results = run(module, *inputs, inputs[-1][::-1].copy())
    rounding = ROUNDING[element]
    for name, x, got in zip(names, inputs, results):
        with np.errstate(over="ignore", divide="ignore"):
            want = FUNCTIONS[name][0](x.astype(np.float64))
            want = np.where(np.abs(want) > float(ml_dtypes.finfo(
                TYPES[element]).max), np.copysign(np.inf, want), want)
        np.testing.assert_allclose(
            got.astype(np.float64), want, err_msg=name, rtol=4 * rounding,
            atol=float(ml_dtypes.finfo(TYPES[element]).tiny))
