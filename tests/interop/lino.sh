#!/usr/bin/env bash
# Installs Lino Welfare (a real OCMW case-management system, run as a program of its own) with its demonstration
# data, and serves it on loopback until it is told to stop.   usage: lino.sh DIRECTORY PORT
set -euo pipefail
home=${1:?directory}; port=${2:?port}
mkdir -p "$home"; cd "$home"; home=$PWD
if [ ! -e installed ]; then
    echo "Installing Lino Welfare (about a minute) ..." >&2
    rm -rf venv; "${PYTHON:-python3}" -m venv venv
    # A set that is known to load together.
    venv/bin/pip install --quiet --disable-pip-version-check \
        lino==26.7.0 lino-xl==26.7.0 lino-react==26.7.0 lino-welfare==26.7.0 lino-weleup==26.7.0 \
        num2words metaphone appy odfpy suds-community django-iban vobject
    # We want its records, not the letters it prints: those would need an office suite.
    excerpts=$(venv/bin/python -c 'import lino_xl, os; print(os.path.dirname(lino_xl.__file__))')/lib/excerpts
    printf 'def objects():\n    return []\n' > "$excerpts/fixtures/demo2.py"
    cat > settings.py <<PY
from lino_weleup.settings import *


class Site(Site):
    title = "Lino for tests"
    is_demo_site = True
    languages = "en fr de nl"

    def get_plugin_configs(self):
        return (c for c in super().get_plugin_configs() if tuple(c[1:2]) != ("show_birthdays",))


SITE = Site(globals())
DEBUG = True
SECRET_KEY = "for tests only"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "$home/lino.db"}}
PY
    touch installed
fi
export DJANGO_SETTINGS_MODULE=settings PYTHONPATH="$home"
if [ ! -e loaded ]; then
    if ! ldconfig -p | grep -q libtidy; then
        [ "$(id -u)" = 0 ] || { echo "Install the Debian package libtidy5deb1 and try again." >&2; exit 1; }
        apt-get install -y -qq libtidy5deb1 >/dev/null 2>&1 \
            || { apt-get update -qq && apt-get install -y -qq libtidy5deb1; } >/dev/null
    fi
    echo "Loading Lino's demonstration data (about two minutes) ..." >&2
    rm -f lino.db
    venv/bin/django-admin prep --noinput > load.log 2>&1 || { tail -n 20 load.log >&2; exit 1; }
    touch loaded
fi
exec venv/bin/django-admin runserver --noreload "127.0.0.1:$port"
