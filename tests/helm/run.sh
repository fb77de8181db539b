#!/bin/sh
# Judge the Helm hand-off by the real parts: Helm's engine, the charts, Kubernetes' schemas. Arguments go to the judge.
#
#   PPM_INFRA_CHARTS  folder with charts rstudio-pm, as `helm pull rstudio/rstudio-pm --version 0.20.4` leaves them;
#                     without it nothing is rendered, which is said aloud; `none`: that is meant
#   PPM_INFRA_HELM    `required`: what would be left out is a failure
#   HELM_VENV         where the Python environment is; by default .venv-helm at the root of the repository
#   CARGO             cargo
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH= cd -- "$here/../.." && pwd)
python=$("$here/../environment.sh" "$here/requirements.txt" "${HELM_VENV:-$root/.venv-helm}") || python=

# left_out WHY: says so aloud; a failure if nothing may be left out.
left_out() {
    printf '\n*** test-helm: LEFT OUT: %s\n\n' "$1" >&2
    if [ "${PPM_INFRA_HELM-}" = required ]; then
        echo 'test-helm: PPM_INFRA_HELM=required makes this a failure' >&2
        exit 1
    fi
}

if [ -z "$python" ]; then
    left_out 'everything: the Python environment of tests/helm/requirements.txt could not be made (see above).'
    exit 0
fi
charts=${PPM_INFRA_CHARTS-}
case $charts in
none) charts= ;;
'') left_out 'the charts: PPM_INFRA_CHARTS names no folder, so nothing is rendered. CONTRIBUTING.md says how to get them.' ;;
esac
cd -- "$root"
program=$("${CARGO:-cargo}" build --locked --no-default-features --message-format=json-render-diagnostics |
    "$python" -c 'import json, sys
for line in sys.stdin:
    built = json.loads(line).get("executable")
    if built and built.endswith("ppm-infra"):
        print(built)')
PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 exec "$python" -m judge "$program" ${charts:+"$charts"} "$@"
