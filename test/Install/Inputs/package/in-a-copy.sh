#!/usr/bin/env bash
#===- in-a-copy.sh - Run a command in a root that forgets -----------------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: in-a-copy.sh FOLDER TREE PACKAGE COMMAND...
#
# Runs the command in a copy of this machine's root, with the tree at /mnt and
# the package at /package.deb. What it writes goes into memory, and is gone with it.
# Called by unshare --mount.
#
#===-----------------------------------------------------------------------===#
set -euo pipefail
folder=$1 tree=$2 package=$3
shift 3
mount -t tmpfs none "$folder"
mkdir "$folder"/{written,working,root}
mount -t overlay none "$folder/root" \
  -o "lowerdir=/,upperdir=$folder/written,workdir=$folder/working"
for name in dev proc; do
  mount --rbind "/$name" "$folder/root/$name"
done
mount --rbind "$tree" "$folder/root/mnt"
cp "$package" "$folder/root/package.deb"
exec chroot "$folder/root" env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
