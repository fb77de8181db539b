#!/bin/sh
# Open the reports of plans in Chromium: no console message, no request, nothing overlaps, everything is legible on a screen and
# on a phone, by day and by night, without JavaScript and on paper. Leaves pictures in out/browser.
#
#   CHROMIUM           the browser; by default the one of this machine
#   PPM_INFRA_BROWSER  `required`: a browser that is missing is a failure
#   CARGO              cargo
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH= cd -- "$here/../.." && pwd)
cd -- "$root"
program=$("${CARGO:-cargo}" build --locked --no-default-features --message-format=json-render-diagnostics |
    python3 -c 'import json, sys
for line in sys.stdin:
    built = json.loads(line).get("executable")
    if built and built.endswith("ppm-infra"):
        print(built)')
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/check.py" "$program" "$root/out/browser"
