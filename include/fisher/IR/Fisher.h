//===- Fisher.h - The dialect: attributes, types and operations -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_FISHER_H
#define FISHER_IR_FISHER_H

#include "fisher/IR/FamilyInterface.h"
#include "fisher/IR/MarkIndex.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir {
class PatternRewriter;
} // namespace mlir

#include "fisher/IR/FisherDialect.h.inc"
#include "fisher/IR/FisherEnums.h.inc"

#define GET_TYPEDEF_CLASSES
#include "fisher/IR/FisherTypes.h.inc"

#include "fisher/IR/SourceInterface.h.inc"

#include "fisher/IR/ReferenceInterface.h.inc"

#define GET_ATTRDEF_CLASSES
#include "fisher/IR/FisherAttributes.h.inc"

#define GET_OP_CLASSES
#include "fisher/IR/FisherOps.h.inc"

namespace mlir::fisher {

/// Emits an error for the first operation in `root` that has a constant outside
/// its domain: a component of a belief, a weight or a strength. Verifiers do
/// not look at constants: folding makes them of values that are anything at run
/// time.
LogicalResult checkConstants(Operation *root);

} // namespace mlir::fisher

#endif // FISHER_IR_FISHER_H
