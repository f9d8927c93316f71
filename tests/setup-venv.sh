#!/bin/bash
# Makes .venv. Debian ships python3 without ensurepip; then its package is installed where that is allowed.
set -euo pipefail
python=${PYTHON:-python3}

make_venv() { rm -rf .venv && "$python" -m venv .venv; }

if "$python" -c 'import ensurepip' 2>/dev/null; then
    make_venv
elif command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing python3-venv ..."
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y python3-venv; } >/dev/null
    make_venv
else
    echo "Python cannot make virtual environments here: run 'sudo apt-get install python3-venv', then try again." >&2
    exit 1
fi
