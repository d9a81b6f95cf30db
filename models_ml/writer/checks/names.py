"""Brands, materials, colours and origins must be those of the facts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models_ml.writer.checks.finding import BLOCK, WARN, Context, Finding, gettext_noop
from models_ml.writer.concepts import KINDS_OF_CONCEPT, concept_table

_MESSAGES = {
    "material": gettext_noop("Material not in the facts: %(said)s"),
    "colour": gettext_noop("Colour not in the facts: %(said)s"),
    "origin": gettext_noop("Origin not in the facts: %(said)s"),
}
_HINT = gettext_noop("Take it out, or add the fact to the product.")
_MADE_IN = re.compile(r"(?:made in|from|origin:?|产自|产地为?|原产|来自)\s*(?:the )?$")


def brands(context: Context) -> Iterator[Finding]:
    """Known brands of the shop that stand neither in this product's facts nor in its title."""
    for start, end, brand in context.brands.find(context.text, context.folded):
        said = context.text[start:end]
        if context.evidence.contains(said) or _is_ordinary_word(said, brand):
            continue
        before = context.text[max(start - 20, 0) : start].rstrip(' "“‘')
        opens_sentence = not before or before[-1] in ".!?\n:"
        doubtful = opens_sentence and brand.isascii() and " " not in brand
        message = gettext_noop("Another brand: %(said)s")
        yield Finding(
            "brand", WARN if doubtful else BLOCK, start, end, message, _HINT, {"said": said}
        )


def _is_ordinary_word(said: str, brand: str) -> bool:
    """A brand such as "Next" in lower case is just the word."""
    return said.islower() and not brand.islower() and brand.isascii() and " " not in brand


def concepts(context: Context) -> Iterator[Finding]:
    """Materials, colours and origins that neither facts nor title state in any language."""
    covered = context.evidence.name_spans(context.text)
    for kind in KINDS_OF_CONCEPT:
        for mention in concept_table(kind).find(context.text, context.folded):
            said = context.text[mention.start : mention.end]
            inside_name = any(
                start <= mention.start and mention.end <= end for start, end in covered
            )
            if (
                inside_name
                or context.evidence.keys_of_concept(kind, mention.concept)
                or context.evidence.contains(said)
            ):
                continue
            doubtful = mention.doubtful or (
                kind == "origin"
                and not _MADE_IN.search(context.folded[max(mention.start - 20, 0) : mention.start])
            )
            severity = WARN if doubtful else BLOCK
            yield Finding(
                kind, severity, mention.start, mention.end, _MESSAGES[kind], _HINT, {"said": said}
            )
