// RUN: fisher-opt %s | fisher-opt | FileCheck %s

// CHECK-DAG: #[[$LOC:.*]] = loc("step.mlir":7:3)
// CHECK-LABEL: func.func private @step(
// CHECK-SAME: fisher.findings = [#fisher.finding<l2_gradient on ["w", "v"] {of = "x", strength = 1.000000e-03 : f64} at [#[[$LOC]]]>]
func.func private @step(tensor<4xf32>) attributes {fisher.findings = [
    #fisher.finding<l2_gradient on ["w", "v"] {of = "x", strength = 1.0e-3 : f64}
        at [loc("step.mlir":7:3)]>]}

// CHECK-LABEL: func.func private @nothing() attributes {fisher.findings = []}
func.func private @nothing() attributes {fisher.findings = []}
