# Two commands a newcomer needs: `make run` and `make test`.  CMake + Ninja do the work.
BUILD ?= build
JOBS  ?= $(shell nproc)
TYPE  ?= Release
PREFIX ?= /usr/local

.PHONY: all deps run test test-sanitize analyse sanitize bench soak install uninstall deb check-layers clean score

all: $(BUILD)/build.ninja
	@scripts/preflight
	@ninja --quiet -C $(BUILD) -j$(JOBS) product

$(BUILD)/build.ninja: CMakeLists.txt
	@scripts/preflight
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=$(TYPE) -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_FLAGS) >/dev/null

# Installs what is missing (apt, as root or through sudo); does nothing when all is there.
deps:
	@scripts/install-deps

run: deps
	@$(MAKE) --no-print-directory all
	$(BUILD)/loom run kernels/matmul.py --machine wormhole --shape M=2048,N=2048,K=256 --check

test: deps
	@scripts/install-deps --optional
	@$(MAKE) --no-print-directory all
	@ninja --quiet -C $(BUILD) -j$(JOBS) unit-tests
	@scripts/check_layers
	@scripts/run-tests $(BUILD)

# The same tests under AddressSanitizer and UndefinedBehaviorSanitizer.
test-sanitize: deps
	@$(MAKE) --no-print-directory test BUILD=build-sanitize TYPE=Debug CMAKE_FLAGS=-DLOOM_SANITIZE=ON

# N random kernels from SEED through every engine, for at most MINUTES (docs/soak.md), then the same bytes of more cases under more perturbations than `make test` has.
# RECORD=1: the figures go to docs/score.
N ?= 20000
SEED ?= 1
MINUTES ?= 60
soak: all
	@ninja --quiet -C $(BUILD) -j$(JOBS) soak
	@$(BUILD)/tools/soak --seed $(SEED) --count $(N) --minutes $(MINUTES) --jobs $(JOBS) --out $(BUILD)/soak --json $(BUILD)/soak.json
	@$(if $(RECORD),tests/tools/soak-takes --record $(BUILD)/soak.json "make soak N=$(N) SEED=$(SEED) MINUTES=$(MINUTES)")
	@PATH="$(abspath $(BUILD)):$$PATH" LOOM_DETERMINISM=full tests/determinism/run

# Static analysis, and unit tests under MSan, TSan, valgrind: docs/analysis.md.
analyse:
	@scripts/install-deps --analyse
	@scripts/analyse all

sanitize:
	@scripts/install-deps --analyse
	@scripts/sanitize all

bench: all
	@ninja --quiet -C $(BUILD) -j$(JOBS) bench
	@bench/run $(BUILD)

install:
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=$(TYPE) -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_FLAGS) >/dev/null
	@$(MAKE) --no-print-directory all
	@umask 022 && cmake --install $(BUILD) | tail -n 1

# What the last install wrote; DESTDIR as then.
uninstall:
	@cmake -DMANIFEST=$(abspath $(BUILD))/install_manifest.txt -P cmake/uninstall.cmake

# Debian packages in $(BUILD)/deb (docs/packaging.md).
deb:
	@scripts/deb $(BUILD)/deb

check-layers:
	@scripts/check_layers

clean:
	rm -rf $(BUILD)

# Measures what RUN names (axes of docs/score, or all) and writes docs/reliability.md.
score:
	@$(if $(RUN),tests/tools/score run $(RUN),tests/tools/score render)
