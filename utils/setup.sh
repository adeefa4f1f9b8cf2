#!/usr/bin/env bash
#===- setup.sh - Install what is needed, configure and build --------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/setup.sh [-DNAME=VALUE ...]

Makes a fresh Debian 12 ready and builds the project: installs the Debian
packages of utils/apt-packages.txt (as root or with sudo; skipped when they are
there), the Python packages of utils/requirements.txt into .venv, configures
and builds. Running it again does only what is missing.

-DNAME=VALUE is handed to CMake. These environment variables are understood:
  BUILD_DIR         build folder                      (default: build)
  CMAKE_BUILD_TYPE  Release, Debug or RelWithDebInfo  (default: Release)
  MLIR_DIR          MLIR's CMake package
                    (default: /usr/lib/llvm-22/lib/cmake/mlir)
  JOBS              parallel jobs                     (default: all cores)
END
}

for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  -D?*=*) ;;
  *) echo "setup.sh: unknown argument '$argument'; see --help" >&2 && exit 2 ;;
  esac
done

fail() {
  echo "setup.sh: error: $1" >&2
  exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
build_dir=${BUILD_DIR:-build}

# Debian packages.
installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed* ]]
}

missing=()
while read -r package; do
  installed "$package" || missing+=("$package")
done < <(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' utils/apt-packages.txt)

if ((${#missing[@]})); then
  echo "setup.sh: installing ${missing[*]}"
  as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "run this as root once, or install: ${missing[*]}"
    as_root=(sudo)
  fi
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0)
  "${apt[@]}" update
  unknown=()
  for package in "${missing[@]}"; do
    apt-cache show "$package" >/dev/null 2>&1 || unknown+=("$package")
  done
  ((!${#unknown[@]})) || fail "apt has no ${unknown[*]}; LLVM 22 is among Debian 12's \
security updates, so see that bookworm-security is one of apt's sources"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
fi

# Python packages. A pip that stopped half way leaves no stamp behind.
stamp=.venv/requirements.txt
if ! .venv/bin/python -c '' 2>/dev/null || ! cmp -s utils/requirements.txt "$stamp"; then
  python=
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      python=$candidate
      break
    fi
  done
  [[ $python ]] || fail "Python 3.11 or later with its venv module is needed"
  echo "setup.sh: making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
  .venv/bin/python -m pip install -q --disable-pip-version-check -r utils/requirements.txt
  cp utils/requirements.txt "$stamp"
fi

# Names relative to the tree let a second clone share the compiler cache.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
cmake -S . -B "$build_dir" -G Ninja --log-level=STATUS \
  -DCMAKE_BUILD_TYPE="${CMAKE_BUILD_TYPE:-Release}" \
  -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
  -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache \
  -DMLIR_DIR="${MLIR_DIR:-/usr/lib/llvm-22/lib/cmake/mlir}" \
  -DPython3_EXECUTABLE="$root/.venv/bin/python" \
  "$@"
cmake --build "$build_dir" --parallel "${JOBS:-$(nproc)}"
