PYTHON ?= python3

.PHONY: test
test: .venv/ready
	.venv/bin/pytest

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -e '.[demo,dev]'
	touch $@
