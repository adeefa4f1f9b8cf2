// RUN: fisher-opt --fisher-name-kernels %s | FileCheck %s

module attributes {gpu.container_module} {
  // CHECK-LABEL: func @step(
  // CHECK: gpu.launch_func @kernels::@step_0_pl {{.*}} args(%{{.*}} : !llvm.ptr<1>, %{{.*}} : i64)
  // CHECK: gpu.launch_func @kernels::@step_1_pdfis {{.*}} args(%{{.*}} : !llvm.ptr<1>, %{{.*}} : f64, %{{.*}} : f32, %{{.*}} : i32, %{{.*}} : f16)
  func.func @step(%x: !llvm.ptr<1>, %n: i64, %d: f64, %f: f32, %i: i32, %h: f16) {
    %c1 = arith.constant 1 : index
    gpu.launch_func @a::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
        args(%x : !llvm.ptr<1>, %d : f64, %n : i64)
    gpu.launch_func @b::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
        args(%x : !llvm.ptr<1>, %d : f64, %f : f32, %i : i32, %h : f16)
    return
  }

  // One module, with one copy of what both use.
  // CHECK-NOT: gpu.module @a
  // CHECK: gpu.module @kernels
  // CHECK-COUNT-1: llvm.mlir.global {{.*}} @shared
  // CHECK-NOT: @shared()
  // CHECK-DAG: llvm.func @step_0_pl(%{{.*}}: !llvm.ptr<1>, %{{.*}}: i64)
  // CHECK-DAG: llvm.func @step_1_pdfis(
  gpu.module @a {
    llvm.mlir.global private @shared() {addr_space = 3 : i32} : !llvm.array<2 x f64>
    llvm.func @kernel(%x: !llvm.ptr<1>, %unused: f64, %n: i64) attributes {gpu.kernel} {
      %0 = llvm.mlir.addressof @shared : !llvm.ptr<3>
      llvm.store %n, %x : i64, !llvm.ptr<1>
      llvm.return
    }
  }
  gpu.module @b {
    llvm.mlir.global private @shared() {addr_space = 3 : i32} : !llvm.array<2 x f64>
    llvm.func @kernel(%x: !llvm.ptr<1>, %d: f64, %f: f32, %i: i32, %h: f16) attributes {gpu.kernel} {
      llvm.store %d, %x : f64, !llvm.ptr<1>
      llvm.store %f, %x : f32, !llvm.ptr<1>
      llvm.store %i, %x : i32, !llvm.ptr<1>
      llvm.store %h, %x : f16, !llvm.ptr<1>
      llvm.return
    }
  }
}
