// An interrupt ends the run after a step, and the outputs are written.
// RUN: rm -f %t.npz
// RUN: %python %S/Inputs/interrupt.py %t.npz %t.jsonl fisher-run %s --steps=1000000000 --log-every=1000 --outputs=%t.npz --metrics=%t.jsonl | FileCheck %s
// RUN: %python %S/Inputs/npz.py print %t.npz | FileCheck %s --check-prefix=OUTPUTS

// CHECK: step [[#STEPS:]]
// CHECK: interrupted after [[#STEPS]] of 1000000000 steps
// CHECK: status 130
// OUTPUTS: count int64 () {{[1-9][0-9]*}}

func.func @main(%count: tensor<i64> {fisher.name = "count", fisher.role = "state"})
    -> (tensor<i64> {fisher.updates = "count"}) {
  %one = arith.constant dense<1> : tensor<i64>
  %0 = arith.addi %count, %one : tensor<i64>
  return %0 : tensor<i64>
}
