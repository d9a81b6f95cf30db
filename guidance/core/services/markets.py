"""Markets: language, currency and time zone of the shop."""

from django.db import transaction

from guidance.core.hooks import tell_market_changed
from guidance.core.models import Market
from guidance.core.services.audit import record_audit


@transaction.atomic
def ensure_default_market(
    *, key: str, name: str, language: str, currency: str, time_zone: str
) -> Market:
    """Return the default market; where nobody chose one yet, make it from these values."""
    chosen = Market.objects.filter(is_default=True).first()
    if chosen is not None:
        return chosen
    market, _created = Market.objects.update_or_create(
        key=key,
        defaults={
            "name": name,
            "language": language,
            "currency": currency,
            "time_zone": time_zone,
            "is_default": True,
        },
    )
    record_audit(actor=None, verb="set_default_market", target=market)
    return market


@transaction.atomic
def save_market(*, market: Market) -> None:
    """Write a market, and tell what depends on one that changed; who calls it keeps the audit."""
    before = Market.objects.select_for_update().filter(pk=market.pk).first()
    market.save()
    if before is not None:
        tell_market_changed(before, market)
