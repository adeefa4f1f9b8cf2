#!/usr/bin/env bash
#===- reproduce.sh - Build again elsewhere and compare every byte ---------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/reproduce.sh

Copies the sources into a temporary folder, builds the tools there, and compares
them with those of the build folder that utils/setup.sh made: the tools
themselves, and the code that both write for every model of test/Models and for
the devices. Fails if a byte differs.

BUILD_DIR and JOBS are understood as in utils/setup.sh. CCACHE_DISABLE=1 compiles
everything once more, where the compiler cache would give the same object files.
END
}

for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  *) echo "reproduce.sh: unknown argument '$argument'; see --help" >&2 && exit 2 ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
build=$(realpath "${BUILD_DIR:-build}")
[[ -f $build/CMakeCache.txt ]] || {
  echo "reproduce.sh: error: run utils/setup.sh first, which makes $build" >&2
  exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Another place, as deep as it may be, and another order of files.
copy=$scratch/"a second build"
mkdir "$copy"
git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$copy"
tools=(fisher-opt fisher-run)
type=$(sed -n 's/^CMAKE_BUILD_TYPE:[^=]*=//p' "$build/CMakeCache.txt")
mlir=$(sed -n 's/^MLIR_DIR:[^=]*=//p' "$build/CMakeCache.txt")
(
  export CCACHE_BASEDIR=$copy CCACHE_NOHASHDIR=1
  cmake -S "$copy" -B "$copy/out" -G Ninja --log-level=WARNING \
    -DCMAKE_BUILD_TYPE="$type" \
    -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DMLIR_DIR="$mlir" -DPython3_EXECUTABLE="$root/.venv/bin/python"
  cmake --build "$copy/out" --parallel "${JOBS:-$(nproc)}" --target "${tools[@]}" |
    tail -n 1
)

different=0
compare() {
  cmp "$1" "$2" || different=$((different + 1))
}
count=0
for tool in "${tools[@]}"; do
  compare "$build/bin/$tool" "$copy/out/bin/$tool"
  count=$((count + 1))
done

# What each of them writes of a step, with further options, in a folder of its own.
write() {
  local name=$1 step=$2 number
  shift 2
  for number in 1 2; do
    local bin=$build/bin
    ((number == 1)) || bin=$copy/out/bin
    mkdir -p "$scratch/$number/$name"
    (cd "$scratch/$number/$name" &&
      "$bin/fisher-run" "$step" --emit=object,header -o made "$@" 2>/dev/null &&
      "$bin/fisher-opt" "$step" --fisher-cpu-pipeline -o made.mlir 2>/dev/null)
  done
  for file in made.o made.h made.mlir; do
    compare "$scratch/1/$name/$file" "$scratch/2/$name/$file"
    count=$((count + 1))
  done
}
for step in "$root"/test/Models/*/step.mlir; do
  write "$(basename "$(dirname "$step")")" "$step"
done
step=$root/test/Models/bayes_mlp/step.mlir
policy=--policy=$root/examples/prior.policy.mlir
write policy "$step" "$policy"
write measured "$step" "$policy" --measure
write cuda "$step" "$policy" --device=cuda --chip=sm_90
write hip "$step" "$policy" --device=hip --chip=gfx942
write opencl "$step" "$policy" --device=opencl

echo "$count files of two builds compared, $different differ"
((different == 0))
