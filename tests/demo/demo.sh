#!/bin/sh
# The main job from an empty account back to an empty account, as a person would do it: plan, apply, values, drift,
# repair, destroy. AWS is the strict emulator, at 60 times its speed; no real account is touched.
#
# Every command line that is shown is run as shown, its exit status is checked, and so is what `--json` prints in its
# place. Leaves out/demo: index.html with the reports, the declaration, the lockfile, the Helm values, and under json/ what
# programs would read.
set -eu

scale=60
root=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd)
scene=$root/out/demo
python=${STRICT_VENV:-$root/.venv}/bin/python
emulator=

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') red=$(printf '\033[31m') plain=$(printf '\033[0m')
else
    bold='' dim='' red='' plain=''
fi

heading() { printf '\n%s## %s%s\n' "$bold" "$1" "$plain"; }
say() { printf '%s\n' "$*"; }
fail() {
    printf '%sdemo: %s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}

# Ends our own emulator and nothing else.
clean_up() {
    status=$?
    trap - EXIT INT TERM
    if [ -n "$emulator" ]; then
        kill "$emulator" 2>/dev/null || true
        wait "$emulator" 2>/dev/null || true
    fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# stage DOING …: what happens beside ppm-infra; see stage.py.
stage() { "$python" "$root/tests/demo/stage.py" "$@"; }

# run STATUS ARGUMENTS…: shows the command line, runs it, checks its exit status.
run() {
    expected=$1
    shift
    printf '\n%s$ ppm-infra %s%s\n' "$bold" "$*" "$plain"
    status=0
    ppm-infra "$@" </dev/null || status=$?
    printf '%s[exit status %s]%s\n' "$dim" "$status" "$plain"
    [ "$status" = "$expected" ] || fail "ppm-infra $* ended with $status; $expected was expected"
}

# json STATUS NAME ARGUMENTS…: the same for programs, kept in json/NAME.json.
json() {
    expected=$1 name=$2
    shift 2
    status=0
    ppm-infra "$@" --json </dev/null >"json/$name.json" 2>"json/$name.stderr" || status=$?
    if [ "$status" != "$expected" ]; then
        cat "json/$name.stderr" >&2
        fail "ppm-infra $* --json ended with $status; $expected was expected"
    fi
    [ -s "json/$name.stderr" ] || rm "json/$name.stderr"
    stage json "json/$name.json" || fail "ppm-infra $* --json printed something that is no JSON"
}

now() { date +%s; }

heading 'Set-up'
say 'Building ppm-infra. The first time this takes some ten minutes: the client of EC2 is large.'
rm -rf "$scene"
mkdir -p "$scene/bin" "$scene/json"
# Cargo says where it puts the program. A copy stays what it is while somebody builds another one.
cargo build --manifest-path "$root/Cargo.toml" --locked --message-format=json-render-diagnostics \
    >"$scene/build.json"
cp "$("$python" "$root/tests/demo/stage.py" built "$scene/build.json")" "$scene/bin/ppm-infra"
rm "$scene/build.json"
cd "$scene"

"$root/tests/emulator/run.sh" --host 127.0.0.1 --port 0 --scale "$scale" --quiet >emulator.log 2>&1 &
emulator=$!
waited=0
until grep -q '^ready ' emulator.log; do
    kill -0 "$emulator" 2>/dev/null || { cat emulator.log >&2; fail 'the emulator did not start'; }
    [ "$waited" -lt 600 ] || fail 'the emulator did not get ready in a minute'
    sleep 0.1
    waited=$((waited + 1))
done
AWS_ENDPOINT_URL=$(sed -n 's/^ready \([^ ]*\).*/\1/p' emulator.log)

# Nothing of a real account gets in: no profile, no file, no machine's role.
for name in $(env | sed -n -e 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p' -e 's/^\(PPM_INFRA_[A-Z0-9_]*\)=.*/\1/p'); do
    [ "$name" = AWS_ENDPOINT_URL ] || unset "$name"
done
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID=AKIADEMO AWS_SECRET_ACCESS_KEY=demo AWS_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
# The same as `--time-scale 60` on every line: waits are as short as the emulator is fast.
export PPM_INFRA_TIME_SCALE=$scale
PATH=$scene/bin:$PATH
export PATH

say "The emulator listens at $AWS_ENDPOINT_URL; a minute of AWS takes a second. Everything is in out/demo."
certificate=$(stage certificate packages.example.com)
stage inventory json/inventory-before.json
say "Before: $(stage number total json/inventory-before.json) objects, the account's own."

heading 'A declaration'
run 0 init plans/ppm-demo.yaml --set stack=ppm-demo --set region=us-east-1 \
    --set load_balancer.domain=packages.example.com --set "load_balancer.certificate=$certificate"
run 0 validate
json 0 validate validate

heading 'What would be made'
run 0 plan --report plan.html --report plan.svg
json 2 plan-first plan --detailed-exitcode

heading 'Whether the account is ready'
run 0 preflight
# From another continent.
stage far 0.05
stage forget
preflight_seconds=$(stage seconds preflight)
stage calls json/calls-preflight.json
stage near
json 0 preflight preflight

heading 'Make it'
stage forget
began=$(now)
export PPM_INFRA_LOG_FILE=json/apply.log
run 0 apply --auto-approve --values ppm-demo.values.yaml
unset PPM_INFRA_LOG_FILE
apply_seconds=$(($(now) - began))
stage calls json/calls-apply.json
stage inventory json/inventory-standing.json
json 0 apply-nothing apply --auto-approve --values ppm-demo.values.yaml

heading 'What Helm gets (the first lines)'
printf '\n%s$ ppm-infra values | head -n 33%s\n' "$bold" "$plain"
ppm-infra values >values-again.yaml
head -n 33 values-again.yaml
cmp -s ppm-demo.values.yaml values-again.yaml || fail 'values and apply --values write different files'
rm values-again.yaml
json 0 values values
run 0 output
json 0 output output
json 0 state-list state list

heading 'Nothing more to do'
stage forget
began=$(now)
run 0 plan --detailed-exitcode
plan_seconds=$(($(now) - began))
stage calls json/calls-plan.json
plan_writes=$(stage number mutating json/calls-plan.json)
[ "$plan_writes" = 0 ] || fail "a plan without changes made $plan_writes calls that write"
json 0 plan-nothing plan --detailed-exitcode
run 0 drift
json 0 drift-nothing drift
# AWS answers as from another continent; the first look from there does not count.
stage far 0.05
json 0 drift-far drift
stage forget
drift_seconds=$(stage seconds drift)
stage calls json/calls-drift.json
stage near

heading "Somebody works behind the tool's back"
stage meddle
run 2 drift --report drift-before.html
json 2 drift-moved drift
ppm-infra drift >drift.txt || true
for word in database.main backup_days 7 1 security_group.load-balancer 198.51.100.0/24 subnet.public-a role/elb; do
    grep -qF -- "$word" drift.txt || fail "drift does not say $word"
done
stage expect-drift json/drift-moved.json || fail 'drift does not name what was moved, with both values'
run 0 apply --auto-approve --values ppm-demo.values.yaml
run 0 plan --detailed-exitcode
# Once more for programs: the same repair, told in events.
stage meddle >/dev/null
json 0 apply-repair apply --auto-approve --values ppm-demo.values.yaml
json 0 drift-repaired drift --report drift-after.html

heading 'Take everything down'
json 0 plan-destroy plan --destroy
stage forget
began=$(now)
run 0 destroy --delete-data database,bucket,key --no-final-snapshot --auto-approve
destroy_seconds=$(($(now) - began))
stage calls json/calls-destroy.json
json 0 destroy-nothing destroy --auto-approve
stage inventory json/inventory-after.json
stage same json/inventory-before.json json/inventory-after.json || fail 'something is left, or something is missing'
say
say "After: $(stage number total json/inventory-after.json) objects, the same as before."

heading 'Summary'
row() {
    calls=$(stage number total "json/calls-$2.json")
    writes=$(stage number mutating "json/calls-$2.json")
    printf '  %-22s %4s calls, %3s of them write   %3s s here' "$1" "$calls" "$writes" "$3"
    [ -z "${4-}" ] || printf ', as if %s min' "$(($3 * scale / 60))"
    printf '\n'
}
row 'preflight, 50 ms away' preflight "$preflight_seconds"
row 'first apply' apply "$apply_seconds" long
row 'plan without changes' plan "$plan_seconds"
row 'drift, AWS 50 ms away' drift "$drift_seconds"
row 'destroy' destroy "$destroy_seconds" long
say
requests=$(stage judged) || fail 'a request does not fit the model of its service'
say "AWS's own service models judged $requests, of this tool and of Casey, and every one fits."
say 'Every exit status was as it should be, and everything --json printed is JSON.'
"$python" "$root/tests/demo/index.py" json/apply.log "$scale"
say 'Left to look at, in a browser: out/demo/index.html'
say 'And: out/demo/plans/ppm-demo.yaml, out/demo/ppm-demo.values.yaml, out/demo/state/, out/demo/json/'
