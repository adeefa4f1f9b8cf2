// Compiled for a device: an object with the kernels, and a header of a function
// that works in the memory of the device, on a stream of the caller. No device is
// looked for.

// The programs lack the sanitizer's library.
// UNSUPPORTED: sanitizer

// RUN: rm -rf %t && mkdir %t
// RUN: fisher-run %s --device=cuda --chip=sm_90 --emit=object,header,shared -o %t/cuda --symbol=step
// RUN: fisher-run %s --device=hip --chip=gfx942 --emit=object,header -o %t/hip --symbol=step
// RUN: fisher-run %s --device=opencl --emit=object,header -o %t/opencl --symbol=step
// RUN: FileCheck %s --input-file=%t/cuda.h --check-prefixes=HEADER,CUDA,RESULTS
// RUN: FileCheck %s --input-file=%t/hip.h --check-prefixes=HEADER,HIP,RESULTS
// RUN: FileCheck %s --input-file=%t/opencl.h --check-prefixes=HEADER,OPENCL,RESULTS
// RUN: %cc -x c -std=c99 -pedantic -fsyntax-only -Wall -Wextra -Werror %t/cuda.h %t/hip.h %t/opencl.h
// RUN: %cc -x c++ -fsyntax-only -Wall -Wextra -Werror %t/cuda.h %t/hip.h %t/opencl.h

// HEADER: written and must share no memory with the rest.
// HEADER: Addresses are of memory of the device, aligned for one element.
// CUDA: The work goes to stream_2, a CUstream or cudaStream_t
// CUDA-NEXT: of the context that is current in the thread; null is the default stream.
// HIP: The work goes to stream_2, a hipStream_t
// OPENCL: shared virtual memory of the queue's context, or where stream_2
// OPENCL-NEXT: is null what fisherDeviceAllocate gave.
// OPENCL: The work goes to stream_2, a cl_command_queue that runs in order;
// OPENCL-NEXT: null is the queue of the run-time library.
// HEADER: The function waits for nothing.
// HEADER: Needs Fisher's run-time library (-lFisherRuntime): fisherDeviceEnterStream,
// HEADER-NOT: math library
// HEADER: void step(
// HEADER-NEXT: /* argument 'mu' (arg0): float32 [mu_size0, 2], replaced by result 0 */
// HEADER-NEXT: float *mu,
// HEADER-NEXT: int64_t mu_size0,
// HEADER-NEXT: /* argument 'log_sigma' (arg1): float32 [log_sigma_size0, 2] */
// HEADER-NEXT: const float *log_sigma,
// HEADER-NEXT: int64_t log_sigma_size0,
// HEADER-NEXT: /* argument 'stream' (arg2): float32 */
// HEADER-NEXT: float stream,
// HEADER-NEXT: /* argument 'h' (arg3): bfloat16 as its 16 bits [3] */
// HEADER-NEXT: const uint16_t *h,
// Numbers that are returned stay on the device.
// RESULTS-NEXT: /* result 'out1': float32 [] */
// RESULTS-NEXT: float *loss,
// RESULTS-NEXT: /* result 'out2': float32 [mu_size0, 2], gradient of 'mu' */
// RESULTS-NEXT: float *grad_mu,
// RESULTS-NEXT: /* result 'out3': bfloat16 as its 16 bits [3] */
// RESULTS-NEXT: uint16_t *out3,
// RESULTS-NEXT: void *stream_2);

// Nothing is needed but the run-time library and the C library. The host's part
// is for any CPU of the architecture, whatever machine has the device.
// RUN: llvm-nm -u %t/cuda.o | FileCheck %s --check-prefix=NEEDS
// NEEDS-NOT: U {{[^afmp]}}
// RUN: llvm-objdump -d %t/cuda.o | FileCheck %s --check-prefix=GENERIC
// GENERIC: <step>
// GENERIC-NOT: {{[yz]mm}}

// All work is on the stream of the caller, and nothing waits or takes memory out
// of its order. Kernels are loaded when they are called, and not before.
// DEFINE: %{none} = --implicit-check-not=wait --implicit-check-not='1 1{{$}}' --implicit-check-not='allocate {{[0-9]+$}}' --implicit-check-not='free{{$}}'
// RUN: %cc -DSTREAM=0x10 -I%t %S/Inputs/emit_fake.c %t/cuda.o -L%fisher_build/lib -Wl,-rpath,%fisher_build/lib -lFisherRuntime -o %t/fake_cuda
// RUN: env LD_LIBRARY_PATH=%fisher_build/test/fake_drivers %t/fake_cuda 2>&1 | FileCheck %s --check-prefixes=FAKE,PTX %{none}
// RUN: %cc -DSTREAM=0x10 -DHIP -I%t %S/Inputs/emit_fake.c %t/hip.o -L%fisher_build/lib -Wl,-rpath,%fisher_build/lib -lFisherRuntime -o %t/fake_hip
// RUN: env LD_LIBRARY_PATH=%fisher_build/test/fake_drivers %t/fake_hip 2>&1 | FileCheck %s --check-prefixes=FAKE,ELF %{none}
// RUN: env LD_LIBRARY_PATH=%fisher_build/test/fake_drivers %python -c "import ctypes; ctypes.CDLL('%t/cuda.so').step" 2>&1 | count 0
// FAKE: begin
// FAKE-NEXT: make a pool
// FAKE-NEXT: allocate {{[0-9]+}} on stream 0x10
// PTX-NEXT: code for .target sm_90
// ELF-NEXT: code in ELF: yes
// FAKE-NEXT: launch main_0_{{.*}} on stream 0x10
// FAKE: free on stream 0x10
// FAKE: end
// FAKE-NOT: {{.}}

// Where the host needs a number, it waits, and the header says so.
// RUN: fisher-run %s --entry=branch --device=cuda --chip=sm_90 --emit=object,header -o %t/branch
// RUN: FileCheck %s --input-file=%t/branch.h --check-prefix=WAITS
// WAITS: The function waits for it where the host needs a number of the device,
// WAITS-NEXT: but not for the results.
// RUN: %cc -DSTREAM=0x10 -DBRANCH -I%t %S/Inputs/emit_fake.c %t/branch.o -L%fisher_build/lib -Wl,-rpath,%fisher_build/lib -lFisherRuntime -o %t/fake_branch
// RUN: env LD_LIBRARY_PATH=%fisher_build/test/fake_drivers %t/fake_branch 2>&1 | FileCheck %s --check-prefix=NUMBER
// NUMBER: copy on stream 0x10
// NUMBER-NEXT: wait on stream 0x10
// NUMBER: launch
// NUMBER-NOT: wait
// NUMBER: end

!b = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<?x2xf32>>
func.func @main(%mu: tensor<?x2xf32> {fisher.name = "mu", fisher.role = "param"},
                %log_sigma: tensor<?x2xf32> {fisher.name = "log_sigma"},
                %weight: f32 {fisher.name = "stream"},
                %h: tensor<3xbf16> {fisher.name = "h"})
    -> (tensor<?x2xf32> {fisher.updates = "mu"}, f32 {fisher.role = "loss"},
        tensor<?x2xf32> {fisher.gradient_of = "mu"}, tensor<3xbf16>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %mu, %c0 : tensor<?x2xf32>
  %zeros = tensor.splat %zero[%n] : tensor<?x2xf32>
  %belief = fisher.belief %mu, %log_sigma : !b
  %reference = fisher.belief %zeros, %zeros : !b
  %p, %g0, %g1 = fisher.penalty_with_gradient %belief toward %reference weight %weight
      : !b -> tensor<f32>, tensor<?x2xf32>, tensor<?x2xf32>
  %new = arith.subf %mu, %g0 : tensor<?x2xf32>
  %loss = tensor.extract %p[] : tensor<f32>
  %twice = arith.addf %h, %h : tensor<3xbf16>
  return %new, %loss, %g0, %twice : tensor<?x2xf32>, f32, tensor<?x2xf32>, tensor<3xbf16>
}
func.func @branch(%x: tensor<4xf32>, %flag: tensor<i1>) -> tensor<4xf32> {
  %condition = tensor.extract %flag[] : tensor<i1>
  %0 = scf.if %condition -> tensor<4xf32> {
    %1 = arith.addf %x, %x : tensor<4xf32>
    scf.yield %1 : tensor<4xf32>
  } else {
    %1 = arith.mulf %x, %x : tensor<4xf32>
    scf.yield %1 : tensor<4xf32>
  }
  return %0 : tensor<4xf32>
}
