#!/usr/bin/env bash
#===- check-family-guide.sh - Follow docs/adding-a-family.md --------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/check-family-guide.sh

Adds the family that docs/adding-a-family.md shows to a copy of the tree, builds
the copy like the build folder was built, and runs the family's tests and the
tests of its documentation. It takes a few minutes, so it is not part of
utils/test.sh. Run it after changing FamilyInterface, the families' base class
or the guide.

Environment variables:
  BUILD_DIR  the build folder whose configuration is taken (default: build)
  JOBS       how many jobs to run at a time (default: the number of processors)
END
}

case ${1-} in
-h | --help) usage && exit 0 ;;
'') ;;
*) echo "check-family-guide.sh: unknown argument '$1'; see --help" >&2 && exit 2 ;;
esac

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_dir=${BUILD_DIR:-$root/build}
python=$root/.venv/bin/python
[[ -x $python ]] || python=python3
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

for name in CMakeLists.txt LICENSE README.md .clang-format .clang-tidy \
  cmake docs examples include lib test tools unittests utils benchmarks; do
  [[ ! -e $root/$name ]] || cp -r "$root/$name" "$copy"
done

# Code blocks that say "new PATH" are files; "insert PATH" goes before the end.
"$python" - "$copy" <<'END'
import re
import sys
from pathlib import Path

tree = Path(sys.argv[1])
guide = (tree / "docs" / "adding-a-family.md").read_text()
blocks = re.findall(r"^```\w+ (new|insert) (\S+)\n(.*?)^```$", guide, re.DOTALL | re.MULTILINE)
assert len(blocks) == 3, "the guide shows a definition, formulas and tests"
for action, name, text in blocks:
    path = tree / name
    if action == "new":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    else:
        before, end, after = path.read_text().rpartition("#endif")
        path.write_text(before + text + end + after)
END

cached() { sed -n "s/^$1:[A-Z]*=//p" "$build_dir/CMakeCache.txt"; }
export CCACHE_BASEDIR=$copy CCACHE_NOHASHDIR=1
cmake -S "$copy" -B "$copy/build" -G Ninja \
  -DCMAKE_BUILD_TYPE="$(cached CMAKE_BUILD_TYPE)" \
  -DCMAKE_C_COMPILER="$(cached CMAKE_C_COMPILER)" \
  -DCMAKE_CXX_COMPILER="$(cached CMAKE_CXX_COMPILER)" \
  -DCMAKE_CXX_COMPILER_LAUNCHER="$(cached CMAKE_CXX_COMPILER_LAUNCHER)" \
  -DMLIR_DIR="$(cached MLIR_DIR)"
cmake --build "$copy/build" --parallel "${JOBS:-$(nproc)}" --target fisher-opt fisher-run
cd "$copy"
"$python" -m pytest test/Families/Exponential
"$python" -m pytest test/Docs/test_ods.py -k exponential
