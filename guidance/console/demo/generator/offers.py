"""The shop's campaigns with their offers and coupons, and what they do to demand and prices."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .catalogue import Catalogue
from .people import TIERS
from .vocabulary import Pair
from .vocabulary.base import pair

CATEGORY_BOOST = 1.6
"""Factor on the demand for a category while a campaign for it runs."""
COUPON_USE = 0.3
"""Share of the eligible purchases for which a shopper enters the code."""


@dataclass(frozen=True)
class Campaign:
    """One campaign; ``first`` and ``last`` are days of the period (``last`` exclusive), possibly
    after its end.
    """

    key: str
    title: Pair
    offer_title: Pair
    first: int
    last: int
    percent: int
    code: str
    tiers: tuple[str, ...]
    category: int | None
    minimum_spend: int = 0


class Plan(NamedTuple):
    """A campaign before it is placed; ``begin`` and ``finish`` are shares of the period."""

    key: str
    title: str
    offer: str
    begin: float
    finish: float
    percent: int
    target: str = ""
    """Category as "department/category"; empty for the whole shop."""
    tiers: tuple[str, ...] = TIERS
    code: str = ""
    minimum_spend: int = 0


PLANS = (
    Plan(
        "tea-week",
        "Tea week|茶周",
        "15% off tea|茶叶 85 折",
        0.12,
        0.24,
        15,
        "tea-coffee/green-tea",
    ),
    Plan(
        "coffee-mornings",
        "Coffee mornings|咖啡早晨",
        "10% off beans for silver and above|银卡及以上咖啡豆 9 折",
        0.30,
        0.47,
        10,
        "tea-coffee/coffee",
        tiers=TIERS[1:],
    ),
    Plan(
        "camp-out",
        "Camp-out|露营季",
        "12% off tents and tarps|帐篷天幕 88 折",
        0.42,
        0.60,
        12,
        "outdoor/shelter",
    ),
    Plan(
        "soft-nights",
        "Soft nights|好眠",
        "Coupon for bedding|床品优惠券",
        0.55,
        0.80,
        20,
        "home-textiles/bedding",
        code="SOFT20",
        minimum_spend=80,
    ),
    Plan(
        "full-bowls",
        "Full bowls|满碗",
        "8% off dog food|狗粮 92 折",
        0.66,
        0.88,
        8,
        "pets/dog-food",
    ),
    Plan(
        "members-evening",
        "Members' evening|会员之夜",
        "Coupon for gold and platinum|金卡与白金卡优惠券",
        0.78,
        0.92,
        15,
        "audio/headphones",
        tiers=TIERS[2:],
        code="EVENING15",
        minimum_spend=120,
    ),
    Plan("glow", "Glow|焕亮", "10% off skincare|护肤 9 折", 0.85, 1.12, 10, "beauty/skincare"),
    Plan(
        "notebook-days",
        "Notebook days|手账日",
        "Coupon for notebooks|笔记本优惠券",
        0.92,
        1.25,
        12,
        "stationery/notebooks",
        code="PAPER12",
        minimum_spend=20,
    ),
    Plan(
        "gift-season",
        "Gift season|礼物季",
        "10% off everything for platinum|白金卡全场 9 折",
        1.05,
        1.40,
        10,
        tiers=TIERS[3:],
    ),
)


def build_campaigns(catalogue: Catalogue, *, days: int) -> list[Campaign]:
    """Place the planned campaigns in the period; those for a category the assortment lacks are
    left out.
    """
    keys = [f"{department.key}/{category.key}" for department, category in catalogue.categories]
    return [
        Campaign(
            key=plan.key,
            title=pair(plan.title),
            offer_title=pair(plan.offer),
            first=round(plan.begin * days),
            last=max(round(plan.begin * days) + 1, round(plan.finish * days)),
            percent=plan.percent,
            code=plan.code,
            tiers=plan.tiers,
            category=keys.index(plan.target) if plan.target else None,
            minimum_spend=plan.minimum_spend,
        )
        for plan in PLANS
        if not plan.target or plan.target in keys
    ]


def demand_boost(campaigns: list[Campaign], *, day: int, categories: int) -> NDArray[np.float64]:
    """Return factors on the demand for each category by tier index, ``(tiers + 1, C)``; the last
    row is for visitors.
    """
    boost = np.ones((len(TIERS) + 1, categories))
    for campaign in campaigns:
        if campaign.category is not None and campaign.first <= day < campaign.last:
            rows = [TIERS.index(tier) for tier in campaign.tiers]
            boost[rows, campaign.category] *= CATEGORY_BOOST
            if len(rows) == len(TIERS):
                boost[-1, campaign.category] *= CATEGORY_BOOST
    return boost


def discounts(
    rng: np.random.Generator,
    campaigns: list[Campaign],
    *,
    day: int,
    tier: NDArray[np.int64],
    category: NDArray[np.int64],
    spent: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the discount in percent on each purchased line, given the lines' categories and for
    each line its buyer's tier and what its whole basket costs at full price.
    """
    percent = np.zeros(len(tier), dtype=np.int64)
    for campaign in campaigns:
        if not campaign.first <= day < campaign.last:
            continue
        eligible = np.isin(tier, [TIERS.index(name) for name in campaign.tiers])
        eligible &= spent >= campaign.minimum_spend
        if campaign.category is not None:
            eligible &= category == campaign.category
        if campaign.code:
            eligible &= rng.random(len(tier)) < COUPON_USE
        percent = np.where(eligible, np.maximum(percent, campaign.percent), percent)
    return percent


def campaign_records(
    campaigns: list[Campaign], catalogue: Catalogue, *, start: date, currency: str
) -> list[dict[str, Any]]:
    """Return the rows of ``campaigns.jsonl``."""
    midnight = datetime.combine(start, time(), UTC)
    records = []
    for campaign in campaigns:
        target = None
        if campaign.category is not None:
            department, category = catalogue.categories[campaign.category]
            target = {
                "en": f"{department.name.en} > {category.name.en}",
                "zh-hans": f"{department.name.zh} > {category.name.zh}",
            }
        records.append(
            {
                "key": campaign.key,
                "titles": {"en": campaign.title.en, "zh-hans": campaign.title.zh},
                "starts_at": (midnight + timedelta(days=campaign.first)).isoformat(),
                "ends_at": (midnight + timedelta(days=campaign.last)).isoformat(),
                "tiers": list(campaign.tiers),
                "category": target,
                "offers": [
                    {
                        "key": f"{campaign.key}-offer",
                        "titles": {
                            "en": campaign.offer_title.en,
                            "zh-hans": campaign.offer_title.zh,
                        },
                        "discount_percent": campaign.percent,
                        "code": campaign.code or None,
                        "minimum_spend": f"{campaign.minimum_spend}.00",
                        "currency": currency,
                    }
                ],
            }
        )
    return records
