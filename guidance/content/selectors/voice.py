"""The shop's voice in one language, as writers and checks take it."""

from guidance.content.models import GlossaryTerm, Kind, StyleGuide
from guidance.content.models.voices import lines_of
from models_ml.writer.voice import Term, Voice


def voice_in(language: str, *, guide: StyleGuide | None = None) -> Voice:
    """Return how the shop writes in `language`: by the style guide in use, or by `guide`.

    Two statements; who writes many texts reads it once.
    """
    chosen = guide or StyleGuide.objects.filter(language=language, is_active=True).first()
    terms = tuple(
        Term(
            term=one.term,
            preferred=one.preferred,
            forbidden=tuple(lines_of(one.forbidden)),
            note=one.note,
            kept=one.never_translated,
        )
        for one in GlossaryTerm.objects.filter(language=language).order_by("term")
    )
    if chosen is None:
        return Voice(language=language, terms=terms)
    lengths = {
        Kind.DESCRIPTION.value: chosen.description_longest,
        Kind.SHORT_DESCRIPTION.value: chosen.short_longest,
    }
    return Voice(
        language=language,
        terms=terms,
        address=chosen.address,
        spelling=chosen.spelling,
        tone=chosen.tone,
        do=tuple(lines_of(chosen.do)),
        dont=tuple(lines_of(chosen.dont)),
        longest={kind: longest for kind, longest in lengths.items() if longest},
    )


def forbidden_words(language: str) -> frozenset[str]:
    """Return the words that the shop's glossary forbids to text of any author; one statement."""
    entries = GlossaryTerm.objects.filter(language=language).exclude(forbidden="")
    listed = entries.values_list("forbidden", flat=True)
    return frozenset(word for text in listed for word in lines_of(text))
