# Everything here is a line or two over the go tool; CI runs the same targets (.ci/run).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup build test race lint fuzz bench eval-intent eval-llm demo live-test mesh-chaos mesh-sim mqtt-load train-stt eval-stt train-wake eval-wake train-intent eval-intent-model train-test deb deb-test image bundle boot-test board-test power-test update-test page-test node-red-test install fmt clean distclean

FUZZTIME ?= 10s
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

prefix := $(CURDIR)/.native/$(shell dpkg --print-architecture 2>/dev/null)
# Only cmd/cricket-native is built with cgo and the private libraries. Anything else that was linked with them would not start.
native := . $(prefix)/env &&
others := $$(CGO_ENABLED=0 go list -e ./... | grep -v '/cmd/cricket-native')
export CRICKET_BIN := $(CURDIR)/bin

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## get the native libraries and programs, and prove that they work (again: at once)
	@native/setup.sh

build: setup ## bin/cricket, bin/cricket-native and the programs they start
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -o bin/cricket ./cmd/cricket
	$(native) go build -trimpath -buildvcs=false -ldflags "-X main.root=$$CRICKET_NATIVE_ROOT" -o bin/cricket-native ./cmd/cricket-native
	@ln -sfn ../.native/$(notdir $(prefix))/bin/espeak-ng bin/espeak-ng
	@ln -sfn ../.native/$(notdir $(prefix))/bin/llama-server bin/llama-server
	@ln -sfn ../.native/$(notdir $(prefix))/bin/llama-quantize bin/llama-quantize
	@for f in models/bundled/*.bin models/bundled/*.json; do [ ! -e "$$f" ] || ln -sfn "../$$f" bin/; done

test: build ## all tests; what is missing is skipped aloud, with CRICKET_NO_SKIP=1 it fails
	CGO_ENABLED=$(if $(RACE),1,0) go test -timeout 20m $(RACE) $(others)
	$(native) go test $(RACE) ./cmd/cricket-native/...

race: RACE := -race
race: test ## all tests with the race detector

lint: setup ## gofmt, go vet, staticcheck, govulncheck
	@.ci/lint $(STATICCHECK) $(GOVULNCHECK)

fuzz: setup ## each fuzz target for FUZZTIME (10s)
	@.ci/fuzz run $(FUZZTIME)

bench: build ## all benchmarks
	CGO_ENABLED=0 go test -run '^$$' -bench . -benchmem $(others)

eval-intent: ## what people say that is understood, beside what is done that nobody asked for
	CGO_ENABLED=0 go run ./e2e/eval $(EVAL)

eval-llm: build ## language models on the kept-out sentences: make eval-llm MODELS="a.gguf b.gguf" EVAL="-n 200 -quantize"
	CGO_ENABLED=0 go run ./e2e/eval -models $(EVAL) $(MODELS)

demo: build ## spoken requests in, MQTT actions out, on this machine
	CGO_ENABLED=0 go run ./e2e/demo --bin bin

live-test: build ## a simulated evening: 200 spoken requests among noise, interruptions and crashes; LIVE="-seed 2 -v"
	CGO_ENABLED=0 go run ./e2e/live -bin bin $(LIVE)

mesh-chaos: build ## boxes that are killed, frozen, cut off, flooded and lied to, 200 kills among them; FUZZTIME for each kind of frame
	CGO_ENABLED=0 CRICKET_BIN=$(CURDIR)/bin CRICKET_KILLS=200 go test -count=1 -timeout 40m -v -run 'AnswerSurvivesItsBox|Chaos|Hostile|Recorded|LocalVoice' ./mesh/route
	CGO_ENABLED=0 CRICKET_DIALS=10000 go test -count=1 -timeout 20m -v ./mesh ./mesh/lan ./mesh/state ./mesh/pairing ./mesh/household ./mesh/claim ./mesh/intercom
	CGO_ENABLED=0 CRICKET_BIN=$(CURDIR)/bin go test -count=1 -v -run 'BoxesBecomeSiblings|OneHousehold' ./e2e
	ONLY=mesh .ci/fuzz run $(FUZZTIME)

mesh-sim: ## 10 to 10,000 boxes in virtual time: the tables and plots of docs/mesh-scale.md; MESHSIM="-seed 2"
	CGO_ENABLED=0 go run ./e2e/meshsim -write docs $(MESHSIM)

mqtt-load: build ## 5,000 devices, then 2,000 states a second and commands for LOAD (5m), through Mosquitto
	CGO_ENABLED=0 CRICKET_LOAD=$(or $(LOAD),5m) go test -count=1 -timeout 1h -v -run 'LargeHome|StatesAndCommands' ./appliance ./e2e

train-stt: ## the bundled recogniser: about two hours on two cores, goes on where it was stopped
	@models/training/stt/make.sh train

eval-stt: build ## the bundled recogniser and pocketsphinx on the same clips; SEED=... for the same again
	@SEED='$(SEED)' models/training/stt/make.sh evaluate

train-wake: ## a wake word: make train-wake PHRASE="computer" LANGUAGE=de; without PHRASE our own
	@PHRASE='$(PHRASE)' LANGUAGE='$(LANGUAGE)' models/training/wake/make.sh train

eval-wake: ## misses, false accepts and cost of the bundled wake words, or of PHRASE
	@PHRASE='$(PHRASE)' LANGUAGE='$(LANGUAGE)' models/training/wake/make.sh evaluate

train-intent: ## the intent model: about 40 minutes on one core, goes on where it was stopped
	@models/training/intent/make.sh train

eval-intent-model: build ## the intent model on what was kept out of its training, against templates and repair; SEED=...
	@SEED='$(SEED)' models/training/intent/make.sh evaluate

train-test: ## the trainings, each for a minute on a little speech; they need models/training/env.sh make
	CRICKET_TRAIN=1 go test -count=1 -timeout 30m -v -run Toy ./models/training/...

deb: ## a Debian package, in ~/.cache/cricket/image/out; ARCH=arm64 for a Raspberry Pi
	@images/build.sh deb $(or $(ARCH),$(notdir $(prefix)))

deb-test: ## the package installed, upgraded, removed and purged in a Debian of its own
	@images/build.sh deb-test $(or $(ARCH),$(notdir $(prefix)))

image: ## the card image: BOARD=pi for a Raspberry Pi (the default), virt for QEMU; in ~/.cache/cricket/image/out
	@images/build.sh image $(or $(BOARD),pi)

bundle: ## the image for a Raspberry Pi as a signed update, for boxes whose card was made here; in ~/.cache/cricket/image/out
	@images/build.sh bundle

update-test: ## U-Boot's choice of a slot with tiny systems, the power cut at each step of an update; bundles of strangers; minutes
	@images/build.sh update-test

board-test: ## drives lights, lines and a button under Debian's kernel on an emulated Raspberry Pi 3; a minute
	@images/build.sh board-test

boot-test: ## boots the image for BOARD=virt in QEMU, speaks to it, and sees what it does; some minutes
	@images/build.sh boot-test

power-test: ## cuts the power of the booted image: two kills of QEMU, 240 points of its recorded writes, a full disk; some minutes
	@images/build.sh power-test

page-test: build ## the house page in headless Chromium (fetched into ~/.cache/cricket if there is none); pictures in SHOTS
	cd e2e/page && browser=$$(./browser.sh) && axe=$$(./axe.sh) && CGO_ENABLED=0 CRICKET_NO_SKIP=1 CRICKET_CHROMIUM=$$browser CRICKET_AXE=$$axe CRICKET_SHOTS="$(or $(SHOTS),$${XDG_CACHE_HOME:-$$HOME/.cache}/cricket/page-shots)" go test -count=1 -timeout 20m ./...

node-red-test: build ## the flow of docs/node-red.md in a real Node-RED (fetched from npm into ~/.cache/cricket)
	program=$$(e2e/nodered.sh) && CGO_ENABLED=0 CRICKET_NO_SKIP=1 CRICKET_NODE_RED=$$program go test -count=1 -tags nodered -run NodeRED ./e2e

install: ## Cricket into this system, as root, after make build; DESTDIR=... only the files
	@images/install.sh

fmt: ## format all Go files
	gofmt -w .

clean: ## remove what build made
	rm -rf bin

distclean: clean ## remove also what setup made
	rm -rf .native
	@echo "the downloaded packages stay in $${XDG_CACHE_HOME:-$$HOME/.cache}/cricket/debs; to remove them too: rm -r $${XDG_CACHE_HOME:-$$HOME/.cache}/cricket"
