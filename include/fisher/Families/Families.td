//===- Families.td - Families of distributions -------------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One definition a family; its formulas are in lib/Families/<Family>.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_FAMILIES_FAMILIES_TD
#define FISHER_FAMILIES_FAMILIES_TD

include "fisher/IR/FisherAttributes.td"

/// A family whose charts are the cases of an enumeration.
class Fisher_Family<string name, string attrMnemonic, EnumInfo charts,
                    list<string> optionalMethods = []>
    : Fisher_Attr<name, attrMnemonic,
        [DeclareAttrInterfaceMethods<Fisher_FamilyInterface, optionalMethods>]> {
  let parameters = (ins EnumParameter<charts>:$chart);
  let assemblyFormat = "`<` $chart `>`";
}

//===----------------------------------------------------------------------===//
// Gaussian
//===----------------------------------------------------------------------===//

def Fisher_GaussianChart : I32Enum<"GaussianChart", "how a Gaussian's scale is stored", [
  I32EnumCase<"sigma", 0>,
  I32EnumCase<"log_sigma", 1>,
  I32EnumCase<"softplus", 2>,
  I32EnumCase<"variance", 3>,
  I32EnumCase<"log_variance", 4>,
  I32EnumCase<"precision", 5>,
]> {
  let cppNamespace = "::mlir::fisher";
}

def Fisher_GaussianAttr : Fisher_Family<"Gaussian", "gaussian", Fisher_GaussianChart> {
  let summary = "the normal distributions of one variable: the hyperbolic plane";
  let description = [{
    Components: the mean, and a scale stored as the chart says: `sigma` the
    standard deviation, `log_sigma` its logarithm, `softplus` the x with
    sigma = log(1 + exp(x)), `variance`, `log_variance`, or `precision` (the
    reciprocal of the variance). Standard coordinates: mean and standard
    deviation.

    ```mlir
    func.func private @weights() -> !fisher.belief<#fisher.gaussian<softplus>, tensor<64x32xf32>>
    ```
  }];
}

#endif // FISHER_FAMILIES_FAMILIES_TD
