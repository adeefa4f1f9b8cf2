//===- FormulaBuilder.h - A builder that builds nothing twice -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_FORMULABUILDER_H
#define FISHER_MATH_FORMULABUILDER_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::fisher {

/// Appends the operations of formulas. Formulas name a constant, or a part that
/// two of their terms share, wherever they need it; there is one operation for
/// it. That halves the code, and so the time of every pass after.
class FormulaBuilder : public ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  /// The result of an operation that has one, no side effects, and these up to
  /// three values, types, attributes and predicates.
  template <typename OpTy, typename... Arguments>
  Value get(Arguments... arguments) {
    static_assert(sizeof...(arguments) <= 3);
    uintptr_t key[4] = {getKey(TypeID::get<OpTy>()), getKey(arguments)...};
    Value &known = values[{key[0], key[1], key[2], key[3]}];
    if (!isVisible(known))
      known = OpTy::create(*this, arguments...);
    return known;
  }

  /// A constant index.
  Value getIndex(int64_t number);

private:
  /// Whether what is built now may use a value.
  bool isVisible(Value value) const;

  template <typename Argument>
  static uintptr_t getKey(Argument argument) {
    if constexpr (std::is_enum_v<Argument>)
      return static_cast<uintptr_t>(argument);
    else
      return reinterpret_cast<uintptr_t>(argument.getAsOpaquePointer());
  }

  llvm::DenseMap<std::tuple<uintptr_t, uintptr_t, uintptr_t, uintptr_t>, Value>
      values;
};

} // namespace mlir::fisher

#endif // FISHER_MATH_FORMULABUILDER_H
