"""Rules as merchandisers write them; the storefront's next requests follow within seconds."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.recommendations.models import Rule

WRITTEN = (
    *("kind", "surface_id", "product_id", "category_id", "brand", "per", "position", "factor"),
    *("at_most", "percent", "days", "fewer_views_than", "starts_at", "ends_at", "is_active"),
)


@transaction.atomic
def save_rule(*, rule: Rule, actor: User | None) -> None:
    """Write a new or changed rule; the database refuses one without what its kind needs."""
    is_new = rule.pk is None
    rule.save()
    verb = "create_rule" if is_new else "update_rule"
    record_audit(actor=actor, verb=verb, target=rule, details=_as_written(rule))


@transaction.atomic
def delete_rules(*, rules: Sequence[Rule], actor: User | None) -> None:
    """Take rules away; what they said stays in the audit trail."""
    for rule in rules:
        record_audit(actor=actor, verb="delete_rule", target=rule, details=_as_written(rule))
        rule.delete()


def _as_written(rule: Rule) -> dict[str, Any]:
    """Return what the rule says, without what it leaves open, as JSON."""
    said = {name: getattr(rule, name) for name in WRITTEN}
    return {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in said.items()
        if value not in (None, "")
    }
