"""What shoppers are told apart by, and how a decision's shopper stood when it was made."""

from guidance.customers.markets import Markets
from guidance.recommendations.health.shoppers import Shopper, Shown

ALL, TIER, MARKET, LANGUAGE, COUNTRY = "all", "tier", "market", "language", "country"
VISITOR, FAMILIARITY, ACTIVITY = "visitor", "familiarity", "activity"
KINDS = (ALL, TIER, MARKET, LANGUAGE, COUNTRY, VISITOR, FAMILIARITY, ACTIVITY)
NONE = ""
# Lines bought before a decision, by the upper edge of each group.
ACTIVITY_GROUPS = ((0, "0"), (4, "1–4"), (19, "5–19"))
MOST_ACTIVE = "20+"


def market_of(shopper: Shopper, markets: Markets) -> str:
    """Return the key of a shopper's market, `NONE` where nobody can say."""
    facts = shopper.facts
    if facts is None:
        return markets.only or NONE
    return markets.of(time_zone=facts["time_zone"], language=facts["language"])


def segments_of(shopper: Shopper, markets: Markets) -> dict[str, str]:
    """Return what holds of a shopper for every decision."""
    facts = shopper.facts
    if facts is None:
        return {ALL: ALL, TIER: NONE, MARKET: market_of(shopper, markets), VISITOR: "nobody"}
    return {
        ALL: ALL,
        TIER: facts["tier"],
        MARKET: market_of(shopper, markets),
        LANGUAGE: facts["language"],
        COUNTRY: facts["country"],
        VISITOR: "anonymous" if facts["is_anonymous"] else "customer",
    }


def standing(shopper: Shopper, shown: Shown) -> dict[str, str]:
    """Return how well the shop knew a shopper at a decision."""
    bought, known = shopper.lines_before(shown.at), shopper.events_before(shown.at)
    activity = next((name for most, name in ACTIVITY_GROUPS if bought <= most), MOST_ACTIVE)
    return {FAMILIARITY: "known" if known else "new", ACTIVITY: activity}
