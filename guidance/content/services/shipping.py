"""The wording that won becomes everybody's, and back."""

import uuid
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.catalog.models import Product
from guidance.content.models import MAIN, Draft, PlannedCopy, Publication, PublishedCopy
from guidance.content.selectors.variants import (
    experiments_of,
    main_of_subject,
    variant_of,
    wordings_of,
)
from guidance.content.services.examination import Examination, examine_publication
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.planning import carry_over
from guidance.content.services.publication import publish, serve, take_out
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.experiments.models import Experiment

DECIDED = gettext_noop("An experiment was decided; everybody gets the wording that won.")


@transaction.atomic
def ship_variant(surface: str, subject: str, policy: str, actor: User | None) -> dict[str, Any]:
    """Make a wording the main text of its place and retire its variants; return what was there.

    The text is published once more, as the main text's next version: it keeps who requested and who
    approved it, and its facts are examined as of now. Raises ValidationError where it is not live,
    facts have changed, or another experiment compares these wordings.
    """
    main = _locked(subject)
    _require_alone(main)
    before = {
        "main": str(main.publication_id) if main.is_served else "",
        "until": main.serve_until.isoformat() if main.serve_until else "",
    }
    live = [row for row in wordings_of(main) if row.is_served]
    winner = next((row for row in live if row.variant == variant_of(policy)), None)
    if winner is None:
        raise ValidationError(_("This wording is not published now, so nobody can get it."))
    if winner.serve_until is not None:
        raise ValidationError(_("This wording must be approved anew before everybody gets it."))
    if PlannedCopy.objects.filter(**main.place_of_all()).exists():
        raise ValidationError(_("A text is planned for this place; cancel it first."))
    shipped = winner.publication if winner.variant == MAIN else _promote(winner.publication, actor)
    retired = [_retire(row, actor) for row in live if row.variant != MAIN]
    return {**before, "shipped": str(shipped.pk), "retired": retired}


@transaction.atomic
def unship_variant(surface: str, subject: str, before: dict[str, Any], actor: User | None) -> None:
    """Put the main text from before and the variants back, as far as they are true still.

    Raises ValidationError where another text was published meanwhile or the one from before
    disagrees with today's facts; a variant that does stays retired.
    """
    main = _locked(subject)
    if str(main.publication_id) != before["shipped"]:
        raise ValidationError(
            _("Another text was published in this place since; change it on its page.")
        )
    if not main.is_served:
        raise ValidationError(_("What was shipped is withdrawn since; change it on its page."))
    if before["main"] != before["shipped"]:
        _put_back(main, before)
        record_audit(actor=actor, verb="unship_variant", target=main.publication)
    for retired in before["retired"]:
        _return(retired, actor)


def _locked(subject: str) -> PublishedCopy:
    """Return the main text's row, its product's facts and copy held still."""
    main = main_of_subject(subject)
    if main is None:
        raise ValidationError(_("There is no text “%(subject)s”.") % {"subject": subject})
    Product.objects.select_for_update(no_key=True).get(pk=main.product_id)
    found = main_of_subject(subject)
    assert found is not None
    return found


def _require_alone(main: PublishedCopy) -> None:
    """What is shipped is shown everywhere, so nothing else may compare it meanwhile; the experiment
    that is decided runs no more."""
    if other := experiments_of(main, status=Experiment.Status.RUNNING).first():
        raise ValidationError(
            _("“%(other)s” compares these wordings too; stop it first.") % {"other": other.name}
        )


def _promote(winner: Publication, actor: User | None) -> Publication:
    found = examine_publication(winner)
    _require_true(found)
    before = winner.draft
    draft = Draft(
        **winner.place_of_all(),
        variant=MAIN,
        text=winner.text,
        status=Draft.Status.APPROVED,
        decided_by=winner.approved_by,
        decided_at=before.decided_at or winner.published_at,
        promotes=before,
    )
    carry_over(before, draft)
    found.put_on(draft)
    draft.save()
    remember_texts([draft])
    shipped = publish(draft=draft, cited=found.cited, actor=winner.approved_by)
    details = {"variant": winner.variant, "of": str(winner.pk)}
    record_audit(actor=actor, verb="ship_variant", target=shipped, details=details)
    return shipped


def _require_true(found: Examination) -> None:
    if found.blocking:
        raise ValidationError(_("It disagrees with today's facts or rules; write it again first."))


def _retire(row: PublishedCopy, actor: User | None) -> dict[str, str]:
    """Take a variant out; return, as JSON, what puts it back: its publication and its deadline."""
    until = row.serve_until.isoformat() if row.serve_until else ""
    take_out(row, reason=DECIDED)
    details = {"reason": DECIDED, "variant": row.variant}
    record_audit(actor=actor, verb="retire_variant", target=row.publication, details=details)
    return {"publication": str(row.publication_id), "until": until}


def _put_back(main: PublishedCopy, before: dict[str, Any]) -> None:
    if not before["main"]:
        take_out(main, reason=gettext_noop("The decision that published it was taken back."))
        return
    earlier = Publication.objects.select_related("draft", "product").get(pk=before["main"])
    until = _moment(before["until"])
    if until is not None and until <= timezone.now():
        raise ValidationError(_("The text from before must be approved anew; its time is over."))
    _require_true(examine_publication(earlier))
    serve(earlier, until=until)


def _return(retired: dict[str, str], actor: User | None) -> None:
    rows = PublishedCopy.objects.select_related("publication__draft", "publication__product")
    withdrawn = rows.filter(status=PublishedCopy.Status.WITHDRAWN)
    row = withdrawn.filter(publication=uuid.UUID(retired["publication"])).first()
    until = _moment(retired["until"])
    is_late = until is not None and until <= timezone.now()
    if row is None or is_late or examine_publication(row.publication).blocking:
        return
    serve(row.publication, until=until)
    details = {"variant": row.variant}
    record_audit(actor=actor, verb="return_variant", target=row.publication, details=details)


def _moment(stored: str) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
