#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: tests/fresh/fresh.sh DIR TARGET...
# Proves that a newcomer's commands work: makes a minimal Debian 12 (debootstrap's minbase, make, git and nothing
# else) in DIR unless one is there, clones the last commit of this repository into it, and runs `make TARGET` for each
# in it. Mounts are of a namespace of their own and end with it; the Debian in DIR stays for another run.
# FRESH_REVISION=REV takes another revision. Needs root, debootstrap and the network.
set -euo pipefail

if [ $# -lt 2 ] || [ "$(id -u)" -ne 0 ]; then
	echo 'usage (as root): tests/fresh/fresh.sh DIR TARGET...' >&2
	exit 2
fi
mkdir -p "$1"
debian=$(cd "$1" && pwd)
shift
repository=$(cd "$(dirname "$0")/../.." && pwd)
revision=${FRESH_REVISION:-HEAD}

# The host's own Debian sources, as lines of a sources.list; other people's repositories are left out.
list_sources() {
	# shellcheck disable=SC2016 # apt's variables, not the shell's
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Identifier: Packages' 'Origin: Debian' | grep bookworm | sort -u
}

make_debian() {
	local sources mirror
	sources=$(list_sources) || sources='deb http://deb.debian.org/debian bookworm main'
	mirror=$(awk '$3 == "bookworm" { print $2; exit }' <<<"$sources")
	debootstrap --variant=minbase --include=make,git,ca-certificates bookworm "$debian" "$mirror"
	echo "$sources" >"$debian/etc/apt/sources.list"
	apt-config dump Acquire | grep -iE '::(https?|check)' >"$debian/etc/apt/apt.conf.d/90host" || true
}

clone_repository() {
	rm -rf "$debian/root/xbr"
	git -c safe.directory="$repository" clone --quiet --no-local --no-checkout "$repository" "$debian/root/xbr"
	git -c safe.directory='*' -C "$debian/root/xbr" checkout --quiet --detach \
		"$(git -c safe.directory="$repository" -C "$repository" rev-parse "$revision")"
	cp /etc/resolv.conf /etc/hosts "$debian/etc/"
}

# run COMMAND...: in the Debian, with /proc, /sys and /dev, its own mounts and process ids, and a clean environment.
# pivot_root, not chroot: `ip netns exec` wants a root that is a mount point.
run() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare --mount --pid --fork --kill-child --propagation private sh -euc '
		cd "$1"
		shift
		mount --bind . .
		cd "$PWD"
		mount -t proc proc proc
		mount --rbind /sys sys
		mount --rbind /dev dev
		mount -t tmpfs tmpfs run
		pivot_root . mnt
		umount --lazy /mnt
		exec env -i HOME=/root TERM=dumb LANG=C.UTF-8 CI=true \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
	' sh "$debian" "$@" </dev/null
}

[ -e "$debian/etc/debian_version" ] || make_debian
chmod 755 "$debian" # the root folder of a real system lets everybody in; that of mktemp does not
clone_repository
for target; do
	echo "--- fresh Debian $(cat "$debian/etc/debian_version"): make $target"
	run make -C /root/xbr "$target"
done
