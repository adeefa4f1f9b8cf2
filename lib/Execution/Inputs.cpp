//===- Inputs.cpp - Arrays for arguments ----------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Inputs.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::fisher;

bool fisher::hasArgument(const Port &argument, const NpzReader &inputs) {
  return inputs.contains(argument.name) || inputs.contains(argument.position);
}

FailureOr<Array> fisher::readArgument(const Port &argument,
                                      const NpzReader &inputs) {
  if (!hasArgument(argument, inputs)) {
    InFlightDiagnostic diag = emitError(argument.loc)
                              << argument.describe() << " of type "
                              << argument.type << " has no array in "
                              << inputs.getPath();
    diag.attachNote() << "add one named '" << argument.name << "'"
                      << (argument.name == argument.position
                              ? ""
                              : " or '" + argument.position + "'")
                      << "; the file has "
                      << llvm::join(inputs.getNames(), ", ");
    return diag;
  }
  StringRef name =
      inputs.contains(argument.name) ? argument.name : argument.position;
  llvm::Expected<Array> array = inputs.read(name);
  if (!array)
    return emitError(argument.loc)
           << "cannot read " << argument.describe() << " of type "
           << argument.type << ": " << llvm::toString(array.takeError());
  if (failed(checkArgument(argument, *array,
                           "array '" + name + "' in " + inputs.getPath())))
    return failure();
  return *array;
}

FailureOr<llvm::SmallDenseMap<size_t, Array>>
fisher::makeSetArguments(const Signature &signature,
                         const llvm::StringMap<double> &settings) {
  llvm::SmallDenseMap<size_t, Array> arrays;
  for (const auto &setting : settings) {
    std::optional<size_t> index = signature.findArgument(setting.getKey());
    if (!index) {
      InFlightDiagnostic diag = emitError(signature.loc)
                                << "no argument is named '" << setting.getKey()
                                << "', which --set gives a value";
      for (const Port &argument : signature.arguments)
        if (argument.isScalar())
          diag.attachNote(argument.loc) << argument.describe() << " can be set";
      return diag;
    }
    const Port &argument = signature.arguments[*index];
    if (!argument.hasStaticShape())
      return emitError(argument.loc)
             << argument.describe() << " of type " << argument.type
             << " has no known size and cannot be given by --set";
    Array array(argument.getKind(), argument.getShape());
    for (int64_t i = 0, e = array.getNumElements(); i < e; ++i)
      array.set(i, setting.getValue());
    arrays[*index] = array;
  }
  return arrays;
}
