//===- OptimizerInputs.h - What a step's optimizers are given -------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step that returns no gradient has one all the same: what it gives to its
// optimizer. These functions find it and put another one in its place.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_TRANSFORMS_OPTIMIZERINPUTS_H
#define FISHER_LIB_TRANSFORMS_OPTIMIZERINPUTS_H

#include "ScalarSum.h"

#include "fisher/IR/Fisher.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::fisher {

/// The gradient of a parameter that the step gives to its optimizer and does
/// not return.
struct HiddenGradient {
  unsigned parameter;
  /// The entry of the policy that changes it.
  RegularizeOp entry;
  RankedTensorType type;
  FindingKind optimizer;
  /// The values that are the gradient, of any float type: tensors of the
  /// function's block, or elements in the bodies of its loops.
  SmallVector<Value> values;
  /// The results that the optimizer makes of it: the parameter's new value,
  /// the optimizer's states, and averages of the new value.
  SmallVector<unsigned> results;
  /// If no value is the gradient, what each result is multiplied by of it.
  SmallVector<ScalarSum> shares;

  /// Whether the gradient is a value, and not only what is added to it.
  bool isValue() const { return !values.empty(); }
};

/// The gradient that the optimizer of a parameter of the type `type` is given
/// in an update, as values or by its shares in the results; fails if it is
/// neither.
FailureOr<HiddenGradient>
findHiddenGradient(recognition::Recognition &recognition,
                   const recognition::Update &update, RegularizeOp entry,
                   RankedTensorType type);

/// Puts the bodies of functions that have one block in place of their calls,
/// and says whether there were any.
bool inlineCalls(FunctionOpInterface function);

/// Gives the optimizers of a function with one block other gradients. What else
/// uses the gradients sees the old ones.
class OptimizerInputs {
public:
  explicit OptimizerInputs(Operation *returnOp);

  /// The gradient as it is; null if no value is.
  Value getOld(const HiddenGradient &gradient);
  /// `value`: the new gradient, or what is added to it if there is no old one.
  void setNew(const HiddenGradient &gradient, Value value);
  /// Changes what is returned.
  void apply(MutableArrayRef<Value> returned);
  /// Erases what nothing uses any more. The return must have its new operands.
  void eraseUnused();

private:
  /// Tensors that the body of a loop reads in place of elements that it
  /// computes.
  using BodyInputs = SmallVector<std::pair<Value, Value>>;
  /// What takes the place of values of the function's block and of elements.
  struct Replacement {
    IRMapping values;
    llvm::DenseMap<Operation *, BodyInputs> elements;

    BodyInputs getElements(Operation *op) const { return elements.lookup(op); }
  };

  /// Gradients that are changed together, since no value is two of them.
  struct Group {
    SmallVector<const HiddenGradient *> gradients;
    Replacement replaced;
    /// What is added to gradients that are no values.
    llvm::DenseMap<const HiddenGradient *, Value> added;
  };

  Value extract(const HiddenGradient &gradient, Value element);
  Value buildShare(const ScalarSum &share, Value added, Type element);
  /// Notes that a result has another value now.
  void move(Value old, Value value, Replacement &moved);
  /// Clones what depends on what is replaced and leads to `roots`, and adds it
  /// to what is.
  void cloneBetween(ArrayRef<Value> roots, Replacement &replaced);
  void cloneLoop(Operation *op, const BodyInputs &inputs, IRMapping &mapping);

  OpBuilder builder;
  /// The operations before anything was changed.
  SmallVector<Operation *> operations;
  SmallVector<Group, 1> groups;
  llvm::SmallSetVector<Operation *, 16> cloned;
  /// Loops that may have operands and results that nothing uses.
  SmallVector<Operation *> loops;
};

} // namespace mlir::fisher

#endif // FISHER_LIB_TRANSFORMS_OPTIMIZERINPUTS_H
