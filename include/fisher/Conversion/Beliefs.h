//===- Beliefs.h - Beliefs become their components ------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What all conversions have in common: a belief, wherever it is carried,
// becomes its components.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_CONVERSION_BELIEFS_H
#define FISHER_CONVERSION_BELIEFS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace mlir {
class ConversionTarget;
class RewritePatternSet;
class TypeConverter;
} // namespace mlir

namespace mlir::fisher {

/// Makes a belief its components: one value becomes as many as the family has
/// components.
void populateBeliefTypeConversion(TypeConverter &converter);

/// Patterns that lower what packs, unpacks and chooses beliefs.
void populateBeliefPatterns(const TypeConverter &converter,
                            RewritePatternSet &patterns);

/// Patterns that convert functions, calls and returns that carry beliefs, and
/// which functions have been converted. `converter` must outlive the target.
void populateBeliefFunctionPatterns(const TypeConverter &converter,
                                    RewritePatternSet &patterns,
                                    ConversionTarget &target);

/// Erases policies, of which no conversion makes anything, with a warning.
void dropPolicies(ModuleOp module);

/// The attributes of functions' arguments and results once beliefs are their
/// components: a belief's go to each component, with the component's name
/// behind the name of the belief. They are read before the conversion and set
/// after it.
class BeliefAttributes {
public:
  BeliefAttributes(ModuleOp module, const TypeConverter &converter);

  void apply();

private:
  struct Signature {
    FunctionOpInterface function;
    SmallVector<DictionaryAttr> arguments, results;
  };

  static void append(SmallVector<DictionaryAttr> &list, Type type,
                     DictionaryAttr attrs);

  SmallVector<Signature> signatures;
};

} // namespace mlir::fisher

#endif // FISHER_CONVERSION_BELIEFS_H
