#!/usr/bin/env bash
#===- bench_gpu.sh - Measure kernels on a GPU -----------------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/bench_gpu.sh [OPTION ...]

Measures kernels on the first GPU of a machine that needs nothing but its driver:
builds with utils/setup.sh if that was not done, compiles W1 to W4 of
benchmarks/runtime for the chip, compares the results with the CPU's, and times
them next to copies in the device and, where some Python has PyTorch with CUDA,
torch.compile; matrix products ("products") are compared with numpy's in f64, and
timed next to torch.matmul. Prints a table and writes gpu.json and gpu.md. Options are those
of benchmarks/gpu:

  --device cuda|hip|opencl  the driver that is used         (default: cuda)
  --only W ...              of W1 to W4 and products        (default: all)
  --seconds N               of a measurement                (default: 1)
  --quick                   small and short, to see that all works
  --torch PYTHON            the Python that has PyTorch; 'none' leaves it out
                            (default: the first that is found)
  --compile-only CHIP       only compile, for a chip such as sm_90 that need not be
                            here
  --no-compile              take what was compiled before; needs the build's
                            libFisherRuntime.so and a Python with numpy, no LLVM
  -o, --output FOLDER       (default: gpu in the build folder)

BUILD_DIR is the build folder (default: build); PYTHON runs the benchmark
(default: that of .venv, or python3).
END
}

compiles=yes
for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  --no-compile) compiles=no ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_dir=$(realpath -m "${BUILD_DIR:-$root/build}")
if [[ $compiles == yes && ! -x $build_dir/bin/fisher-opt ]]; then
  BUILD_DIR=$build_dir "$root/utils/setup.sh"
fi
python=${PYTHON:-$root/.venv/bin/python}
[[ -x $python ]] || python=python3

export FISHER_BUILD_DIR=$build_dir
exec "$python" "$root/benchmarks/gpu" "$@"
