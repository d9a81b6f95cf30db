"""What the shop's files tell about a campaign and its offers."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from guidance.core.rows import CURRENCY, NAME, NO_NUL, Language, Time

Key = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9_-]*\Z", max_length=50)]
Tier = Annotated[str, Meta(pattern=NAME, max_length=30)]


class OfferRow(Struct):
    """A coupon or benefit: a percentage or an amount off. Its key stands in for a code."""

    key: Annotated[str, Meta(pattern=NAME, max_length=40)]
    discount_percent: Decimal | None = None
    discount_amount: Decimal | None = None
    code: Annotated[str, Meta(pattern=NAME, max_length=40)] | None = None
    currency: Annotated[str, Meta(pattern=CURRENCY)] | None = None


class CampaignRow(Struct):
    """A campaign with all its offers; those it no longer names are taken away."""

    key: Key
    titles: dict[Language, Annotated[str, Meta(pattern=NO_NUL, max_length=200)]]
    starts_at: Time
    ends_at: Time
    category: Annotated[str, Meta(pattern=NAME, max_length=300)] | None = None
    tiers: list[Tier] = []
    offers: Annotated[list[OfferRow], Meta(max_length=100)] = []
