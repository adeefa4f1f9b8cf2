// RUN: fisher-opt --convert-fisher-to-stablehlo --verify-diagnostics %s | FileCheck %s --check-prefix=OUTPUT --allow-empty
// Every part fails, and so is not printed.
// OUTPUT-NOT: {{^[^/]}}

// expected-error@below {{needs the option --allow-unregistered-dialect: StableHLO's operations are written without their dialect}}
module {
}
