"""Trains the chooser's language models as its recipe does where nobody decided anything yet, and
measures what the served files choose for held-out products.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models_ml.bench.writer_cases import Case, read_cases
from models_ml.writer.preference.data import ShopText, Subject, is_held_out
from models_ml.writer.preference.files import load, save
from models_ml.writer.preference.fluency import MOST_MEASURED, corpus_of, fluency_of, judge
from models_ml.writer.preference.measure import MODEL
from models_ml.writer.preference.model import fluent_only
from models_ml.writer.reranker_train import STEPS, train_reranker


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `writer-reranker` command."""
    parser = benches.add_parser("writer-reranker", help=__doc__)
    parser.add_argument("--facts", type=Path, required=True, nargs="+", help="as for `writer`")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--minutes", type=float, default=10, help="at most, for each language")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=1)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Train and print what came of it."""
    cases = [case for path in options.facts for case in read_cases(path)]
    print(json.dumps(measure(cases, options), indent=2))


def measure(cases: Sequence[Case], options: argparse.Namespace) -> dict[str, Any]:
    """Train by language, write the folder that serves, read it back and judge it."""
    options.out.mkdir(parents=True, exist_ok=True)
    trained, fluencies, judges = {}, {}, {}
    subjects = [_subject(case) for case in cases]
    for language in sorted({case.language for case in cases}):
        corpus = corpus_of([text for case in cases for text in _texts(case, language)])
        judges[language] = corpus.judging
        if not corpus.is_enough:
            trained[language] = {"prose": corpus.prose, "trained": False}
            continue
        with tempfile.TemporaryDirectory() as work:
            facts = train_reranker(
                corpus.learning,
                corpus.kept_back,
                options.out / language,
                work_dir=Path(work),
                seed=options.seed,
                minutes=options.minutes,
                steps=options.steps,
            )
        trained[language] = {"prose": corpus.prose, "trained": True, **facts}
        learning = [one for one in subjects if not is_held_out(one.product)]
        own = [one for one in learning if one.language == language]
        fluencies[language] = fluency_of(options.out / language, own)
    save(fluent_only(fluencies), options.out, {})
    started = time.process_time()
    held_out = {
        language: [
            one for one in subjects if one.language == language and is_held_out(one.product)
        ][:MOST_MEASURED]
        for language in fluencies
    }
    model = load(options.out)
    return {
        "trained": trained,
        **{language: judge({MODEL: model}, held_out[language], judges) for language in fluencies},
        "cpu_seconds_of_judging": round(time.process_time() - started, 1),
    }


def _texts(case: Case, language: str) -> list[ShopText]:
    """What a shop would know of a product: copy, title and the attributes in one line."""
    if case.language != language:
        return []
    product = case.maker
    stated = ". ".join(f"{fact.key}: {fact.text}" for fact in case.facts)
    texts = [ShopText(product, case.title, False), ShopText(product, stated, False)]
    return [*texts, *([ShopText(product, case.prose, True)] if case.prose else [])]


def _subject(case: Case) -> Subject:
    """Products of one maker are held out together, so that no stock phrase is known already."""
    return Subject(case.maker, case.language, case.title, case.facts)
