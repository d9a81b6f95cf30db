"""Writes about campaigns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from guidance.campaigns.models import Campaign, CampaignMessage, CampaignStep, Offer
from guidance.campaigns.rows import CampaignRow, OfferRow
from guidance.campaigns.services.row_checks import check_beside_desk
from guidance.catalog.models import Category, Product
from guidance.core.models import User
from guidance.core.rows import Refused, RowVerdict, Status
from guidance.core.services import record_audit

MAX_VALUE = Decimal("99999999.99")
# Above every number that a step has: where steps wait while others take theirs.
FREE_NUMBERS = 10_000


@transaction.atomic
def upsert_campaigns(*, rows: Sequence[CampaignRow], source: str) -> list[RowVerdict]:
    """Create and update campaigns with their offers, and return a verdict per row, in order.

    The same rows again change nothing. A category must be known to the catalogue.
    """
    verdicts = []
    for index, row in enumerate(rows):
        try:
            verdicts.append(RowVerdict(index, _upsert(row, source)))
        except Refused as refused:
            verdicts.append(refused.at(index))
    return verdicts


@dataclass(frozen=True)
class Changes:
    """What else a page changed of a campaign. Messages come with their step's number.

    `products` is None where they stay as they are.
    """

    steps: Sequence[CampaignStep] = ()
    removed_steps: Sequence[CampaignStep] = ()
    messages: Sequence[tuple[int, CampaignMessage]] = ()
    removed_messages: Sequence[CampaignMessage] = ()
    products: Iterable[Product] | None = None


NOTHING_ELSE = Changes()


@transaction.atomic
def save_campaign(
    *,
    campaign: Campaign,
    offers: Sequence[Offer],
    removed: Sequence[Offer] = (),
    changes: Changes = NOTHING_ELSE,
    actor: User,
) -> None:
    """Write a checked campaign with its new and changed offers, steps and messages.

    `selectors.faults` does the checking. The first step is made where only messages are told.
    """
    is_new = campaign.pk is None
    removed_messages = [
        _message_as_written(message.step.number, message) for message in changes.removed_messages
    ]
    campaign.save()
    for gone in (*removed, *changes.removed_messages, *changes.removed_steps):
        gone.delete()
    for offer in offers:
        offer.campaign = campaign
        offer.save()
    if changes.products is not None:
        campaign.products.set(changes.products)
    _write_messages(campaign, changes)
    record_audit(
        actor=actor,
        verb="create_campaign" if is_new else "change_campaign",
        target=campaign,
        details=_as_written(campaign)
        | {"offers": [offer.code for offer in offers], "removed": [o.code for o in removed]}
        | {"messages": [_message_as_written(n, message) for n, message in changes.messages]}
        | {"removed_messages": removed_messages},
    )


def _message_as_written(number: int, message: CampaignMessage) -> str:
    """Return a message for the record: by its codes, the same in every language of the desk."""
    return f"{number} {message.channel} {message.language} {message.variant}"


def _write_messages(campaign: Campaign, changes: Changes) -> None:
    """Write steps, then messages; steps that change places do so without meeting."""
    moved = [step for step in changes.steps if step.pk]
    for step in moved:
        CampaignStep.objects.filter(pk=step.pk).update(number=FREE_NUMBERS + step.number)
    for step in changes.steps:
        step.campaign = campaign
        step.save()
    numbered = {step.number: step for step in CampaignStep.objects.filter(campaign=campaign)}
    for number, message in changes.messages:
        if number not in numbered:
            numbered[number] = CampaignStep.objects.create(campaign=campaign, number=number)
        message.step = numbered[number]
        message.save()


@transaction.atomic
def save_offer(*, offer: Offer, products: Iterable[Product] | None = None, actor: User) -> None:
    """Write a checked offer, and what it may be used for where that is told."""
    is_new = offer.pk is None
    offer.save()
    if products is not None:
        offer.products.set(products)
    record_audit(
        actor=actor,
        verb="create_offer" if is_new else "change_offer",
        target=offer,
        details={
            "kind": offer.kind,
            "value": str(offer.value),
            "currency": offer.currency,
            "tiers": offer.tiers,
            "is_pooled": offer.is_pooled,
            "most_in_total": offer.most_in_total,
            "most_per_customer": offer.most_per_customer,
            "starts_at": offer.starts_at and offer.starts_at.isoformat(),
            "ends_at": offer.ends_at and offer.ends_at.isoformat(),
        },
    )


@transaction.atomic
def delete_campaigns(*, campaigns: Sequence[Campaign], actor: User) -> None:
    """Take campaigns away together with their offers."""
    for campaign in campaigns:
        codes = list(campaign.offers.values_list("code", flat=True))
        details = _as_written(campaign) | {"offers": codes}
        record_audit(actor=actor, verb="delete_campaign", target=campaign, details=details)
        campaign.delete()


@transaction.atomic
def delete_offers(*, offers: Sequence[Offer], actor: User) -> None:
    """Take offers away from their campaigns."""
    for offer in offers:
        details = {"campaign": offer.campaign.key if offer.campaign else None}
        record_audit(actor=actor, verb="delete_offer", target=offer, details=details)
        offer.delete()


def _as_written(campaign: Campaign) -> dict[str, Any]:
    return {
        "key": campaign.key,
        "titles": campaign.titles,
        "starts_at": campaign.starts_at.isoformat(),
        "ends_at": campaign.ends_at.isoformat(),
        "category": campaign.category_id,
        "is_active": campaign.is_active,
        "objective": campaign.objective,
        "purpose": campaign.purpose,
        "trigger": campaign.trigger,
        "audience": campaign.audience_id,
        "rechecks_audience": campaign.rechecks_audience,
        "time_zone": campaign.time_zone,
        "send_at": f"{campaign.send_at:%H:%M}",
        "quiet": f"{campaign.quiet_from:%H:%M}-{campaign.quiet_until:%H:%M}",
        "priority": campaign.priority,
        "holdout_percent": campaign.holdout_percent,
        "budget": None if campaign.budget is None else str(campaign.budget),
        "currency": campaign.currency,
        "daily_maximum": campaign.daily_maximum,
    }


def _upsert(row: CampaignRow, source: str) -> Status:
    category = _checked(row)
    campaign = Campaign.objects.select_for_update().filter(key=row.key).first()
    wanted: dict[str, Any] = {
        "titles": row.titles,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "category": category,
    }
    status = Status.CREATED if campaign is None else Status.UNCHANGED
    campaign = campaign or Campaign(key=row.key)
    changed = sorted(name for name, value in wanted.items() if getattr(campaign, name) != value)
    for name, value in wanted.items():
        setattr(campaign, name, value)
    if changed or status is Status.CREATED:
        campaign.save()
    if _replace_offers(campaign, row):
        changed.append("offers")
    if not changed:
        return status
    record_audit(
        actor=None,
        verb="upsert_campaign",
        target=campaign,
        details={"source": source, "fields": changed},
    )
    return status if status is Status.CREATED else Status.UPDATED


def _checked(row: CampaignRow) -> Category | None:
    """Return the row's category; raises Refused where the row cannot be kept."""
    if row.ends_at <= row.starts_at:
        raise Refused("out_of_range", _("ends_at: must be after starts_at."))
    for place, offer in enumerate(row.offers):
        _check_offer(offer, f"offers[{place}]")
    codes = [offer.code or offer.key for offer in row.offers]
    if len(set(codes)) < len(codes):
        raise Refused("repeated", _("offers: two have the same code."))
    taken = Offer.objects.filter(code__in=codes).exclude(campaign__key=row.key)
    if other := taken.select_related("campaign").first():
        raise Refused(
            "conflict",
            _("offers: the code %(code)s belongs to the campaign %(key)s.")
            % {"code": other.code, "key": other.campaign.key if other.campaign else ""},
        )
    check_beside_desk(row)
    if row.category is None:
        return None
    category = Category.objects.filter(path=row.category).first()
    if category is None:
        raise Refused("unknown_category", _("category: no product has this category."))
    return category


def _check_offer(offer: OfferRow, place: str) -> None:
    values = [v for v in (offer.discount_percent, offer.discount_amount) if v is not None]
    if len(values) != 1:
        raise Refused(
            "malformed",
            _("%(place)s: needs discount_percent or discount_amount, not both.") % {"place": place},
        )
    most = 100 if offer.discount_percent is not None else MAX_VALUE
    if not values[0].is_finite() or not 0 < values[0] <= most or values[0] != round(values[0], 2):
        raise Refused("out_of_range", _("%(place)s: is no discount we know.") % {"place": place})
    if offer.discount_amount is not None and offer.currency is None:
        raise Refused(
            "missing_field", _("%(place)s: an amount off needs its currency.") % {"place": place}
        )


def _replace_offers(campaign: Campaign, row: CampaignRow) -> bool:
    """Bring the campaign's offers to what the row says and return whether that changed any."""
    stored = {offer.code: offer for offer in campaign.offers.all()}
    wanted = {offer.code or offer.key: _offer_fields(offer, row.tiers) for offer in row.offers}
    changed = False
    for code, fields in wanted.items():
        offer = stored.pop(code, None) or Offer(campaign=campaign, code=code)
        if offer.pk is None or any(getattr(offer, n) != v for n, v in fields.items()):
            for name, value in fields.items():
                setattr(offer, name, value)
            offer.save()
            changed = True
    for offer in stored.values():
        offer.delete()
    return changed or bool(stored)


def _offer_fields(offer: OfferRow, tiers: list[str]) -> dict[str, Any]:
    is_percent = offer.discount_percent is not None
    return {
        "kind": Offer.Kind.PERCENT if is_percent else Offer.Kind.AMOUNT,
        "value": offer.discount_percent if is_percent else offer.discount_amount,
        "currency": offer.currency or "",
        "tiers": tiers,
    }
