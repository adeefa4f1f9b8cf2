//===- Module.cpp - The Python module fisher._fisher ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compiler.h"
#include "XlaHandler.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace fisher::python;

static nb::tuple rewriteModule(const std::string &module,
                               const std::string &pipeline, bool generic) {
  Rewritten rewritten;
  {
    nb::gil_scoped_release release;
    rewritten = rewrite(module, pipeline, generic);
  }
  return nb::make_tuple(rewritten.module, rewritten.remarks);
}

/// The function of GNU's OpenMP library that runs a task on all threads.
using OpenMPParallel = void(void (*task)(void *), void *data,
                            unsigned numThreads, unsigned flags);

namespace {
/// The OpenMP threads of another library, which wait for it actively: others
/// would be in their way.
struct OpenMPPool {
  OpenMPParallel *parallel;
  unsigned numThreads;

  FisherWorkers lend() {
    FisherWorkers workers = {};
    workers.numThreads = numThreads;
    workers.pool = this;
    workers.runOnAll = [](void *pool, void (*task)(void *), void *data) {
      auto *self = static_cast<OpenMPPool *>(pool);
      self->parallel(task, data, self->numThreads, /*flags=*/0);
    };
    return workers;
  }
};
} // namespace

static void call(const Kernel &kernel, const std::vector<uintptr_t> &addresses,
                 uintptr_t stream, uintptr_t openmp, unsigned numThreads) {
  if (addresses.size() != kernel.getNumAddresses())
    throw nb::value_error(("the kernel has " +
                           std::to_string(kernel.getNumAddresses()) +
                           " arguments and results")
                              .c_str());
  std::vector<void *> pointers;
  pointers.reserve(addresses.size());
  for (uintptr_t address : addresses)
    pointers.push_back(reinterpret_cast<void *>(address));
  nb::gil_scoped_release release;
  if (!openmp)
    return kernel.call(pointers.data(), reinterpret_cast<void *>(stream));
  OpenMPPool pool = {reinterpret_cast<OpenMPParallel *>(openmp), numThreads};
  kernel.call(pointers.data(), pool.lend());
}

NB_MODULE(_fisher, module) {
  module.doc() = "The compiler: modules are rewritten and compiled as text.";
  module.attr("__version__") = FISHER_VERSION;
  // Frameworks keep kernels until the process ends.
  nb::set_leak_warnings(false);
  nb::exception<CompilerError>(module, "CompilerError", PyExc_ValueError);

  module.def("rewrite", &rewriteModule, nb::arg("module"), nb::arg("pipeline"),
             nb::arg("generic") = false,
             "The module after a pass pipeline, and the remarks of its passes.");

  module.def(
      "family",
      [](const std::string &attribute) {
        Family family = describeFamily(attribute);
        return nb::make_tuple(family.components, family.standardCoordinates,
                              family.eventRank);
      },
      nb::arg("attribute"),
      "Component names, names of standard coordinates, and event rank.");

  module.def(
      "signature",
      [](const std::string &text) {
        auto getPorts = [](const std::vector<Port> &ports) {
          nb::list list;
          for (const Port &port : ports)
            list.append(nb::make_tuple(port.type, port.marks, port.isUsed));
          return list;
        };
        Signature signature = readSignature(text);
        return nb::make_tuple(getPorts(signature.arguments),
                              getPorts(signature.results),
                              signature.beliefs);
      },
      nb::arg("module"),
      "Type, marks and use of the arguments and results of @main, and the "
      "names of the components of each belief that is regularized in it.");

  nb::class_<Kernel>(module, "Kernel", "The compiled function @main of a module.")
      .def_prop_ro("num_arguments", &Kernel::getNumArguments)
      .def_prop_ro("num_addresses", &Kernel::getNumAddresses)
      .def("__call__", &call, nb::arg("addresses"), nb::arg("stream") = 0,
           nb::arg("openmp") = 0, nb::arg("num_threads") = 1,
           "Runs on the elements at the addresses of arguments and results: on a "
           "stream of a device, or shared with the threads of an OpenMP library, "
           "by the address of its GOMP_parallel");
  module.def(
      "compile",
      [](const std::string &text, const std::string &device) {
        nb::gil_scoped_release release;
        return std::const_pointer_cast<Kernel>(Kernel::get(text, device));
      },
      nb::arg("module"), nb::arg("device") = "",
      "Compiles a module for the CPU, or the first device of cuda or hip.");

  module.def(
      "xla_handler", [] { return nb::capsule(getXlaHandler()); },
      "The capsule for jax.ffi.register_ffi_target.");
}
