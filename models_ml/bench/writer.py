"""Writes copy for every product of a file and scores it beside what people wrote."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from models_ml.bench.variety import one_template, self_bleu
from models_ml.bench.writer_cases import Case, human_prose, read_cases
from models_ml.bench.writer_models import PROVIDERS, Modelled, modelled
from models_ml.bench.writer_slots import left_out
from models_ml.bench.writer_tally import Tally, catch_swapped, score_human
from models_ml.writer import kinds
from models_ml.writer.checks import Finding, check
from models_ml.writer.facts import is_brand, missing_facts
from models_ml.writer.ngrams import LanguageModel, perplexity
from models_ml.writer.openings import Openings
from models_ml.writer.preference.data import candidate_seeds
from models_ml.writer.preference.files import load
from models_ml.writer.preference.model import PreferenceModel, choose
from models_ml.writer.realiser import Draft, NotEnoughFacts, write, write_wordings
from models_ml.writer.terms import Terms

__all__ = ["Case", "measure", "read_cases"]

Writer = Callable[[Case, str, int], Draft]
"""From a product, a kind and a seed to a draft; raises NotEnoughFacts."""

KINDS = ("description", "short_description", *kinds.KINDS)
_CHANNEL = "web_push"
_JUDGED = "description"
"""The kind that owes its reader every fact; its figures are the overall ones."""
_SAMPLES = 30
_OVERALL = (
    "slot_recall",
    "unsupported_claims",
    "unsupported_claims_second",
    "numeric_fidelity",
    "banned_words",
    "first_person_experience",
    "share_blocked",
    "length",
    "distinct_2",
    "self_bleu",
    "self_bleu_one_template",
    "swapped_facts_caught",
    "swapped_facts_caught_second",
    "perplexity",
    "perplexity_human",
    "perplexity_ratio",
    "ms_per_text",
)


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `writer` bench."""
    parser = benches.add_parser("writer", help=__doc__)
    parser.add_argument("--facts", type=Path, required=True, help="products (JSONL or CSV)")
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    who = ("builtin", *PROVIDERS)
    parser.add_argument("--provider", default="builtin", help=f"who writes: {', '.join(who)}")
    parser.add_argument("--url", help="the server that openai asks, up to /v1")
    parser.add_argument("--model", help="the model that it asks for; its key is in LLM_API_KEY")
    parser.add_argument("--path", help="the folder or hub name of the model for transformers")
    parser.add_argument("--max-tokens", type=int, default=1_000, help="of one answer")
    parser.add_argument("--limit", type=int, default=0, help="so many products, chosen by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chooser", type=Path, help="the folder of a trained writer model")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--drafts", type=int, default=0, help="also time so many on two cores")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, print the table and write the JSON."""
    cases = list(read_cases(options.facts))
    if not cases:
        sys.exit(f"{options.facts}: no products in it")
    if 0 < options.limit < len(cases):
        cases = random.Random(options.seed).sample(cases, options.limit)
    writer = writer_named(options)
    started = time.perf_counter()
    report = measure(cases, options.seed, writer, options.provider, options.kinds)
    report["seconds"] = round(time.perf_counter() - started, 1)
    if isinstance(writer, Modelled):
        report |= {"model": options.model or options.path} | writer.figures()
        writer.close()
    if options.drafts:
        report["drafts_timed"] = options.drafts
        report["drafts_seconds"] = time_drafts(cases, options.drafts, writer)
    _print(report)
    options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")


def writer_named(options: argparse.Namespace) -> Writer:
    """The writer that the options name; exits where there is none that does what they ask."""
    if options.provider in PROVIDERS:
        if options.chooser or options.drafts:
            sys.exit(f"--chooser and --drafts are for the builtin writer, not {options.provider}")
        return modelled(options, write_builtin, _CHANNEL)
    if options.provider != "builtin":
        sys.exit(f"--provider {options.provider}: none of builtin, {', '.join(PROVIDERS)}")
    return Chosen(options.chooser) if options.chooser else write_builtin


def write_builtin(case: Case, kind: str, seed: int) -> Draft:
    """The builtin writer, told to write from whatever facts there are."""
    return write(
        kind,
        title=case.title,
        facts=case.facts,
        language=case.language,
        seed=seed,
        from_few_facts=True,
        channel=_CHANNEL,
    )


class Chosen:
    """The builtin writer with what chooses among its wordings; each process loads its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._model: PreferenceModel | None = None
        self._openings: dict[tuple[str, str], Openings] = defaultdict(Openings)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}

    def __call__(self, case: Case, kind: str, seed: int) -> Draft:
        """As `write_builtin`."""
        self._model = self._model or load(self._directory)
        wordings = write_wordings(
            kind,
            title=case.title,
            facts=case.facts,
            language=case.language,
            seeds=candidate_seeds(seed, self._model.candidates),
            from_few_facts=True,
            channel=_CHANNEL,
        )
        scorer = self._model.scorer(facts=case.facts, title=case.title, language=case.language)
        texts = [one.text for one in wordings]
        return wordings[choose(texts, scorer, self._openings[case.language, kind])]


def measure(
    cases: Sequence[Case],
    seed: int,
    writer: Writer = write_builtin,
    provider: str = "builtin",
    wanted: Sequence[str] = KINDS,
) -> dict[str, Any]:
    """Overall figures, then those per kind and language, then those of people's own copy.

    The overall figures are those of the description, of all languages together.
    """
    brands = Terms(
        {
            fact.value
            for case in cases
            for fact in case.facts
            if is_brand(fact) and len(fact.value) > 1
        }
    )
    by_language: dict[str, list[Case]] = {}
    for case in cases:
        by_language.setdefault(case.language, []).append(case)
    parts: dict[str, Any] = {}
    judged = []
    for language, own in by_language.items():
        for kind in wanted:
            parts[f"{kind} {language}"] = _measure_kind(own, kind, seed, brands, writer)
        judged += [parts[f"{_JUDGED} {language}"]] if _JUDGED in wanted else []
    report = {"provider": provider, "seed": seed, "products": len(cases)} | _overall(judged)
    human = [case for case in cases if case.prose] or [case for case in cases if case.human]
    if human:
        parts["human copy"] = score_human(human, brands, seed)
    return report | parts


def _measure_kind(
    cases: Sequence[Case], kind: str, seed: int, brands: Terms, writer: Writer
) -> dict[str, Any]:
    language = cases[0].language
    tally, written, thin, seconds = Tally(language), [], 0, 0.0
    for case in cases:
        started = time.perf_counter()
        try:
            draft = writer(case, kind, seed)
        except (NotEnoughFacts, kinds.TooShort):
            thin += 1
            tally.miss(case)
            continue
        findings = _check(case, kind, draft.text, brands)
        seconds += time.perf_counter() - started
        written.append(case)
        tally.add(case, draft.text, findings, brands)
    figures = {"drafts": len(written), "too_thin": thin} | tally.figures(seed)
    few = sum(bool(missing_facts(kind, case.facts, language, case.title)) for case in cases)
    figures["fewer_facts_than_the_desk_asks_for"] = few
    reasons = Counter(left_out(fact, language) for case in cases for fact in case.facts)
    figures["facts_left_out"] = {reason: n for reason, n in reasons.items() if reason}
    if kind == _JUDGED:
        templates = [one_template(case) for case in written]
        figures["self_bleu_one_template"] = round(self_bleu(templates, language, seed), 2)
        figures |= catch_swapped(written, tally.texts, brands)
    figures |= _perplexities(cases, written, tally.texts, language)
    figures["ms_per_text"] = round(1000 * seconds / max(len(written), 1), 3)
    chosen = random.Random(seed).sample(tally.texts, min(_SAMPLES, len(tally.texts)))
    figures["samples"] = chosen
    return figures


def _check(case: Case, kind: str, text: str, brands: Terms) -> list[Finding]:
    return check(
        text,
        facts=case.facts,
        title=case.title,
        language=case.language,
        kind=kind,
        brands=brands,
    )


def _perplexities(
    cases: Sequence[Case], written: Sequence[Case], texts: Sequence[str], language: str
) -> dict[str, float]:
    """Under a model of one half's human copy: the texts and the human copy of the other half."""
    training, scored = human_prose(cases, "judge"), human_prose(cases, "writer")
    own = [text for case, text in zip(written, texts, strict=True) if case.half == "writer"]
    if not training or not scored or not own:
        return {}
    model = LanguageModel(training, language)
    mine, human = perplexity(model, own), perplexity(model, scored)
    return {
        "perplexity": round(mine, 2),
        "perplexity_human": round(human, 2),
        "perplexity_ratio": round(mine / human, 4),
    }


def _overall(judged: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures of one language as they are, of several as their mean weighted by texts."""
    if not judged:
        return {}
    if len(judged) == 1:
        return {key: judged[0][key] for key in _OVERALL if key in judged[0]}
    figures: dict[str, Any] = {}
    for key in _OVERALL:
        having = [part for part in judged if isinstance(part.get(key), int | float)]
        weight = sum(part["texts"] for part in having)
        if weight:
            figures[key] = round(sum(part[key] * part["texts"] for part in having) / weight, 4)
    return figures


def time_drafts(cases: Sequence[Case], count: int, writer: Writer) -> float:
    """Wall seconds for `count` descriptions with their checks, in two processes."""
    started = time.perf_counter()
    with ProcessPoolExecutor(max_workers=2) as pool:
        shares = [range(0, count, 2), range(1, count, 2)]
        done = sum(pool.map(partial(_draft_all, cases, writer), shares))
    assert done == count
    return round(time.perf_counter() - started, 1)


def _draft_all(cases: Sequence[Case], writer: Writer, numbers: Iterable[int]) -> int:
    """Write and check the drafts of these numbers, the products in turn with ever new seeds."""
    done = 0
    for number in numbers:
        case = cases[number % len(cases)]
        try:
            draft = writer(case, _JUDGED, number)
            _check(case, _JUDGED, draft.text, Terms(()))
        except NotEnoughFacts:
            pass
        done += 1
    return done


def _print(report: dict[str, Any]) -> None:
    for key, value in report.items():
        if not isinstance(value, dict) or key == "length":
            print(f"{key}: {value}")
    for name, figures in report.items():
        if isinstance(figures, dict) and name != "length":
            print(name)
            for key, value in figures.items():
                if key != "samples":
                    print(f"  {key}: {value}")
