"""Writes of the analyses: views saved, changed and deleted; shoppers opened, which is audited."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from guidance.behaviour.models import SavedView
from guidance.core.models import AuditEntry, User
from guidance.core.services import record_audit
from guidance.core.services.audit import record_batch_audit
from guidance.customers.models import Customer

OPENED = "open_shoppers"
# Who opened shoppers may look at them so long; then they are opened again, and audited again.
OPEN_FOR = timedelta(days=1)


@transaction.atomic
def save_view(
    *, name: str, kind: str, query: dict[str, str], is_shared: bool, owner: User
) -> SavedView:
    """Keep the filters of an analysis under a name. Raises ValidationError, as for a name taken."""
    rest = {key: value for key, value in query.items() if key != "market"}
    view = SavedView(
        name=name.strip(),
        kind=kind,
        query=rest,
        market=query.get("market", ""),
        owner=owner,
        is_shared=is_shared,
    )
    view.full_clean()
    view.save()
    record_audit(
        actor=owner,
        verb="save_view",
        target=view,
        details={"kind": kind, "query": query, "is_shared": is_shared},
    )
    return view


@transaction.atomic
def change_view(*, view: SavedView, actor: User) -> None:
    """Write a view's new name and whether others see it."""
    view.save(update_fields=["name", "is_shared", "updated_at"])
    details = {"is_shared": view.is_shared}
    record_audit(actor=actor, verb="change_view", target=view, details=details)


@transaction.atomic
def delete_view(*, view: SavedView, actor: User) -> None:
    """Delete a view; what it showed stays as it is."""
    record_audit(actor=actor, verb="delete_view", target=view, details={"kind": view.kind})
    view.delete()


def open_shoppers(
    *, kind: str, query: dict[str, str], point: str, count: int, actor: User
) -> AuditEntry:
    """Write down who opened the shoppers behind which point; the entry lets them look for a day.

    Points say nothing personal: a searched phrase is one by its fingerprint.
    """
    return record_batch_audit(
        actor=actor,
        verb=OPENED,
        model=Customer,
        count=count,
        details={"analysis": kind, "query": query, "point": point, "shoppers": count},
    )


def opened_shoppers(*, entry_id: UUID, actor: User) -> AuditEntry | None:
    """Return the person's own entry of having opened shoppers; None for any other entry."""
    return AuditEntry.objects.filter(pk=entry_id, actor=actor, verb=OPENED).first()


def may_still_look(entry: AuditEntry) -> bool:
    """Tell whether shoppers were opened so lately that their page may be shown."""
    return entry.at > timezone.now() - OPEN_FOR
