#!/usr/bin/env bash
#===- demo.sh - Build and show what the project does ----------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/demo.sh [--quick] [--no-setup] [--output=FOLDER]

Calls utils/setup.sh, then trains a Bayesian network that JAX made on pictures
of digits, with and without Fisher-Rao regularization. Prints a table, and
writes a picture of the curves and the regularized steps into demo-output/.
After the build this takes a minute or two.

  --quick          a few steps, to see that all works
  --no-setup       use what is built already
  --output=FOLDER  write there instead

The environment variables of utils/setup.sh are understood here too.
END
}

setup=yes
options=()
for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  --no-setup) setup= ;;
  --quick) options+=("$argument") ;;
  --output=?*) options+=("--output=$(realpath -m "${argument#--output=}")") ;;
  *) echo "demo.sh: unknown argument '$argument'; see --help" >&2 && exit 2 ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
if [[ $setup ]]; then
  utils/setup.sh
fi
exec .venv/bin/python utils/demo.py --build-dir="${BUILD_DIR:-build}" "${options[@]}"
