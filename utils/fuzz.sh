#!/usr/bin/env bash
#===- fuzz.sh - Attack the tree with random inputs ------------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/fuzz.sh [--minutes=N] [--target=NAME] [--seed=N] [--no-setup]

Builds the fuzzers of fuzz/ into build-fuzz, with libFuzzer and the address and
undefined behavior sanitizers, and what they are compared with into build; runs
them for N minutes altogether, tells every half a minute how far they are, and
ends with a table. The exit status is zero only if nothing was found; what was
found can be run again as the table says.

  --minutes=N    time for all of them                       (default: 10)
  --target=NAME  only module, text, npz, policy or differential
  --seed=N       another row of random numbers              (default: 1)
  --no-setup     run what is built already

The environment variables BUILD_DIR and JOBS of utils/setup.sh are understood,
and FUZZ_BUILD_DIR                                    (default: build-fuzz).
END
}

minutes=10
only=
seed=1
setup=yes
for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  --minutes=?*) minutes=${argument#*=} ;;
  --target=module | --target=text | --target=npz | --target=policy | --target=differential)
    only=${argument#*=} ;;
  --seed=?*) seed=${argument#*=} ;;
  --no-setup) setup= ;;
  *) echo "fuzz.sh: unknown argument '$argument'; see --help" >&2 && exit 2 ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=$(realpath -m "${BUILD_DIR:-build}")
fuzz_build=$(realpath -m "${FUZZ_BUILD_DIR:-build-fuzz}")
export FISHER_BUILD_DIR=$build

# LLVM's library is built without the sanitizers: see utils/test.sh.
export ASAN_OPTIONS=${ASAN_OPTIONS:-allow_user_poisoning=0:detect_leaks=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

if [[ $setup ]]; then
  utils/setup.sh
  # Assertions of ours and of LLVM's headers are on: no -DNDEBUG.
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
  cmake -S . -B "$fuzz_build" -G Ninja --log-level=STATUS -DCMAKE_BUILD_TYPE=Fuzz \
    -DCMAKE_CXX_FLAGS="-O1 -gline-tables-only" \
    -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
    -DMLIR_DIR="${MLIR_DIR:-/usr/lib/llvm-22/lib/cmake/mlir}" \
    -DPython3_EXECUTABLE="$PWD/.venv/bin/python" \
    -DFISHER_BUILD_TESTS=OFF -DFISHER_BUILD_FUZZERS=ON \
    "-DFISHER_USE_SANITIZER=address;undefined;fuzzer-no-link"
  cmake --build "$fuzz_build" --parallel "${JOBS:-$(nproc)}" --target fuzzers
fi

results=$fuzz_build/fuzzing
rm -rf "$results/logs" "$results/counts"
mkdir -p "$results/logs" "$results/counts" "$results/findings" "$results/corpus"
.venv/bin/python fuzz/seeds.py "$results/corpus"

# Percent of the time that each gets.
declare -A share=([module]=45 [text]=20 [policy]=15 [npz]=5 [differential]=15)
[[ $only ]] && share=([$only]=100)
started=$(date +%s)
table=()
found=0

progress() {
  echo "[$(($(date +%s) - started)) s] $1: $2"
}

# last_number FILE: the last input's number that libFuzzer has told.
last_number() {
  grep -aoE '^#[0-9]+' "$1" 2>/dev/null | tail -1 | tr -d '#'
}

# fuzz TARGET SECONDS: runs one until its time is over, again after a finding.
fuzz() {
  local target=$1 end=$(($(date +%s) + $2)) inputs=0 findings=0 round=0 left
  local corpus=$results/corpus/$target options=() before
  mkdir -p "$corpus" "fuzz/corpus/$target"
  [[ -f fuzz/$target.dict ]] && options+=("-dict=fuzz/$target.dict")
  case $target in text) options+=(-max_len=8192) ;; *) options+=(-max_len=1024) ;; esac
  while left=$((end - $(date +%s))) && ((left > 1)); do
    local log=$results/logs/$target-$round.log status=0
    FISHER_FUZZ_COUNTS=$results/counts/$target \
      "$fuzz_build/bin/fuzz-$target" "$corpus" "fuzz/corpus/$target" \
      -seed=$((seed + round)) -max_total_time=$left -timeout=120 -rss_limit_mb=6000 \
      -detect_leaks=0 -reload=0 -print_final_stats=1 -use_value_profile=0 \
      -artifact_prefix="$results/findings/$target-" "${options[@]}" >"$log" 2>&1 &
    local process=$!
    while kill -0 $process 2>/dev/null; do
      sleep 1
      (($(date +%s) % 30)) ||
        progress "$target" "$(last_number "$log") inputs, $findings findings"
    done
    wait $process || status=$?
    before=$(grep -a '^stat::number_of_executed_units:' "$log" | tail -1 | awk '{print $2}' || true)
    inputs=$((inputs + ${before:-0}))
    if ((status)); then
      findings=$((findings + 1))
      grep -aE -m1 'FINDING|ERROR: |runtime error|Assertion' "$log" | cut -c1-200 || true
      progress "$target" "found $(grep -aoE -m1 "$results/findings/$target-[^ ';]+" "$log" || echo "see $log")"
    fi
    round=$((round + 1))
  done
  table+=("$target|$inputs|$findings")
  found=$((found + findings))
}

differential() {
  local log=$results/logs/differential.log status=0 python=.venv/bin/python
  # With JAX there is a third compiler to compare with.
  [[ -x $build/python-venv/bin/python ]] && python=$build/python-venv/bin/python
  "$python" fuzz/differential.py --seed=$((seed * 1000000)) \
    --minutes="$(awk "BEGIN { print $1 / 60 }")" --artifacts="$results/findings" 2>&1 |
    tee "$log" || status=$?
  local counts
  counts=$(sed -nE 's/^([0-9]+) modules, ([0-9]+) differ$/\1|\2/p' "$log" | tail -1)
  table+=("differential|${counts:-0|broken}")
  ((status)) && found=$((found + 1))
  return 0
}

for target in module text policy npz differential; do
  [[ ${share[$target]-} ]] || continue
  seconds=$(awk "BEGIN { print int($minutes * 60 * ${share[$target]} / 100) }")
  progress "$target" "$seconds seconds"
  if [[ $target == differential ]]; then differential "$seconds"; else fuzz "$target" "$seconds"; fi
done

echo
printf '%-14s %12s %10s\n' target inputs findings
for row in "${table[@]}"; do
  IFS='|' read -r target inputs findings <<<"$row"
  printf '%-14s %12s %10s\n' "$target" "$inputs" "$findings"
done
if ((found)); then
  echo
  echo "What was found is in $results/findings; to run one again:"
  echo "  ASAN_OPTIONS=$ASAN_OPTIONS $fuzz_build/bin/fuzz-TARGET FILE"
  echo "  FISHER_BUILD_DIR=$build python fuzz/differential.py --seed=SEED"
  exit 1
fi
