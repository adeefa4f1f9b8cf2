#!/usr/bin/env bash
#===- bare_root.sh - Run the README's commands on a bare Debian -----------===#
#
# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#===-----------------------------------------------------------------------===#
set -euo pipefail

usage() {
  cat <<'END'
usage: utils/bare_root.sh [--folder=FOLDER] [--ccache=FOLDER] [--keep] [COMMAND ...]

Makes the smallest Debian 12 that has apt, in a folder, clones what is committed
into it and runs there, as root and in order, utils/demo.sh and utils/test.sh, or
the commands that are given. Says how long each took, and deletes the folder.
To be run as root, with debootstrap installed; it takes about 8 GB of disk.

  --folder=FOLDER  make it there (default: in a new folder in $TMPDIR); what
                   --keep has left there is used as it is
  --ccache=FOLDER  share this compiler cache with it
  --keep           do not delete it

Packages come from where this machine's apt and pip have them from.
END
}

fail() {
  echo "bare_root.sh: error: $1" >&2
  exit 1
}

folder=
ccache=
keep=
commands=()
for argument in "$@"; do
  case $argument in
  -h | --help) usage && exit 0 ;;
  --folder=?*) folder=$(realpath -m "${argument#--folder=}") ;;
  --ccache=?*) ccache=$(realpath -e "${argument#--ccache=}") ;;
  --keep) keep=yes ;;
  -*) echo "bare_root.sh: unknown argument '$argument'; see --help" >&2 && exit 2 ;;
  *) commands+=("$argument") ;;
  esac
done
((${#commands[@]})) || commands=(utils/demo.sh utils/test.sh)

((EUID == 0)) || fail "only root can make one"
command -v debootstrap >/dev/null || fail "install debootstrap"
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What is mounted here is mounted for this process alone, so that nothing of it
# is there any more when the folder is deleted.
if [[ ! ${FISHER_BARE_ROOT:-} ]]; then
  FISHER_BARE_ROOT=$$ exec unshare --mount --propagation private "${BASH_SOURCE[0]}" "$@"
fi

[[ $folder ]] || folder=$(mktemp -d -u "${TMPDIR:-/tmp}/fisher-bare.XXXXXX")
mounted=()
clean_up() {
  local i
  for ((i = ${#mounted[@]} - 1; i >= 0; --i)); do
    umount -l "${mounted[i]}"
  done
  [[ $keep ]] || rm -rf --one-file-system "$folder"
}

make() {
  local suite=bookworm mirror path
  mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    sed -n "s/^$suite //p" | head -n 1)
  [[ $mirror ]] || fail "this machine's apt has no $suite to take packages from"
  echo "bare_root.sh: making $folder"
  mkdir -p "$folder"
  trap clean_up EXIT
  debootstrap --variant=minbase "$suite" "$folder" "$mirror" >/dev/null

  # Where packages come from, whom to trust, and what this machine is called.
  rm "$folder/etc/apt/sources.list"
  for path in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} \
    /etc/apt/apt.conf.d/* /usr/local/share/ca-certificates/*.crt \
    /etc/{pip.conf,resolv.conf,hosts}; do
    if [[ -f $path ]]; then
      mkdir -p "$folder$(dirname "$path")"
      cp -L "$path" "$folder$path"
    fi
  done
  git clone -q "$tree" "$folder/root/fisher"
}

if [[ ! -e $folder ]]; then
  make
elif [[ ! -d $folder/root/fisher ]]; then
  fail "'$folder' is there already, and was not made by this"
fi
trap clean_up EXIT

# A root is a mount, or namespaces cannot be made in it.
mount --bind "$folder" "$folder"
mounted+=("$folder")
for name in proc sys dev; do
  mount --rbind "/$name" "$folder/$name"
  mounted+=("$folder/$name")
done
if [[ $ccache ]]; then
  mkdir -p "$folder/root/.cache/ccache"
  mount --bind "$ccache" "$folder/root/.cache/ccache"
  mounted+=("$folder/root/.cache/ccache")
fi

settings=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
while IFS= read -r -d '' setting; do
  case $setting in
  PIP_* | *_proxy=* | *_PROXY=* | JOBS=*) settings+=("$setting") ;;
  esac
done < <(env -0)

for command in "${commands[@]}"; do
  echo "bare_root.sh: running $command"
  start=$SECONDS
  status=0
  chroot "$folder" env -i "${settings[@]}" bash -c "cd /root/fisher && $command" </dev/null ||
    status=$?
  echo "bare_root.sh: $command took $((SECONDS - start)) s and exited with $status"
  ((status == 0)) || exit "$status"
done
