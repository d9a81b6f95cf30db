"""Lets scripted editors decide three versions' drafts, each trained on what they made of the ones
before, and counts edits per text on fresh products.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models_ml.bench.house_styles import STYLES, HouseStyle
from models_ml.bench.writer import Case, read_cases
from models_ml.writer.claims import claims
from models_ml.writer.edits import edit_distance, units
from models_ml.writer.facts import is_brand
from models_ml.writer.openings import Openings, opening
from models_ml.writer.preference.data import Decided, brands_of, candidate_seeds, is_held_out
from models_ml.writer.preference.files import load
from models_ml.writer.preference.model import Fluency, PreferenceModel, choose
from models_ml.writer.preference.train import Outcome, train
from models_ml.writer.realiser import NotEnoughFacts, write_wordings

VERSIONS = 3
KIND = "description"
REJECTED_FROM = 0.6
"""Where an editor would have to change more than this share, the draft is rejected."""


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `writer_learning` bench."""
    parser = benches.add_parser("writer_learning", help=__doc__)
    parser.add_argument("--facts", type=Path, required=True, help="a generated products.jsonl")
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.add_argument("--texts", type=int, default=150, help="decided in each version")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--chooser", type=Path, help="a folder of `writer-reranker`: fluency counts"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure every style, print the edits per text and write the JSON."""
    cases = list(read_cases(options.facts))
    fluencies = load(options.chooser).fluencies if options.chooser else {}
    report = {}
    for style in STYLES:
        found = measure(cases, style, options.texts, options.seed, fluencies)
        report[style.name] = found
        print(f"{style.name}: {' -> '.join(str(one['edits']) for one in found['versions'])}")
    options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")


def measure(
    cases: Sequence[Case],
    style: HouseStyle,
    texts: int,
    seed: int,
    fluencies: Mapping[str, Fluency] | None = None,
) -> dict[str, Any]:
    """Return the figures of each version: edits per text over `texts` products of its own, what
    was approved as it stood, and what its training measured. A model that the gate refuses writes
    nothing.

    Every product is written for once, with `fluencies` only those whose copy they never read.
    Rejected drafts count with the edits they would have taken.
    """
    mine = [
        case
        for case in cases
        if case.language == style.language and (not fluencies or is_held_out(case.maker))
    ]
    random.Random(seed).shuffle(mine)
    fresh = iter(enumerate(mine))
    rows: list[Decided] = []
    model: PreferenceModel | None = None
    versions = []
    for version in range(1, VERSIONS + 1):
        decided: list[tuple[Decided, int, int]] = []
        openings = Openings()
        started = time.process_time()
        for number, case in fresh:
            texts_of = _texts(case, seed + number, model.candidates if model else 1)
            if texts_of:
                text = _chosen(texts_of, case, model, openings)
                decided.append(_decide(case, str(number), text, style))
            if len(decided) == texts:
                break
        seconds = time.process_time() - started
        rows += [row for row, _edits, _least in decided]
        figures = _figures(decided, seconds)
        if version < VERSIONS:
            outcome = train(rows, fluencies=fluencies, current=model)
            figures["training"] = _training(outcome)
            model = outcome.model if outcome.verdict["passed"] else model
        versions.append({"version": version, **figures})
    return {
        "versions": versions,
        "third_to_first": round(versions[-1]["edits"] / versions[0]["edits"], 3),
    }


def _texts(case: Case, seed: int, count: int) -> list[str]:
    try:
        written = write_wordings(
            KIND,
            title=case.title,
            facts=case.facts,
            language=case.language,
            seeds=candidate_seeds(seed, count),
        )
    except NotEnoughFacts:
        return []
    return [one.text for one in written]


def _chosen(
    texts: Sequence[str], case: Case, model: PreferenceModel | None, openings: Openings
) -> str:
    if model is None:
        return texts[0]
    scorer = model.scorer(facts=case.facts, title=case.title, language=case.language)
    return texts[choose(texts, scorer, openings)]


def _decide(case: Case, product: str, text: str, style: HouseStyle) -> tuple[Decided, int, int]:
    """Return the editor's decision, the edits it took, and the text's length in the same units."""
    brand = next((fact.value for fact in case.facts if is_brand(fact)), "")
    wanted = style.edit(text, brand)
    edits, length = edit_distance(text, wanted, case.language), len(units(text, case.language))
    published = wanted if edits <= REJECTED_FROM * length else None
    row = Decided(product, KIND, case.language, case.title, case.facts, text, published)
    return row, edits, length


def _figures(decided: Sequence[tuple[Decided, int, int]], seconds: float) -> dict[str, Any]:
    rows = [row for row, _edits, _length in decided]
    edits = np.array([edits for _row, edits, _length in decided])
    brands = brands_of(rows)
    return {
        "texts": len(rows),
        "edits": round(float(edits.mean()), 2),
        "edits_standard_error": round(float(edits.std(ddof=1) / np.sqrt(len(edits))), 2),
        "share_edited": round(float(edits.sum() / sum(length for _r, _e, length in decided)), 3),
        "approved_as_written": round(float((edits == 0).mean()), 3),
        "rejected": sum(row.published is None for row in rows),
        "unsupported_claims": sum(
            not claim.is_supported
            for row in rows
            for claim in claims(row.written, row.facts, row.title, row.language, brands)
        ),
        "commonest_opening": _commonest_opening(rows),
        "cpu_ms_per_text": round(1000 * seconds / len(rows), 1),
    }


def _commonest_opening(rows: Sequence[Decided]) -> float:
    """The share of texts that open as most do."""
    counted = Counter(opening(row.written) for row in rows)
    return round(counted.most_common(1)[0][1] / len(rows), 3)


def _training(outcome: Outcome) -> dict[str, Any]:
    return {
        "learned": outcome.learned,
        "fluency_weight": round(outcome.model.fluency_weight, 3),
        "held_out": outcome.candidates,
        "passed": outcome.verdict["passed"],
        "comparisons": outcome.verdict["comparisons"],
    }
