#!/usr/bin/env bash
#===- numerics.sh - Measure errors and write docs/numerics.md -------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/numerics.sh [OPTION ...]

Measures the error of every operation on random pairs, next to the textbook
formula, geomstats and JAX, and writes docs/numerics.md. Needs what
utils/setup.sh builds. The Python packages of benchmarks/numerics/requirements.txt
go into a virtual environment in the build folder. Options are those of
benchmarks/numerics:

  --pairs N            pairs of different beliefs          (default: 1000000)
  --families F ...     measure these families only, none to write the document
                       from what is kept                   (default: all)
  --checks N           pairs that the exact results are checked on (default: 100)
  --seed N             of the pairs                        (default: 1)
  --jobs N             processes                           (default: all cores)
  --measurements FILE  keep the measurements there, and report families that are
                       not measured now from there
                       (default: benchmarks/numerics/measurements.json)
  -o, --output FILE    the document                        (default: docs/numerics.md)

BUILD_DIR is the build folder (default: build).
END
}

for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  esac
done

exec "$(dirname "${BASH_SOURCE[0]}")/../benchmarks/run.sh" numerics "$@"
