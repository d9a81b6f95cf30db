"""What behaviour shows on pages of other apps."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from guidance.behaviour.models import Event
from guidance.customers.hooks import Panel

LATEST = 20
WORDS = 80


def _latest_rows(customer_id: int) -> list[list[Any]]:
    events = (
        Event.objects.filter(customer_id=customer_id)
        .select_related("product")
        .order_by("-occurred_at", "-id")[:LATEST]
    )
    return [
        [
            event.occurred_at,
            event.get_kind_display(),
            event.product,
            event.text[:WORDS],
            event.quantity,
            event.price,
            event.get_source_display(),
        ]
        for event in events
    ]


LATEST_EVENTS = Panel(
    title=_("Latest events"),
    columns=[
        _("time"),
        _("kind"),
        _("product"),
        _("words"),
        _("quantity"),
        _("price"),
        _("source"),
    ],
    rows=_latest_rows,
    permission="customers.view_customer",
)
