// RUN: fisher-opt %s --pass-pipeline='builtin.module(func.func(fisher-drop-waits))' | FileCheck %s

// What the host reads is waited for; the rest is left to the stream.
// CHECK-LABEL: func @numbers
// CHECK: gpu.memcpy async
// CHECK-NEXT: gpu.wait [
// CHECK-NEXT: memref.load
// CHECK: gpu.dealloc async
// CHECK-NOT: gpu.wait
// CHECK: return
func.func @numbers(%x: memref<f32>, %y: memref<4xf32>) -> f32 {
  %local = memref.alloca() : memref<f32>
  %0 = gpu.wait async
  %1 = gpu.memcpy async [%0] %local, %x : memref<f32>, memref<f32>
  gpu.wait [%1]
  %number = memref.load %local[] : memref<f32>
  %2 = gpu.wait async
  %buffer, %3 = gpu.alloc async [%2] () : memref<4xf32>
  %4 = gpu.memcpy async [%3] %buffer, %y : memref<4xf32>, memref<4xf32>
  %5 = gpu.dealloc async [%4] %buffer : memref<4xf32>
  gpu.wait [%5]
  return %number : f32
}

// So is what comes after such a copy, and what nothing is known of.
// CHECK-LABEL: func @later
// CHECK: gpu.dealloc async
// CHECK-NEXT: gpu.wait [
// CHECK: gpu.wait
func.func @later(%x: memref<f32>, %y: memref<4xf32>, %token: !gpu.async.token) -> f32 {
  %local = memref.alloca() : memref<f32>
  %0 = gpu.wait async
  %1 = gpu.memcpy async [%0] %local, %x : memref<f32>, memref<f32>
  %2 = gpu.dealloc async [%1] %y : memref<4xf32>
  gpu.wait [%2]
  %number = memref.load %local[] : memref<f32>
  gpu.wait [%token]
  return %number : f32
}
