#!/bin/bash
# Makes sure that Chromium is there for the tests in a browser: the whole of it, and where the distribution has it the
# headless shell too, which most tests take (tests/web/ui/chromium.py).
set -euo pipefail
whole=/usr/bin/chromium shell=/usr/bin/chromium-headless-shell
# Where apt's lists are there and name no shell, there is none to be had.
has_no_shell() { apt-cache show chromium >/dev/null 2>&1 && ! apt-cache show chromium-headless-shell >/dev/null 2>&1; }
[ -x $whole ] && { [ -x $shell ] || has_no_shell; } && exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    as_root=(false)
fi
install() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@"; }

if command -v apt-get >/dev/null && [ "${as_root[*]-}" != false ]; then
    echo "Installing chromium for the tests in a browser (once; this takes a minute) ..."
    { "${as_root[@]}" apt-get -qq update; install chromium chromium-headless-shell || install chromium; } >/dev/null 2>&1 || true
fi
if [ ! -x $whole ]; then
    echo "The tests need a browser at $whole: run 'sudo apt-get install chromium', then try again." >&2
    exit 1
fi
