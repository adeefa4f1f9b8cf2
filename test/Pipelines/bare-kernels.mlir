// RUN: fisher-opt --fisher-bare-kernels %s | FileCheck %s

module attributes {gpu.container_module} {
  // CHECK: gpu.func @kernel(%[[POINTER:.*]]: !llvm.ptr<1>, %{{.*}}: index) kernel
  // CHECK: llvm.insertvalue %[[POINTER]], %{{.*}}[1]
  // CHECK: builtin.unrealized_conversion_cast %{{.*}} to memref<f32, 1>
  gpu.module @kernel {
    gpu.func @kernel(%x: memref<f32, 1>, %n: index) kernel {
      %0 = memref.load %x[] : memref<f32, 1>
      memref.store %0, %x[] : memref<f32, 1>
      gpu.return
    }
  }

  // CHECK-LABEL: func @launch(
  // CHECK: %[[ADDRESS:.*]] = llvm.inttoptr %{{.*}} : i64 to !llvm.ptr<1>
  // CHECK: gpu.launch_func @kernel::@kernel {{.*}} args(%[[ADDRESS]] : !llvm.ptr<1>, %{{.*}} : index)
  func.func @launch(%x: memref<f32, 1>, %n: index) {
    %c1 = arith.constant 1 : index
    gpu.launch_func @kernel::@kernel blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
        args(%x : memref<f32, 1>, %n : index)
    return
  }
}
