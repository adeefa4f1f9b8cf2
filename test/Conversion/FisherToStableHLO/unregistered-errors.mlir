// RUN: fisher-opt --convert-fisher-to-stablehlo --verify-diagnostics %s

// expected-error@below {{needs the option --allow-unregistered-dialect: StableHLO's operations are written without their dialect}}
module {
}
