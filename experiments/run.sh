#!/usr/bin/env bash
#===- run.sh - All experiments, and the document that they write ----------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: experiments/run.sh [--quick] [--output=FOLDER] [NAME...]

Runs the experiments NAME, or all of them, with what utils/setup.sh has built.
Prints the verdicts, and writes experiments.md and the pictures experiments/*.svg
into docs.

  --quick          a small version of each, for tests
  --output=FOLDER  write there instead

BUILD_DIR is the build folder (default: build).
END
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
options=()
names=()
for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  --quick | --output=?*) options+=("$argument") ;;
  *)
    if [[ $argument == -* || ! -x $here/$argument/run.sh ]]; then
      echo "run.sh: unknown argument '$argument'; see --help" >&2
      exit 2
    fi
    names+=("$argument")
    ;;
  esac
done
if ((!${#names[@]})); then
  names=("$here"/*/run.sh)
  names=("${names[@]%/run.sh}")
  names=("${names[@]##*/}")
fi
for name in "${names[@]}"; do
  "$here/$name/run.sh" "${options[@]}"
done
