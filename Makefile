# What people do with bridged. `make run` needs nothing but Go.

GO      ?= go
BIN     := bin/bridged
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

# The linters are built once from their own module, so that they add nothing to
# the program's dependencies.
TOOLS := bin/tools

.PHONY: run build test test-long lint bench fmt clean

run:
	$(GO) run ./cmd/bridged

build:
	$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/bridged

# All tests, with the race detector, which needs a C compiler.
test:
	./.ci/install-test-tools
	$(GO) test -race ./...

# The long forms: a hundred crashes and more.
test-long:
	./.ci/install-test-tools
	BRIDGED_LONG=1 $(GO) test -race -count=1 -timeout 60m ./e2e/...

lint: $(TOOLS)/golangci-lint $(TOOLS)/deadcode
	$(TOOLS)/golangci-lint run ./...
	./.ci/deadcode $(TOOLS)/deadcode

fmt: $(TOOLS)/gofumpt
	$(TOOLS)/gofumpt -w -modpath bridged .

$(TOOLS)/%: tools/go.mod tools/go.sum
	cd tools && $(GO) build -o ../$@ $$($(GO) list -f '{{.ImportPath}}' tool | grep '/$*$$')

# The whole way over HTTP; docs/performance.md says how to read it.
bench: build
	$(GO) run ./bench -bridged $(BIN)

clean:
	rm -rf bin
