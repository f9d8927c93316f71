#!/bin/bash
# Makes sure that strace is there and that a small file system can be mounted: tests of faults break a disk and fill one.
set -euo pipefail

if [ "$(id -u)" = 0 ]; then as_root=(); else as_root=(sudo -n); fi
if ! command -v strace >/dev/null; then
    if command -v apt-get >/dev/null; then
        echo "Installing strace for tests that let a disk fail (once) ..."
        { "${as_root[@]}" apt-get -qq update \
            && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
                apt-get -qq install -y --no-install-recommends strace; } >/dev/null || true
    fi
fi
command -v strace >/dev/null \
    || echo "Without strace the test of a failing disk is left out: sudo apt-get install strace." >&2

place=$(mktemp -d)
trap 'rmdir "$place"' EXIT
if "${as_root[@]}" mount -t tmpfs -o size=1m tmpfs "$place" 2>/dev/null; then
    "${as_root[@]}" umount "$place"
else
    echo "The test of a full disk is left out: it mounts a small file system, as root or by sudo (in a container: SYS_ADMIN)." >&2
fi
