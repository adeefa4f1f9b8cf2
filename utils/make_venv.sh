#!/usr/bin/env bash
#===- make_venv.sh - Make a virtual environment of Python -----------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/make_venv.sh FOLDER REQUIREMENTS [PIP-OPTION...]

Makes FOLDER a virtual environment with the packages of the file REQUIREMENTS,
which pip installs with these options. What is there for the same file already
is left as it is. Run utils/setup.sh first. Other scripts call this.
END
}

[[ ${1-} == -h || ${1-} == --help ]] && usage && exit 0
if (($# < 2)) || [[ $1 == -* || ! -f $2 ]]; then
  echo "make_venv.sh: give a folder and a file of requirements; see --help" >&2
  exit 2
fi
venv=$1 requirements=$2
shift 2

# A pip that stopped half way leaves no stamp behind.
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
  echo "make_venv.sh: making $venv"
  "$(dirname "${BASH_SOURCE[0]}")/../.venv/bin/python" -m venv --clear "$venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check "$@" -r "$requirements"
  cp "$requirements" "$venv/requirements.txt"
fi
