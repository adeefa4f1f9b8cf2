#!/usr/bin/env bash
#===- run.sh - The experiment of this folder -----------------------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
export PYTHONPATH=$root/experiments PYTHONDONTWRITEBYTECODE=1
exec "$root/.venv/bin/python" "$here/generalization.py" "$@"
