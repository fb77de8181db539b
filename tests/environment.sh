#!/bin/sh
# environment.sh REQUIREMENTS FOLDER: make a Python environment in the folder, where it is missing or older than the
# requirements, and print its interpreter. Fails, with the reason on stderr, where it cannot be made.
set -eu
requirements=$1
venv=$2
stamp=$venv/.requirements
wanted=$(cksum < "$requirements")

if [ ! -x "$venv/bin/python" ] || [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    python=
    for each in python3.13 python3.12 python3.11 python3; do
        if command -v "$each" >/dev/null 2>&1 &&
            "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$each
            break
        fi
    done
    [ -n "$python" ] || { echo 'environment.sh: Python 3.11 or newer is needed' >&2; exit 1; }
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv" >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2
    printf '%s\n' "$wanted" > "$stamp"
fi
printf '%s\n' "$venv/bin/python"
