//===- DonationTest.cpp - Steps that run in place -------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "JitFixture.h"

using namespace mlir;
using namespace mlir::fisher;

namespace {
class DonationTest : public JitTest {};
} // namespace

TEST_F(DonationTest, StepsRunInPlace) {
  FailureOr<CompiledFunction> function = compile(R"(
    func.func @main(%p: tensor<3xf32> {fisher.name = "p"},
                    %g: tensor<3xf32>)
        -> (tensor<3xf32> {fisher.updates = "p"}, tensor<3xf32>, tensor<f32>) {
      %0 = arith.subf %p, %g : tensor<3xf32>
      %1 = arith.mulf %p, %p : tensor<3xf32>
      %zero = arith.constant dense<0.0> : tensor<f32>
      %2 = linalg.reduce {arith.addf} ins(%1 : tensor<3xf32>)
          outs(%zero : tensor<f32>) dimensions = [0]
      return %0, %1, %2 : tensor<3xf32>, tensor<3xf32>, tensor<f32>
    })");
  ASSERT_TRUE(succeeded(function));
  Array p = makeArray(ElementKind::Float32, {3}, {10, 20, 30});
  Array g = makeArray(ElementKind::Float32, {3}, {1, 2, 3});
  SmallVector<Array> results;
  function->callInPlace({p, g}, results);
  EXPECT_EQ(getNumbers(p), (Numbers{9, 18, 27}));
  EXPECT_EQ(getNumbers(g), (Numbers{1, 2, 3}));
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].getData(), p.getData());
  EXPECT_EQ(getNumbers(results[1]), (Numbers{100, 400, 900}));
  EXPECT_EQ(getNumbers(results[2]), Numbers{1400});

  // The second call writes over the results of the first.
  const char *squares = results[1].getData();
  const char *sum = results[2].getData();
  function->callInPlace({p, g}, results);
  EXPECT_EQ(getNumbers(p), (Numbers{8, 16, 24}));
  EXPECT_EQ(results[1].getData(), squares);
  EXPECT_EQ(results[2].getData(), sum);
  EXPECT_EQ(getNumbers(results[2]), Numbers{1134});
  // What is too small for a result is not written to.
  results[1] = makeArray(ElementKind::Float32, {2}, {5, 6});
  Array small = results[1];
  function->callInPlace({p, g}, results);
  EXPECT_EQ(getNumbers(small), (Numbers{5, 6}));
  EXPECT_EQ(getNumbers(results[1]), (Numbers{64, 256, 576}));
}

TEST_F(DonationTest, DonationCanBeTurnedOff) {
  FailureOr<CompiledFunction> function = compile(R"(
    func.func @main(%p: tensor<2xf32> {fisher.name = "p"})
        -> (tensor<2xf32> {fisher.updates = "p"}) {
      %0 = arith.addf %p, %p : tensor<2xf32>
      return %0 : tensor<2xf32>
    })",
                                                 OutOfPlace());
  ASSERT_TRUE(succeeded(function));
  Array p = makeArray(ElementKind::Float32, {2}, {1, 2});
  SmallVector<Array> results;
  function->callInPlace({p}, results);
  EXPECT_EQ(getNumbers(p), (Numbers{1, 2}));
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(getNumbers(results[0]), (Numbers{2, 4}));
}

namespace {
/// The body of a function that updates %a and %b, and what it returns: the new
/// value of each, a result that stays one, and one that gets a new argument.
struct DonationCase {
  StringRef body;
  std::array<StringRef, 4> results;

  std::string getText() const {
    std::string text = R"(
      !t = tensor<2x2xf32>
      !d = tensor<?x2xf32>
      func.func @main(%a: !t {fisher.name = "a"}, %b: !t {fisher.name = "b"},
                      %d: !t) -> (!t {fisher.updates = "a"},
                      !t {fisher.updates = "b"}, !d, !t) {)";
    text += body;
    text += "\n%kept = tensor.cast " + results[2].str() + " : !t to !d\n";
    text += "return " + results[0].str() + ", " + results[1].str() +
            ", %kept, " + results[3].str() + " : !t, !t, !d, !t }";
    return text;
  }
};
} // namespace

// Values that are overwritten are wanted elsewhere, or it is not plain what can
// go where.
TEST_F(DonationTest, DonationChangesNoNumber) {
  for (const DonationCase &c : std::initializer_list<DonationCase>{
           // A swap, and the old value of both.
           {"", {"%b", "%a", "%a", "%b"}},
           {"", {"%a", "%b", "%a", "%a"}},
           {"", {"%a", "%a", "%b", "%b"}},
           {"", {"%d", "%d", "%d", "%d"}},
           // One value at several places.
           {R"(%0 = arith.addf %a, %b : !t)", {"%0", "%0", "%0", "%0"}},
           // Each needs the other's old value.
           {R"(%0 = arith.addf %a, %b : !t
              %1 = arith.subf %a, %b : !t
              %2 = arith.mulf %0, %1 : !t)",
            {"%0", "%1", "%2", "%2"}},
           // The old value is read after the new one is there.
           {R"(%0 = arith.addf %a, %d : !t
              %1 = arith.mulf %0, %a : !t
              %2 = arith.mulf %1, %b : !t
              %3 = arith.mulf %a, %a : !t)",
            {"%0", "%1", "%2", "%3"}},
           // Each element needs others.
           {R"(%e = tensor.empty() : !t
              %0 = linalg.transpose ins(%a : !t) outs(%e : !t)
                  permutation = [1, 0]
              %1 = linalg.add ins(%b, %0 : !t, !t) outs(%e : !t) -> !t
              %2 = linalg.matmul ins(%b, %a : !t, !t) outs(%1 : !t) -> !t)",
            {"%0", "%2", "%1", "%2"}},
           // The function's own writes in place.
           {R"(%c0 = arith.constant 0 : index
              %x = tensor.extract %b[%c0, %c0] : !t
              %0 = tensor.insert %x into %a[%c0, %c0] : !t
              %1 = linalg.matmul ins(%d, %a : !t, !t) outs(%b : !t) -> !t
              %2 = arith.addf %0, %1 : !t)",
            {"%0", "%2", "%1", "%a"}},
           {R"(%c0 = arith.constant 0 : index
              %x = tensor.extract %b[%c0, %c0] : !t
              %0 = tensor.insert %x into %a[%c0, %c0] : !t
              %1 = arith.addf %0, %d : !t)",
            {"%d", "%0", "%0", "%1"}},
           // Through views, slices and control flow.
           {R"(%f = tensor.collapse_shape %a [[0, 1]] : !t into tensor<4xf32>
              %g = tensor.collapse_shape %b [[0, 1]] : !t into tensor<4xf32>
              %h = arith.addf %f, %g : tensor<4xf32>
              %0 = tensor.expand_shape %h [[0, 1]] output_shape [2, 2]
                  : tensor<4xf32> into !t
              %1 = tensor.expand_shape %f [[0, 1]] output_shape [2, 2]
                  : tensor<4xf32> into !t)",
            {"%0", "%1", "%1", "%1"}},
           {R"(%s = tensor.extract_slice %a[0, 0] [1, 2] [1, 1]
                  : !t to tensor<1x2xf32>
              %0 = tensor.insert_slice %s into %b[1, 0] [1, 2] [1, 1]
                  : tensor<1x2xf32> into !t
              %1 = tensor.insert_slice %s into %d[1, 0] [1, 2] [1, 1]
                  : tensor<1x2xf32> into !t)",
            {"%1", "%0", "%b", "%1"}},
           {R"(%c0 = arith.constant 0 : index
              %c1 = arith.constant 1 : index
              %c2 = arith.constant 2 : index
              %x = tensor.extract %d[%c0, %c0] : !t
              %z = arith.constant 0.0 : f32
              %p = arith.cmpf ogt, %x, %z : f32
              %0 = scf.if %p -> !t {
                scf.yield %a : !t
              } else {
                scf.yield %b : !t
              }
              %1 = scf.for %i = %c0 to %c2 step %c1 iter_args(%t = %a) -> !t {
                %y = tensor.extract %b[%i, %i] : !t
                %w = tensor.insert %y into %t[%i, %c0] : !t
                scf.yield %w : !t
              })",
            {"%0", "%1", "%a", "%0"}},
           {R"(%e = tensor.empty() : !t
              %0 = scf.forall (%i) in (2) shared_outs(%o = %e) -> !t {
                %j = arith.constant 1 : index
                %k = arith.subi %j, %i : index
                %s = tensor.extract_slice %a[%k, 0] [1, 2] [1, 1]
                    : !t to tensor<1x2xf32>
                scf.forall.in_parallel {
                  tensor.parallel_insert_slice %s into %o[%i, 0] [1, 2] [1, 1]
                      : tensor<1x2xf32> into !t
                }
              })",
            {"%0", "%0", "%b", "%0"}},
           // Constants, and what makes memory of its own.
           {R"(%0 = arith.constant dense<2.0> : !t
              %1 = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : !t)",
            {"%0", "%1", "%1", "%0"}},
           {R"(%x = arith.constant 3.0 : f32
              %0 = tensor.from_elements %x, %x, %x, %x : !t
              %1 = tensor.splat %x : !t
              %2 = tensor.generate {
              ^bb0(%i: index, %j: index):
                %y = tensor.extract %a[%j, %i] : !t
                tensor.yield %y : f32
              } : !t
              %s = tensor.extract_slice %b[0, 0] [1, 2] [1, 1]
                  : !t to tensor<1x2xf32>
              %3 = tensor.pad %s low[1, 0] high[0, 0] {
              ^bb0(%i: index, %j: index):
                tensor.yield %x : f32
              } : tensor<1x2xf32> to !t)",
            {"%2", "%3", "%0", "%1"}},
       }) {
    std::string text = c.getText();
    FailureOr<CompiledFunction> donating = compile(text);
    FailureOr<CompiledFunction> copying = compile(text, OutOfPlace());
    ASSERT_TRUE(succeeded(donating) && succeeded(copying)) << text;
    SmallVector<Array> arguments = {
        makeArray(ElementKind::Float32, {2, 2}, {1, 2, 3, 4}),
        makeArray(ElementKind::Float32, {2, 2}, {5, 7, 11, 13}),
        makeArray(ElementKind::Float32, {2, 2}, {-1, 0.5, 17, 19})};
    SmallVector<Array> expected = (*copying)(arguments);
    SmallVector<Array> got = (*donating)(arguments);
    SmallVector<Array> inPlace;
    EXPECT_EQ(getNumbers(arguments[0]), (Numbers{1, 2, 3, 4})) << text;
    EXPECT_EQ(getNumbers(arguments[1]), (Numbers{5, 7, 11, 13})) << text;
    donating->callInPlace(arguments, inPlace);
    EXPECT_EQ(getNumbers(arguments[2]), (Numbers{-1, 0.5, 17, 19})) << text;
    for (unsigned i = 0; i < 4; ++i) {
      EXPECT_EQ(getNumbers(got[i]), getNumbers(expected[i])) << i << text;
      EXPECT_EQ(getNumbers(inPlace[i]), getNumbers(expected[i])) << i << text;
    }
    EXPECT_EQ(inPlace[0].getData(), arguments[0].getData());
    EXPECT_EQ(inPlace[1].getData(), arguments[1].getData());
  }
}

TEST_F(DonationTest, DonatesArraysOfEveryShape) {
  for (StringRef type : {"tensor<f64>", "tensor<0xf64>", "tensor<3x0xf64>",
                         "tensor<?xf64>", "tensor<1x1x5xf64>"}) {
    std::string text =
        "func.func @main(%a: " + type.str() + " {fisher.name = \"a\"}) -> (" +
        type.str() + " {fisher.updates = \"a\"}, " + type.str() +
        ") {\n%0 = arith.addf %a, %a : " + type.str() +
        "\nreturn %0, %a : " + type.str() + ", " + type.str() + "\n}";
    FailureOr<CompiledFunction> function = compile(text);
    ASSERT_TRUE(succeeded(function)) << text;
    SmallVector<int64_t> shape(
        function->getSignature().arguments[0].getShape());
    for (int64_t &size : shape)
      if (ShapedType::isDynamic(size))
        size = 4;
    Array a(ElementKind::Float64, shape);
    for (int64_t i = 0; i < a.getNumElements(); ++i)
      a.set(i, i + 1);
    Numbers before = getNumbers(a);
    SmallVector<Array> results;
    function->callInPlace({a}, results);
    EXPECT_EQ(getNumbers(results[1]), before) << text;
    EXPECT_EQ(results[1].getShape(), a.getShape()) << text;
    for (double &number : before)
      number *= 2;
    EXPECT_EQ(getNumbers(a), before) << text;
  }
}
