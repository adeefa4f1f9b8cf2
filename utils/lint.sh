#!/usr/bin/env bash
#===- lint.sh - Check the C++ sources with clang-tidy ---------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

case ${1-} in
-h | --help)
  echo "usage: utils/lint.sh [PATTERN...]"
  echo
  echo "Runs clang-tidy on the sources that were built in BUILD_DIR (default: build)"
  echo "and whose names match one of the regular expressions, or on all of them."
  exit 0
  ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
(($#)) || set -- "$PWD/(fuzz|lib|tools|unittests)/"
exec run-clang-tidy-22 -quiet -p "${BUILD_DIR:-build}" -j "${JOBS:-$(nproc)}" "$@"
