"""Measures the wording checks: labelled sentences, listed words inside sentences, human copy."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models_ml.bench.writer import read_cases
from models_ml.writer.checks import BLOCK, check
from models_ml.writer.facts import has_han
from models_ml.writer.packs import MARKETS, builtin_rules
from models_ml.writer.rules.engine import CompiledRules

HELD = "held"
_CARRIERS = (
    "这款商品{word}，欢迎了解。",
    "{word}的产品，细节见下方。",
    "我们为您准备了{word}，适合日常使用。",
)
_SHOWN = 25


@dataclass
class Counts:
    """What the rules found of what a person labelled, as sentences and as labels."""

    right: int = 0
    false: int = 0
    missed: int = 0
    labels_right: int = 0
    labels_false: int = 0
    labels_missed: int = 0
    by_label: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    errors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, text: str, labels: set[str], found: set[str]) -> None:
        """Count one sentence; no label and nothing found are right as well, and counted nowhere."""
        self.right += bool(labels and found)
        self.false += bool(found and not labels)
        self.missed += bool(labels and not found)
        self.labels_right += len(labels & found)
        self.labels_false += len(found - labels)
        self.labels_missed += len(labels - found)
        for label in labels | found:
            outcome = "missed" if label not in found else "right" if label in labels else "false"
            self.by_label[label][outcome] += 1
        if bool(labels) != bool(found):
            self.errors.append({"text": text, "labels": sorted(labels), "found": sorted(found)})

    def figures(self) -> dict[str, Any]:
        """Precision and recall, over sentences with any claim and over their labels."""
        return {
            "precision": _share(self.right, self.right + self.false),
            "recall": _share(self.right, self.right + self.missed),
            "label_precision": _share(self.labels_right, self.labels_right + self.labels_false),
            "label_recall": _share(self.labels_right, self.labels_right + self.labels_missed),
            "by_label": {label: dict(counts) for label, counts in sorted(self.by_label.items())},
            "errors": self.errors,
        }


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `checks` bench."""
    parser = benches.add_parser("checks", help=__doc__)
    parser.add_argument("--sentences", type=Path, nargs="+", default=[], help="labelled (JSONL)")
    parser.add_argument("--words", type=Path, help="forbidden words, one a line")
    parser.add_argument("--human", type=Path, help="attributes with human copy (JSONL)")
    parser.add_argument(
        "--half", choices=("dev", HELD), help="only this half of the labelled sentences"
    )
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure what was named, print it and write the JSON."""
    report: dict[str, Any] = {}
    for path in options.sentences:
        report |= measure_sentences(read_sentences(path), options.half, path.stem)
    if options.words:
        report["words"] = measure_words(options.words.read_text(encoding="utf-8").split("\n"))
    if options.human:
        report["human copy"] = measure_human(options.human)
    for name, figures in report.items():
        print(name)
        for key, value in figures.items():
            if key == "errors":
                print(f"  errors: {len(value)}")
                for error in value:
                    print(f"    {error['labels']} found {error['found']}: {error['text']}")
            else:
                print(f"  {key}: {value}")
    options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_sentences(path: Path) -> list[dict[str, Any]]:
    """The labelled sentences of a file: `text`, `labels` and `half`."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        row = json.loads(line)
        if not {"text", "labels", "half"} <= row.keys():
            sys.exit(f"{path}:{number}: a row needs `text`, `labels` and `half`")
        rows.append(row)
    return rows


def measure_sentences(
    rows: Sequence[dict[str, Any]], half: str | None, name: str
) -> dict[str, dict[str, Any]]:
    """Figures per market and half. What a context excuses counts as not found."""
    report: dict[str, dict[str, Any]] = {}
    for market in _markets_of(rows):
        counts: dict[str, Counts] = defaultdict(Counts)
        rules = builtin_rules(market)
        for row in rows:
            if half in (None, row["half"]):
                labels = set(row["labels"]) - {"none"}
                counts[row["half"]].add(row["text"], labels, _found(rules, row["text"]))
        report |= {f"{name} {market} {part}": c.figures() for part, c in sorted(counts.items())}
    return report


def _markets_of(rows: Sequence[dict[str, Any]]) -> Iterable[str]:
    chinese = any(has_han(row["text"]) for row in rows)
    return ("cn",) if chinese else [market for market in MARKETS if market != "cn"]


def _found(rules: CompiledRules, text: str) -> set[str]:
    language = "zh-hans" if has_han(text) else "en"
    return {hit.rule.category for hit in rules.hits(text, language) if not hit.exception}


def measure_words(words: Sequence[str]) -> dict[str, Any]:
    """Share of listed words that a rule of China's pack finds in each of a few sentences."""
    rules = builtin_rules("cn")
    wanted = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    caught = blocked = 0
    missed = []
    for word in wanted:
        found = [_severities_over(rules, carrier, word) for carrier in _CARRIERS]
        caught += all(found)
        blocked += all(BLOCK in severities for severities in found)
        if not all(found):
            missed.append(word)
    return {
        "words": len(wanted),
        "share_found": _share(caught, len(wanted)),
        "share_blocked": _share(blocked, len(wanted)),
        "missed": missed,
    }


def _severities_over(rules: CompiledRules, carrier: str, word: str) -> set[str]:
    """The severities of what is found over the word itself in a sentence."""
    start = carrier.index("{word}")
    hits = rules.hits(carrier.format(word=word), "zh-hans")
    return {hit.severity for hit in hits if hit.start < start + len(word) and start < hit.end}


def measure_human(path: Path) -> dict[str, Any]:
    """Alarms on what people wrote, right or wrong: an upper bound of false alarms."""
    cases = [case for case in read_cases(path) if case.human]
    texts: Counter[str] = Counter()
    words: Counter[str] = Counter()
    seconds = 0.0
    for case in cases:
        started = time.process_time()
        findings = check(
            case.human,
            facts=case.facts,
            title=case.title,
            language=case.language,
            kind="description",
        )
        seconds += time.process_time() - started
        texts.update({f"{found.severity} {found.check}" for found in findings})
        words.update(
            f"{found.severity} {found.rule} {case.human[found.start : found.end]}"
            for found in findings
            if found.check == "banned"
        )
    return {
        "texts": len(cases),
        "share_with_blocked_wording": _share(texts[f"{BLOCK} banned"], len(cases)),
        "share_with_alarm": {name: _share(n, len(cases)) for name, n in texts.most_common()},
        "commonest_wording": dict(words.most_common(_SHOWN)),
        "cpu_ms_per_text": round(1000 * seconds / max(len(cases), 1), 3),
    }


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
