#!/usr/bin/env bash
#===- wheel.sh - Build the Python wheel and install it for the tests ------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/wheel.sh

Builds the wheel of the Python package into wheel/ of the build folder that
utils/setup.sh made, and installs it into the virtual environment python-venv
there, beside the packages of python/requirements.txt. "pip install ." does
without any of this; here what is built already is used.

The environment variable BUILD_DIR is understood as in utils/setup.sh.
END
}

for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  *) echo "wheel.sh: unknown argument '$argument'; see --help" >&2 && exit 2 ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
build_dir=${BUILD_DIR:-build}
[[ -f $build_dir/CMakeCache.txt ]] || {
  echo "wheel.sh: error: run utils/setup.sh first, which makes $build_dir" >&2
  exit 1
}

venv=$build_dir/python-venv
utils/make_venv.sh "$venv" python/requirements.txt --no-deps

rm -rf "$build_dir/wheel"
# What the build folder was configured with stays, so that nothing is built anew.
settings=()
for name in CMAKE_BUILD_TYPE CMAKE_C_COMPILER CMAKE_CXX_COMPILER \
  CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER FISHER_BUILD_TESTS MLIR_DIR; do
  value=$(sed -n "s/^$name:[A-Z]*=//p" "$build_dir/CMakeCache.txt")
  settings+=("--config-settings=cmake.define.$name=$value")
done
pip=("$venv/bin/python" -m pip -q --disable-pip-version-check)
CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 "${pip[@]}" wheel . \
  --no-build-isolation --no-deps --wheel-dir "$build_dir/wheel" \
  "--config-settings=build-dir=$build_dir" "${settings[@]}"
"${pip[@]}" install --no-deps --force-reinstall "$build_dir"/wheel/fisher-*.whl
ls -l "$build_dir"/wheel
