#!/usr/bin/env bash
#===- smoke.sh - Install the package, use it, remove it -------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: smoke.sh PACKAGE
#
#===-----------------------------------------------------------------------===#
set -euo pipefail
examples=/mnt/examples
step=$examples/bayes_mlp/step.mlir
policy=$examples/prior.policy.mlir
cd "$(mktemp -d)"

dpkg --install "$1" >dpkg.log

echo "== fisher-opt"
command -v fisher-opt
fisher-opt "$step" --fisher-insert=policy-file="$policy" -o inserted.mlir
grep -c fisher.penalty_with_gradient inserted.mlir

echo "== fisher-run"
command -v fisher-run
fisher-run "$step" --policy="$policy" --data=$examples/bayes_mlp/digits.npz --steps=3 \
  --seed=1 --optimizer=adam --learning-rate=1e-3 --outputs=out.npz
ls out.npz

echo "== mlir-opt"
plugin=/usr/lib/FisherPlugin.so
mlir-opt-22 --load-dialect-plugin=$plugin --load-pass-plugin=$plugin inserted.mlir \
  --pass-pipeline='builtin.module(convert-fisher-to-linalg)' -o lowered.mlir
grep -q linalg.generic lowered.mlir
grep -c fisher.penalty lowered.mlir || true

echo "== find_package"
cmake -S /mnt/test/Install/Inputs/consumer -B consumer -G Ninja \
  -DCMAKE_CXX_COMPILER=clang++-22 -DCMAKE_C_COMPILER=clang-22 >cmake.log
grep Fisher_DIR consumer/CMakeCache.txt
cmake --build consumer >build.log
consumer/consumer | grep -o 'fisher.policy @default'

echo "== removed"
dpkg --remove fisher >dpkg.log
find /usr/bin /usr/lib /usr/include /usr/share/doc -maxdepth 3 -iname '*fisher*'
