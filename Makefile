# Everything that is needed is set up here, in .venv, from hashed requirements. PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/ready
LOCK = $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
WORKFLOWS = $(wildcard .github/workflows/*.yml docs/workflows/*.yml)
GO = @command -v go > /dev/null || { echo "go is missing: it builds $(@F), which runs or reads the workflows"; exit 1; }; \
	GOBIN=$(abspath $(VENV)/bin) go install

.PHONY: demo test lint workflows bench lock clean

demo: $(READY)  ## the gate at work on the embedded staging
	$(VENV)/bin/releasegate demo

test: $(READY)  ## all tests
	$(VENV)/bin/pytest

lint: $(READY)  ## formatting, rules, types, import contracts
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

workflows: $(READY) $(VENV)/bin/act $(VENV)/bin/actionlint  ## our workflows and those that we show: what they give away, their shape, and run
	$(VENV)/bin/zizmor --offline --no-progress --quiet --persona=auditor action.yml $(WORKFLOWS)
	$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-actions action.yml .ci/act/upload/action.yml
	$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(VENV)/bin/actionlint $(WORKFLOWS)
	$(VENV)/bin/pytest .ci/act

$(VENV)/bin/act:
	$(GO) github.com/nektos/act@v0.2.89

$(VENV)/bin/actionlint:
	$(GO) github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

bench: $(READY)  ## all benchmarks, beside k6
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[bench]'
	$(VENV)/bin/python -m benchmarks

lock: $(READY)  ## resolve the requirements anew
	$(VENV)/bin/pip install --quiet --disable-pip-version-check uv
	$(LOCK) --extra demo --extra dev pyproject.toml -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/runtime.txt
	for extra in mcp postgres redis; do \
	  $(LOCK) -c requirements/dev.txt --extra $$extra pyproject.toml -o requirements/$$extra.txt; done

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist

$(READY): pyproject.toml requirements/dev.txt
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "releasegate needs Python 3.11 or newer; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
