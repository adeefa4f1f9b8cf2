// All batch arguments take the same rows, none twice in an epoch; the number of
// rows can be left open. The sum over an epoch is that of all rows.
// RUN: %python %S/Inputs/npz.py write %t.npz 'x=arange(12, dtype=float32)' 'y=arange(12, dtype=int32)'
// RUN: fisher-run %s --data=%t.npz --steps=3 --batch-size=4 --outputs=%t.out.npz
// RUN: %python %S/Inputs/npz.py print %t.out.npz | FileCheck %s --check-prefix=ALL
// ALL: sum float32 () 66.0
// ALL: difference float32 () 0.0

// RUN: fisher-run %s --data=%t.npz --steps=6 --batch-size=3 --rows=2:8 --outputs=%t.out.npz
// RUN: %python %S/Inputs/npz.py print %t.out.npz | FileCheck %s --check-prefix=SOME
// SOME: sum float32 () 81.0

#rows = affine_map<(i) -> (i)>
#none = affine_map<(i) -> ()>
func.func @main(%sum: tensor<f32> {fisher.name = "sum", fisher.role = "state"},
                %difference: tensor<f32> {fisher.name = "difference", fisher.role = "state"},
                %x: tensor<?xf32> {fisher.name = "x", fisher.role = "batch"},
                %y: tensor<?xi32> {fisher.name = "y", fisher.role = "batch"})
    -> (tensor<f32> {fisher.updates = "sum"},
        tensor<f32> {fisher.updates = "difference"}) {
  %0, %1 = linalg.generic {
      indexing_maps = [#rows, #rows, #none, #none], iterator_types = ["reduction"]}
      ins(%x, %y : tensor<?xf32>, tensor<?xi32>)
      outs(%sum, %difference : tensor<f32>, tensor<f32>) {
  ^bb0(%xi: f32, %yi: i32, %s: f32, %d: f32):
    %2 = arith.addf %s, %xi : f32
    %3 = arith.sitofp %yi : i32 to f32
    %4 = arith.subf %xi, %3 : f32
    %5 = math.absf %4 : f32
    %6 = arith.addf %d, %5 : f32
    linalg.yield %2, %6 : f32, f32
  } -> (tensor<f32>, tensor<f32>)
  return %0, %1 : tensor<f32>, tensor<f32>
}
