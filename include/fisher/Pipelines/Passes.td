//===- Passes.td - Passes of the pipelines -------------------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_PIPELINES_PASSES_TD
#define FISHER_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def FisherLegalizeCopies : Pass<"fisher-legalize-copies", "func::FuncOp"> {
  let summary = "Lower copies of strided buffers to linalg";
  let description = [{
    Upstream's conversion of `memref.copy` to LLVM calls a function of MLIR's
    runtime library where one of the buffers has gaps. Compiled code needs no
    such library: these copies become `linalg.generic`, and loops like others.

    Example:

    ```mlir
    memref.copy %a, %b : memref<2x2xf32, strided<[3, 1]>> to memref<2x2xf32>
    ```

    becomes

    ```mlir
    linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
        ins(%a : memref<2x2xf32, strided<[3, 1]>>) outs(%b : memref<2x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def FisherLegalizeFloats : Pass<"fisher-legalize-floats", "ModuleOp"> {
  let summary = "Lower floating-point operations for which LLVM is inaccurate";
  let description = [{
    Works on scalars and vectors, after loops were made and before the
    conversion to LLVM.

    - `math.log1p`, `math.expm1` and the other functions that LLVM has no
      accurate intrinsic for become calls of the C math library: upstream's
      conversion to LLVM writes log1p(x) as log(1 + x), which loses all digits
      of a small x. What LLVM has an intrinsic for (`math.sqrt`, `math.exp`,
      `math.fma`, ...) stays.
    - Conversions between bf16 and f32 or f64 become integer arithmetic that
      rounds once, to nearest even, so that they need no runtime library and
      treat subnormal numbers alike on every CPU. With `expand-half`, so do those
      between f16 and f32 or f64, for targets that know no f16.

    Example:

    ```mlir
    %0 = math.log1p %x : f32
    %1 = math.sqrt %0 : f32
    ```

    becomes

    ```mlir
    %0 = func.call @log1pf(%x) : (f32) -> f32
    %1 = math.sqrt %0 : f32
    ```
  }];
  let options = [
    Option<"expandHalf", "expand-half", "bool", /*default=*/"false",
           "Make integer arithmetic of conversions of f16, too">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def FisherLegalizeReshapes : Pass<"fisher-legalize-reshapes"> {
  let summary = "Lower expansions of a dimension to several of unknown size";
  let description = [{
    Upstream's `expand-strided-metadata` computes the one unknown size of each
    group from the others, and ends the process where a group has two. They are
    given to `memref.expand_shape`, so that it becomes a view with these sizes,
    and strides that are products of them.

    Example:

    ```mlir
    %view = memref.expand_shape %a [[0, 1]] output_shape [%m, %n]
        : memref<?xf32> into memref<?x?xf32>
    ```

    becomes

    ```mlir
    %base, %offset, %size, %stride = memref.extract_strided_metadata %a
        : memref<?xf32> -> memref<f32>, index, index, index
    %row = arith.muli %stride, %n : index
    %view = memref.reinterpret_cast %base to offset: [0], sizes: [%m, %n], strides: [%row, 1]
        : memref<f32> to memref<?x?xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def FisherVectorizeLoops : Pass<"fisher-vectorize-loops"> {
  let summary = "Make vector code, in blocks for threads, of loops over buffers";
  let description = [{
    Every `linalg` operation on buffers whose body has a vector form becomes
    loops over vectors of its innermost dimension. It may write tensors and
    reduce at once; an operand may be broadcast, and may be transposed if it is
    read. If it only reduces, the dimension becomes innermost along which most of
    its operands are contiguous.

    - Blocks of the loop are iterations of one `scf.parallel`, unless the
      operation is in a loop already. Their number and size do not depend on the
      number of threads. `fisher.work` tells how many operations they are if
      all sizes are known, for `fisher-batch-loops`.
    - What is left after the last whole vector is one masked vector. Bodies of
      more than 1000 operations are there once, always masked.
    - Sums of floating-point numbers are kept in f64: of each lane in pieces of
      4096 elements, of the pieces of a block, and of blocks by pairs. So the
      order of a sum is fixed, and the digits of a long one are kept.
    - A one-dimensional loop whose tensors do not fit into the cache together
      stores around it (`nontemporal`) what it does not also read. Whether that
      is so, and whether the tensors are aligned as it needs, is found out at
      run time if it is not known.
    - A loop of more than 16 operations that reads a row of something larger,
      and every loop that writes one, asks for the row behind it
      (`memref.prefetch`), and so do transfers of vectors from and to a block of
      rows in a loop.
    - Short bodies take several vectors at once, but sums no more than 16
      registers.

    What has no such form is left to upstream's `convert-linalg-to-loops`.

    For example,

    ```mlir
    linalg.generic {
        indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
        iterator_types = ["parallel"]}
        ins(%x : memref<512xf32>) outs(%y : memref<512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = math.sqrt %in : f32
      linalg.yield %0 : f32
    }
    ```

    becomes with `vector-bits=512`

    ```mlir
    scf.parallel (%block) = (%c0) to (%c1) step (%c1) {
      scf.for %i = %c0 to %c512 step %c64 {
        %0 = vector.load %x[%i] : memref<512xf32>, vector<64xf32>
        %1 = math.sqrt %0 : vector<64xf32>
        vector.store %1, %y[%i] : memref<512xf32>, vector<64xf32>
      }
    } {fisher.work = 31232 : i64}
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", /*default=*/"256",
           "Width of the machine's vectors; short bodies take several at once">,
    Option<"cacheBytes", "cache-bytes", "int64_t", /*default=*/"33554432",
           "Size of the last cache; results of loops over more than this are "
           "stored around it (0: never)">,
  ];
  let statistics = [
    Statistic<"numVectorized", "num-vectorized", "Number of loops vectorized">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def FisherExpandMath : Pass<"fisher-expand-math"> {
  let summary = "Make portable arithmetic of functions of the math dialect";
  let description = [{
    The functions that the families' formulas use are polynomials and
    rational functions with a stated error (`fisher/Math/Functions.h`,
    `fisher/Math/Trigonometry.h`). A model's own `math.exp`, `math.expm1`,
    `math.log`, `math.log1p`, `math.sinh`, `math.cosh`, `math.tanh`, `math.sin`,
    `math.cos`, `math.tan`, `math.asin`, `math.atan`, `math.atan2`, `math.erf` and
    `math.rsqrt` on f32 and f64, numbers or vectors, become the same: they
    need no library, and vectors of them no calls. So does `math.powf` on f32.

    ```mlir
    %0 = math.expm1 %x : f32
    ```

    becomes some thirty operations of `arith`.
  }];
  let statistics = [
    Statistic<"numExpanded", "num-expanded", "Number of functions expanded">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def FisherBatchLoops : Pass<"fisher-batch-loops", "func::FuncOp"> {
  let summary = "Share out the iterations of many small parallel loops together";
  let description = [{
    A step updates many small tensors. The loop over one of them is for one
    thread, or keeps several busy for less time than it takes to wake them. This
    pass makes one `scf.parallel` of up to 64 loops of a block that do not
    depend on each other. Its iterations are chunks of about the same work. A
    chunk has iterations of one loop or of several; they stay what they were, so
    that no number changes. Loops stay as they are if all their work together is
    not worth two chunks of a million operations, some 10 us.

    A loop tells its work with the attribute `fisher.work`, as
    `fisher-vectorize-loops` writes it where all sizes are known. Loops that do
    not, or with more than 64 million operations, have threads of their own.

    What is between the loops moves: before those that it does not depend on,
    or behind them. Loops that depend on each other are in one parallel loop
    with others, before it or behind it, as soon as they can be. Operations on
    more than 2^20 elements, or on an unknown number, keep their order, and
    buffers are allocated where they are first used, so that steps need no more
    room. Nothing moves across an operation whose effects are unknown, such as
    a call.

    Buffers share no memory if they are views of different allocations, or of an
    allocation and an argument of the function.

    Example:

    ```mlir
    scf.parallel (%i) = (%c0) to (%c3) step (%c1) {
      memref.store %v, %a[%i] : memref<3xf32>
    } {fisher.work = 3000000 : i64}
    scf.parallel (%i) = (%c0) to (%c1) step (%c1) {
      memref.store %v, %b[%i] : memref<1xf32>
    } {fisher.work = 1000000 : i64}
    ```

    becomes

    ```mlir
    scf.parallel (%chunk) = (%c0) to (%c4) step (%c1) {
      %from = arith.muli %chunk, %c1000000 : index
      %to = arith.addi %from, %c1000000 : index
      ...
      scf.if %overlaps_a {
        scf.for %i = %first_a to %end_a step %c1 {
          memref.store %v, %a[%i] : memref<3xf32>
        }
      }
      ...
      scf.if %overlaps_b {
        scf.for %i = %first_b to %end_b step %c1 {
          memref.store %v, %b[%i] : memref<1xf32>
        }
      }
    }
    ```
  }];
  let options = [
    Option<"distinctArguments", "distinct-arguments", "bool",
           /*default=*/"false",
           "An argument that is written shares no memory with another">,
  ];
  let statistics = [
    Statistic<"numBatched", "num-batched", "Number of loops merged">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect"];
}

def FisherGuardSizes : Pass<"fisher-guard-sizes"> {
  let summary = "Stop where the size of a buffer overflows";
  let description = [{
    The bytes of a buffer of more than one dynamic size are computed modulo
    2^64: too large a buffer would become a small one. An assertion, which is a
    multiplication a size, stops the program instead.

    ```mlir
    %buffer = memref.alloc(%n, %m) : memref<?x?xf32>
    ```

    becomes

    ```mlir
    // ... %count is the product of the sizes, as f64
    %fits = arith.cmpf ole, %count, %most : f64
    cf.assert %fits, "out of memory for a buffer of the function"
    %buffer = memref.alloc(%n, %m) : memref<?x?xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect"];
}

def FisherGuardThreads : Pass<"fisher-guard-threads"> {
  let summary = "Start threads only for loops with more than one iteration";
  let description = [{
    A parallel region that is one loop gets the condition that the loop has
    more than one iteration, so that a small tensor, which is one block, does
    not wake other threads.

    ```mlir
    omp.parallel {
      omp.wsloop {
        omp.loop_nest (%i) : index = (%c0) to (%n) step (%c1) {
          ...
    ```

    becomes

    ```mlir
    %many = arith.cmpi sgt, %n, %c1 : index
    omp.parallel if(%many) {
      ...
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def FisherHoistBuffers : Pass<"fisher-hoist-buffers"> {
  let summary = "Allocate temporary buffers once for a thread, or on the stack";
  let description = [{
    A buffer that is allocated and freed in an iteration of a loop is allocated
    before the outermost loop, within its thread, that its sizes do not depend
    on. Buffers of up to 4 KB whose size is known are on the stack instead, at
    the start of the function or of the thread's region, up to 128 KB in all.

    Works on loops of `scf` and of `omp`, after the buffers' deallocations are
    there.

    For example,

    ```mlir
    scf.for %i = %c0 to %n step %c1 {
      %buffer = memref.alloc(%m) : memref<?xf32>
      linalg.fill ins(%zero : f32) outs(%buffer : memref<?xf32>)
      memref.dealloc %buffer : memref<?xf32>
    }
    ```

    becomes

    ```mlir
    %buffer = memref.alloc(%m) : memref<?xf32>
    scf.for %i = %c0 to %n step %c1 {
      linalg.fill ins(%zero : f32) outs(%buffer : memref<?xf32>)
    }
    memref.dealloc %buffer : memref<?xf32>
    ```
  }];
  let statistics = [
    Statistic<"numHoisted", "num-hoisted", "Number of buffers before loops">,
    Statistic<"numOnStack", "num-on-stack", "Number of buffers on the stack">,
  ];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def FisherOrderConstants : Pass<"fisher-order-constants", "ModuleOp"> {
  let summary = "Order and number the constants of bufferization by their uses";
  let description = [{
    Upstream's bufferization takes the functions of a module in an order that
    depends on where they are in memory. What it makes of one does not depend
    on the others, but the order and the numbers of the globals that it makes of
    constants do. This pass gives them those of their first uses, so that a
    module is compiled to the same bytes every time.

    Example:

    ```mlir
    memref.global "private" constant @__constant_2xf32_0 : memref<2xf32> = dense<[2.0, 1.0]>
    memref.global "private" constant @__constant_2xf32 : memref<2xf32> = dense<[1.0, 2.0]>
    func.func @f() -> (memref<2xf32>, memref<2xf32>) {
      %0 = memref.get_global @__constant_2xf32_0 : memref<2xf32>
      %1 = memref.get_global @__constant_2xf32 : memref<2xf32>
      return %0, %1 : memref<2xf32>, memref<2xf32>
    }
    ```

    becomes

    ```mlir
    memref.global "private" constant @__constant_2xf32 : memref<2xf32> = dense<[2.0, 1.0]>
    memref.global "private" constant @__constant_2xf32_0 : memref<2xf32> = dense<[1.0, 2.0]>
    func.func @f() -> (memref<2xf32>, memref<2xf32>) {
      %0 = memref.get_global @__constant_2xf32 : memref<2xf32>
      %1 = memref.get_global @__constant_2xf32_0 : memref<2xf32>
      return %0, %1 : memref<2xf32>, memref<2xf32>
    }
    ```
  }];
}

def FisherPlaceBuffers : Pass<"fisher-place-buffers", "ModuleOp"> {
  let summary = "Give a function's buffers places in one workspace that is kept";
  let description = [{
    Buffers of known size that a function allocates and frees, outside of loops,
    become views of one workspace. Those that are not used at the same time share
    memory.

    A workspace of up to 256 MB is kept from call to call, so that the system
    need not map, clear and unmap its pages each time. A flag says whether a call
    is using it: another call at the same time, or from within, allocates a
    workspace of its own.

    For example,

    ```mlir
    func.func @f(%x: memref<512xf32>, %y: memref<512xf32>) {
      %buffer = memref.alloc() : memref<512xf32>
      // ...
      memref.dealloc %buffer : memref<512xf32>
      return
    }
    ```

    becomes

    ```mlir
    memref.global "private" @f_workspace_taken : memref<i32> = dense<0> {alignment = 64 : i64}
    memref.global "private" @f_workspace : memref<2048xi8> = uninitialized {alignment = 64 : i64}
    func.func @f(%x: memref<512xf32>, %y: memref<512xf32>) {
      %taken = memref.get_global @f_workspace_taken : memref<i32>
      %before = memref.atomic_rmw assign %c1, %taken[] : (i32, memref<i32>) -> i32
      %free = arith.cmpi eq, %before, %c0 : i32
      %workspace = scf.if %free -> (memref<2048xi8>) {
        %kept = memref.get_global @f_workspace : memref<2048xi8>
        scf.yield %kept : memref<2048xi8>
      } else {
        %own = memref.alloc() {alignment = 64 : i64} : memref<2048xi8>
        scf.yield %own : memref<2048xi8>
      }
      %buffer = memref.view %workspace[%offset][] : memref<2048xi8> to memref<512xf32>
      // ...
      scf.if %free {
        memref.atomic_rmw assign %c0, %taken[] : (i32, memref<i32>) -> i32
      } else {
        memref.dealloc %workspace : memref<2048xi8>
      }
      return
    }
    ```
  }];
  let statistics = [
    Statistic<"numPlaced", "num-placed", "Number of buffers in workspaces">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def FisherMapToGPU : Pass<"fisher-map-to-gpu", "ModuleOp"> {
  let summary = "Make kernels of loops over buffers";
  let description = [{
    Every `linalg` operation on buffers, `scf.forall` and `memref.store` outside
    of kernels becomes `gpu.launch` operations. Buffers are in the memory of the
    device then, of which the host knows the sizes only: allocations and copies
    become those of the `gpu` dialect. What the host itself needs (a condition
    that depends on a loss, say) is copied to it.

    - Loops over ranges of memory move 16 bytes at once where all ranges are
      aligned so, which is found out at run time, and single elements at the end
      and otherwise. A thread has one vector, in the order of memory.
    - Sums of floating-point numbers are in f64: of a thread, of the threads of
      a subgroup by shuffles (`shuffle`; otherwise in the memory that the block
      shares), of the subgroups of a block, and of what each block leaves in a
      second kernel. The number of blocks depends on the sizes alone, so that
      the same bits come each time, on each device of a kind.
    - Sums along inner dimensions are a block's for each result.
    - Contractions are cut into tiles of the result, for which a block brings
      pieces of both operands into the memory that its threads share, while it
      multiplies those before. Where there are too few tiles, parts of the sum
      are other blocks', and a second kernel adds them. With `tensor-cores`,
      operands of bf16 or f16 are multiplied by warps, with sums in f32. A
      result that was filled with a constant is neither filled nor read.
    - An iteration of `scf.forall` is one thread's if it is small, and else a
      block's, whose threads share the iterations of the loops inside. What such
      loops over one row write for each other is in registers, or is computed
      again where it is needed.
    - In all other loops, a thread runs the iterations that are not parallel.

    Upstream maps loops that are parallel and sum nothing; what it lacks is the
    rest. For example,

    ```mlir
    linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]}
        ins(%x : memref<512xf32>) outs(%y : memref<512xf32>) {
    ^bb0(%in: f32, %out: f32):
      %0 = math.sqrt %in : f32
      linalg.yield %0 : f32
    }
    ```

    becomes

    ```mlir
    gpu.launch blocks(%b, %by, %bz) in (%nb = %c1, %nby = %c1, %nbz = %c1)
               threads(%t, %ty, %tz) in (%nt = %c256, %nty = %c1, %ntz = %c1) {
      ...
      scf.if %is_below {
        %at = arith.muli %number, %c4 : index
        %0 = vector.load %xs[%at] {alignment = 16 : i64} : memref<512xf32, 1>, vector<4xf32>
        %1 = vector.extract %0[0] : f32 from vector<4xf32>
        %2 = math.sqrt %1 : f32
        ...
        vector.store %9, %ys[%at] {alignment = 16 : i64} : memref<512xf32, 1>, vector<4xf32>
      }
      ...
    }
    ```
  }];
  let options = [
    Option<"constantSpace", "constant-space", "int64_t", /*default=*/"1",
           "Number of the address space of constants">,
    Option<"subgroupSize", "subgroup-size", "int64_t", /*default=*/"32",
           "How many threads run together">,
    Option<"shuffle", "shuffle", "bool", /*default=*/"true",
           "Whether such threads can read each other's values">,
    Option<"tensorCores", "tensor-cores", "bool", /*default=*/"false",
           "Multiply matrices of bf16 and f16 by NVIDIA's mma.sync">,
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::NVVM::NVVMDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def FisherLowerDeviceMath
    : Pass<"fisher-lower-device-math", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Make instructions of functions of the math dialect in kernels";
  let description = [{
    Upstream's conversions make calls of functions of the libraries of the
    devices' makers, even of a square root, which NVIDIA's then approximates.
    Square roots, absolute values, signs, roundings and `math.fma` become
    intrinsics of LLVM here, which are exact instructions. What else of the math
    dialect is left, after `fisher-expand-math`, is an error.

    ```mlir
    %0 = math.sqrt %x : f32
    ```

    becomes

    ```mlir
    %0 = llvm.call_intrinsic "llvm.sqrt.f32"(%x) : (f32) -> f32
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def FisherBareKernels : Pass<"fisher-bare-kernels", "ModuleOp"> {
  let summary = "Pass pointers to kernels";
  let description = [{
    Works on kernels that were outlined, each of which is launched in one place.
    A buffer of one element, by which the kernel knows the address of a larger
    one, becomes a pointer. Upstream's conversions know bare pointers for two of
    the three targets.

    For example,

    ```mlir
    gpu.launch_func @step_kernel::@step_kernel blocks in (%n, %c1, %c1) threads in (%c256, %c1, %c1)
        args(%x : memref<f32, 1>, %size : index)
    ```

    becomes

    ```mlir
    gpu.launch_func @step_kernel::@step_kernel blocks in (%n, %c1, %c1) threads in (%c256, %c1, %c1)
        args(%pointer : !llvm.ptr<1>, %size : index)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def FisherNameKernels : Pass<"fisher-name-kernels", "ModuleOp"> {
  let summary = "Put all kernels into one module, with names that tell their arguments";
  let description = [{
    Works on kernels in the LLVM dialect, each of which is launched in one
    place. All go into `gpu.module @kernels`, so that the host loads one.
    Arguments without a use go. A kernel's name is that of the function that
    launches it, a number, and a letter for each argument, because OpenCL has to
    be told which are pointers: `p` pointer, `l` 64-bit, `i` 32-bit, `s` 16-bit
    and `b` 8-bit number, `d` f64, `f` f32.

    For example,

    ```mlir
    gpu.launch_func @step_kernel::@step_kernel blocks in (%n, %c1, %c1) threads in (%c256, %c1, %c1)
        args(%x : !llvm.ptr<1>, %size : index, %unused : index)
    ```

    becomes

    ```mlir
    gpu.launch_func @kernels::@step_0_pl blocks in (%n, %c1, %c1) threads in (%c256, %c1, %c1)
        args(%x : !llvm.ptr<1>, %size : index)
    ```
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def FisherDropWaits : Pass<"fisher-drop-waits"> {
  let summary = "Wait for a device only where the host needs a number";
  let description = [{
    After `gpu-async-region`, functions wait for the device where they return and
    in other places. Where all their work goes into one stream that its caller
    knows, that is superfluous: the waits go, but for those of copies to or from
    memory of the host's stack.

    For example, in

    ```mlir
    %2 = gpu.memcpy async [%1] %local, %x : memref<f32>, memref<f32>
    gpu.wait [%2]
    %number = memref.load %local[] : memref<f32>
    %3 = gpu.wait async
    %4 = gpu.launch_func async [%3] @kernels::@step_0_p ...
    gpu.wait [%4]
    return
    ```

    the first wait stays, and the last one goes.
  }];
  let statistics = [
    Statistic<"numDropped", "num-dropped", "Number of waits that went">,
  ];
}

def FisherSerializeKernels : Pass<"fisher-serialize-kernels", "ModuleOp"> {
  let summary = "Write code of kernels that are in the LLVM dialect";
  let description = [{
    A `gpu.module` in the LLVM dialect, with one target, becomes a `gpu.binary`:
    PTX if the target is `#nvvm.target`, a code object if it is
    `#rocdl.target`, for which LLVM's linker has to be in `PATH`, or SPIR-V 1.2
    for the environment of OpenCL 2.2 if it is `#spirv.target_env`. bf16, which OpenCL does not know, is read
    and written as integers.

    ```mlir
    gpu.module @kernels [#rocdl.target<chip = "gfx90a">] {
      llvm.func @kernel() attributes {gpu.kernel, rocdl.kernel} {
        llvm.return
      }
    }
    ```

    becomes

    ```mlir
    gpu.binary @kernels [#gpu.object<#rocdl.target<chip = "gfx90a">, bin = "...">]
    ```
  }];
}

#endif // FISHER_PIPELINES_PASSES_TD
