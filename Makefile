# neurodeploy: `make demo` and `make test` need Python 3.11 and nothing else.

SHELL = /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Every pip below is told once what to keep quiet about.
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1
export PIP_ARGS

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq -c constraints.txt $(PIP_ARGS)

# The environment belongs to these two files and to this folder: when one changes, it is made anew.
STAMP := $(VENV)/ready-$(shell { pwd; cat pyproject.toml constraints.txt; } | cksum | cut -d' ' -f1)

# The first of these that answers and is 3.11; PYTHON=... chooses another.
CANDIDATES := python3.11 python3 python $(wildcard $(HOME)/.pyenv/versions/3.11*/bin/python) \
	$(wildcard $(HOME)/.local/share/uv/python/cpython-3.11*/bin/python3.11)
FIND_PYTHON = for python in $(CANDIDATES); do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' \
	2>/dev/null && echo "$$python" && break; done

.PHONY: help demo test test-fast test-gpu lint conformance fuzz bench clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@echo
	@echo "PYTHON=...    the Python 3.11 to use, where it is not found by itself"
	@echo "PIP_ARGS=...  more words for pip. On Linux this takes torch's small CPU build:"
	@echo "              PIP_ARGS='--extra-index-url https://download.pytorch.org/whl/cpu'"

demo: $(STAMP) ## Train, export, simulate and verify a small network; write demo-output/
	@$(BIN)/neurodeploy demo --out demo-output

test: $(STAMP) ## Check everything: style, types, imports, tests
	@$(call stages,ruff format types imports tests)

test-fast: $(STAMP) ## Run the unit tests alone
	@$(call stages,unit)

lint: $(STAMP) ## Check style, types and imports
	@$(call stages,ruff format types imports)

test-gpu: $(STAMP) ## Check the kernels on this machine's GPU
	@$(BIN)/python -m tests.gpu --full

conformance: $(STAMP) ## Run the whole conformance suite, not its seeded subset
	@$(BIN)/python -m pytest tests/conformance --full

fuzz: $(STAMP) ## Read 100,000 damaged files, some thousands of which are part of the tests
	@$(BIN)/python -m tests.fuzz

bench: $(STAMP) ## Run the benchmarks
	@for script in benchmarks/[!_]*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit; done

clean: ## Remove the environment, caches and everything that was built
	@rm -rf $(VENV) build dist demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# All stages run, whatever the ones before said; each shows its time, the last line is the verdict.
define stages
failed=; times=; for stage in $(1); do \
	echo "== $$stage"; begin=$$(date +%s); \
	$(MAKE) -s stage-$$stage || failed="$$failed $$stage"; \
	times="$$times $$stage $$(( $$(date +%s) - begin ))s,"; \
done; \
echo "==$${times%,}"; \
if [ -n "$$failed" ]; then echo "== FAILED:$$failed"; exit 1; fi; echo "== all passed"
endef

.PHONY: stage-ruff stage-format stage-types stage-imports stage-tests stage-unit
stage-ruff: ; $(BIN)/ruff check .
stage-format: ; $(BIN)/ruff format --check --output-format concise .
stage-types: ; $(BIN)/mypy
stage-imports: ; $(BIN)/lint-imports --no-logo
stage-tests: ; $(BIN)/python -m pytest
stage-unit: ; $(BIN)/python -m pytest tests/unit

$(STAMP):
	@python="$(PYTHON)"; python="$${python:-$$($(FIND_PYTHON))}"; \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11 with venv was found: install it (python.org, pyenv, uv, or your system's"; \
		echo "python3.11 and python3.11-venv), or name it: make PYTHON=/path/to/python3.11"; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)
	@echo "Installing $$(grep '^torch==' constraints.txt)"
	@$(PIP) "$$(grep '^torch==' constraints.txt)" hatchling
	@echo "Installing neurodeploy and its tools"
	@$(PIP) --no-build-isolation -e '.[dev]'
	@touch $@
