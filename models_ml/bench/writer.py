"""Writes copy for every product of a file, checks it, and counts what is told, blocked and slow."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models_ml.writer.checks import check
from models_ml.writer.claims import claims, sentence_claims
from models_ml.writer.facts import Fact, is_brand, key_info, speaks
from models_ml.writer.realiser import NotEnoughFacts, write
from models_ml.writer.terms import Terms

_SPECIFICATION = re.compile(r'\{(?:"key"=>"((?:[^"\\]|\\.)*)", ?)?"value"=>"((?:[^"\\]|\\.)*)"\}')
_SAMPLES = 10


@dataclass(frozen=True)
class Case:
    """One product in one language; `human` is what a person wrote for it, "" where nobody did."""

    title: str
    language: str
    facts: tuple[Fact, ...]
    human: str = ""


@dataclass
class Tally:
    """Counts over one language and kind; `slots` are facts that could be told."""

    drafts: int = 0
    thin: int = 0
    slots: int = 0
    told: int = 0
    cited: int = 0
    found: int = 0
    blocked: int = 0
    warned: int = 0
    seconds_writing: float = 0.0
    seconds_checking: float = 0.0
    findings: Counter[str] = field(default_factory=Counter)
    skeletons: Counter[str] = field(default_factory=Counter)
    openings: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `writer` bench."""
    parser = benches.add_parser("writer", help=__doc__)
    parser.add_argument("--facts", type=Path, required=True, help="products (JSONL or CSV)")
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.add_argument("--seed", type=int, default=1)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure, print the table and write the JSON."""
    report = measure(list(read_cases(options.facts)), options.seed)
    for name, figures in report.items():
        print(name)
        for key, value in figures.items():
            if key != "samples":
                print(f"  {key}: {value}")
    options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_cases(path: Path) -> Iterator[Case]:
    """Read a shop's products or attributes with copy (JSONL), or a catalogue (CSV)."""
    if path.suffix == ".csv":
        yield from _catalogue(path)
        return
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            row = json.loads(line)
            if "titles" in row:
                yield from _shop_product(row)
            elif "content" in row:
                yield _attributes_with_copy(row)
            else:
                sys.exit(f"{path}:{number}: neither `titles` nor `content` in the row")


def _catalogue(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            stated = _SPECIFICATION.findall(row["product_specifications"])
            facts = [Fact(_plain(key), _plain(value), "", "en") for key, value in stated if key]
            if row["brand"] and not any(is_brand(fact) for fact in facts):
                facts.append(Fact("brand", row["brand"]))
            yield Case(row["product_name"], "en", tuple(facts), row["description"])


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text).strip()


def _attributes_with_copy(row: dict[str, str]) -> Case:
    pairs = [part.partition("#") for part in row["content"].split("*")]
    facts = [Fact(key, value, "", "zh-hans") for key, _, value in pairs]
    garment = next((value for key, _, value in pairs if key in ("衣样式", "裙长", "裤长")), "")
    kind = next((value for key, _, value in pairs if key == "类型"), "")
    noun = garment if garment.endswith(tuple("衣裙裤衫套装服")) else kind
    return Case(noun, "zh-hans", tuple(facts), row["summary"])


def _shop_product(row: dict[str, Any]) -> Iterator[Case]:
    for language, title in row["titles"].items():
        facts = [Fact("brand", row["brand"]), Fact("price", row["price"], row["currency"])]
        for attribute in row["attributes"]:
            value, unit = attribute["value"], attribute["unit"] or ""
            by_language = {"": value} if isinstance(value, str) else value
            facts += [
                Fact(attribute["key"], text, unit, spoken) for spoken, text in by_language.items()
            ]
        yield Case(title, language, tuple(facts), (row.get("description") or {}).get(language, ""))


def measure(cases: Sequence[Case], seed: int) -> dict[str, dict[str, Any]]:
    """Figures per kind and language, and the findings on what people wrote."""
    brands = Terms(
        {
            fact.value
            for case in cases
            for fact in case.facts
            if is_brand(fact) and len(fact.value) > 1
        }
    )
    tallies: dict[str, Tally] = {}
    for case in cases:
        for kind in ("description", "short_description"):
            tally = tallies.setdefault(f"{kind} {case.language}", Tally())
            _measure_one(case, kind, seed, brands, tally)
    report = {name: _figures(tally) for name, tally in tallies.items()}
    human = [case for case in cases if case.human]
    if human:
        report["human copy"] = _human_figures(human, brands)
    return report


def _measure_one(case: Case, kind: str, seed: int, brands: Terms, tally: Tally) -> None:
    started = time.process_time()
    try:
        draft = write(kind, title=case.title, facts=case.facts, language=case.language, seed=seed)
    except NotEnoughFacts:
        tally.thin += 1
        return
    tally.seconds_writing += time.process_time() - started
    started = time.process_time()
    findings = check(
        draft.text,
        facts=case.facts,
        title=case.title,
        language=case.language,
        kind=kind,
        brands=brands,
    )
    tally.seconds_checking += time.process_time() - started
    tally.drafts += 1
    tally.blocked += any(finding.severity == "block" for finding in findings)
    tally.warned += any(finding.severity == "warn" for finding in findings)
    tally.findings.update(f"{finding.severity} {finding.check}" for finding in findings)
    keys = {fact.key for fact in case.facts if _is_slot(fact, case.language)}
    cited = {key for sentence in draft.sentences for key in sentence.fact_keys}
    tally.slots += len(keys)
    tally.told += len(keys & cited)
    said = claims(draft.text, case.facts, case.title, case.language)
    for sentence, heard in zip(draft.sentences, sentence_claims(draft.text, said), strict=False):
        tally.cited += len(set(sentence.fact_keys))
        tally.found += len(set(sentence.fact_keys) & set(heard.fact_keys))
    skeleton = _skeleton(draft.text, case)
    tally.skeletons[skeleton] += 1
    tally.openings[" ".join(skeleton.split()[:3]) if case.language == "en" else skeleton[:6]] += 1
    if len(tally.samples) < _SAMPLES and tally.drafts % 37 == 1:
        tally.samples.append(draft.text)


def _is_slot(fact: Fact, language: str) -> bool:
    return speaks(fact, language) and key_info(fact.key).group != "silent"


def _skeleton(text: str, case: Case) -> str:
    """The text without what facts and title say: what remains is the grammar's own."""
    said = claims(text, case.facts, case.title, case.language)
    for claim in reversed(said):
        text = text[: claim.start] + "_" + text[claim.end :]
    return text


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "drafts": tally.drafts,
        "too_thin": tally.thin,
        "slot_recall": _share(tally.told, tally.slots),
        "citations_found_by_claims": _share(tally.found, tally.cited),
        "share_blocked": _share(tally.blocked, tally.drafts),
        "share_warned": _share(tally.warned, tally.drafts),
        "findings": dict(tally.findings.most_common()),
        "distinct_skeletons": _share(len(tally.skeletons), tally.drafts),
        "distinct_openings": len(tally.openings),
        "commonest_opening": _commonest(tally.openings, tally.drafts),
        "cpu_ms_writing": round(1000 * tally.seconds_writing / max(tally.drafts, 1), 3),
        "cpu_ms_checking": round(1000 * tally.seconds_checking / max(tally.drafts, 1), 3),
        "samples": tally.samples,
    }


def _commonest(openings: Counter[str], drafts: int) -> str:
    return ", ".join(f"{text!r} {_share(count, drafts)}" for text, count in openings.most_common(1))


def _human_figures(cases: Sequence[Case], brands: Terms) -> dict[str, Any]:
    """Findings on what people wrote, right or wrong: an upper bound of false alarms."""
    texts: Counter[str] = Counter()
    words: dict[str, Counter[str]] = {}
    for case in cases:
        findings = check(
            case.human,
            facts=case.facts,
            title=case.title,
            language=case.language,
            kind="description",
            brands=brands,
        )
        texts.update({f"{finding.severity} {finding.check}" for finding in findings})
        for finding in findings:
            words.setdefault(finding.check, Counter())[case.human[finding.start : finding.end]] += 1
    return {
        "texts": len(cases),
        "share_with_finding": {name: _share(n, len(cases)) for name, n in texts.most_common()},
        "commonest": {
            name: dict(_short(found)) for name, found in words.items() if name != "length"
        },
    }


def _short(found: Counter[str]) -> Iterable[tuple[str, int]]:
    return [(text[:40], count) for text, count in found.most_common(12)]
