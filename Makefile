# The only door to the project's tools. Targets describe themselves: `make`.

GO          ?= go
FUZZTIME    ?= 30s
ROUNDS      ?= 5
IN_FLIGHT   ?= 1,8
CONNECTIONS ?= 15000
MEMBERS     ?= 10000
SLOW_RATE   ?= 8
N           ?= 1000000
SOAK        ?= 1000000
DURING      ?= 4s
HOLD        ?= 75s
MODES       ?=
MODEL       ?= 10m
MODEL_SEED  ?=
VERSION     ?= $(shell git describe --tags --always --dirty)
PLATFORMS   ?= linux/amd64 linux/arm64

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build sluice and wsbench into bin/
	$(GO) build -o bin/ ./cmd/sluice ./cmd/wsbench

.PHONY: run
run: build ## serve the built-in configuration: try page, hubs chat and echo
	bin/sluice serve

# The same commit, version and Go release give the same bytes.
.PHONY: release
release: ## build static binaries and their checksums into dist/: VERSION=v1.0.0 PLATFORMS=linux/amd64
	rm -rf dist
	@set -e; for platform in $(PLATFORMS); do for program in sluice wsbench; do \
		echo "dist/$$program-$(VERSION)-$${platform%/*}-$${platform#*/}"; \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build -trimpath -buildvcs=false \
			-ldflags '-s -w -X main.release=$(VERSION)' \
			-o "dist/$$program-$(VERSION)-$${platform%/*}-$${platform#*/}" ./cmd/$$program; \
	done; done
	cd dist && sha256sum -- * > SHA256SUMS

.PHONY: test
test: ## run every test, with the race detector and then without it
	$(GO) test -race -shuffle=on -timeout 10m ./...
	$(GO) test -shuffle=on -timeout 10m ./... # the allocation tests are built without -race only
	cd bench/peers && $(GO) test ./...
	$(GO) -C .ci/tools test ./...

# Without a package, go test shows what passing tests print.
.PHONY: conformance
conformance: ## play RFC 6455 and 7692 case by case, each cut in every way; CONFORMANCE_FULL=1 plays the long rows whole, on every engine
	cd gateway/conformance && CONFORMANCE=1 $(GO) test -count=1 -timeout 2h -run '^TestConformance$$'

# SCREENSHOTS=$(CURDIR)/docs/images makes the pictures of the pages anew.
.PHONY: interop
interop: build ## run the clients and handlers of others against ours: needs Node, and Chromium at /usr/bin
	$(GO) build -o bin/ ./examples/rooms ./examples/chat ./examples/game
	cd examples/node-backend && npm ci --no-audit --no-fund --silent
	cd cmd/sluice/interop && npm ci --no-audit --no-fund --silent && npm test --silent
	cd gateway/upstream/webhook/interop && npm ci --no-audit --no-fund --silent
	$(GO) test -tags interop -count=1 -run Express ./gateway/upstream/webhook

.PHONY: check
check: check-format check-vet check-static check-cross ## formatting, vet, staticcheck, builds for other systems

.PHONY: check-format
check-format:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { printf 'not gofmt-formatted:\n%s\n' "$$unformatted"; exit 1; }

.PHONY: check-vet
check-vet:
	$(GO) vet ./...
	$(GO) vet -tags interop ./gateway/upstream/webhook
	cd bench/peers && $(GO) vet ./...
	$(GO) -C .ci/tools vet ./...

.PHONY: check-static
check-static:
	"$$($(GO) -C .ci/tools tool -n staticcheck)" ./...

# The easygo engine gives systems with kqueue a development build.
.PHONY: check-cross
check-cross:
	GOOS=darwin GOARCH=arm64 $(GO) build ./...
	GOOS=linux GOARCH=arm64 $(GO) build ./...

# Without a bound, minimising one input can take 60 s in which nothing is tried.
.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME=30s
	@set -e; for package in $$($(GO) list ./...); do \
		listed=$$($(GO) test -list '^Fuzz' $$package); \
		for target in $$(echo "$$listed" | grep '^Fuzz' || true); do \
			echo "== $$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package; \
		done; \
	done

.PHONY: soak
soak: ## open and close SOAK=1000000 connections on each engine, with late sends
	SLUICE_SOAK=$(SOAK) $(GO) test -v -timeout 2h -run '^TestChurn$$' ./poller
	SLUICE_SOAK=$$(($(SOAK) / 20)) $(GO) test -v -timeout 2h -run '^TestStaleSessionsNeverReachTheNextClient$$' ./gateway

.PHONY: model
model: ## play hubs and groups against their model for MODEL=10m; MODEL_SEED= plays one round again
	SLUICE_MODEL=$(MODEL) SLUICE_MODEL_SEED=$(MODEL_SEED) $(GO) test -v -timeout 24h -run '^TestModel$$' ./gateway

.PHONY: bench
bench: ## run the Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

# Some two minutes for ten rounds.
REF       ?= HEAD^
THRESHOLD ?= 1.10

.PHONY: bench-cmp
bench-cmp: ## compare the benchmarks of the hot paths with those of a commit: REF=HEAD^ THRESHOLD=1.10
	$(GO) -C .ci/tools build -o ../../bin/ ./benchcmp
	bin/benchcmp -ref $(REF) -threshold $(THRESHOLD) -benchstat "$$($(GO) -C .ci/tools tool -n benchstat)"

# What the comparisons run: the name before = heads the row.
BARELOOP = bareloop='bin/bareloop --listen 127.0.0.1:0'
INLINE   = inline='bin/sluice serve --listen 127.0.0.1:0 --admin= --echo /echo --dispatch inline'
DEFLATED = deflated='bin/sluice serve --listen 127.0.0.1:0 --admin= --echo /echo --dispatch inline --compression'
POOLED   = pooled='bin/sluice serve --listen 127.0.0.1:0 --admin= --echo /echo --dispatch pooled'

.PHONY: bench-echo
bench-echo: build build-peers ## compare the cost of an echo with the bare loop: ROUNDS=5 IN_FLIGHT=1,8
	bin/compare echo --wsbench bin/wsbench --rounds $(ROUNDS) --in-flight $(IN_FLIGHT) --baseline bareloop $(BARELOOP) $(INLINE) $(POOLED)

.PHONY: bench-idle
bench-idle: build build-peers ## compare the memory of idle connections with the bare loop: CONNECTIONS=15000
	bin/compare idle --wsbench bin/wsbench --rounds $(ROUNDS) --connections $(CONNECTIONS) --baseline bareloop --compressed deflated $(BARELOOP) $(INLINE) $(DEFLATED)

# {certificate} and {key} are files that the comparison makes.
SECURED     = --tls-certificate {certificate} --tls-key {key}
TLS_SERVERS = sluice='bin/sluice serve --listen 127.0.0.1:0 --admin= --echo /echo --dispatch inline --tls-certificates {certificate} --tls-keys {key}' \
	gorilla='bin/gorilla $(SECURED)' nbio='bin/nbio $(SECURED)'
TLS_IDLE    = bin/compare idle --tls --wsbench bin/wsbench --rounds $(ROUNDS) --spare-runs 0 --hold $(HOLD)

# A round takes some ten minutes, most of which is rest.
.PHONY: bench-tls
bench-tls: build build-peers ## compare echoes and idle connections over TLS with gorilla and nbio: ROUNDS=5 IN_FLIGHT=1,8 HOLD=75s
	cd bench/peers && $(GO) build -o ../../bin/ ./gorilla ./nbio
	bin/compare echo --tls --wsbench bin/wsbench --rounds $(ROUNDS) --in-flight $(IN_FLIGHT) --baseline gorilla $(TLS_SERVERS)
	$(TLS_IDLE) --connections 5000 --baseline sluice $(TLS_SERVERS)
	$(TLS_IDLE) --connections 15000 --baseline sluice $(TLS_SERVERS)

# Each row has one thing more than the one before. The sessions of the last one speak
# json.webpubsub.azure.v1, and have a token, a user and a group each.
ROOMS      = 'bin/rooms --listen 127.0.0.1:0'
ROOMS_PATH = /client/hubs/rooms
MEMORY_KEY = the-key-of-a-benchmark-is-no-secret

.PHONY: bench-memory
bench-memory: HOLD := 6s
bench-memory: build build-peers ## measure the memory of sessions with a user, with groups and with a subprotocol: CONNECTIONS=15000 HOLD=6s
	$(GO) build -o bin/ ./examples/rooms
	@bin/sluice token clients --hub chat --access-key $(MEMORY_KEY) --count $(CONNECTIONS) --user 'user-{n}' --group all \
		--role webpubsub.sendToGroup --role webpubsub.joinLeaveGroup > bin/memory.tokens
	bin/compare idle --wsbench bin/wsbench --rounds $(ROUNDS) --connections $(CONNECTIONS) --hold $(HOLD) --path '$(ROOMS_PATH)?rooms=all' --baseline group \
		--path-of 'user=$(ROOMS_PATH)?user=user-{n}&rooms=all' --path-of 'groups=$(ROOMS_PATH)?user=user-{n}&rooms=all,half' \
		--path-of json=/client/hubs/chat --load 'json=--token-file bin/memory.tokens --subprotocol json.webpubsub.azure.v1' \
		group=$(ROOMS) user=$(ROOMS) groups=$(ROOMS) json='bin/sluice serve --listen 127.0.0.1:0 --admin= --access-key $(MEMORY_KEY)'

# A hub that publishes what it receives. The peers' servers take any path.
HUB       = bin/sluice serve --listen 127.0.0.1:0 --admin= --dispatch inline
BROADCAST = bin/compare broadcast --wsbench bin/wsbench --rounds $(ROUNDS) --path /client/hubs/chat
PEERS    ?= gnet netpoll easygo gobwas gws gorilla coder nbio
BESIDE    = $(foreach peer,$(PEERS),$(peer)='bin/$(peer) --listen 127.0.0.1:0 {broadcast}')

.PHONY: build-each-peer
build-each-peer: build build-peers
	cd bench/peers && $(GO) build -o ../../bin/ $(PEERS:%=./%)

.PHONY: bench-fanout
bench-fanout: build-each-peer ## compare the cost of a delivery with the bare loop and other libraries: MEMBERS=10000 PEERS='gnet gws'
	$(BROADCAST) --connections $(MEMBERS) --baseline bareloop \
		bareloop='bin/bareloop --listen 127.0.0.1:0 --broadcast' sluice='$(HUB)' $(BESIDE)

# Some 6 minutes for a round of all, and at most 4 for what is repeated.
.PHONY: bench-peers
bench-peers: ROUNDS := 3
bench-peers: build-each-peer ## compare sluice with other libraries in everything, and write bin/peers.md: ROUNDS=3 PEERS='gnet gws'
	bin/compare peers --wsbench bin/wsbench --rounds $(ROUNDS) --spare-runs 6 --notes bench/peers/setup.md --json bin/peers.json \
		sluice='$(HUB) --echo /echo' $(BESIDE) > bin/peers.md
	@cat bin/peers.md

# uWebSockets comes as an addon of Node, built for glibc 2.38 or newer. Where that is
# older, as on Debian 12, Node may be that of a newer system in a chroot which has this
# directory mounted at the same path: UWS_NODE='chroot /srv/trixie node'.
UWS_NODE    ?= node
UWEBSOCKETS  = $(UWS_NODE) $(CURDIR)/bench/peers/uwebsockets/server.js --listen 127.0.0.1:0 {broadcast}

.PHONY: bench-uwebsockets
bench-uwebsockets: ROUNDS := 3
bench-uwebsockets: build build-peers ## compare sluice with uWebSockets (C++) in everything, and write bin/uwebsockets.md: ROUNDS=3 UWS_NODE=node
	npm ci --prefix bench/peers/uwebsockets --ignore-scripts --no-audit --no-fund --silent
	bin/compare peers --wsbench bin/wsbench --rounds $(ROUNDS) --spare-runs 6 --json bin/uwebsockets.json \
		sluice='$(HUB) --echo /echo' uwebsockets='$(UWEBSOCKETS)' > bin/uwebsockets.md
	@cat bin/uwebsockets.md

# Apart, a message follows when all members have the one before, so that each
# delivery is a write. In the window 20 messages come within 50 ms, and then none:
# 5,000 members at 20 windows a second would take more than a core.
.PHONY: bench-coalesce
bench-coalesce: build build-peers ## compare the cost of a delivery within a window of 20 messages with that of single ones
	$(BROADCAST) --connections 5000 --baseline apart \
		apart='$(HUB)' \
		window='bin/sluice serve bench/peers/coalesce.yaml' --load 'window=--burst 20 --every 100ms --spread 45ms'

# At 8 messages a second 10,000 members take most of a core. Messages with a key come
# from a program, for a hub of sluice serve knows none. SLOW_FLAGS='--retries 2' repeats
# runs that were disturbed.
COMPARE_SLOW = bin/compare slow --wsbench bin/wsbench --connections $(MEMBERS) --rate $(SLOW_RATE) --retries 0 $(SLOW_FLAGS)

.PHONY: bench-slow
bench-slow: build build-peers ## have 1 % of MEMBERS=10000 stop reading under each policy, in five minutes: SLOW_RATE=8 SLOW_FLAGS=
	$(GO) build -o bin/ ./examples/prices
	@status=0; \
	$(COMPARE_SLOW) --policies close,drop-newest,drop-oldest --path '/client/hubs/{policy}' sluice='bin/sluice serve bench/peers/slow.yaml' || status=1; \
	$(COMPARE_SLOW) --policies conflate --path /client/hubs/prices prices='bin/prices --listen 127.0.0.1:0 --admin 127.0.0.1:0 --patience 10m' || status=1; \
	exit $$status

# 128 B to hub chat, for clients of json.webpubsub.azure.v1.
REST_KEY = a-key-that-only-measurements-have

.PHONY: bench-rest
bench-rest: build build-peers ## measure what it costs to publish by REST: ROUNDS=3 MEMBERS=10000 DURING=4s
	@bin/compare rest --access-key $(REST_KEY) --rounds $(ROUNDS) --members $(MEMBERS) --duration $(DURING) \
		sluice='bin/sluice serve --listen 127.0.0.1:0 --admin= --access-key $(REST_KEY)'

# Centrifugo is a module of its own, which takes minutes to build for the first time.
CENTRIFUGO  = --access-key $(REST_KEY) --rounds $(ROUNDS) --protocol centrifugo=centrifugo \
	sluice='bin/sluice serve --listen 127.0.0.1:0 --admin= --access-key $(REST_KEY)' \
	centrifugo='env CENTRIFUGO_HTTP_API_KEY=$(REST_KEY) CENTRIFUGO_CLIENT_TOKEN_HMAC_SECRET_KEY=$(REST_KEY) \
		bin/centrifugo --config bench/peers/centrifugo/config.json --http_server.port {port}'

.PHONY: bench-centrifugo
bench-centrifugo: ROUNDS := 3
bench-centrifugo: CONNECTIONS := 10000
bench-centrifugo: build build-peers ## compare publishing by REST and clients at rest with Centrifugo: ROUNDS=3 MEMBERS=10000 DURING=4s CONNECTIONS=10000 HOLD=75s
	cd bench/peers/centrifugo && $(GO) build -o ../../../bin/centrifugo github.com/centrifugal/centrifugo/v6
	bin/compare rest --members $(MEMBERS) --duration $(DURING) $(CENTRIFUGO)
	bin/compare clients --connections $(CONNECTIONS) --rest $(HOLD) $(CENTRIFUGO)

# The server's timeouts are short, so that they end attackers within DURING.
IMPATIENT = --handshake-timeout 1s --close-timeout 1s --write-stall 2s --idle 2s

.PHONY: bench-attack
bench-attack: build build-peers ## attack sluice in each way and print what others notice: MODES=bomb,deaf DURING=4s
	bin/compare attack --wsbench bin/wsbench --rounds $(ROUNDS) --during $(DURING) $(if $(MODES),--modes $(MODES)) \
		sluice='bin/sluice serve --listen 127.0.0.1:0 --admin 127.0.0.1:0 --echo /echo --compression --max-message 64KiB $(IMPATIENT)'

# Gateway and clients are on one machine, each on a CPU of its own. The hub is that of
# the built-in configuration. The broadcast is an operator's action.
# A million pings in 25 s take most of a core, and as much of the clients': an
# answer may take longer than the default allows.
MILLION  = bin/sluice serve --listen 127.0.0.1:0 --admin $(MILLION_ADMIN) --admin-actions --private-fd-tables --loops {loops} --dispatch inline --pong 30s --handshake-timeout 30s
MILLION_ADMIN ?= 127.0.0.1:9091
MILLION_FLAGS ?=
MILLION_BROADCAST = --tool-flag=--publish-url=http://$(MILLION_ADMIN)/send --tool-flag=--publish-type=application/json \
	--tool-flag='--publish-body={"hub":"echo","text":"{text}"}'

.PHONY: bench-million
bench-million: build build-peers ## hold N=1000000 connections in one process, verify and reach each of them, and write bin/million.md
	@bin/compare capacity --wsbench bin/wsbench --connections $(N) --json bin/million.json --path /client/hubs/echo \
		--verify-rate 10000 --tool-flag=--connect-timeout=30s $(MILLION_BROADCAST) $(MILLION_FLAGS) \
		--check 'bin/sluice doctor --connections {connections} --loops {loops} --private-fd-tables' \
		sluice='$(MILLION)' > bin/million.md; status=$$?; cat bin/million.md; exit $$status

# A connection that finds the gateway's queue full comes again when Retry-After
# says. Some 45 s a round, and as much again where the machine was noisy, twice at
# most. It needs root: bystanders have real-time priority.
STORM      ?= 50000
STORM_RATE ?= 5000
DRAIN      ?= 20000
DRAIN_RATE ?= 2000
STORMY      = bin/sluice serve --listen 127.0.0.1:0 --admin 127.0.0.1:0 --private-fd-tables --loops {loops} --dispatch inline --accept-rate {rate} --accept-burst {burst}

.PHONY: bench-storm
bench-storm: ROUNDS := 3
bench-storm: build build-peers ## drop STORM=50000 connections at once and have them come back, and write bin/storm.md: STORM_RATE=5000 ROUNDS=3
	@bin/compare storm --wsbench bin/wsbench --rounds $(ROUNDS) --connections $(STORM) --accept-rate $(STORM_RATE) --json bin/storm.json --path /client/hubs/echo \
		--check 'bin/sluice doctor --connections {connections} --loops {loops} --private-fd-tables' \
		sluice='$(STORMY)' > bin/storm.md; status=$$?; cat bin/storm.md; exit $$status

# The second process inherits listeners and flags.
.PHONY: bench-drain
bench-drain: build build-peers ## have a second process take the place of one with DRAIN=20000 sessions: DRAIN_RATE=2000
	bin/compare drain --wsbench bin/wsbench --connections $(DRAIN) --rate $(DRAIN_RATE) --path /client/hubs/echo \
		sluice='bin/sluice serve --listen 127.0.0.1:0 --admin 127.0.0.1:0 --private-fd-tables --loops {loops} --drain-rate {rate} --drain-code 1012 --shutdown-timeout 60s'

.PHONY: build-peers
build-peers:
	cd bench/peers && $(GO) build -o ../../bin/ ./bareloop ./compare

.PHONY: clean
clean: ## remove what build made
	rm -rf bin dist
