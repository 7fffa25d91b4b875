DATA ?= data
LISTEN ?= 127.0.0.1:8080

.PHONY: help run demo test fast long bench lint

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

run: ## build the server and serve the demo on LISTEN, from the folder DATA
	cargo run --release --locked -p server -- serve --demo --data $(DATA) --listen $(LISTEN)

demo: ## fill the folder DATA with the demo chain, and serve nothing
	cargo run --release --locked -p server -- demo --data $(DATA)

test: ## every test, on SQLite and on a throwaway PostgreSQL
	scripts/with-postgres cargo test --workspace --locked --features server/testing

fast: ## the rules alone, in seconds
	cargo test -p engine --locked

long: ## the long runs of what is random, for a night (docs/testing.md)
	PROPTEST_CASES=100000 ENGINE_MODEL_ORDERS=100000 cargo test --release -p engine --locked
	REGULARS_SEQUENCES=100000 scripts/with-postgres cargo test --release -p server --locked --features testing --lib \
		second_reckoning

bench: ## measure, with a PostgreSQL that waits for its disk
	scripts/with-postgres --durable cargo bench --workspace --locked --features server/testing

lint: ## formatting and clippy
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features server/testing --locked -- -D warnings
