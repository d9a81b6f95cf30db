"""What a campaign moved over all its plans, in words and tables."""

from typing import Any

from django.utils.translation import gettext as _

from guidance.campaigns.effect_page import HISTORY, costs_of, earned_text, lines_of, parts_of
from guidance.campaigns.models import Campaign
from guidance.campaigns.predicted import segment_names
from guidance.campaigns.selectors.effect_over_plans import (
    CampaignEffect,
    Stratified,
    approved_plans,
    campaign_effect,
)


def campaign_effect_page(campaign: Campaign) -> dict[str, Any]:
    """Return what the template needs."""
    effect = campaign_effect(campaign)
    if effect is None:
        return {"campaign": campaign, "effect": None}
    whole, currency = effect.whole.whole, effect.currency
    parts = effect.whole.parts
    named = {plan.number: plan for plan in approved_plans(campaign)}
    return {
        "campaign": campaign,
        "effect": effect,
        "whole": whole,
        "advice": earned_text(effect.profit, held=whole.held.shoppers, currency=currency),
        "unmeasured": ", ".join(str(number) for number in effect.unmeasured),
        "lines": lines_of(whole, effect.whole, currency),
        "plans": [
            (named[line[0]], *line[1:])
            for line in parts_of({n: (arms, arms) for n, arms in parts.items()}, currency)
        ],
        "segments": _segments(effect),
        "costs": costs_of(effect.coupon_cost, effect.contact_cost, currency),
    }


def _learned(effect: CampaignEffect) -> list[tuple[str, dict[Any, Stratified]]]:
    if not any(effect.by_segment):
        return []
    names = segment_names(effect.by_segment)
    return [(_("By learned segment"), {names[key]: t for key, t in effect.by_segment.items()})]


def _segments(effect: CampaignEffect) -> list[tuple[str, list[tuple[Any, int, int, str, str]]]]:
    kinds: list[tuple[str, dict[Any, Stratified]]] = [
        (
            _("By membership tier"),
            {one or _("no tier"): told for one, told in effect.by_tier.items()},
        ),
        *_learned(effect),
        (_("By language"), {one or _("unknown"): t for one, t in effect.by_language.items()}),
        (_("By history"), {HISTORY[one]: told for one, told in effect.by_history.items()}),
    ]
    return [
        (title, parts_of({n: (one.whole, one) for n, one in parts.items()}, effect.currency))
        for title, parts in kinds
    ]
