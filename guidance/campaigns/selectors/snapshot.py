"""What an approval is bound to: a campaign as it stands, with all that its messages depend on."""

import hashlib
import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from guidance.campaigns.audiences.language import named_audiences, read
from guidance.campaigns.models import (
    Audience,
    Campaign,
    CampaignMessage,
    CampaignStep,
    MessageBandit,
    Offer,
)

FIELDS = (
    *("key", "objective", "purpose", "trigger", "starts_at", "ends_at", "time_zone", "send_at"),
    *("at_best_hour", "quiet_from", "quiet_until", "priority", "holdout_percent", "budget"),
    *("currency", "contact_cost", "response_value", "daily_maximum", "category__path"),
)
RECHECKS = "rechecks_audience"
STEP_FIELDS = ("number", "wait_minutes", "condition", "exit_on")
MESSAGE_FIELDS = (
    *("id", "step__number", "channel", "language", "variant", "weight"),
    *("publication", "publication__seal", "subject", "subject__seal", "template"),
)
OFFER_FIELDS = (
    *("id", "code", "titles", "kind", "value", "currency", "tiers", "is_pooled", "most_in_total"),
    *("most_per_customer", "minimum_spend", "starts_at", "ends_at", "category__path", "cost"),
)


def snapshot(campaign: Campaign) -> dict[str, Any]:
    """Return the campaign, its audience, steps, messages and offers as plain JSON; seven reads, one
    more for each step that a bandit chooses for.

    Two snapshots are equal exactly when nothing that was approved has changed. An imported list
    is frozen by the entries of its plan; of a trigger, which has none, by its last import.
    """
    told = {
        "campaign": _campaign(campaign.pk),
        "audience": _audience(campaign.audience_id, has_lists=bool(campaign.trigger)),
        "products": sorted(campaign.products.order_by().values_list("sku", flat=True)),
        "steps": [
            _step(one) for one in CampaignStep.objects.filter(campaign=campaign).order_by("number")
        ],
        "messages": list(
            CampaignMessage.objects.filter(step__campaign=campaign)
            .order_by("id")
            .values(*MESSAGE_FIELDS)
        ),
        "offers": list(
            Offer.objects.filter(campaign=campaign).order_by("id").values(*OFFER_FIELDS)
        ),
        "offer_products": list(
            Offer.products.through.objects.filter(offer__campaign=campaign)
            .order_by("offer", "product__sku")
            .values("offer", "product__sku")
        ),
    }
    plain: dict[str, Any] = json.loads(canonical(told))
    return plain


def _campaign(campaign_id: int) -> dict[str, Any]:
    """Return a campaign's own fields, and that its audience is asked again where it is."""
    # Read anew: what a form just set is not yet written as the database writes it.
    told = dict(Campaign.objects.values(*FIELDS, RECHECKS).get(pk=campaign_id))
    # Plans approved before there was such a setting know nothing of it.
    if not told[RECHECKS]:
        del told[RECHECKS]
    return told


def _step(step: CampaignStep) -> dict[str, Any]:
    """Return a step; how its wordings are chosen where that is not by their weights."""
    told = {name: getattr(step, name) for name in STEP_FIELDS}
    if step.choosing == CampaignStep.Choosing.SHARES:
        return told
    told |= {"choosing": step.choosing, "only_variant": step.only_variant}
    if step.choosing == CampaignStep.Choosing.BANDIT:
        bandit = MessageBandit.objects.filter(step=step, is_current=True).first()
        if bandit is not None:
            told["bandit"] = {name: getattr(bandit, name) for name in ("key", *bandit.SETTINGS)}
    return told


def canonical(told: Any) -> str:
    """Return JSON that is the same text for the same content."""
    return json.dumps(told, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"))


def fingerprint_of(told: dict[str, Any]) -> str:
    """Return the SHA-256 of a snapshot."""
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def _audience(audience_id: int | None, *, has_lists: bool) -> dict[str, Any] | None:
    """Return an audience and every other that its rules are made of; lists by their last import."""
    audience = Audience.objects.filter(pk=audience_id).first() if audience_id else None
    if audience is None:
        return None
    told: dict[str, Any] = {"key": audience.key} | _told(audience, has_lists)
    beneath: dict[str, Any] = {}
    wanted = set(named_audiences(read(audience.rules)[0]))
    while keys := wanted - set(beneath):
        for key in keys:
            beneath[key] = None
        for other in Audience.objects.filter(key__in=keys):
            beneath[other.key] = _told(other, has_lists)
            wanted |= set(named_audiences(read(other.rules)[0]))
    return told | {"beneath": beneath} if beneath else told


def _told(audience: Audience, has_lists: bool) -> dict[str, Any]:
    told = {"kind": audience.kind, "rules": audience.rules}
    if has_lists and audience.kind == Audience.Kind.LIST:
        last = audience.imports.order_by("-pk").values_list("pk", flat=True).first()
        told["import"] = str(last)
    return told
