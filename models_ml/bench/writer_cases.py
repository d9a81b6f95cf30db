"""Products to write about, read from the layouts the writer bench knows, and people's own copy."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models_ml.writer.facts import Fact, is_brand

_SPECIFICATION = re.compile(r'\{(?:"key"=>"((?:[^"\\]|\\.)*)", ?)?"value"=>"((?:[^"\\]|\\.)*)"\}')
_GARMENT_KEYS = ("衣样式", "裙长", "裤长")
_GARMENT_ENDS = tuple("衣裙裤衫套装服恤")
_SHOP_TALK = re.compile(
    r"\bRs\.?\s?[\d,.]+|flipkart|genuine products|free shipping|cash on delivery"
    r"|replacement guarantee|lowest prices|great discounts|best prices|\bbuy\b.*\bonline\b"
    r"|specifications?\b.*:|key features of|^reviews? of",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s*(?=[A-Z\"“])|\n+|\t+| {3,}")
_LEAST_WORDS = 12


@dataclass(frozen=True)
class Case:
    """One product in one language.

    `human` is all that a person wrote for it, `prose` what of it describes the product; "" where
    nobody did.
    """

    title: str
    language: str
    facts: tuple[Fact, ...]
    human: str = ""
    prose: str = ""

    @property
    def maker(self) -> str:
        """Who makes it, as far as the first word of the brand, copy or title tells."""
        brand = next((fact.value for fact in self.facts if is_brand(fact)), "")
        return (brand or self.prose or self.title).strip().lower().split(" ")[0][:80]

    @property
    def half(self) -> str:
        """ "judge" or "writer": the two halves share no maker, hence no maker's stock phrases."""
        digest = hashlib.sha256(self.maker.encode()).digest()
        return "judge" if digest[0] % 2 else "writer"


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


def human_prose(cases: Sequence[Case], half: str) -> list[str]:
    """The different texts that people wrote for the products of one half."""
    return list(dict.fromkeys(case.prose for case in cases if case.prose and case.half == half))


def _catalogue(path: Path) -> Iterator[Case]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            stated = _SPECIFICATION.findall(row["product_specifications"])
            facts = [Fact(_plain(key), _plain(value), "", "en") for key, value in stated if key]
            if row["brand"] and not any(is_brand(fact) for fact in facts):
                facts.append(Fact("brand", row["brand"]))
            human = row["description"]
            prose = catalogue_prose(human, row["product_name"])
            yield Case(row["product_name"], "en", tuple(facts), human, prose)


def catalogue_prose(description: str, title: str) -> str:
    """What describes the product: without the specification table and the shop's own stock phrases.

    "" when fewer than a dozen words are left, as in "Buy X at Rs. 199. Free Shipping."
    """
    told = re.split(r",?\s*Specifications of ", description)[0]
    told = re.sub(rf"(?:Key Features of\s+)?{re.escape(title)}(?:\s*\([^)]*\))?", "\n", told)
    told = re.sub(r"\s*Price: Rs\.? ?[\d,.]+\s*", "\n", told)
    kept = [
        " ".join(piece.split())
        for piece in _SENTENCE.split(told)
        if piece and not _SHOP_TALK.search(piece)
    ]
    text = " ".join(piece for piece in kept if len(piece.split()) > 2).strip(" ,")
    return text if len(text.split()) >= _LEAST_WORDS else ""


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text).strip()


def _attributes_with_copy(row: dict[str, str]) -> Case:
    pairs = [part.partition("#") for part in row["content"].split("*")]
    facts = [Fact(key, value, "", "zh-hans") for key, _, value in pairs]
    garment = next((value for key, _, value in pairs if key in _GARMENT_KEYS), "")
    kind = next((value for key, _, value in pairs if key == "类型"), "")
    noun = garment if garment.endswith(_GARMENT_ENDS) else kind
    return Case(noun, "zh-hans", tuple(facts), row["summary"], row["summary"])


def _shop_product(row: dict[str, Any]) -> Iterator[Case]:
    for language, title in row["titles"].items():
        facts = [Fact("brand", row["brand"]), Fact("price", row["price"], row["currency"])]
        for attribute in row["attributes"]:
            value, unit = attribute["value"], attribute["unit"] or ""
            by_language = {"": value} if isinstance(value, str) else value
            facts += [
                Fact(attribute["key"], text, unit, spoken) for spoken, text in by_language.items()
            ]
        human = (row.get("description") or {}).get(language, "")
        yield Case(title, language, tuple(facts), human, human)
