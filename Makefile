# GNU make; `make` alone lists the targets. Needs a Rust toolchain with a C compiler, and Python 3.11 or newer; each
# target sets up the rest. Where cargo builds is cargo's business (CARGO_TARGET_DIR is left alone).

CARGO ?= cargo
PORT ?= 5000
SCALE ?= 60
# What make itself keeps outside the clone: tools that are not on this machine.
CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/ppm-infra
# The environment of the emulator, as tests/emulator/run.sh finds it.
PYTHON := $(if $(STRICT_VENV),$(STRICT_VENV),$(CURDIR)/.venv)/bin/python
SCRIPTS := .ci/run tests/browser/run.sh tests/demo/demo.sh tests/environment.sh tests/emulator/run.sh tests/helm/run.sh docs/install/dist.sh
DENY_VERSION := 0.20.2
ABOUT_VERSION := 0.9.3
ABOUT := $(or $(shell command -v cargo-about 2>/dev/null),$(CACHE)/bin/cargo-about)
DENY := $(or $(shell command -v cargo-deny 2>/dev/null),$(CACHE)/bin/cargo-deny)

.DEFAULT_GOAL := help
.PHONY: help demo test test-faults test-helm test-browser bench check fmt clippy docs deny dist emulator-check emulator schema clean-demo venv

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: venv ## the main job from plan to destroy, against the emulator, 60 times as fast as AWS (leaves out/demo/index.html)
	tests/demo/demo.sh

# What goes into the cluster beside the chart is judged by Kubernetes' schemas for a sample of the declarations of test-helm.
# Every emulator leaves in a folder what it judged; that is summed up at the end. With AWS the tests wait for half of their
# time, so twice as many run at once as there are processors.
test: venv ## every test: first all that needs no AWS SDK, then the whole suite with the emulator
	$(CARGO) test --locked --no-default-features
	CARGO='$(CARGO)' PPM_INFRA_CHARTS=none tests/helm/run.sh --every 4
	@set -e; tally=$$(mktemp -d); trap 'rm -rf "$$tally"' EXIT; \
	RUST_TEST_THREADS=$$((2 * $$(getconf _NPROCESSORS_ONLN))) STRICT_TALLY="$$tally" $(CARGO) test --locked; \
	python3 tests/emulator/judged.py "$$tally"

# What `make test` takes a sample of, whole: every point to die at, every fault, every damage. Random tests print the seed
# with which they are repeated.
# What was counted is shown with the results.
test-faults: venv ## every crash point, fault, kill, lock, damaged file, secret and failing look; takes long
	PPM_INFRA_TEST=all $(CARGO) test --locked --lib -- --show-output store::
	PPM_INFRA_TEST=all $(CARGO) test --locked --test suite -- --show-output \
	    crash:: kill:: faults:: interrupted:: lockfile:: secrets:: runbook:: shared_state:: fuzz:: drift::unread:: \
	    drift::repeated::

# What cannot be had (charts, packages from PyPI) is left out and said aloud; PPM_INFRA_HELM=required makes that a failure.
test-helm: ## the values of many declarations through Helm's engine and the real charts (PPM_INFRA_CHARTS), judged by Kubernetes' schemas
	CARGO='$(CARGO)' tests/helm/run.sh

# Where there is no browser, that is said aloud; PPM_INFRA_BROWSER=required makes it a failure.
test-browser: ## the reports of plans in Chromium (CHROMIUM=): on a screen, a phone and paper, by day and by night (leaves out/browser)
	CARGO='$(CARGO)' tests/browser/run.sh

# Rehearsals of stacks of up to 100,000 records; SIZES= takes others. Nothing else may run meanwhile.
bench: ## how long the program takes and how that grows, compared with tests/bench/baseline.json; takes minutes
	$(CARGO) bench --locked --no-default-features --bench growth -- $(SIZES)

check: fmt clippy docs deny emulator-check ## everything a change must pass besides the tests

fmt: ## formatting of the Rust code
	$(CARGO) fmt --all --check

clippy: ## lints, without and with the AWS SDK; a warning fails
	$(CARGO) clippy --locked --all-targets --no-default-features -- -D warnings
	$(CARGO) clippy --locked --all-targets -- -D warnings

docs: ## documentation of the code; a warning fails
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items

# The database of advisories is fetched from the internet. Where it cannot be reached, that alone is left out and said
# aloud; ADVISORIES=required makes it a failure.
deny: $(DENY) ## licences, sources, duplicates and advisories of the dependencies
	'$(DENY)' --locked check bans licenses sources
	@if '$(DENY)' --locked fetch db; then \
	    '$(DENY)' --locked --offline check advisories; \
	else \
	    echo 'make deny: the advisory database was not reached; advisories were NOT checked.' >&2; \
	    [ '$(ADVISORIES)' != required ]; \
	fi

$(CACHE)/bin/cargo-deny:
	CARGO_TARGET_DIR='$(CACHE)/tools-target' $(CARGO) install --locked --root '$(CACHE)' cargo-deny@$(DENY_VERSION)

dist: $(ABOUT) ## one archive of what a person installs, with its checksum (leaves out/dist); the build takes long
	CARGO='$(CARGO)' CARGO_ABOUT='$(ABOUT)' docs/install/dist.sh

$(CACHE)/bin/cargo-about:
	CARGO_TARGET_DIR='$(CACHE)/tools-target' $(CARGO) install --locked --features cli --root '$(CACHE)' cargo-about@$(ABOUT_VERSION)

emulator-check: venv ## the emulator and the scripts: syntax, and the emulator's own tests
	for each in $(SCRIPTS); do sh -n "$$each" || exit 1; done
	PYTHONPYCACHEPREFIX='$(CACHE)/pycache' '$(PYTHON)' -W error -m compileall -q tests/emulator tests/demo tests/browser
	PYTHONDONTWRITEBYTECODE=1 '$(PYTHON)' -m pytest -q -p no:cacheprovider tests/emulator/tests

emulator: ## the emulator alone, until Ctrl-C: http://127.0.0.1:5000 (PORT=, SCALE=)
	tests/emulator/run.sh --host 127.0.0.1 --port $(PORT) --scale $(SCALE)

schema: ## write plans/*.schema.json and plans/full.yaml again, from the program
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	$(CARGO) run --locked --quiet --no-default-features -- schema > "$$fresh/schema.json"; \
	$(CARGO) run --locked --quiet --no-default-features -- init --full "$$fresh/full.yaml"; \
	$(CARGO) run --locked --quiet --no-default-features -- values --schema > "$$fresh/values.json"; \
	cat "$$fresh/schema.json" > plans/stack.schema.json; \
	cat "$$fresh/values.json" > plans/values.schema.json; \
	cat "$$fresh/full.yaml" > plans/full.yaml

clean-demo: ## remove what the demo left
	rm -rf out/demo

# The script makes the environment on first use; made here once, tests that start several emulators find it ready.
venv:
	@tests/emulator/run.sh --help > /dev/null
