// Some elements of beliefs go into the lines of the metrics.
// RUN: split-file %s %t
// RUN: %python %S/Inputs/npz.py write %t/init.npz 'w.mu=arange(6).reshape(2, 3).astype(float32)' 'w.sigma=full((2, 3), 2, float32)' 'p=zeros(2, float32)'
// RUN: fisher-run %t/step.mlir --measure=%t/policy.mlir --trace=2 --steps=5 --log-every=2 --init=%t/init.npz --metrics=%t/run.jsonl
// RUN: FileCheck %s --input-file=%t/run.jsonl
// CHECK: {"step":2,"measurements":{{.*}},"trace":{"w.mu, w.sigma":{"family":"#fisher.gaussian<sigma>","columns":["element","mean","standard deviation"],"elements":{{\[\[}}0,1,2],[5,6,2]]}}}
// CHECK-NEXT: {"step":4,{{.*}}"elements":{{\[\[}}0,2,2],[5,7,2]]}}}
// CHECK-NEXT: {"step":5,{{.*}}"elements":{{\[\[}}0,2.5,2],[5,7.5,2]]}}}
// CHECK-NOT: step

// Steps that are not measured have none; the others tell what they were given.
// RUN: fisher-run %t/step.mlir --measure=%t/policy.mlir --trace=2 --measure-every=2 --steps=3 --init=%t/init.npz --metrics=%t/some.jsonl
// RUN: FileCheck %s --check-prefix=SOME --input-file=%t/some.jsonl
// SOME: {"step":1,{{.*}}"elements":{{\[\[}}0,0,2],[5,5,2]]}}}
// SOME-NEXT: {"step":2}
// SOME-NEXT: {"step":3,{{.*}}"elements":{{\[\[}}0,1,2],[5,6,2]]}}}

// Without the option there are none, and nothing else changes.
// RUN: fisher-run %t/step.mlir --measure=%t/policy.mlir --trace=2 --steps=5 --init=%t/init.npz --metrics=%t/traced.jsonl
// RUN: fisher-run %t/step.mlir --measure=%t/policy.mlir --steps=5 --init=%t/init.npz --metrics=%t/plain.jsonl
// RUN: sed 's/,"trace":.*/}/' %t/traced.jsonl > %t/cut.jsonl
// RUN: cmp %t/cut.jsonl %t/plain.jsonl

// RUN: not fisher-run %t/step.mlir --trace=2 --steps=1 2>&1 | FileCheck %s --check-prefix=MEASURE
// MEASURE: error: --trace needs --measure

//--- step.mlir
func.func @main(%mu: tensor<2x3xf32> {fisher.name = "w.mu", fisher.role = "param"},
                %sigma: tensor<2x3xf32> {fisher.name = "w.sigma", fisher.role = "param"},
                %p: tensor<2xf32> {fisher.name = "p", fisher.role = "param"})
    -> (tensor<2x3xf32> {fisher.updates = "w.mu"}, tensor<2x3xf32> {fisher.updates = "w.sigma"},
        tensor<2xf32> {fisher.updates = "p"}) {
  %half = arith.constant dense<0.5> : tensor<2x3xf32>
  %new = arith.addf %mu, %half : tensor<2x3xf32>
  return %new, %sigma, %p : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>
}
//--- policy.mlir
fisher.policy @p {
  fisher.regularize "(*).mu", "(*).sigma" as #fisher.gaussian<sigma> toward #fisher.frozen weight 0.0 mode loss_only
  fisher.regularize "p" as #fisher.bernoulli<logit> toward #fisher.frozen weight 0.0 mode loss_only
}
