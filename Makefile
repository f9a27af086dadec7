# make run    installs what is missing, builds, starts the node, sends it a call and a room session, prints where they play
# make test   installs what the tests need, runs all of them, and those that touch the catalogue on PostgreSQL too
# make test-postgres   all of what touches the catalogue, on PostgreSQL
.PHONY: run test test-postgres bench lint fuzz deny web clean

run:
	scripts/install-missing
	cargo build --release
	target/release/ferric demo

test:
	scripts/install-missing tests
	cargo test --no-fail-fast
	FERRIC_TEST_CATALOGUE=postgres cargo test --no-fail-fast --test archive --test api

# What touches the catalogue from far away, on PostgreSQL too: `make test` leaves it out for its length.
test-postgres:
	scripts/install-missing tests
	FERRIC_TEST_CATALOGUE=postgres cargo test --no-fail-fast --test archive --test api --test rows --test console --test node --test live

bench:
	scripts/install-missing bench
	cargo bench

lint:
	scripts/install-missing
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

# Every reader of what comes from outside (or READER alone), SECONDS long with changed inputs: CONTRIBUTING.md.
fuzz: SECONDS ?= 120
fuzz:
	FERRIC_FUZZ_SECONDS=$(SECONDS) $(if $(READER),FERRIC_FUZZ=$(READER)) nice -n 19 cargo test --test house readers -- --nocapture

# Licences and advisories of what we depend on (needs cargo-deny: cargo install cargo-deny).
deny:
	cargo deny check licenses bans sources

clean:
	cargo clean
	rm -rf web/dist web/node_modules
