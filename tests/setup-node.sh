#!/bin/bash
# Makes sure that node and the packages of tests/node are there: verifiers that share no code with the program.
set -euo pipefail
cd "$(dirname "$0")/node"

if ! command -v npm >/dev/null; then
    if [ "$(id -u)" = 0 ]; then as_root=(); else as_root=(sudo -n); fi
    if command -v apt-get >/dev/null; then
        echo "Installing node for tests that verify with it (once; this takes a minute) ..."
        { "${as_root[@]}" apt-get -qq update \
            && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
                apt-get -qq install -y --no-install-recommends nodejs npm; } >/dev/null || true
    fi
fi
if ! command -v npm >/dev/null; then
    echo "The tests need node and npm: run 'sudo apt-get install nodejs npm', then try again." >&2
    exit 1
fi
[ node_modules/.package-lock.json -nt package-lock.json ] && exit 0
# Without what packages want to run of themselves: none needs it, and one reports to its maker.
npm ci --ignore-scripts --no-audit --no-fund --silent
