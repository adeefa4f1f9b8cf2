// RUN: fisher-opt --convert-fisher-to-stablehlo --allow-unregistered-dialect %s | FileCheck %s

// XLA's simplifier takes numbers for real ones. What it would rewrite is hidden
// from it behind zero bits that only LLVM finds to be zero.

// CHECK-LABEL: func.func @hidden(
// CHECK-SAME: %[[X:[^:]*]]: tensor<4xf32>
func.func @hidden(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %big = arith.constant dense<12582912.0> : tensor<4xf32>
  %three = arith.constant dense<3.0> : tensor<4xf32>

  // Rounding to an integer.
  // CHECK: %[[BIG:.*]] = "stablehlo.constant"() {value = dense<0x4B400000> : tensor<4xf32>}
  // CHECK: %[[UP:.*]] = "stablehlo.add"(%[[X]], %[[BIG]])
  // CHECK: %[[BITS:.*]] = "stablehlo.bitcast_convert"(%[[UP]]) : (tensor<4xf32>) -> tensor<4xi32>
  // CHECK: %[[ONE:.*]] = "stablehlo.constant"() {value = dense<1> : tensor<4xi32>}
  // CHECK: %[[LOWEST:.*]] = "stablehlo.and"(%[[BITS]], %[[ONE]])
  // CHECK: %[[ZERO:.*]] = "stablehlo.shift_right_logical"(%[[LOWEST]], %[[ONE]])
  // CHECK: %[[OR:.*]] = "stablehlo.or"(%[[BITS]], %[[ZERO]])
  // CHECK: %[[HIDDEN:.*]] = "stablehlo.bitcast_convert"(%[[OR]]) : (tensor<4xi32>) -> tensor<4xf32>
  // CHECK: %[[DOWN:.*]] = "stablehlo.subtract"(%[[HIDDEN]], %[[BIG]])
  %up = arith.addf %x, %big : tensor<4xf32>
  %down = arith.subf %up, %big : tensor<4xf32>

  // Products of constants.
  // CHECK: %[[TRIPLE:.*]] = "stablehlo.multiply"(%[[X]], %[[THREE:[0-9]+]])
  // CHECK: %[[BITS:.*]] = "stablehlo.bitcast_convert"(%[[TRIPLE]])
  // CHECK: %[[ZERO:.*]] = "stablehlo.shift_right_logical"(
  // CHECK: %[[OR:.*]] = "stablehlo.or"(%[[BITS]], %[[ZERO]])
  // CHECK: %[[HIDDEN:.*]] = "stablehlo.bitcast_convert"(%[[OR]])
  // CHECK: %[[NINE:.*]] = "stablehlo.multiply"(%[[THREE]], %[[HIDDEN]])
  %triple = arith.mulf %x, %three : tensor<4xf32>
  %nine = arith.mulf %three, %triple : tensor<4xf32>

  // Quotients of quotients, and constant divisors.
  // CHECK: %[[INVERSE:.*]] = "stablehlo.divide"(%[[DOWN]], %[[NINE]])
  // CHECK: %[[BITS:.*]] = "stablehlo.bitcast_convert"(%[[INVERSE]])
  // CHECK: %[[ZERO:.*]] = "stablehlo.shift_right_logical"(
  // CHECK: %[[OR:.*]] = "stablehlo.or"(%[[BITS]], %[[ZERO]])
  // CHECK: %[[HIDDEN:.*]] = "stablehlo.bitcast_convert"(%[[OR]])
  // CHECK: "stablehlo.divide"(%[[X]], %[[HIDDEN]])
  // CHECK: %[[BITS:.*]] = "stablehlo.bitcast_convert"(%[[THREE]])
  // CHECK: %[[ZERO:.*]] = "stablehlo.shift_right_logical"(
  // CHECK: %[[OR:.*]] = "stablehlo.or"(%[[BITS]], %[[ZERO]])
  // CHECK: %[[HIDDEN:.*]] = "stablehlo.bitcast_convert"(%[[OR]])
  // CHECK: "stablehlo.divide"(%[[X]], %[[HIDDEN]])
  %inverse = arith.divf %down, %nine : tensor<4xf32>
  %quotient = arith.divf %x, %inverse : tensor<4xf32>
  %third = arith.divf %x, %three : tensor<4xf32>
  return %down, %nine, %quotient, %third : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
