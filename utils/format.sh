#!/usr/bin/env bash
#===- format.sh - Format the C++ sources ----------------------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

options=(-i)
case ${1-} in
"") ;;
--check) options=(--dry-run -Werror) ;;
*)
  echo "usage: utils/format.sh [--check]"
  echo
  echo "Formats every C++ source in place, or with --check only tells which are not."
  [[ $1 == -h || $1 == --help ]] && exit 0 || exit 2
  ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
find benchmarks fuzz include lib tools unittests test \( -name '*.h' -o -name '*.cpp' \) -print0 |
  xargs -0 -r clang-format-22 "${options[@]}"
