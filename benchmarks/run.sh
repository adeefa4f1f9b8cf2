#!/usr/bin/env bash
#===- run.sh - Run a benchmark in an environment of its own ---------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
# What the scripts of utils call, too: runs benchmarks/$1 with the other arguments,
# and the Python packages of its requirements.txt in a virtual environment in
# the build folder.
set -euo pipefail

name=$1
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_dir=$(realpath -m "${BUILD_DIR:-$root/build}")
venv=$build_dir/$name-venv
requirements=$root/benchmarks/$name/requirements.txt

"$root/utils/make_venv.sh" "$venv" "$requirements"

export FISHER_BUILD_DIR=$build_dir
exec "$venv/bin/python" "$root/benchmarks/$name" "$@"
