//===- Report.cpp - Say in what sense a step is regularized ---------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/Marks.h"
#include "fisher/Recognition/Judgement.h"
#include "fisher/Recognition/Recognition.h"
#include "fisher/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/ToolOutputFile.h"

namespace mlir::fisher {
#define GEN_PASS_DEF_FISHERREPORT
#include "fisher/Transforms/Passes.h.inc"
} // namespace mlir::fisher

using namespace mlir;
using namespace mlir::fisher;
using namespace mlir::fisher::recognition;

static SmallVector<FindingAttr> getFindings(FunctionOpInterface function) {
  if (auto known = function->getAttrOfType<ArrayAttr>(marks::findings))
    return llvm::to_vector(known.getAsRange<FindingAttr>());
  if (!isRecognizable(function))
    return {};
  Recognition recognition(function);
  return llvm::map_to_vector(
      getFindingAttributes(recognition, getArgumentNames(function)),
      llvm::CastTo<FindingAttr>);
}

static void emitJudgement(FunctionOpInterface function, FindingAttr finding,
                          const Judgement &judgement) {
  ArrayRef<Attribute> locations = finding.getLocations().getValue();
  Location loc = locations.empty() ? function.getLoc()
                                   : Location(cast<LocationAttr>(locations[0]));
  InFlightDiagnostic diag = emitRemark(loc);
  diag << "found " << stringifyFindingKind(finding.getKind());
  if (!finding.getNames().empty())
    diag << " on " << listNames(finding);
  diag << ": " << judgement.coefficients;
  if (!judgement.equivalent.empty())
    diag << "; it is " << judgement.equivalent << "; not when "
         << judgement.limits;
  for (Attribute other : locations.drop_front(locations.empty() ? 0 : 1))
    diag.attachNote(Location(cast<LocationAttr>(other))) << "and here";
}

namespace {
struct Report : fisher::impl::FisherReportBase<Report> {
  using FisherReportBase::FisherReportBase;

  void runOnOperation() override {
    std::string error;
    std::unique_ptr<llvm::ToolOutputFile> file;
    if (!output.empty()) {
      file = openOutputFile(output, &error);
      if (!file) {
        emitError(getOperation().getLoc()) << error;
        return signalPassFailure();
      }
      file->keep();
    }
    // IR goes to stdout.
    raw_ostream &os = file ? file->os() : llvm::errs();
    for (auto function : getOperation().getOps<FunctionOpInterface>()) {
      SmallVector<FindingAttr> findings = getFindings(function);
      if (findings.empty())
        continue;
      std::string rows;
      llvm::raw_string_ostream table(rows);
      for (FindingAttr finding : findings) {
        Judgement judgement = judge(finding, findings);
        emitJudgement(function, finding, judgement);
        std::string names = listNames(finding);
        table << "| " << stringifyFindingKind(finding.getKind()) << " |";
        for (StringRef cell :
             {StringRef(names), StringRef(judgement.coefficients),
              StringRef(judgement.equivalent), StringRef(judgement.limits)})
          table << ' ' << (cell.empty() ? "-" : cell) << " |";
        table << '\n';
      }
      os << "@" << cast<SymbolOpInterface>(function.getOperation()).getName()
         << "\n\n| found | on | with | it is | not when |\n"
         << "|---|---|---|---|---|\n"
         << rows << "\n";
    }
    markAllAnalysesPreserved();
  }
};
} // namespace
