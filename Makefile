# Everything here runs with the Deno that src/build/with_deno.sh finds or fetches; the steps themselves are tasks in deno.json.
DENO := ./src/build/with_deno.sh

.DEFAULT_GOAL := help
.PHONY: help run test ok build bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: ## the demo: a gateway, two DRAs and Logic Apps on loopback; nothing to configure
	@$(DENO) task --quiet demo

test: ## all tests
	@$(DENO) task --quiet test

ok: ## the gate: formatting, lint, types, docstrings of the library, tests
	@$(DENO) task ok

build: ## dist/diam-gw, one self-contained executable
	@$(DENO) task --quiet build

bench: ## load a gateway on this machine; throughput and latency
	@$(DENO) task --quiet bench

clean: ## remove what was built (the fetched Deno stays in .tools)
	rm -rf dist
