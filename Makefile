# neurodeploy: `make demo` needs Python 3.11, 3.12, 3.13 or 3.14 and nothing else.

SHELL = /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Every pip below is told once what to keep quiet about.
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1
export PIP_ARGS
# What Python compiles is kept, wherever make runs: hundreds of processes import the same files.
export PYTHONDONTWRITEBYTECODE =

VENV := .venv
BIN := $(VENV)/bin
# What pip unpacks goes with the environment, should it be stopped. Python compiles what it
# imports; pip would compile all, five million lines, of which a tenth is ever imported.
PIP := TMPDIR="$$(cd $(VENV) && pwd)" $(BIN)/python -m pip install --progress-bar off \
	--no-compile -c constraints.txt $(PIP_ARGS)

# The environment belongs to these two files and to this folder: when one changes, it is made anew.
SUM := $(shell { pwd; cat pyproject.toml constraints.txt; } | cksum | cut -d' ' -f1)
# What the demo needs, and on top of it what the tests and checks need.
READY := $(VENV)/ready-$(SUM)
TOOLS := $(VENV)/tools-$(SUM)

# The first of these that answers and is one of the versions; PYTHON=... chooses one or another.
VERSIONS := 3.11 3.12 3.13 3.14
CHOSEN := $(or $(filter $(VERSIONS),$(PYTHON)),$(VERSIONS))
CANDIDATES := $(foreach version,$(CHOSEN),python$(version) \
	$(wildcard $(HOME)/.pyenv/versions/$(version).*/bin/python) \
	$(wildcard $(HOME)/.local/share/uv/python/cpython-$(version).*/bin/python$(version))) python3 python
IS_FIT = import sys, venv, ensurepip; sys.exit("%d.%d" % sys.version_info[:2] not in "$(CHOSEN)".split())
FIND_PYTHON = for python in $(or $(filter-out $(VERSIONS),$(PYTHON)),$(CANDIDATES)); do \
	"$$python" -c '$(IS_FIT)' 2>/dev/null && echo "$$python" && break; done

# A process a core, each with one thread; who is done takes the next file. Its tests stay together,
# for what they share is made once a process; and in their order, in which the longest come first.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: help demo test test-fast test-gpu lint conformance coverage fuzz docs bench clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@echo
	@echo "PYTHON=...    the Python to use: its version ($(VERSIONS)) or its path"
	@echo "PIP_ARGS=...  more words for pip. On Linux this takes torch's small CPU build:"
	@echo "              PIP_ARGS='--extra-index-url https://download.pytorch.org/whl/cpu'"

demo: $(READY) ## Train, export, simulate and verify a small network; write demo-output/
	@$(BIN)/neurodeploy demo --out demo-output

test: $(TOOLS) ## Check everything: style, types, imports, tests
	@$(call stages,ruff format imports simulators tests,types)

test-fast: $(TOOLS) ## Run the unit tests alone
	@$(call stages,unit)

coverage: $(TOOLS) ## Run the unit tests and show which lines they miss
	@$(PYTEST) tests/unit --cov --cov-report=term:skip-covered

lint: $(TOOLS) ## Check style, types and imports
	@$(call stages,ruff format types imports)

test-gpu: $(TOOLS) ## Check the kernels on this machine's GPU
	@$(BIN)/python -m tests.gpu --full

conformance: $(TOOLS) ## Run the whole conformance suite, not the subset of the tests
	@$(PYTEST) tests/conformance --full

fuzz: $(TOOLS) ## Read 100,000 damaged files, the first 2,002 of which are part of the tests
	@$(BIN)/python -m tests.fuzz

docs: $(TOOLS) ## Build the documentation as a site in build/site; a warning is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "Open build/site/index.html, or run $(BIN)/python -m http.server -d build/site for the search"

bench: $(TOOLS) ## Run the benchmarks, and print one table of ours beside the peers
	@$(BIN)/python benchmarks/_table.py

clean: ## Remove the environment, caches and everything that was built
	@rm -rf $(VENV) build dist demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# All stages run, whatever the ones before said; each shows its time, the last line is the verdict.
# The one of the second list, which uses one core, runs beside the others and is shown after them.
define stages
failed=; times=; \
$(if $(2),log=$$(mktemp); $(MAKE) -s stage-$(2) >"$$log" 2>&1 & beside=$$!; \
trap 'kill $$beside 2>/dev/null; rm -f "$$log"' EXIT; trap 'exit 1' HUP INT TERM;) \
for stage in $(1); do \
	echo "== $$stage"; begin=$$(date +%s); \
	$(MAKE) -s stage-$$stage || failed="$$failed $$stage"; \
	times="$$times $$stage $$(( $$(date +%s) - begin ))s,"; \
done; \
$(if $(2),echo "== $(2)"; wait $$beside || failed="$$failed $(2)"; cat "$$log";) \
echo "==$${times%,}"; \
if [ -n "$$failed" ]; then echo "== FAILED:$$failed"; exit 1; fi; echo "== all passed"
endef

.PHONY: stage-ruff stage-format stage-types stage-imports stage-simulators stage-tests stage-unit
stage-ruff: ; $(BIN)/ruff check .
stage-format: ; $(BIN)/ruff format --check --output-format concise .
stage-types: ; $(BIN)/mypy
stage-imports: ; $(BIN)/lint-imports --no-logo
# Before the tests, so that no test waits for the package index. What cannot be here (4) is said, and
# its tests fail or count as not run.
stage-simulators: ; $(BIN)/neurodeploy simulators install all || test $$? -eq 4; $(BIN)/python -m tests.browser
stage-tests: ; $(PYTEST)
stage-unit: ; $(PYTEST) tests/unit

# Runs one command of the set-up. If it fails or is stopped, says why and leaves no environment.
define set_up
log=$$(mktemp); \
trap 'kill $$job 2>/dev/null; wait $$job; rm -rf $(VENV) "$$log"; exit 1' HUP INT TERM; \
$(1) >"$$log" 2>&1 & job=$$!; \
if wait $$job; then rm -f "$$log"; else \
	tail -n 30 "$$log"; rm -rf $(VENV) "$$log"; \
	echo "The set-up failed, for the reason above; $(VENV) was removed."; exit 1; \
fi
endef

$(READY):
	@python="$$($(FIND_PYTHON))"; \
	if [ -z "$$python" ]; then \
		echo "No Python of $(VERSIONS) with venv was found$(if $(PYTHON), at $(PYTHON)): install"; \
		echo "one (python.org, pyenv, uv, or your system's python3 and python3-venv), or name it:"; \
		echo "make PYTHON=/path/to/python3.12"; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	$(call set_up,"$$python" -m venv --clear $(VENV))
	@echo "Installing $$(grep '^torch==' constraints.txt)"
	@$(call set_up,$(PIP) "$$(grep '^torch==' constraints.txt)" hatchling)
	@echo "Installing neurodeploy"
	@$(call set_up,$(PIP) --no-build-isolation -e '.[demo]')
	@touch $@

$(TOOLS): $(READY)
	@echo "Installing what the tests need"
	@$(call set_up,$(PIP) --no-build-isolation -e '.[dev]')
# Once, before every worker of the tests would compile it at the same time.
	@$(call set_up,$(BIN)/python -c 'import torch')
	@touch $@
