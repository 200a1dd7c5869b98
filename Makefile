# The index of what can be done here. `make help` lists it.
.DEFAULT_GOAL := dev
.PHONY: dev release check test asan tsan clang fuzz sim proof bench deb docs run demo format lint layers clean help
MAKEFLAGS += --no-print-directory
F ?= url_fuzz
SECONDS ?= 60

dev: ## builds build/dev, for working
	@test -f build/dev/build.ninja || cmake --preset dev > /dev/null
	@ninja -C build/dev

release: ## builds build/release/postrider
	@scripts/build

check: ## what CI runs
	@scripts/test

test: dev ## unit tests whose name matches T=regex
	@ctest --test-dir build/dev -j 2 --output-on-failure $(if $(T),-R '$(T)')

asan tsan: ## the whole suite under AddressSanitizer and UBSan, or ThreadSanitizer
	@test -f build/$@/build.ninja || cmake --preset $@ > /dev/null
	@ninja -C build/$@
	@tools/run_tests build/$@ unit integration

clang: ## builds everything with clang, thread-safety analysis among its warnings
	@test -f build/clang/build.ninja || cmake --preset clang > /dev/null
	@ninja -C build/clang

fuzz: ## fuzzes F=target for SECONDS=60
	@test -f build/fuzz/build.ninja || cmake --preset fuzz > /dev/null
	@ninja -C build/fuzz $(F)
	@mkdir -p build/fuzz/corpus/$(F) build/fuzz/found
	@$$(find build/fuzz -name $(F) -type f -perm -u+x) -max_total_time=$(SECONDS) -timeout=5 \
	    -artifact_prefix=build/fuzz/found/$(F)- build/fuzz/corpus/$(F) tests/fuzz_corpus/$(F)

sim: release ## deliveries in a time of their own: SEED=n, or SEEDS=1000 of them
	@ninja -C build/release simulation
	@POSTRIDER_SEED=$(SEED) POSTRIDER_SEEDS=$(SEEDS) build/release/src/simulation

proof: ## the long checks at full counts, resumable: one log each in build/proof
	@tools/run_proof

bench: ## the table of docs/performance.md, measured here
	@scripts/build --all
	@bench/run

deb: ## Debian's packages, in build/deb
	@tools/make_deb

docs: ## the documentation's site, for a browser without a server: build/docs/index.html
	@tools/build_docs build/docs build/problem_pages.json

run: release ## a server on build/run, deliveries to this machine allowed
	@build/release/postrider serve --data build/run --allow-network 127.0.0.0/8

demo: ## an event on its way, from publishing to a verified signature
	@scripts/demo

format: ## formats the C++ and the console
	@tools/lint --format

lint: ## format and clang-tidy of everything
	@scripts/build --all
	@tools/lint --all

layers: ## the layering of src/
	@tools/check_layers --self-test
	@tools/check_layers

clean: ## removes build/
	@rm -rf build

help: ## this list
	@sed -n 's/^\([a-z][a-z ]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS='	' read -r name text; do \
	    printf '  %-12s %s\n' "$$name" "$$text"; done
