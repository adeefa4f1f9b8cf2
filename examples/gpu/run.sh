#!/usr/bin/env bash
#===- run.sh - Run the examples on a machine with a GPU -------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -uo pipefail

usage() {
  cat <<'END'
usage: examples/gpu/run.sh FOLDER

Builds and runs the examples for CUDA C++, PyTorch, Triton and JAX, and prints
a line for each: its error, against a formula in float64. FOLDER has what was
compiled on any machine: regularizer.o, regularizer.h and libFisherRuntime.so.

Needs nvcc, a C++ compiler, and a python3 with torch, triton and jax for CUDA. These
environment variables are understood:
  NVCC     nvcc         (default: that of PATH, or of /usr/local/cuda/bin)
  CXX      the compiler (default: g++)
  PYTHON   the Python   (default: python3)
END
}

fail() {
  echo "run.sh: error: $1" >&2
  exit 1
}

case ${1-} in
-h | --help) usage && exit 0 ;;
esac
(($# == 1)) || { usage >&2 && exit 2; }
folder=$(cd "$1" 2>/dev/null && pwd) || fail "there is no folder '$1'"
for file in regularizer.o regularizer.h libFisherRuntime.so; do
  [[ -f $folder/$file ]] || fail "$folder has no $file; see docs/gpu.md"
done
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON-python3}
cxx=${CXX-g++}
nvcc=${NVCC-$(PATH=$PATH:/usr/local/cuda/bin command -v nvcc)}
link=("$folder/regularizer.o" "-L$folder" -lFisherRuntime)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

with_cuda() {
  [[ $nvcc ]] || { echo "there is no nvcc; NVCC can say where it is" && return 1; }
  "$nvcc" "-I$folder" "$here/with_cuda.cu" "${link[@]}" -Xlinker "-rpath=$folder" \
    -o "$work/with_cuda" && "$work/with_cuda"
}

with_library() {
  "$cxx" -shared "${link[@]}" "-Wl,-rpath,$folder" -o "$work/lib$1.so" &&
    "$python" "$here/$1.py" "$work/lib$1.so"
}

with_torch() { with_library with_torch; }
with_triton() { with_library with_triton; }

with_jax() {
  # Room for the others.
  export XLA_PYTHON_CLIENT_PREALLOCATE=false
  headers=$("$python" -c 'import jax; print(jax.ffi.include_dir())') &&
    "$cxx" -std=c++17 -shared -fPIC "-I$folder" "-I$headers" "$here/jax_handler.cpp" \
      "${link[@]}" "-Wl,-rpath,$folder" -o "$work/libjax.so" &&
    "$python" "$here/with_jax.py" "$work/libjax.so"
}

examples=(with_cuda with_torch with_triton with_jax)
for example in "${examples[@]}"; do
  { "$example" >"$work/$example.log" 2>&1 && touch "$work/$example.good"; } &
done
wait
status=0
for example in "${examples[@]}"; do
  if [[ -f $work/$example.good ]]; then
    tail -n 1 "$work/$example.log"
  else
    echo "$example: FAILED" && tail -n 20 "$work/$example.log"
    status=1
  fi
done
exit $status
