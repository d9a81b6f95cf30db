"""Copy that speaks as somebody who bought or used the product: an invented review."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from models_ml.writer.checks.finding import BLOCK, WARN, Context, Finding, gettext_noop
from models_ml.writer.claims import sentence_spans
from models_ml.writer.experience import PERHAPS, PRONOUN, Experience, experiences

_MESSAGE = gettext_noop("Speaks as a buyer who used it: %(said)s")
_HINT = gettext_noop("Copy is the shop's word; say what the facts show.")


def experience(context: Context) -> Iterator[Finding]:
    """One finding for each sentence that tells an experience, outside the product's names.

    It only warns of what facts may say as well, or do say to the letter.
    """
    found = experiences(context.text, context.language)
    if not found:
        return
    starts = [one.start for one in found]
    named = context.evidence.name_spans(context.text)
    stated = [(start, end) for start, end, _ in context.evidence.value_terms.find(context.text)]
    for start, end in sentence_spans(context.text):
        first, past = bisect_left(starts, start), bisect_left(starts, end)
        own = [one for one in found[first:past] if not _is_in(one, named)]
        if context.text.endswith(("?", "？"), start, end):
            own = [one for one in own if one.doubt != PRONOUN]
        if own:
            is_sure = any(one.doubt != PERHAPS and not _is_in(one, stated) for one in own)
            begin, finish = own[0].start, max(one.end for one in own)
            params = {"said": context.text[begin:finish]}
            severity = BLOCK if is_sure else WARN
            yield Finding("experience", severity, begin, finish, _MESSAGE, _HINT, params)


def _is_in(one: Experience, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= one.start and one.end <= end for start, end in spans)
