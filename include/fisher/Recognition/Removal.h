//===- Removal.h - Take regularizers out of a training step ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_RECOGNITION_REMOVAL_H
#define FISHER_RECOGNITION_REMOVAL_H

#include "fisher/Recognition/Recognition.h"

namespace mlir::fisher::recognition {

/// Whether findings of this kind are terms that can be taken out of a step: L2,
/// weight decay and KL divergences.
bool isRemovable(FindingKind kind);

/// Takes what makes these findings out of the function, exactly: its results
/// are what they were without the terms. What only the terms needed is erased;
/// functions in which they were computed become part of this one. If a term
/// cannot be taken out, this is an error, and the function stays as it was.
LogicalResult removeFindings(FunctionOpInterface function);

/// The operations of a function's block whose results nothing uses.
llvm::DenseSet<Operation *> findUnused(FunctionOpInterface function);

/// Erases operations of the block without effects that nothing needs, but for
/// some, and what loops compute for nothing. Of dialects that are not there,
/// StableHLO is known.
void eraseUnused(FunctionOpInterface function,
                 const llvm::DenseSet<Operation *> &except);

} // namespace mlir::fisher::recognition

#endif // FISHER_RECOGNITION_REMOVAL_H
