#!/usr/bin/env bash
#===- docs.sh - Make the site of the documents ----------------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/docs.sh [--output=FOLDER]

Makes a site of README.md, docs/ and the reference of operations, types,
attributes, interfaces and passes, which is generated: pages with a search, that
load nothing from elsewhere. A link that leads nowhere is an error. Run
utils/setup.sh first; Python packages go into docs-venv of the build folder.

  --output=FOLDER  write there (default: site/ in the build folder); what is
                   there of an older site is replaced

The environment variable BUILD_DIR is understood as in utils/setup.sh.
To look at it: python3 -m http.server --directory build/site
END
}

fail() {
  echo "docs.sh: error: $1" >&2
  exit 1
}

output=
for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  --output=?*) output=$(realpath -m "${argument#--output=}") ;;
  *) echo "docs.sh: unknown argument '$argument'; see --help" >&2 && exit 2 ;;
  esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
build_dir=$(realpath -m "${BUILD_DIR:-build}")
[[ -f $build_dir/CMakeCache.txt ]] || fail "run utils/setup.sh first, which makes $build_dir"
output=${output:-$build_dir/site}
# What is replaced is a site or nothing.
if [[ -e $output && ! -f $output/searchindex.js && $(ls -A "$output") ]]; then
  fail "$output is there already, and is no site"
fi

venv=$build_dir/docs-venv
utils/make_venv.sh "$venv" docs/requirements.txt --no-deps

cmake --build "$build_dir" --target fisher-doc >/dev/null
"$venv/bin/python" docs/site/gather.py "$build_dir/docs" "$build_dir/site-source"
rm -rf "$output"
"$venv/bin/python" -m sphinx -q -E --fail-on-warning --jobs auto -c docs/site \
  -d "$build_dir/site-cache" "$build_dir/site-source" "$output"
echo "docs.sh: $output/index.html"
