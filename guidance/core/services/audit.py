"""The audit trail."""

from typing import Any

from django.db.models import Model

from guidance.core.models import AuditEntry, User


def record_audit(
    *, actor: User | None, verb: str, target: Model, details: dict[str, Any] | None = None
) -> AuditEntry:
    """Write who did what to `target`; call it inside the transaction of the change itself.

    `details` must be JSON and hold nothing personal: ids, counts, before and after values.
    """
    return AuditEntry.objects.create(
        actor=actor,
        verb=verb,
        object_type=target._meta.label_lower,
        object_id=str(target.pk),
        object_label=str(target)[:200],
        details=details or {},
    )


def record_batch_audit(
    *, actor: User | None, verb: str, model: type[Model], count: int, details: dict[str, Any]
) -> AuditEntry:
    """Write one entry for a change of many rows of `model`; the same rules as for one."""
    return AuditEntry.objects.create(
        actor=actor,
        verb=verb,
        object_type=model._meta.label_lower,
        object_id="",
        object_label=f"{count} {model._meta.verbose_name_plural}"[:200],
        details=details,
    )
