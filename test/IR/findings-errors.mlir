// RUN: fisher-opt --split-input-file --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// expected-error@+1 {{'func.func' op expects 'fisher.findings' to be a list of #fisher.finding, got ["sgd"]}}
func.func private @text() attributes {fisher.findings = ["sgd"]}

// -----

// expected-error@+2 {{a finding's names must be texts, got [1]}}
func.func private @number() attributes {fisher.findings = [
    #fisher.finding<sgd on [1] {} at []>]}

// -----

// expected-error@+2 {{a finding's locations must be locations, got ["here"]}}
func.func private @place() attributes {fisher.findings = [
    #fisher.finding<sgd on ["w"] {} at ["here"]>]}
