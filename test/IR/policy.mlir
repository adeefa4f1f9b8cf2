// Policies: every reference, mode and clause, odd names.

// RUN: fisher-opt %s | FileCheck %s
// RUN: fisher-opt --mlir-print-op-generic %s | fisher-opt | FileCheck %s
// RUN: fisher-opt --emit-bytecode %s | fisher-opt | FileCheck %s
// RUN: fisher-opt --canonicalize --cse %s | FileCheck %s

// CHECK-LABEL: fisher.policy @references
fisher.policy @references {
  // CHECK-NEXT: fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus> toward #fisher.prior<[0.000000e+00, 1.000000e+00]> weight 1.000000e-03 mode coupled
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
  // CHECK-NEXT: toward #fisher.frozen weight 0.000000e+00 mode loss_only
  fisher.regularize "a", "b" as #fisher.gaussian<sigma> toward #fisher.frozen weight 0.0 mode loss_only
  // CHECK-NEXT: toward #fisher.previous weight "beta" step_size 5.000000e-02 mode proximal
  fisher.regularize "a", "b" as #fisher.gaussian<variance>
      toward #fisher.previous weight "beta" step_size 5.0e-2 mode proximal
  // CHECK-NEXT: toward #fisher.moving_average<{{0.9(8|9)[0-9]*}}> weight 1.000000e+00 mode natural
  fisher.regularize "a", "b" as #fisher.gaussian<log_variance>
      toward #fisher.moving_average<0.99> weight 1.0 mode natural
  // CHECK-NEXT: toward #fisher.argument<"{0}.mu.ref", "{0}.rho.ref"> weight 1.000000e+00 mode coupled
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<precision>
      toward #fisher.argument<"{0}.mu.ref", "{0}.rho.ref"> weight 1.0 mode coupled
}

// Numbers keep every digit; whole numbers of a prior may be integers.
// CHECK-LABEL: fisher.policy @numbers
fisher.policy @numbers {
  // CHECK-NEXT: #fisher.prior<[-1, 2]> weight 1.000000e-01 step_size "lr" mode proximal
  fisher.regularize "a", "b" as #fisher.gaussian<sigma>
      toward #fisher.prior<[-1, 2]> weight 0.1 step_size "lr" mode proximal
  // CHECK-NEXT: weight 0.33333333333333331 mode
  fisher.regularize "a", "b" as #fisher.gaussian<sigma>
      toward #fisher.moving_average<0.0> weight 0.33333333333333331 mode coupled
}

// Globs and names are any text; attributes of other dialects stay.
// CHECK-LABEL: fisher.policy @"odd name \22q\22"
// CHECK-SAME: attributes {test.note = "kept"}
fisher.policy @"odd name \22q\22" attributes {test.note = "kept"} {
  // CHECK-NEXT: "\\(\\)\\*\\? \22x\22", "\C3\BC?[.+^$]{2}|" as #fisher.gaussian<sigma> toward #fisher.frozen weight "a b" mode coupled {test.note = 1 : i32}
  fisher.regularize "\\(\\)\\*\\? \"x\"", "ü?[.+^$]{2}|" as #fisher.gaussian<sigma>
      toward #fisher.frozen weight "a b" mode coupled {test.note = 1 : i32}
}

// CHECK-LABEL: fisher.policy @empty
fisher.policy @empty {}

// CHECK-LABEL: fisher.policy @private
// CHECK-SAME: attributes {sym_visibility = "nested"}
fisher.policy @private attributes {sym_visibility = "nested"} {}

// CHECK-LABEL: module @inner
// CHECK: fisher.policy @empty
module @inner {
  fisher.policy @empty {}
}

// Components that no parameter holds.
// CHECK-LABEL: fisher.policy @made
fisher.policy @made {
  // CHECK-NEXT: fisher.regularize "(*).w" as #fisher.gaussian_mean<sigma> from adam("adam.v.{0}") count 60000 toward #fisher.frozen
  fisher.regularize "(*).w" as #fisher.gaussian_mean<sigma> from adam("adam.v.{0}") count 60000
      toward #fisher.frozen weight 1.0 mode coupled
  // CHECK-NEXT: as #fisher.gaussian<sigma> from adam("v") count 1 epsilon 0.000000e+00 toward #fisher.prior<[0.000000e+00]>
  fisher.regularize "a" as #fisher.gaussian<sigma> from #fisher.adam<"v" count 1 epsilon 0.0>
      toward #fisher.prior<[0.0]> weight 1.0 mode coupled
  // CHECK-NEXT: as #fisher.gaussian_mean<sigma> fixed sigma 1.000000e-01 toward #fisher.argument<"b">
  fisher.regularize "a" as #fisher.gaussian_mean<sigma> from #fisher.fixed<"sigma" 0.1>
      toward #fisher.argument<"b"> weight 1.0 mode coupled
  // CHECK-NEXT: as #fisher.von_mises<kappa> fixed kappa 2.000000e+00 toward #fisher.previous
  fisher.regularize "a" as #fisher.von_mises<kappa> fixed kappa 2.0
      toward #fisher.previous weight 1.0 mode coupled
}
