/* Part of the Fisher project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compiled regularizer as XLA calls it, on XLA's stream. No header of CUDA
 * is needed.
 *
 *   c++ -std=c++17 -shared -fPIC -Ibuild/gpu-examples \
 *     -I$(python3 -c 'import jax; print(jax.ffi.include_dir())') \
 *     examples/gpu/jax_handler.cpp build/gpu-examples/regularizer.o \
 *     -Lbuild/lib -lFisherRuntime -Wl,-rpath,$PWD/build/lib \
 *     -o build/gpu-examples/libjax_regularizer.so
 */

#include "regularizer.h"

#include "xla/ffi/api/ffi.h"

namespace ffi = xla::ffi;
using Array = ffi::Buffer<ffi::F32>;
using Result = ffi::ResultBuffer<ffi::F32>;

static ffi::Error regularize(void *stream, float weight, Array mu,
                             Array logSigma, Result penalty, Result gradMu,
                             Result gradLogSigma) {
  fisher_regularizer(mu.typed_data(), static_cast<int64_t>(mu.element_count()),
                     logSigma.typed_data(),
                     static_cast<int64_t>(logSigma.element_count()), weight,
                     penalty->typed_data(), gradMu->typed_data(),
                     gradLogSigma->typed_data(), stream);
  return ffi::Error::Success();
}

XLA_FFI_DEFINE_HANDLER_SYMBOL(Regularizer, regularize,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::PlatformStream<void *>>()
                                  .Attr<float>("weight")
                                  .Arg<Array>()
                                  .Arg<Array>()
                                  .Ret<Array>()
                                  .Ret<Array>()
                                  .Ret<Array>());
