#!/usr/bin/env bash
#===- test.sh - Build and run every test ----------------------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/test.sh [--sanitizer] [--no-setup]

Calls utils/setup.sh and utils/wheel.sh, runs the lit, ctest and pytest suites,
and the pytest suite of the installed Python package, to their ends and sums them
up in the last line, "N passed, N failed". The exit status is zero
only if every suite ran and no test failed.

  --sanitizer  build into build-sanitizer with the address and undefined
               behavior sanitizers, and test that
  --no-setup   test what is built already

The environment variables of utils/setup.sh are understood here too.
END
}

sanitizer=
setup=yes
for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  --sanitizer) sanitizer=yes ;;
  --no-setup) setup= ;;
  *) echo "test.sh: unknown argument '$argument'; see --help" >&2 && exit 2 ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
options=()
if [[ $sanitizer ]]; then
  export BUILD_DIR=${BUILD_DIR:-build-sanitizer}
  options+=("-DFISHER_USE_SANITIZER=address;undefined")
fi
build_dir=$(realpath -m "${BUILD_DIR:-build}")
jobs=${JOBS:-$(nproc)}

# LLVM's headers poison the memory of its allocators in code that is built with
# the sanitizer, but the installed library, which is not, never unpoisons it.
export ASAN_OPTIONS=${ASAN_OPTIONS:-allow_user_poisoning=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

if [[ $setup ]]; then
  utils/setup.sh "${options[@]}"
fi
export FISHER_BUILD_DIR=$build_dir

results=$build_dir/test-results
rm -rf "$results"
mkdir -p "$results"
summary=()

# run NAME COMMAND...: runs a suite that writes $results/NAME.xml.
run() {
  local name=$1 status=0
  shift
  echo
  echo "== $name"
  "$@" </dev/null || status=$?
  summary+=("$name=$status=$results/$name.xml")
}

run lit .venv/bin/lit -v -j "$jobs" --xunit-xml-output "$results/lit.xml" "$build_dir/test"
run ctest ctest --test-dir "$build_dir" --output-on-failure --no-tests=error \
  --parallel "$jobs" --output-junit "$results/ctest.xml"
# Each file's tests are run by one process, which makes what they share once. One
# that crashes ends the suite: with another in its place it could wait forever.
parallel=(-n "$jobs" --dist loadfile --max-worker-restart 0)
run pytest .venv/bin/python -m pytest "${parallel[@]}" \
  --junitxml "$results/pytest.xml" --ignore test/Python test
# The wheel's compiler is the same code; the sanitizers' is no library that
# Python can load.
if [[ ! $sanitizer ]]; then
  [[ $setup ]] && utils/wheel.sh
  run python "$build_dir/python-venv/bin/python" -m pytest "${parallel[@]}" \
    --junitxml "$results/python.xml" test/Python
fi

echo
exec .venv/bin/python utils/sum_results.py "${summary[@]}"
