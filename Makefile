# What people do with bridged. `make run` needs nothing but Go.

GO      ?= go
BIN     := bin/bridged
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

# The linters are built once from their own module, so that they add nothing to
# the program's dependencies.
TOOLS := bin/tools

.PHONY: run build test test-long test-package torture fuzz lint licences vuln coverage bench dist reproduce screenshots fmt clean

run:
	$(GO) run ./cmd/bridged

build:
	$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/bridged

# The packages whose tests use a store: they run on both databases.
STORED := ./store ./bridge ./pipeline ./api ./e2e

# All tests, with the race detector, which needs a C compiler. What a daemon takes
# in memory is measured without it. Browsers and the documentation look at one database. A package has more than go test's ten minutes,
# for machines that are busy with something else as well.
test:
	./.ci/install-test-tools
	$(GO) test -race -timeout 20m ./...
	TEST_STORE=postgres $(GO) test -race -timeout 20m -skip '^Test(Console|Docs)_' $(STORED)
	$(GO) test ./e2e -run TakeLittleMemory

# The long forms: a hundred crashes and more.
test-long:
	./.ci/install-test-tools
	BRIDGED_LONG=1 $(GO) test -race -count=1 -timeout 60m ./bridge ./e2e/...
	TEST_STORE=postgres BRIDGED_LONG=1 $(GO) test -race -count=1 -timeout 60m ./bridge ./e2e/...

# The Debian package in a copy of this machine: needs root.
test-package:
	./.ci/install-test-tools package
	GO=$(GO) ./packaging/test

lint: $(TOOLS)/golangci-lint $(TOOLS)/deadcode
	$(TOOLS)/golangci-lint run ./...
	./.ci/deadcode $(TOOLS)/deadcode

# All fuzz targets, for so long in all; ONLY=REGEXP takes some of them.
FUZZTIME ?= 60s

fuzz:
	./.ci/fuzz $(FUZZTIME) $(ONLY)

# The modules that are linked into the program, and their licenses. It fails where
# one is none that is allowed.
licences:
	$(GO) -C tools/supply run ./licences -C ../..

# Known holes in what is linked. Its database is on the internet, so it is no gate.
vuln:
	$(GO) -C tools/supply tool govulncheck -C ../.. ./cmd/bridged

# How much of each package the tests reach. It is told, and no target.
coverage:
	./.ci/coverage

fmt: $(TOOLS)/gofumpt
	$(TOOLS)/gofumpt -w -modpath bridged .

$(TOOLS)/%: tools/go.mod tools/go.sum
	cd tools && $(GO) build -o ../$@ $$($(GO) list -f '{{.ImportPath}}' tool | grep '/$*$$')

# The whole way over HTTP; docs/performance.md says how to read it, and REPORT=FILE puts
# what was found between the marks of such a file. ONLY=PART,PART takes some of its parts,
# and STORE=postgres measures them on a PostgreSQL server that the benchmark starts.
STORE  ?= sqlite
REPORT ?=
RUNS   ?= 3

bench: build
	$(GO) run ./bench -bridged $(BIN) -store $(STORE) -runs $(RUNS) -only '$(ONLY)' -report '$(REPORT)'

# What a release has, into dist/; docs/packages.md says what that is. `make reproduce`
# builds the last commit twice, in folders and caches of their own, and compares.
dist:
	GO=$(GO) ./packaging/dist

reproduce:
	GO=$(GO) ./packaging/reproduce

# Pictures of the console's pages, light and dark, wide and narrow. TO=FOLDER puts
# them elsewhere, ONLY=REGEXP takes some of them.
TO   ?= bin/screenshots
ONLY ?=

screenshots: build
	./.ci/install-test-tools
	$(GO) run ./e2e/screenshots -bridged $(BIN) -to $(TO) -only '$(ONLY)'

# The fault suite in its long form, with a binary whose clock can jump; docs/reliability.md
# says what it does and gets the result. SEED=N repeats a plan, CYCLES is how many crashes.
SEED   ?=
CYCLES ?= 1000
ARGS   ?=

torture:
	./.ci/install-test-tools
	$(GO) build -trimpath -tags torture -o $(BIN)-torture ./cmd/bridged
	$(GO) run ./e2e/torture -bridged $(BIN)-torture $(if $(SEED),-seed $(SEED)) -cycles $(CYCLES) -store $(STORE) -report docs/reliability.md $(ARGS)

clean:
	rm -rf bin dist
