#!/usr/bin/env bash
#===- notebooks.sh - Make the notebooks of the examples -------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/notebooks.sh [NAME ...]

Makes examples/notebooks/NAME.ipynb from examples/NAME.py for each example, or for
those that are named, and executes it. Needs what utils/wheel.sh installs; the
Python packages of examples/notebooks/requirements.txt go into a virtual environment
in the build folder.

BUILD_DIR is the build folder (default: build).
END
}

for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_dir=$(realpath -m "${BUILD_DIR:-$root/build}")
venv=$build_dir/notebooks-venv
requirements=$root/examples/notebooks/requirements.txt
[[ -x $build_dir/python-venv/bin/python ]] || {
  echo "notebooks.sh: error: run utils/wheel.sh first, which makes $build_dir/python-venv" >&2
  exit 1
}

"$root/utils/make_venv.sh" "$venv" "$requirements" --no-deps

# The package and what it needs are those of the tests.
packages='import site; print(site.getsitepackages()[0])'
"$build_dir/python-venv/bin/python" -c "$packages" >"$("$venv/bin/python" -c "$packages")/tests.pth"
exec "$venv/bin/python" "$root/utils/make_notebooks.py" "$@"
