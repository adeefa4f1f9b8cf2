// Text says which version of the dialect wrote it; what is newer is refused
// before anything in it is read.

// RUN: fisher-opt --split-input-file --verify-diagnostics %s
// RUN: fisher-opt --fisher-stamp-version %S/Inputs/policy-only.mlir | FileCheck %s --check-prefix=STAMP
// RUN: fisher-opt --fisher-stamp-version %S/Inputs/policy-only.mlir | fisher-opt --fisher-strip-marks | FileCheck %s --check-prefix=STRIP

// STAMP: module attributes {fisher.version = #fisher.version<1>}
// STAMP: fisher.policy @prior
// STRIP-NOT: fisher.version
// STRIP: fisher.policy @prior

module attributes {fisher.version = #fisher.version<1>} {}

// -----

// expected-error @+1 {{this was written by version 7 of the fisher dialect, and what reads it knows versions up to 1; read it with a newer release of Fisher}}
module attributes {fisher.version = #fisher.version<7>} {
  func.func @f() {
    fisher.not_invented_yet
  }
}

// -----

// expected-error @+1 {{versions of the fisher dialect count from 1, got 0}}
module attributes {fisher.version = #fisher.version<0>} {}

// -----

// expected-error @+1 {{expects 'fisher.version' to be a #fisher.version, got 1 : i64}}
module attributes {fisher.version = 1} {}

// -----

// expected-error @+1 {{has an attribute 'fisher.version' that the dialect does not know}}
func.func private @f() attributes {fisher.version = #fisher.version<1>}
