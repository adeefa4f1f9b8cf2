// Who knows the sizes of results can give room for those of dynamic shape, too.

// RUN: fisher-opt %s --fisher-cpu-pipeline | FileCheck %s --check-prefix=RESULT
// RUN: fisher-opt %s --fisher-cpu-pipeline=dynamic-destinations=true | FileCheck %s --check-prefix=ARGUMENT

// RESULT: llvm.call @malloc
// RESULT: llvm.return %{{.*}} : !llvm.struct
// ARGUMENT-LABEL: llvm.func @main(
// ARGUMENT-NOT: llvm.call @malloc
// ARGUMENT: llvm.return{{$}}
func.func @main(%a: tensor<?xf32>) -> tensor<?xf32> {
  %0 = arith.addf %a, %a : tensor<?xf32>
  return %0 : tensor<?xf32>
}
