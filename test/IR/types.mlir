// Beliefs of every chart, element type and kind of shape.

// RUN: fisher-opt %s | FileCheck %s
// RUN: fisher-opt --mlir-print-op-generic %s | fisher-opt | FileCheck %s
// RUN: fisher-opt --emit-bytecode %s | fisher-opt | FileCheck %s

// CHECK: @sigma() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
func.func private @sigma() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
// CHECK: @log_sigma() -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
func.func private @log_sigma() -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
// CHECK: @softplus() -> !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf32>>
func.func private @softplus() -> !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf32>>
// CHECK: @variance() -> !fisher.belief<#fisher.gaussian<variance>, tensor<4xf32>>
func.func private @variance() -> !fisher.belief<#fisher.gaussian<variance>, tensor<4xf32>>
// CHECK: @log_variance() -> !fisher.belief<#fisher.gaussian<log_variance>, tensor<4xf32>>
func.func private @log_variance() -> !fisher.belief<#fisher.gaussian<log_variance>, tensor<4xf32>>
// CHECK: @precision() -> !fisher.belief<#fisher.gaussian<precision>, tensor<4xf32>>
func.func private @precision() -> !fisher.belief<#fisher.gaussian<precision>, tensor<4xf32>>

// CHECK: @f64() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<2x3xf64>>
func.func private @f64() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<2x3xf64>>
// CHECK: @bf16() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<2x3xbf16>>
func.func private @bf16() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<2x3xbf16>>
// CHECK: @f16() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<2x3xf16>>
func.func private @f16() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<2x3xf16>>

// CHECK: @dynamic() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<?x8x?xf32>>
func.func private @dynamic() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<?x8x?xf32>>
// CHECK: @scalar() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<f32>>
func.func private @scalar() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<f32>>
// CHECK: @empty() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<0x4xf32>>
func.func private @empty() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<0x4xf32>>

// Distances of what is stored in bf16 or f16 are f32.
// CHECK-LABEL: func.func @compute_in_f32(
// CHECK: fisher.squared_distance {{.*}}tensor<?xbf16>> -> tensor<?xf32>
// CHECK: fisher.penalty {{.*}}tensor<?xf16>> -> tensor<f32>
func.func @compute_in_f32(%a: !fisher.belief<#fisher.gaussian<sigma>, tensor<?xbf16>>,
                          %b: !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf16>>, %w: f32)
    -> (tensor<?xf32>, tensor<f32>) {
  %d = fisher.squared_distance %a, %a : !fisher.belief<#fisher.gaussian<sigma>, tensor<?xbf16>> -> tensor<?xf32>
  %p = fisher.penalty %b toward %b weight %w : !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf16>> -> tensor<f32>
  return %d, %p : tensor<?xf32>, tensor<f32>
}

// A belief of rank zero has a distance of rank zero.
// CHECK-LABEL: func.func @distance_of_scalars(
// CHECK: fisher.kl_divergence {{.*}}tensor<f64>> -> tensor<f64>
func.func @distance_of_scalars(%a: !fisher.belief<#fisher.gaussian<variance>, tensor<f64>>) -> tensor<f64> {
  %k = fisher.kl_divergence %a, %a : !fisher.belief<#fisher.gaussian<variance>, tensor<f64>> -> tensor<f64>
  return %k : tensor<f64>
}
// CHECK: @logits() -> !fisher.belief<#fisher.categorical<logits>, tensor<4x10xf32>>
func.func private @logits() -> !fisher.belief<#fisher.categorical<logits>, tensor<4x10xf32>>
// CHECK: @probabilities() -> !fisher.belief<#fisher.categorical<probabilities>, tensor<?xbf16>>
func.func private @probabilities() -> !fisher.belief<#fisher.categorical<probabilities>, tensor<?xbf16>>
// CHECK: @covariance() -> !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<?x32x32xf64>>
func.func private @covariance() -> !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<?x32x32xf64>>
// CHECK: @cholesky() -> !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<1x1xf16>>
func.func private @cholesky() -> !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<1x1xf16>>
