"""Lists read into audiences: each row added, known already, or rejected with its reason."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.campaigns.audiences.lists import Line
from guidance.campaigns.models import Audience, AudienceImport, AudienceMember
from guidance.campaigns.services.audiences import add_members
from guidance.core.among import Among, AmongTexts
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.customers.models import Customer

LONGEST_REF = 100
REFS_AT_ONCE = 20_000
# So many rejected rows are kept to be looked up; the rest is counted.
MOST_REJECTS = 20_000
REASONS = {
    "empty": gettext_lazy("The row has no pseudonym."),
    "too_long": gettext_lazy("A pseudonym has at most 100 characters."),
    "bad_text": gettext_lazy("The row holds a character that no pseudonym has."),
    "repeated": gettext_lazy("The same shopper stands in an earlier row."),
    "unknown": gettext_lazy("No shopper has this pseudonym."),
}


@transaction.atomic
def import_list(
    *, audience: Audience, lines: Sequence[Line], actor: User, file_name: str = "",
    replaces: bool = False,
) -> AudienceImport:  # fmt: skip
    """Put the shoppers of a list into an audience and keep what became of each row.

    The same list again adds nobody. With `replaces` who is not in it is taken off. A pseudonym of
    a shopper who was merged counts as the one merged into.
    """
    audience = Audience.objects.select_for_update().get(pk=audience.pk)
    if audience.kind != Audience.Kind.LIST:
        raise ValidationError(_("This audience is found by rules: a list cannot be read into it."))
    people, rejects = _matched(lines)
    before = set(
        AudienceMember.objects.filter(audience=audience).values_list("customer", flat=True)
    )
    fresh = sorted(people - before)
    add_members(audience=audience, customer_ids=fresh)
    removed = _take_off(audience, before - people) if replaces else 0
    size = len(before) + len(fresh) - removed
    audience.size = audience.size_low = audience.size_high = size
    audience.sized_at = timezone.now()
    audience.save(update_fields=["size", "size_low", "size_high", "sized_at"])
    done = AudienceImport.objects.create(
        audience=audience,
        file_name=file_name[:200],
        rows=len(lines),
        added=len(fresh),
        known=len(people) - len(fresh),
        removed=removed,
        rejects=rejects[:MOST_REJECTS],
        rejected=len(rejects),
        by=actor,
    )
    counts = {name: getattr(done, name) for name in ("rows", "added", "known", "removed")}
    details = {**counts, "rejected": done.rejected, "replaces": replaces}
    record_audit(actor=actor, verb="import_audience_list", target=audience, details=details)
    return done


def _matched(lines: Sequence[Line]) -> tuple[set[int], list[list[int | str]]]:
    """Return the shoppers of the rows, and the rejected rows with the code of their reason."""
    rejects: list[list[int | str]] = []
    rows: dict[str, int] = {}
    for number, ref in lines:
        if code := _fault(ref, rows):
            rejects.append([number, code])
        else:
            rows[ref] = number
    by_ref = _shoppers(list(rows))
    people: set[int] = set()
    for ref, number in rows.items():
        shopper = by_ref.get(ref)
        if shopper is None or shopper in people:
            rejects.append([number, "unknown" if shopper is None else "repeated"])
        else:
            people.add(shopper)
    return people, sorted(rejects, key=lambda reject: reject[0])


def _fault(ref: str, rows: dict[str, int]) -> str:
    if not ref:
        return "empty"
    if len(ref) > LONGEST_REF:
        return "too_long"
    if "\0" in ref or not ref.isprintable():
        return "bad_text"
    return "repeated" if ref in rows else ""


def _shoppers(refs: Sequence[str]) -> dict[str, int]:
    """Return the shopper of each pseudonym that is known, merged ones as whom they count now."""
    found: dict[str, int] = {}
    for start in range(0, len(refs), REFS_AT_ONCE):
        known = Customer.objects.filter(AmongTexts("ref", refs[start : start + REFS_AT_ONCE]))
        rows = known.order_by().values_list("ref", "pk", "merged_into")
        found |= {ref: into or pk for ref, pk, into in rows}
    return found


def _take_off(audience: Audience, customer_ids: set[int]) -> int:
    listed = AudienceMember.objects.filter(audience=audience)
    return listed.filter(Among("customer_id", customer_ids)).delete()[0]
