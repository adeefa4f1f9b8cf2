// RUN: fisher-opt %s --fisher-assign-destinations --split-input-file | FileCheck %s
// RUN: fisher-opt %s --fisher-assign-destinations=dynamic-results=true --split-input-file | FileCheck %s --check-prefix=DYNAMIC

// An update is written over the old value, which is read there; a result of
// static shape gets an argument, and other arguments are only read.

// CHECK-LABEL: func.func @step(
// CHECK-SAME: %[[P:[a-z0-9]+]]: memref<4xf32> {fisher.name = "p"}
// CHECK-SAME: %[[G:[a-z0-9]+]]: tensor<4xf32> {bufferization.writable = false}
// CHECK-SAME: %[[SUM:[a-z0-9]+]]: memref<f32>) {
// CHECK: %[[OLD:.*]] = bufferization.to_tensor %[[P]] restrict writable
// CHECK: %[[TO:.*]] = bufferization.to_tensor %[[SUM]] restrict writable
// The sum is made of the old value, so it comes first.
// CHECK: %[[ZERO:.*]] = linalg.fill ins(%{{.*}}) outs(%[[TO]] : tensor<f32>)
// CHECK: %[[REDUCED:.*]] = linalg.reduce {{.*}} ins(%[[OLD]] : tensor<4xf32>) outs(%[[ZERO]] : tensor<f32>)
// CHECK: %[[NEW:.*]] = linalg.generic {{.*}} ins(%[[G]] : tensor<4xf32>) outs(%[[OLD]] : tensor<4xf32>)
// CHECK-NEXT: ^bb0(%[[IN:.*]]: f32, %[[OUT:.*]]: f32):
// CHECK-NEXT: arith.subf %[[OUT]], %[[IN]]
// CHECK: bufferization.materialize_in_destination %[[NEW]] in writable %[[P]]
// CHECK: bufferization.materialize_in_destination %[[REDUCED]] in writable %[[SUM]]
// CHECK: return{{$}}
func.func @step(%p: tensor<4xf32> {fisher.name = "p"}, %g: tensor<4xf32>)
    -> (tensor<4xf32> {fisher.updates = "p"}, tensor<f32>) {
  %0 = tensor.empty() : tensor<4xf32>
  %1 = linalg.sub ins(%p, %g : tensor<4xf32>, tensor<4xf32>)
                  outs(%0 : tensor<4xf32>) -> tensor<4xf32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %sum = linalg.reduce {arith.addf} ins(%p : tensor<4xf32>)
                                    outs(%zero : tensor<f32>) dimensions = [0]
  return %1, %sum : tensor<4xf32>, tensor<f32>
}

// -----

// JAX's mark; it goes, as it counts results that are no more. What says itself
// that it may be written stays so.

// CHECK-LABEL: func.func @jax(
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<4xf32> {bufferization.writable = true}
// CHECK-SAME: %[[B:[a-z0-9]+]]: memref<4xf32>)
// CHECK-NOT: tf.aliasing_output
// CHECK: bufferization.materialize_in_destination %[[A]] in writable %[[B]]
func.func @jax(%a: tensor<4xf32> {bufferization.writable = true},
               %b: tensor<4xf32> {tf.aliasing_output = 0 : i32}) -> tensor<4xf32> {
  return %a : tensor<4xf32>
}

// -----

// It is a permission only: what does not fit is passed over.

// CHECK-LABEL: func.func @jax_does_not_fit(
// CHECK-SAME: tensor<4xf32> {bufferization.writable = false}
// CHECK-SAME: tensor<2xf32> {bufferization.writable = false}
// CHECK-SAME: tensor<4xf32> {bufferization.writable = false}
// CHECK-SAME: memref<4xf32> {fisher.name = "d"}
// CHECK-SAME: ) {
func.func @jax_does_not_fit(%a: tensor<4xf32> {tf.aliasing_output = 7 : i32},
                            %b: tensor<2xf32> {tf.aliasing_output = 0 : i32},
                            %c: tensor<4xf32> {tf.aliasing_output = 0 : i32},
                            %d: tensor<4xf32> {fisher.name = "d"})
    -> (tensor<4xf32> {fisher.updates = "d"}) {
  return %a : tensor<4xf32>
}

// -----

// A result of dynamic shape that updates nothing stays one, unless the option
// says that the caller knows its sizes.

// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME: -> tensor<?xf32>
// CHECK: return %{{.*}} : tensor<?xf32>
// DYNAMIC-LABEL: func.func @dynamic(
// DYNAMIC-SAME: %[[TO:[a-z0-9]+]]: memref<?xf32>) {
// DYNAMIC: %[[T:.*]] = bufferization.to_tensor %[[TO]]
// DYNAMIC: %[[EXPECTED:.*]] = tensor.dim %[[T]]
// DYNAMIC: %[[SAME:.*]] = arith.cmpi eq, %{{.*}}, %[[EXPECTED]]
// DYNAMIC: cf.assert %[[SAME]], "result 0 and the argument that it goes to differ in dimension 0"
// DYNAMIC: linalg.exp ins(%{{.*}}) outs(%[[T]] : tensor<?xf32>)
func.func @dynamic(%a: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %size = tensor.dim %a, %c0 : tensor<?xf32>
  %0 = tensor.empty(%size) : tensor<?xf32>
  %1 = linalg.exp ins(%a : tensor<?xf32>) outs(%0 : tensor<?xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// -----

// Sizes that are the argument's own need no check.

// CHECK-LABEL: func.func @dynamic_update(
// CHECK-NOT: cf.assert
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?xf32>)
// CHECK: return{{$}}
func.func @dynamic_update(%a: tensor<?xf32> {fisher.name = "a"}) -> (tensor<?xf32> {fisher.updates = "a"}) {
  %c0 = arith.constant 0 : index
  %size = tensor.dim %a, %c0 : tensor<?xf32>
  %0 = tensor.empty(%size) : tensor<?xf32>
  %1 = linalg.exp ins(%a : tensor<?xf32>) outs(%0 : tensor<?xf32>) -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// -----

// What the callers here see stays, and so does what returns at several places.

// CHECK-LABEL: func.func private @callee(
// CHECK-SAME: %{{.*}}: tensor<4xf32> {fisher.name = "a"}) -> (tensor<4xf32> {fisher.updates = "a"})
func.func private @callee(%a: tensor<4xf32> {fisher.name = "a"}) -> (tensor<4xf32> {fisher.updates = "a"}) {
  return %a : tensor<4xf32>
}
// CHECK-LABEL: func.func @caller(
// CHECK-SAME: memref<4xf32>) {
func.func @caller(%a: tensor<4xf32>) -> tensor<4xf32> {
  %0 = call @callee(%a) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
// CHECK-LABEL: func.func @blocks(
// CHECK-SAME: -> tensor<4xf32>
func.func @blocks(%c: i1, %a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  return %a : tensor<4xf32>
^bb2:
  return %b : tensor<4xf32>
}

// -----

// Two arguments that are swapped need one copy; and what is the argument's old
// value, no store.

// CHECK-LABEL: func.func @swap(
// CHECK-SAME: %[[A:[a-z0-9]+]]: memref<4xf32> {fisher.name = "a"}, %[[B:[a-z0-9]+]]: memref<4xf32> {fisher.name = "b"}
// CHECK-DAG: %[[OLD_A:.*]] = bufferization.to_tensor %[[A]]
// CHECK-DAG: %[[OLD_B:.*]] = bufferization.to_tensor %[[B]]
// CHECK: %[[SAVED:.*]] = bufferization.alloc_tensor() copy(%[[OLD_B]])
// CHECK: bufferization.materialize_in_destination %[[OLD_A]] in writable %[[B]]
// CHECK: bufferization.materialize_in_destination %[[SAVED]] in writable %[[A]]
// CHECK-NOT: bufferization.
// CHECK: return{{$}}
func.func @swap(%a: tensor<4xf32> {fisher.name = "a"}, %b: tensor<4xf32> {fisher.name = "b"},
                %c: tensor<4xf32> {fisher.name = "c"})
    -> (tensor<4xf32> {fisher.updates = "a"}, tensor<4xf32> {fisher.updates = "b"},
        tensor<4xf32> {fisher.updates = "c"}) {
  return %b, %a, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// Where each new value needs the other's old one, one of them is computed in
// memory of its own.

#id = affine_map<(i) -> (i)>

// CHECK-LABEL: func.func @crossed(
// CHECK-SAME: %[[A:[a-z0-9]+]]: memref<4xf32> {fisher.name = "a"}, %[[B:[a-z0-9]+]]: memref<4xf32> {fisher.name = "b"}
// CHECK-DAG: %[[OLD_A:.*]] = bufferization.to_tensor %[[A]]
// CHECK-DAG: %[[OLD_B:.*]] = bufferization.to_tensor %[[B]]
// CHECK-DAG: %[[EMPTY:.*]] = tensor.empty
// CHECK: %[[NEW_A:.*]] = linalg.add {{.*}} outs(%[[EMPTY]]
// CHECK: %[[NEW_B:.*]] = linalg.generic {{.*}} ins(%[[OLD_A]] : tensor<4xf32>) outs(%[[OLD_B]]
// CHECK: bufferization.materialize_in_destination %[[NEW_A]] in writable %[[A]]
// CHECK: bufferization.materialize_in_destination %[[NEW_B]] in writable %[[B]]
func.func @crossed(%a: tensor<4xf32> {fisher.name = "a"}, %b: tensor<4xf32> {fisher.name = "b"})
    -> (tensor<4xf32> {fisher.updates = "a"}, tensor<4xf32> {fisher.updates = "b"}) {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.add ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %1 = linalg.sub ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}
