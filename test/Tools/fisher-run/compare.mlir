// RUN: %python %S/Inputs/npz.py write %t.in.npz 'arg0=float32([1, -4])' 'arg1=float32([0, 0])' 'arg2=int32([3])'
// RUN: %python %S/Inputs/npz.py write %t.good.npz 'out0=float64([1, -4])' 'out1=float32([0, 0])' 'out2=int64([3])'
// RUN: fisher-run %s --inputs=%t.in.npz --compare=%t.good.npz | FileCheck %s --check-prefix=GOOD
// GOOD: out0: max|difference|/max|expected| = 0.000e+00 (first)
// GOOD: out1: max|difference| = 0.000e+00{{$}}
// GOOD: out2: max|difference|/max|expected| = 0.000e+00{{$}}

// Results are written before they are compared, so that one can look at them.
// RUN: %python %S/Inputs/npz.py write %t.far.npz 'out0=float32([1, -5])' 'out1=float32([0, 0.5])' 'out2=int64([3])'
// RUN: rm -f %t.out.npz
// RUN: not fisher-run %s --inputs=%t.in.npz --compare=%t.far.npz --outputs=%t.out.npz | FileCheck %s --check-prefix=FAR
// RUN: ls %t.out.npz
// RUN: fisher-run %s --inputs=%t.in.npz --compare=%t.far.npz --tolerance=1
// RUN: not fisher-run %s --inputs=%t.in.npz --compare=%t.far.npz --tolerance=0.9
// FAR: out0: max|difference|/max|expected| = 2.000e-01 exceeds the tolerance (first)
// FAR: out1: max|difference|/max|expected| = 1.000e+00 exceeds the tolerance
// FAR: out2: max|difference|/max|expected| = 0.000e+00

// Not a number is never equal.
// RUN: %python %S/Inputs/npz.py write %t.nan.npz 'out0=float32([1, -4])' 'out1=float32([0, nan])' 'out2=int64([3])'
// RUN: not fisher-run %s --inputs=%t.in.npz --compare=%t.nan.npz --tolerance=1e300 | FileCheck %s --check-prefix=NAN
// NAN: out1: max|difference| = inf exceeds the tolerance

// What is expected is read before anything is written.
// RUN: %python %S/Inputs/npz.py write %t.shape.npz 'out0=float32([1, -4])' 'out1=float32([0])' 'out2=int64([3])'
// RUN: not fisher-run %s --inputs=%t.in.npz --compare=%t.shape.npz --outputs=%t.no.npz 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: error: result 'out1' of type 'tensor<2xf32>' cannot be compared with array 'out1' in {{.*}}, which is float32[1]
// RUN: %python %S/Inputs/npz.py write %t.type.npz 'out0=float32([1, -4])' 'out1=int32([0, 0])' 'out2=int64([3])'
// RUN: not fisher-run %s --inputs=%t.in.npz --compare=%t.type.npz --outputs=%t.no.npz 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: error: result 'out1' of type 'tensor<2xf32>' cannot be compared with array 'out1' in {{.*}}, which is int32[2]
// RUN: %python %S/Inputs/npz.py write %t.size.npz 'out0=float32([1, -4])' 'out1=float32([0, 0])' 'out2=int64([3, 3])'
// RUN: not fisher-run %s --inputs=%t.in.npz --compare=%t.size.npz --outputs=%t.no.npz 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: error: result 'out2' is int32[1], but int64[2] is expected
// RUN: %python %S/Inputs/npz.py write %t.none.npz 'out0=float32([1, -4])'
// RUN: not fisher-run %s --inputs=%t.in.npz --compare=%t.none.npz --outputs=%t.no.npz 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: {{.*}}: array 'out1': not in the file, which has out0
// RUN: not ls %t.no.npz

func.func @main(%0: tensor<2xf32>, %1: tensor<2xf32>, %2: tensor<?xi32>)
    -> (tensor<2xf32> {fisher.name = "first"}, tensor<2xf32>, tensor<?xi32>) {
  return %0, %1, %2 : tensor<2xf32>, tensor<2xf32>, tensor<?xi32>
}
