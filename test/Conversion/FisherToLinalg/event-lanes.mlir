// With vectors, distributions of few elements are taken side by side, each in
// a lane; those of many one after the other.

// RUN: fisher-opt --convert-fisher-to-linalg=vector-bits=128 --canonicalize \
// RUN:   --split-input-file %s | FileCheck %s

!b = !fisher.belief<#fisher.categorical<logits>, tensor<?x3xf32>>

// Two registers of four lanes each.
// CHECK-LABEL: func.func @few(
// CHECK-SAME: %[[A:.*]]: tensor<?x3xf32>, %[[B:.*]]: tensor<?x3xf32>)
// CHECK: scf.forall (%[[I:.*]]) in (%{{.*}}) shared_outs(%[[OUT:.*]] = %{{.*}}) -> (tensor<?xf32>)
// CHECK: %[[COUNT:.*]] = arith.minui %{{.*}}, %c8
// CHECK: %[[ROWS:.*]] = tensor.extract_slice %[[A]][%[[START:.*]], 0] [%[[COUNT]], 3] [1, 1]
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape %[[ROWS]]
// CHECK: vector.transfer_read %[[FLAT]][%c0], %{{.*}} : tensor<?xf32>, vector<4xf32>
// CHECK: vector.transfer_read %[[FLAT]][%c20], %{{.*}} : tensor<?xf32>, vector<4xf32>
// CHECK: tensor.from_elements {{.*}} : tensor<3xvector<8xf32>>
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction"]} ins(%{{.*}} : tensor<3xvector<8xf32>>) outs(%{{.*}} : tensor<vector<8xf32>>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<vector<8xf64>>)
// CHECK: vector.transfer_write %{{.*}}, %{{.*}}[%c0] : vector<8xf32>, tensor<?xf32>
// CHECK: tensor.parallel_insert_slice %{{.*}} into %[[OUT]][%[[START]]] [%[[COUNT]]] [1]
func.func @few(%a: !b, %b: !b) -> tensor<?xf32> {
  %d = fisher.squared_distance %a, %b : !b -> tensor<?xf32>
  return %d : tensor<?xf32>
}

// -----

!b = !fisher.belief<#fisher.categorical<logits>, tensor<?x33xf32>>

// CHECK-LABEL: func.func @many(
// CHECK-NOT: vector<
// CHECK: return
func.func @many(%a: !b, %b: !b) -> tensor<?xf32> {
  %d = fisher.squared_distance %a, %b : !b -> tensor<?xf32>
  return %d : tensor<?xf32>
}

// -----

// Fewer than lanes, too: their bits do not depend on how many there are, nor on the
// shape of the batch.
!b = !fisher.belief<#fisher.categorical<logits>, tensor<7x3xf32>>

// CHECK-LABEL: func.func @few_rows(
// CHECK: vector.transfer_read
// CHECK: tensor.from_elements {{.*}} : tensor<3xvector<8xf32>>
func.func @few_rows(%a: !b, %b: !b) -> tensor<7xf32> {
  %d = fisher.squared_distance %a, %b : !b -> tensor<7xf32>
  return %d : tensor<7xf32>
}

// -----

!b = !fisher.belief<#fisher.categorical<logits>, tensor<?x2x3xf32>>

// CHECK-LABEL: func.func @matrix(
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<?x2x3xf32> into tensor<?x3xf32>
// CHECK: tensor.from_elements {{.*}} : tensor<3xvector<8xf32>>
// CHECK: %[[DISTANCES:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0, 1]] output_shape [%{{.*}}, 2] : tensor<?xf32> into tensor<?x2xf32>
// CHECK: return %[[DISTANCES]]
func.func @matrix(%a: !b, %b: !b) -> tensor<?x2xf32> {
  %d = fisher.squared_distance %a, %b : !b -> tensor<?x2xf32>
  return %d : tensor<?x2xf32>
}

// -----

!b = !fisher.belief<#fisher.categorical<logits>, tensor<3xf32>>

// CHECK-LABEL: func.func @alone(
// CHECK: vector.transfer_read
// CHECK: tensor.from_elements {{.*}} : tensor<3xvector<8xf32>>
// CHECK: return %{{.*}} : tensor<f32>
func.func @alone(%a: !b, %b: !b) -> tensor<f32> {
  %d = fisher.squared_distance %a, %b : !b -> tensor<f32>
  return %d : tensor<f32>
}

// -----

!b = !fisher.belief<#fisher.categorical<logits>, tensor<?x0x3xf32>>

// A batch of none is not made a row, which upstream could not bufferize.
// CHECK-LABEL: func.func @none(
// CHECK-NOT: tensor.collapse_shape
// CHECK: return
func.func @none(%a: !b, %b: !b) -> tensor<?x0xf32> {
  %d = fisher.squared_distance %a, %b : !b -> tensor<?x0xf32>
  return %d : tensor<?x0xf32>
}
