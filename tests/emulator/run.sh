#!/bin/sh
# Start the strict emulator; arguments go to it (see --help).
# The Python environment is made at the repository's root on first use and
# again whenever requirements.txt changes.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH= cd -- "$here/../.." && pwd)
venv=${STRICT_VENV:-$root/.venv}
python=$("$here/../environment.sh" "$here/requirements.txt" "$venv")

MOTO_IAM_LOAD_MANAGED_POLICIES=true
PYTHONPATH=$here${PYTHONPATH:+:$PYTHONPATH}
PYTHONDONTWRITEBYTECODE=1
export MOTO_IAM_LOAD_MANAGED_POLICIES PYTHONPATH PYTHONDONTWRITEBYTECODE
exec "$python" -m strict "$@"
