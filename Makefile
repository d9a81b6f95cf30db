# Everything a person does with ShopGuide from a shell. `make` lists it.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PEER := var/rectools
LOCALES := $(wildcard shopguide/locale*/*/LC_MESSAGES/django.po)
.DEFAULT_GOAL := help
.PHONY: help install install-dev demo test lint format messages bench soak

help: ## show what there is to do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/.installed: requirements.txt requirements-web.txt
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(PY) -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	touch $@

%.mo: %.po $(VENV)/.installed
	$(VENV)/bin/pybabel -q compile -l zh_Hans -i $< -o $@

install: $(VENV)/.installed $(LOCALES:.po=.mo) ## the virtual environment and what runs in it

install-dev: $(VENV)/.installed-dev $(LOCALES:.po=.mo) ## what tests and lints need as well

# Each shop's demo keeps its database, model files and logins in a folder of its own, and so does one
# with a language model. Make itself hands LLM_URL, LLM_MODEL and LLM_PATH on to what it runs.
demo: export SHOPGUIDE_VAR ?= var/demo-$(if $(SHOP),$(basename $(notdir $(SHOP:/=))),generated)$(if $(LLM_URL)$(LLM_PATH),-llm)
demo: install ## a running desk: make demo [SHOP=file.parquet] [LLM_URL=… LLM_MODEL=… | LLM_PATH=…]
	$(PY) manage.py demo $(if $(SHOP),--shop "$(SHOP)")

test: install-dev ## every test
	$(PY) -m tests

lint: install-dev ## style, types, layers, templates, migrations, translations
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	git ls-files -z -- 'templates/*.html' | xargs -0 $(VENV)/bin/djade --target-version 5.2 --check
	DJANGO_SETTINGS_MODULE=shopguide.settings.test $(PY) manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=shopguide.settings.production SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') \
		CONTACT_KEYS=lint ALLOWED_HOSTS=shop.example $(PY) manage.py check --deploy --fail-level WARNING
	$(PY) -m tests.check_messages

format: install-dev ## put the code into shape
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	git ls-files -z -- 'templates/*.html' | xargs -0 $(VENV)/bin/djade --target-version 5.2

messages: install-dev ## collect translatable texts (needs GNU gettext)
	$(PY) manage.py makemessages -l zh_Hans -d django --no-obsolete --add-location file -i .venv -i var -i tests

$(PEER)/.installed: requirements-rectools.txt
	test -x $(PEER)/bin/python || $(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install -q --disable-pip-version-check -r requirements-rectools.txt
	touch $@

bench: install-dev $(PEER)/.installed ## quality and speed against peers
	$(PY) -m models_ml.bench all --rectools $(PEER)/bin/python
	$(PY) -m tests.bench.desk_speed
	$(PY) -m tests.bench.serving_load
	$(PY) -m tests.bench.experiments_speed
	$(PY) -m tests.bench.audience_speed
	$(PY) -m tests.bench.push_speed

soak: install-dev ## kill loops and load: minutes, not seconds
	$(PY) -m pytest tests/soak -n 0 -m soak
