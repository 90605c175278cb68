# Everything here runs with the Deno that src/build/with_deno.sh finds or fetches; the steps themselves are tasks in deno.json.
DENO := ./src/build/with_deno.sh

.DEFAULT_GOAL := help
.PHONY: help run test itest up down ok build dist bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z_%]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: ## the demo: a gateway, two DRAs and Logic Apps on loopback; nothing to configure
	@$(DENO) task --quiet demo

test: ## all tests
	@$(DENO) task --quiet test

itest: ## the situations of the gRPC plane, each a whole example: does it hold?
	@$(DENO) task --quiet demo grpc --scenario all

itest_%: ## one of them, as in make itest_session_transfer
	@$(DENO) task --quiet demo grpc --scenario $*

up: build ## the gRPC example in containers, with Redis; needs docker compose
	docker compose -f config/grpc/compose.yaml up --build

down: ## ends it
	docker compose -f config/grpc/compose.yaml down

ok: ## the gate: formatting, lint, types, docstrings of the library, tests
	@$(DENO) task ok

build: ## dist/diam-gw, one self-contained executable
	@$(DENO) task --quiet build

dist: ## the executable, SHA256SUMS, a bill of materials and a package for Debian
	@$(DENO) task --quiet dist

bench: ## load a gateway on this machine; throughput and latency
	@$(DENO) task --quiet bench

clean: ## remove what was built (the fetched Deno stays in .tools)
	rm -rf dist
