#!/bin/bash
# Makes sure that /usr/bin/chromium is there: the tests of the inbox run in it.
set -euo pipefail
[ -x /usr/bin/chromium ] && exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    as_root=(false)
fi
if command -v apt-get >/dev/null && [ "${as_root[*]-}" != false ]; then
    echo "Installing chromium for the tests in a browser (once; this takes a minute) ..."
    { "${as_root[@]}" apt-get -qq update \
        && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq install -y --no-install-recommends chromium; } >/dev/null || true
fi
if [ ! -x /usr/bin/chromium ]; then
    echo "The tests need a browser at /usr/bin/chromium: run 'sudo apt-get install chromium', then try again." >&2
    exit 1
fi
