// RUN: fisher-opt --split-input-file --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// expected-error@+3 {{expected one of [sigma, log_sigma, softplus, variance, log_variance, precision] for how a Gaussian's scale is stored, got: sigmas}}
// expected-error@+2 {{failed to parse Fisher_GaussianAttr parameter 'chart'}}
// expected-error@+1 {{failed to parse Fisher_BeliefType parameter 'family'}}
func.func private @unknown_chart() -> !fisher.belief<#fisher.gaussian<sigmas>, tensor<4xf32>>

// -----

// expected-error@+2 {{unknown attribute `laplace` in dialect `fisher`; it has }}
// expected-error@+1 {{failed to parse Fisher_BeliefType parameter 'family'}}
func.func private @unknown_family() -> !fisher.belief<#fisher.laplace<scale>, tensor<4xf32>>

// -----

// expected-error@+2 {{invalid kind of attribute specified}}
// expected-error@+1 {{failed to parse Fisher_BeliefType parameter 'family'}}
func.func private @reference_as_family() -> !fisher.belief<#fisher.frozen, tensor<4xf32>>

// -----

// expected-error@+2 {{invalid kind of attribute specified}}
// expected-error@+1 {{failed to parse Fisher_BeliefType parameter 'family'}}
func.func private @type_as_family() -> !fisher.belief<f32, tensor<4xf32>>

// -----

// expected-error@+2 {{invalid kind of type specified: expected builtin.tensor, but found 'tensor<*xf32>'}}
// expected-error@+1 {{failed to parse Fisher_BeliefType parameter 'componentType'}}
func.func private @unranked() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<*xf32>>

// -----

// expected-error@+2 {{invalid kind of type specified: expected builtin.tensor, but found 'memref<4xf32>'}}
// expected-error@+1 {{failed to parse Fisher_BeliefType parameter 'componentType'}}
func.func private @buffer() -> !fisher.belief<#fisher.gaussian<sigma>, memref<4xf32>>

// -----

// expected-error@+1 {{a belief's elements must be f64, f32, bf16 or f16, got 'i32'}}
func.func private @integer() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xi32>>

// -----

// expected-error@+1 {{a belief's elements must be f64, f32, bf16 or f16, got 'index'}}
func.func private @index() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xindex>>

// -----

// expected-error@+1 {{a belief's elements must be f64, f32, bf16 or f16, got 'f8E4M3FN'}}
func.func private @f8() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf8E4M3FN>>

// -----

// expected-error@+1 {{a belief's elements must be f64, f32, bf16 or f16, got 'complex<f32>'}}
func.func private @complex() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xcomplex<f32>>>

// -----

// expected-error@+1 {{a belief's components must be dense tensors, got the encoding "sparse"}}
func.func private @encoding() -> !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32, "sparse">>

// -----

// expected-error@+1 {{unknown  type `point` in dialect `fisher`}}
func.func private @unknown_type() -> !fisher.point<tensor<4xf32>>

// -----

// expected-error@+1 {{family 'categorical' needs 1 event dimensions at the end of the component type, but 'tensor<f32>' has rank 0}}
func.func private @no_outcomes() -> !fisher.belief<#fisher.categorical<logits>, tensor<f32>>

// -----

// expected-error@+1 {{a categorical distribution needs at least one outcome, but the last dimension is 0}}
func.func private @empty_event() -> !fisher.belief<#fisher.categorical<logits>, tensor<4x0xf32>>

// -----

// expected-error@+1 {{family 'centered_gaussian' needs 2 event dimensions at the end of the component type, but 'tensor<4xf32>' has rank 1}}
func.func private @vector() -> !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<4xf32>>

// -----

// expected-error@+1 {{a centered Gaussian needs square matrices, but the last two dimensions are 4 and 3}}
func.func private @not_square() -> !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<4x3xf32>>

// -----

// expected-error@+1 {{a centered Gaussian's last two dimensions must be static; only dimensions before them may be dynamic}}
func.func private @dynamic_matrix() -> !fisher.belief<#fisher.centered_gaussian<covariance>, tensor<4x?x?xf32>>

// -----

// expected-error@+1 {{a centered Gaussian's matrices must have from 1 to 32 rows, got 33}}
func.func private @large_matrix() -> !fisher.belief<#fisher.centered_gaussian<cholesky>, tensor<33x33xf32>>
