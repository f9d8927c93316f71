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
if ! command -v strace >/dev/null; then
    echo "The tests need strace: run 'sudo apt-get install strace', then try again." >&2
    exit 1
fi

place=$(mktemp -d)
trap 'rmdir "$place"' EXIT
if ! "${as_root[@]}" mount -t tmpfs -o size=1m tmpfs "$place" 2>/dev/null; then
    echo "The tests fill a small file system and may not mount one: run them as root, or allow sudo (in a container: SYS_ADMIN)." >&2
    exit 1
fi
"${as_root[@]}" umount "$place"
