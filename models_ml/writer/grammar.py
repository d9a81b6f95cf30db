"""Templates with alternatives: "(made of|made from) {x}" is expanded by a seeded generator."""

from __future__ import annotations

import random
import re

_CHOICE = re.compile(r"\(([^()]*\|[^()]*)\)")
_VERB = re.compile(r"<(\w+)>")
_PLURAL_VERBS = {
    "is": "are",
    "has": "have",
    "it": "they",
    "its": "their",
    "was": "were",
    "does": "do",
}


def expand(template: str, rng: random.Random) -> str:
    """Choose one alternative of every `(a|b)` in `template`, innermost first."""
    while match := _CHOICE.search(template):
        template = (
            template[: match.start()]
            + rng.choice(match.group(1).split("|"))
            + template[match.end() :]
        )
    return template


def agree_verbs(template: str, plural: bool) -> str:
    """Turn `<weighs>`, `<is>` or `<it>` into the form that agrees with the subject."""

    def form(match: re.Match[str]) -> str:
        word = match.group(1)
        if not plural:
            return word
        return _PLURAL_VERBS.get(word) or (
            word[:-2] if word.endswith(("ches", "shes", "sses")) else word.removesuffix("s")
        )

    return _VERB.sub(form, template)


def join_list(items: list[str], last: str, between: str = ", ") -> str:
    """ "a, b and c": `between` separates, `last` stands before the final item."""
    return items[0] if len(items) == 1 else between.join(items[:-1]) + last + items[-1]
