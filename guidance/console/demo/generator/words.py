"""What shoppers type and write: search queries and reviews."""

import numpy as np
from numpy.typing import NDArray

from .catalogue import Catalogue
from .parameters import Parameters
from .vocabulary.opinions import ASPECTS, NOT_SOLD, OPENINGS

LANGUAGES = ("en", "zh-hans")
QUERY_FORMS = (0.45, 0.20, 0.20, 0.15)
"""Shares of queries for a kind of product, a brand's kind, a kind with its colour or scent, and a
line.
"""
TYPO_RATE = 0.04
SINGULAR = {"this": "this", "ordinary": "An ordinary"}
PLURAL = {"this": "these", "ordinary": "Ordinary"}


def queries(
    rng: np.random.Generator,
    catalogue: Catalogue,
    *,
    item: NDArray[np.int64],
    chinese: NDArray[np.bool_],
    parameters: Parameters,
) -> tuple[list[str], list[int]]:
    """Return, for searches that led to ``item``, what was typed and how many products it found."""
    table, found = _query_table(catalogue)
    form = rng.choice(len(QUERY_FORMS), len(item), p=QUERY_FORMS)
    missing = rng.random(len(item)) < parameters.search_without_result
    slip = rng.random(len(item)) < TYPO_RATE
    place = rng.random(len(item))
    texts, results = [], []
    for n in range(len(item)):
        language = LANGUAGES[int(chinese[n])]
        if missing[n]:
            choice = NOT_SOLD[language]
            texts.append(choice[int(place[n] * len(choice))])
            results.append(0)
            continue
        text = table[language][form[n]][item[n]]
        hits = found[language][text]
        if slip[n] and language == "en":
            text, hits = _swap(text, place[n]), 0
        texts.append(text)
        results.append(hits)
    return texts, results


def _query_table(
    catalogue: Catalogue,
) -> tuple[dict[str, list[list[str]]], dict[str, dict[str, int]]]:
    """Return each language's queries by form and item, and how many products each query fits."""
    table: dict[str, list[list[str]]] = {}
    found: dict[str, dict[str, int]] = {}
    for language in LANGUAGES:
        english = language == "en"
        forms: list[list[str]] = [[], [], [], []]
        for item in catalogue.items:
            noun = item.kind.noun.en.lower() if english else item.kind.noun.zh
            line = item.line.en.lower() if english else item.line.zh
            brand = item.brand.lower() if english else item.brand
            option = (item.option.en if english else item.option.zh) if item.option else ""
            gap = " " if english else ""
            forms[0].append(noun)
            forms[1].append(f"{brand} {noun}")
            forms[2].append(f"{option}{gap}{noun}".strip())
            forms[3].append(f"{line}{gap}{noun}")
        counts: dict[str, int] = {}
        for texts in zip(*forms, strict=True):
            for text in set(texts):
                counts[text] = counts.get(text, 0) + 1
        table[language], found[language] = forms, counts
    return table, found


def _swap(text: str, place: float) -> str:
    """Swap two neighbouring letters, as quick fingers do."""
    at = 1 + int(place * max(1, len(text) - 3))
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def reviews(
    rng: np.random.Generator,
    catalogue: Catalogue,
    *,
    item: NDArray[np.int64],
    rating: NDArray[np.int64],
    chinese: NDArray[np.bool_],
) -> list[str]:
    """Write a review for each purchase: an opening for the rating and one or two aspects with the
    reviewer's view of them.

    What is said of an aspect follows the product's own strength in it, so reviewers of one
    product agree more often than not.
    """
    strength = rng.normal(0, 0.9, (len(catalogue.items), 4))
    doubt = rng.normal(0, 0.6, (len(item), 4))
    dice = rng.random((len(item), 6))
    texts = []
    for n in range(len(item)):
        number, stars = int(item[n]), int(rating[n])
        language = LANGUAGES[int(chinese[n])]
        kind = catalogue.items[number]
        noun = kind.kind.noun.zh if chinese[n] else kind.kind.noun.en.lower()
        openings = OPENINGS[language][stars]
        number_words = PLURAL if noun.endswith("s") else SINGULAR
        parts = [openings[int(dice[n, 0] * len(openings))].format(noun=noun, **number_words)]
        view = strength[number] + doubt[n] + 0.8 * (stars - 3.4)
        aspects = np.argsort(-np.abs(view) + 0.5 * dice[n, 1:5], kind="stable")[
            : 1 + int(dice[n, 5] < 0.6)
        ]
        for place in aspects.tolist():
            column = 2 * int(chinese[n]) + int(view[place] < 0)
            sentences = ASPECTS[kind.category.aspects[place]][column]
            parts.append(sentences[int(dice[n, 1 + place] * len(sentences))])
        texts.append(("" if chinese[n] else " ").join(parts))
    return texts
