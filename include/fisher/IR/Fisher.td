//===- Fisher.td - The whole dialect -----------------------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_FISHER_TD
#define FISHER_IR_FISHER_TD

include "fisher/Families/Families.td"
include "fisher/IR/FisherOps.td"

#endif // FISHER_IR_FISHER_TD
