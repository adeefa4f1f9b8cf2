#!/usr/bin/env bash
#===- bench.sh - Measure run times and write docs/performance.md ----------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/bench.sh [OPTION ...]

Measures the compiled code next to the machine's memory limit and the textbook
formula in C++, JAX and PyTorch, and writes docs/performance.md, its picture and
the sentence on speed in README.md. Needs what utils/setup.sh builds, a machine
with nothing else to do, and half an hour. The Python packages of
benchmarks/runtime/requirements.txt go into a virtual environment in the build
folder, of 6 GB; PyTorch also uses g++ and Python's headers. Options are those of benchmarks/runtime:

  --only W ...         measure these workloads only, of W1 to W5; none to write the
                       document from what is kept          (default: all)
  --threads N ...      numbers of threads                  (default: 1 2)
  --rounds N           turns of each contestant            (default: 9)
  --seconds N          of a turn                           (default: 0.5)
  --quick              small and short, to see that all works; writes into
                       runtime-quick of the build folder
  --measurements FILE  keep the measurements there, and report what is not measured
                       now from there
                       (default: benchmarks/runtime/measurements.json)
  -o, --output FOLDER  for performance.md and performance.svg; README.md is left
                       alone                               (default: docs)

BUILD_DIR is the build folder (default: build).
END
}

for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  esac
done

exec "$(dirname "${BASH_SOURCE[0]}")/../benchmarks/run.sh" runtime "$@"
