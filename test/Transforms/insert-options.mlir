// The pass's options, and what it does without them.

// RUN: split-file %s %t

// The policy of the module is erased once it is inserted.
// RUN: cat %t/step.mlir %t/policy.mlir | fisher-opt --fisher-insert 2> %t/log | FileCheck %t/step.mlir
// RUN: FileCheck %s --check-prefix=REMARK < %t/log
// REMARK: <stdin>:{{[0-9]+}}:3: remark: regularized 'a.mu', 'a.rho' as #fisher.gaussian<sigma>, 4 elements, toward #fisher.prior<[0.000000e+00, 1.000000e+00]>, weight 0.001, mode proximal

// A policy of a file is left where it is, and its location is the file's.
// RUN: fisher-opt %t/step.mlir --fisher-insert=policy-file=%t/policy.mlir 2> %t/log | FileCheck %t/step.mlir
// RUN: FileCheck %s --check-prefix=FILE < %t/log
// FILE: policy.mlir:2:3: remark: regularized 'a.mu', 'a.rho'

// With a policy file, the module's own policy is not looked at.
// RUN: cat %t/step.mlir %t/two.mlir | fisher-opt --fisher-insert=policy-file=%t/policy.mlir \
// RUN:   | FileCheck %s --check-prefix=BOTH
// BOTH: fisher.proximal_step
// BOTH: fisher.policy @first
// BOTH: fisher.policy @second

// RUN: fisher-opt %t/step.mlir --fisher-insert="policy-file=%t/two.mlir policy=first" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=FIRST
// RUN: fisher-opt %t/step.mlir --fisher-insert="policy-file=%t/two.mlir policy=second" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=SECOND
// FIRST: toward #fisher.prior<[1, 1]>, weight 0.25
// SECOND: toward #fisher.prior<[2, 1]>, weight 0.5
// RUN: cat %t/step.mlir %t/two.mlir | fisher-opt --fisher-insert=policy=second | FileCheck %s --check-prefix=LEFT
// LEFT-NOT: fisher.policy @second
// LEFT: fisher.policy @first
// LEFT-NOT: fisher.policy @second

// The step size of entries that state none.
// RUN: cat %t/step.mlir %t/no_step_size.mlir | fisher-opt --fisher-insert=step-size=0.125 \
// RUN:   | FileCheck %s --check-prefix=STEP-SIZE
// STEP-SIZE: %[[S:.*]] = arith.constant 2.500000e-01 : f32
// STEP-SIZE: fisher.proximal_step {{.*}} strength %[[S]]
// An entry's own step size is stronger than the option.
// RUN: cat %t/step.mlir %t/policy.mlir | fisher-opt --fisher-insert=step-size=100 | FileCheck %t/step.mlir

// RUN: cat %t/step.mlir %t/policy.mlir | fisher-opt --fisher-insert=penalty-result=true \
// RUN:   | FileCheck %s --check-prefix=PENALTY
// PENALTY-LABEL: func.func @main(
// PENALTY-SAME: {fisher.updates = "a.rho"}, tensor<f32> {fisher.role = "penalty"})
// PENALTY: %[[STEP:.*]] = fisher.proximal_step %{{.*}} toward %[[REF:[^ ]*]] strength
// PENALTY: %[[P:.*]] = fisher.penalty %[[STEP]] toward %[[REF]] weight
// PENALTY: return {{.*}}, %[[P]] :

// RUN: fisher-opt %t/steps.mlir --fisher-insert="policy-file=%t/policy.mlir entry=second" \
// RUN:   | FileCheck %s --check-prefix=ENTRY
// ENTRY-LABEL: func.func @first(
// ENTRY-NEXT: return
// ENTRY-LABEL: func.func @second(
// ENTRY: fisher.proximal_step
// ENTRY-LABEL: func.func private @declared(

// A private function may be named.
// RUN: fisher-opt %t/private.mlir --fisher-insert="policy-file=%t/policy.mlir entry=hidden" \
// RUN:   | FileCheck %s --check-prefix=HIDDEN
// HIDDEN-LABEL: func.func private @hidden(
// HIDDEN: fisher.proximal_step
// HIDDEN-LABEL: func.func @visible(
// HIDDEN-NEXT: return

// Without a name and without @main, the one function that is not private.
// RUN: fisher-opt %t/private.mlir --fisher-insert=policy-file=%t/policy.mlir \
// RUN:   | FileCheck %s --check-prefix=VISIBLE
// VISIBLE-LABEL: func.func private @hidden(
// VISIBLE-NEXT: return
// VISIBLE-LABEL: func.func @visible(
// VISIBLE: fisher.proximal_step

// A policy that regularizes nothing changes nothing.
// RUN: cat %t/step.mlir %t/empty.mlir | fisher-opt --fisher-insert 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY-NOT: fisher.belief
// EMPTY-NOT: fisher.policy
// EMPTY-NOT: remark

// The options are part of the pass's textual form.
// RUN: fisher-opt --dump-pass-pipeline --fisher-insert="entry=f policy=p policy-file=%t/policy.mlir step-size=0.5 penalty-result=true" \
// RUN:   %t/named.mlir 2>&1 | FileCheck %s --check-prefix=DUMP
// DUMP: fisher-insert{
// DUMP-SAME: entry=f
// DUMP-SAME: penalty-result=true
// DUMP-SAME: policy=p
// DUMP-SAME: step-size=

//--- step.mlir
// CHECK-LABEL: func.func @helper(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32> {fisher.name = "a.mu", fisher.role = "param"},
// CHECK-NEXT: return %[[X]]
// CHECK-NEXT: }
func.func @helper(%x: tensor<4xf32> {fisher.name = "a.mu", fisher.role = "param"},
                  %y: tensor<4xf32> {fisher.name = "a.rho"}) -> (tensor<4xf32> {fisher.updates = "a.mu"}) {
  return %x : tensor<4xf32>
}
// CHECK-LABEL: func.func @main(
// CHECK: %[[S:.*]] = arith.constant 5.000000e-04 : f32
// CHECK: fisher.proximal_step %{{.*}} toward %{{.*}} strength %[[S]]
// CHECK-NOT: fisher.policy
func.func @main(%mu: tensor<4xf32> {fisher.name = "a.mu", fisher.role = "param"},
                %rho: tensor<4xf32> {fisher.name = "a.rho", fisher.role = "param"})
    -> (tensor<4xf32> {fisher.updates = "a.mu"}, tensor<4xf32> {fisher.updates = "a.rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}

//--- policy.mlir
fisher.policy @p {
  fisher.regularize "a.mu", "a.rho" as #fisher.gaussian<sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 step_size 0.25 mode proximal
}

//--- two.mlir
fisher.policy @first {
  fisher.regularize "a.mu", "a.rho" as #fisher.gaussian<sigma>
      toward #fisher.prior<[1, 1]> weight 0.25 step_size 0.25 mode proximal
}
fisher.policy @second {
  fisher.regularize "a.mu", "a.rho" as #fisher.gaussian<sigma>
      toward #fisher.prior<[2, 1]> weight 0.5 step_size 0.25 mode proximal
}

//--- no_step_size.mlir
fisher.policy @p {
  fisher.regularize "a.mu", "a.rho" as #fisher.gaussian<sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0 mode proximal
}

//--- empty.mlir
fisher.policy @p {}

//--- steps.mlir
func.func @first(%mu: tensor<4xf32> {fisher.name = "a.mu"}, %rho: tensor<4xf32> {fisher.name = "a.rho"})
    -> (tensor<4xf32> {fisher.updates = "a.mu"}, tensor<4xf32> {fisher.updates = "a.rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}
func.func @second(%mu: tensor<4xf32> {fisher.name = "a.mu"}, %rho: tensor<4xf32> {fisher.name = "a.rho"})
    -> (tensor<4xf32> {fisher.updates = "a.mu"}, tensor<4xf32> {fisher.updates = "a.rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}
func.func private @declared(tensor<4xf32> {fisher.name = "a.mu"})

//--- private.mlir
func.func private @hidden(%mu: tensor<4xf32> {fisher.name = "a.mu"}, %rho: tensor<4xf32> {fisher.name = "a.rho"})
    -> (tensor<4xf32> {fisher.updates = "a.mu"}, tensor<4xf32> {fisher.updates = "a.rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}
func.func @visible(%mu: tensor<4xf32> {fisher.name = "a.mu"}, %rho: tensor<4xf32> {fisher.name = "a.rho"})
    -> (tensor<4xf32> {fisher.updates = "a.mu"}, tensor<4xf32> {fisher.updates = "a.rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}

//--- named.mlir
func.func @f(%mu: tensor<4xf32> {fisher.name = "a.mu"}, %rho: tensor<4xf32> {fisher.name = "a.rho"})
    -> (tensor<4xf32> {fisher.updates = "a.mu"}, tensor<4xf32> {fisher.updates = "a.rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}
