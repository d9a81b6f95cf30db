"""Wordings that clearly differ from those a place has already."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from guidance.content.models import Draft, PublishedCopy
from guidance.content.reranking import FIRST_WORDING
from guidance.content.selectors.variants import wordings_of
from guidance.content.services.providers import BUILTIN
from guidance.content.services.writing import Assignment, Unwritten, write_builtin, write_drafts
from models_ml.writer.duplicates import ALIKE, likeness, shingles
from models_ml.writer.kinds import TooShort
from models_ml.writer.providers import Provider
from models_ml.writer.realiser import NotEnoughFacts
from models_ml.writer.terms import fold

# The best of so many wordings is taken; each takes the builtin writer 10 ms.
TRIED = 24
OTHERWISE = {
    "en": "Say the same in clearly different words: another opening, order and sentences.",
    "zh-hans": "用明显不同的措辞表达同样的内容：开头、顺序和句子都换一种。",
}


class TooAlike(Exception):
    """Every wording that the facts allow is nearly one that the place has."""


def write_variants(
    assignments: Sequence[Assignment], provider: Provider
) -> list[Draft | Unwritten | TooAlike]:
    """Write, for each assignment of a variant, a draft that is like no other text of its place.

    None is stored. Where a language model's text is nearly the same as another, the builtin writer
    writes instead.
    """
    beside = [_texts_beside(_place_of(one), one.brief.variant) for one in assignments]
    told = [_told(one, others) for one, others in zip(assignments, beside, strict=True)]
    if provider.name == BUILTIN.name:
        return [_differing(one, others) for one, others in zip(told, beside, strict=True)]
    found = write_drafts(told, provider)
    return [_kept(text, one, others) for text, one, others in zip(found, told, beside, strict=True)]


def differs(draft: Draft) -> Callable[[Draft], bool]:
    """Return what tells whether a text may stand in a draft's place: of a variant, one that is like
    no other text there; of a main text, any."""
    if not draft.variant:
        return lambda written: True
    likeness_of = _likeness_to(_texts_beside(draft, draft.variant))
    return lambda written: likeness_of(written) < ALIKE


def same_wording(draft: Draft) -> PublishedCopy | None:
    """Return the live text of another wording of a draft's place that reads as it does, letter case
    aside."""
    live = wordings_of(draft).filter(status=PublishedCopy.Status.LIVE)
    others = live.exclude(variant=draft.variant)
    return next((one for one in others if fold(one.publication.text) == fold(draft.text)), None)


def _told(assignment: Assignment, beside: Mapping[str, str]) -> Assignment:
    """A language model is told what to differ from; the builtin writer tries every wording."""
    house = replace(assignment.house, chooser=FIRST_WORDING)
    main = beside.get("", "")
    if not main:
        return replace(assignment, house=house)
    wish = OTHERWISE[assignment.language]
    return replace(assignment, house=house, instruction=wish, current=main)


def _place_of(assignment: Assignment) -> Draft:
    return Draft(
        product=assignment.product,
        kind=assignment.kind,
        language=assignment.language,
        **assignment.brief.place(),
    )


def _texts_beside(place: Draft, variant: str) -> dict[str, str]:
    """Return the live and waiting texts of the place by variant, without the one to be written."""
    live = wordings_of(place).filter(status=PublishedCopy.Status.LIVE)
    waiting = Draft.objects.waiting().filter(**place.place_of_all())
    found = {one.variant: one.text for one in waiting}
    found |= {one.variant: one.publication.text for one in live}
    found.pop(variant, None)
    return found


def _kept(
    text: Draft | Unwritten, assignment: Assignment, beside: Mapping[str, str]
) -> Draft | Unwritten | TooAlike:
    if not isinstance(text, Draft):
        return text
    is_models = text.provider != BUILTIN.name
    if is_models and _likeness_to(beside)(text) < ALIKE:
        return text
    builtin = _differing(assignment, beside)
    if isinstance(builtin, Draft):
        reason = Draft.Fallback.TOO_ALIKE if is_models else text.fallback_reason
        builtin.fallback_reason = reason
    return builtin


def _differing(
    assignment: Assignment, beside: Mapping[str, str]
) -> Draft | NotEnoughFacts | TooShort | TooAlike:
    """Return the builtin writer's wording that is least like the others."""
    likeness_of = _likeness_to(beside)
    try:
        tried = [
            write_builtin(replace(assignment, version=assignment.version + number))
            for number in range(TRIED)
        ]
    except (NotEnoughFacts, TooShort) as nothing:
        return nothing
    best = min(tried, key=likeness_of)
    if likeness_of(best) >= ALIKE:
        return TooAlike()
    best.version = assignment.version
    return best


def _likeness_to(beside: Mapping[str, str]) -> Callable[[Draft], float]:
    others = [shingles(text) for text in beside.values()]

    def of(draft: Draft) -> float:
        own = shingles(draft.text)
        return max((likeness(own, other) for other in others), default=0.0)

    return of
