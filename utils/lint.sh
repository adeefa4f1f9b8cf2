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
  echo "Runs ruff on the Python of the tree, and clang-tidy on the sources that were"
  echo "built in BUILD_DIR (default: build) and whose names match one of the regular"
  echo "expressions, or on all of them, which takes half an hour."
  exit 0
  ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
.venv/bin/ruff check --quiet .
(($#)) || set -- "$PWD/(fuzz|lib|tools|unittests)/"
exec run-clang-tidy-22 -quiet -p "${BUILD_DIR:-build}" -j "${JOBS:-$(nproc)}" "$@"
