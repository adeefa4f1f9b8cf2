// Policies, files and entries that are not there: a located message, a failing
// exit status and no output.

// RUN: split-file %s %t

// RUN: not fisher-opt %t/step.mlir --fisher-insert=policy-file=%t/missing.mlir > %t/out 2> %t/log
// RUN: FileCheck %s --check-prefix=MISSING < %t/log
// RUN: count 0 < %t/out
// MISSING: error: policy-file: cannot open input file '{{.*}}missing.mlir': No such file or directory

// RUN: not fisher-opt %t/step.mlir --fisher-insert=policy-file=%t/garbage.mlir > %t/out 2> %t/log
// RUN: FileCheck %s --check-prefix=GARBAGE < %t/log
// RUN: count 0 < %t/out
// GARBAGE: garbage.mlir:2:3: error: {{.*}}custom op 'weights'

// RUN: not fisher-opt %t/step.mlir --fisher-insert=policy-file=%t/wrong.mlir > %t/out 2> %t/log
// RUN: FileCheck %s --check-prefix=WRONG < %t/log
// RUN: count 0 < %t/out
// WRONG: wrong.mlir:2:3: error: 'fisher.regularize' op needs a weight that is finite and not negative, got -1.000000e+00

// The entry's place is in the policy file, the note's in the step.
// RUN: not fisher-opt %t/step.mlir --fisher-insert=policy-file=%t/nothing.mlir > %t/out 2> %t/log
// RUN: FileCheck %s --check-prefix=NOTHING < %t/log
// RUN: count 0 < %t/out
// NOTHING: nothing.mlir:2:3: error: 'conv*' matches no parameter of the step
// NOTHING: fisher.regularize "conv*", "a.rho"
// NOTHING: step.mlir:1:1: note: the step's parameters are 'a.mu', 'a.rho'
// NOTHING: func.func @main

// A file without a policy.
// RUN: not fisher-opt %t/step.mlir --fisher-insert=policy-file=%t/step.mlir 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not fisher-opt %t/step.mlir --fisher-insert 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: the module has no policy; write a 'fisher.policy' into the module, or name a file that has one with the option policy-file

// RUN: not fisher-opt %t/step.mlir --fisher-insert=policy-file=%t/two.mlir 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: two.mlir:2:1: error: is one of 2 policies; choose one with the option policy

// RUN: not fisher-opt %t/step.mlir --fisher-insert="policy-file=%t/two.mlir policy=third" 2>&1 | FileCheck %s --check-prefix=THIRD
// THIRD: error: the module has no policy '@third', which the option policy names

// RUN: not fisher-opt %t/step.mlir --fisher-insert="policy-file=%t/two.mlir policy=a entry=train" > %t/out 2> %t/log
// RUN: FileCheck %s --check-prefix=ENTRY < %t/log
// RUN: count 0 < %t/out
// ENTRY: error: has no function 'train', which the option entry names
// ENTRY: step.mlir:1:1: note: 'main' is one that could be named

// RUN: not fisher-opt %t/declared.mlir --fisher-insert="policy-file=%t/two.mlir policy=a entry=step" 2>&1 | FileCheck %s --check-prefix=DECLARED
// DECLARED: declared.mlir:1:1: error: is declared without a body, so nothing can be inserted into it; name another function with the option entry

// RUN: not fisher-opt %t/declared.mlir --fisher-insert="policy-file=%t/two.mlir policy=a" 2>&1 | FileCheck %s --check-prefix=NO-MAIN
// NO-MAIN: error: has no function 'main' to regularize; name one with the option entry

// RUN: not fisher-opt %t/ambiguous.mlir --fisher-insert="policy-file=%t/two.mlir policy=a" 2>&1 | FileCheck %s --check-prefix=AMBIGUOUS
// AMBIGUOUS: error: has no function 'main' to regularize; name one with the option entry
// AMBIGUOUS: ambiguous.mlir:1:1: note: 'f' is one that could be named
// AMBIGUOUS: ambiguous.mlir:4:1: note: 'g' is one that could be named

// RUN: not fisher-opt %t/empty.mlir --fisher-insert="policy-file=%t/two.mlir policy=a" 2>&1 | FileCheck %s --check-prefix=EMPTY
// EMPTY: error: has no function 'main' to regularize

// A policy is inserted once.
// RUN: not fisher-opt %t/step.mlir --pass-pipeline="builtin.module(fisher-insert{policy-file=%t/state.mlir},fisher-insert{policy-file=%t/state.mlir})" > %t/out 2> %t/log
// RUN: FileCheck %s --check-prefix=TWICE < %t/log
// RUN: count 0 < %t/out
// TWICE: state.mlir:2:3: remark: regularized
// TWICE: state.mlir:2:3: error: 'a.mu' is regularized already; a parameter can be regularized once
// TWICE: step.mlir:1:1: note: a policy has been inserted into this function before

// The policy of a module is gone after it is inserted.
// RUN: cat %t/step.mlir %t/state.mlir | not fisher-opt --pass-pipeline="builtin.module(fisher-insert,fisher-insert)" 2>&1 | FileCheck %s --check-prefix=GONE
// GONE: remark: regularized
// GONE: error: the module has no policy

// A file that is no MLIR.
// RUN: not fisher-opt %t/text.mlir --fisher-insert="policy-file=%t/two.mlir policy=a" 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: text.mlir:1:1: error:

//--- step.mlir
func.func @main(%mu: tensor<4xf32> {fisher.name = "a.mu"}, %rho: tensor<4xf32> {fisher.name = "a.rho"})
    -> (tensor<4xf32> {fisher.gradient_of = "a.mu"}, tensor<4xf32> {fisher.gradient_of = "a.rho"}) {
  return %mu, %rho : tensor<4xf32>, tensor<4xf32>
}

//--- garbage.mlir
fisher.policy @p {
  weights 0.5
}

//--- wrong.mlir
fisher.policy @p {
  fisher.regularize "a.mu", "a.rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight -1.0 mode coupled
}

//--- nothing.mlir
fisher.policy @p {
  fisher.regularize "conv*", "a.rho" as #fisher.gaussian<sigma> toward #fisher.frozen weight 1.0 mode coupled
}

//--- two.mlir
fisher.policy @a {}
fisher.policy @b {}

//--- state.mlir
fisher.policy @p {
  fisher.regularize "a.mu", "a.rho" as #fisher.gaussian<sigma> toward #fisher.moving_average<0.9> weight 1.0 mode coupled
}

//--- declared.mlir
func.func private @step(tensor<4xf32> {fisher.name = "a.mu"})

//--- ambiguous.mlir
func.func @f() {
  return
}
func.func @g() {
  return
}

//--- empty.mlir
module {}

//--- text.mlir
Dear diary,
