"""Other wordings of a waiting draft: side by side, or after an instruction."""

import uuid
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from guidance.catalog.selectors import facts_of
from guidance.content.models import Draft
from guidance.content.reranking import FIRST_WORDING
from guidance.content.services.differing import TRIED, differs
from guidance.content.services.examination import examine_draft
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.instructions import read_instruction
from guidance.content.services.refusals import Invalid
from guidance.content.services.rewriting import take_text
from guidance.content.services.waiting import lock_waiting, require
from guidance.content.services.writing import Assignment, House, read_house, write_builtin
from guidance.core.models import User
from guidance.core.services import record_audit
from models_ml.writer.facts import Fact
from models_ml.writer.kinds import TooShort
from models_ml.writer.realiser import NotEnoughFacts

# Candidates have numbers above every version that people reach by asking for another text.
FIRST_CANDIDATE = 500
SHOWN = 3


def candidates(draft: Draft, count: int = SHOWN) -> list[Draft]:
    """Return other texts for a draft that pass every check, unsaved, in the order of their numbers.

    `version` is each one's number, to be sent to `choose_candidate`. Fewer where the facts allow no
    more, none where they are too thin.
    """
    facts = facts_of([draft.product], draft.language)[draft.product_id]
    house, found = read_house(draft.language, draft.market, chooser=FIRST_WORDING), list[Draft]()
    differing = differs(draft)
    for one in _written(draft, facts, FIRST_CANDIDATE, TRIED, house):
        if one.text in {draft.text, *(other.text for other in found)} or not differing(one):
            continue
        examined = examine_draft(
            draft=one,
            facts=facts,
            brands=house.brands,
            banned=house.voice.banned,
            rules=house.rules,
        )
        if not examined.blocking:
            found.append(one)
        if len(found) == count:
            break
    return found


@transaction.atomic
def choose_candidate(*, draft_id: uuid.UUID, version: int, actor: User, number: int) -> Draft:
    """Put a candidate in the draft's place; it is the writer's own text, so that `actor` may
    approve it.

    Raises PermissionDenied, NotWaiting, VersionChanged, or Invalid where facts have changed so that
    there is no such candidate any more.
    """
    require(actor, "content.change_draft")
    draft = lock_waiting(draft_id=draft_id, version=version)
    facts = facts_of([draft.product], draft.language)[draft.product_id]
    chosen = next(_written(draft, facts, number, 1), None) if number >= FIRST_CANDIDATE else None
    if chosen is None:
        raise Invalid(_("There is no such text any more; look again."))
    take_text(draft=draft, written=chosen, actor=actor, facts=facts)
    draft.save()
    remember_texts([draft])
    details = {"version": draft.version, "candidate": number}
    record_audit(actor=actor, verb="choose_candidate", target=draft, details=details)
    return draft


@transaction.atomic
def rewrite_as_told(
    *, draft_id: uuid.UUID, version: int, actor: User, instruction: str
) -> tuple[Draft, str]:
    """Replace the draft by the text that follows an instruction best; return what was understood.

    Who instructs the writer becomes nobody's requester: every text is made of facts alone. Raises
    like `choose_candidate`, and Invalid for what the writer cannot do.
    """
    require(actor, "content.change_draft")
    draft = lock_waiting(draft_id=draft_id, version=version)
    facts = facts_of([draft.product], draft.language)[draft.product_id]
    best, understood = best_as_told(draft, facts, instruction)
    take_text(draft=draft, written=best, actor=actor, facts=facts)
    draft.save()
    remember_texts([draft])
    details = {"version": draft.version, "understood": understood}
    record_audit(actor=actor, verb="rewrite_as_told", target=draft, details=details)
    return draft, understood


def best_as_told(draft: Draft, facts: Sequence[Fact], instruction: str) -> tuple[Draft, str]:
    """Return the builtin writer's text that follows an instruction best, unsaved, and what was
    understood; raises Invalid where it understands nothing or no text is better.
    """
    read = read_instruction(instruction, sorted({fact.key for fact in facts}))
    differing = differs(draft)
    tried = [one for one in _written(draft, facts, FIRST_CANDIDATE, TRIED) if differing(one)]
    best = max(tried, key=read.mark, default=None)
    if best is None or read.mark(best) <= read.mark(draft):
        raise Invalid(
            _("No text follows that better than this one (%(told)s).") % {"told": read.understood}
        )
    return best, read.understood


def _written(
    draft: Draft, facts: Sequence[Fact], first: int, count: int, house: House | None = None
) -> Iterator[Draft]:
    # What is chosen among wordings would leave few to choose from.
    house = house or read_house(draft.language, draft.market, chooser=FIRST_WORDING)
    for number in range(first, first + count):
        try:
            yield write_builtin(
                Assignment(
                    *(draft.product, draft.kind, draft.language, facts, house, number),
                    brief=draft.brief(),
                )
            )
        except (NotEnoughFacts, TooShort):
            return
