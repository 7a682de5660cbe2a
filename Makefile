# Every target is documented by the comment behind it; `make help` prints them.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export DOTNET_NOLOGO := 1
export DOTNET_CLI_TELEMETRY_OPTOUT := 1

.PHONY: help demo test unit e2e soak up down status build image bench lint format clean

help: ## Print this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Tell the story on a real API server: blocked, approved, admitted (first run about 12 minutes)
	@eng/demo

test: ## All tests: unit, property, golden, and end to end on a real API server
	@eng/test all

unit: ## Only the tests that need no cluster (seconds)
	@eng/test unit

e2e: ## Only the tests on a real API server
	@eng/test e2e

soak: ## The long form of the tests that are shortened in `make test`
	@eng/test soak

up: ## Start a control plane with the controller and leave it running, in .run
	@eng/stack up

down: ## Stop it and remove .run
	@eng/stack down

status: ## What of it runs
	@eng/stack status

build: ## Publish the native binaries into artifacts/bin
	@eng/build

image: ## Build the container image into artifacts/image, without a container engine
	@eng/image

bench: build ## Measure the controller against the floor under h2load
	@bench/run

lint: ## Formatting, analyzers, shell scripts, as in CI
	@eng/lint

format: ## Format the C# sources
	@dotnet format ChangeAdmission.sln

clean: ## Remove everything that was built
	@rm -rf artifacts && find src tests bench -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
