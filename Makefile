# make run: set up and simulate the baseline ensemble to a report.  make test: set up and check everything.
# Another interpreter: make run PYTHON=/path/to/python.  Set-up is done once, and again when the pinned packages change.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
CANDIDATES := $(PYTHON) python3.13 python3.12 python3.11 python3
SUITABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
TOOLS := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["dev"], sep="\n")
SHORT := customers.enterprises=20 market.end=2022Q2
STAMPS := $(VENV)/.installed $(VENV)/.core $(VENV)/.dev

# A stamp that was made elsewhere (the folder was moved) or whose interpreter has gone says nothing.
$(shell $(BIN)/python -c "" 2>/dev/null && test "`cat $(VENV)/.installed 2>/dev/null`" = "$(CURDIR)" || rm -f $(STAMPS))

.PHONY: run test checks test-slow benchmark lock clean

run: $(VENV)/.core
	@$(BIN)/compute-market study study=baseline

# The code is checked while the model compiles.
test: $(VENV)/.installed
	@$(MAKE) --no-print-directory -j 2 checks $(VENV)/.core
	$(BIN)/python -m pytest -n 2

checks: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-slow: $(VENV)/.dev $(VENV)/.core
	$(BIN)/python -m pytest -m slow

benchmark: $(VENV)/.dev $(VENV)/.core
	$(BIN)/python -m pytest -m benchmark -s

$(VENV)/.installed: pyproject.toml constraints.txt
	@found=; for python in $(CANDIDATES); do \
	    "$$python" -c '$(SUITABLE)' >/dev/null 2>&1 && found="$$python" && break; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "No Python 3.11, 3.12 or 3.13 that runs (with its venv module) was found:" \
	        "install one, or name it with make run PYTHON=/path/to/python" >&2; exit 2; \
	fi; \
	echo "Setting up $(VENV) with `$$found --version`: once, a minute or two" >&2; \
	$(BIN)/python -m pip --version >/dev/null 2>&1 || "$$found" -m venv --clear $(VENV)
	@$(PIP) install --compile -c constraints.txt -e .
	@printf '%s' "$(CURDIR)" > $@

$(VENV)/.core: $(VENV)/.installed
	@echo "Compiling the model" >&2; $(BIN)/compute-market run $(SHORT) --out $(VENV)/first-run >/dev/null
	@touch $@

# Without the program itself, which would be taken out and put in again while it compiles.
$(VENV)/.dev: $(VENV)/.installed
	@echo "Adding the development tools" >&2
	@$(BIN)/python -c '$(TOOLS)' > $(VENV)/tools.txt && $(PIP) install --compile -c constraints.txt -r $(VENV)/tools.txt
	@touch $@

# Needs uv. Renews uv.lock within the ranges of pyproject.toml, and constraints.txt from it.
lock:
	uv lock --upgrade
	uv export --quiet --all-extras --no-hashes --no-annotate --no-header --no-emit-project --output-file constraints.txt

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
