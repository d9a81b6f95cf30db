"""What shoppers are told apart by, and how a decision's shopper stood when it was made."""

from collections.abc import Iterable, Sequence

from guidance.core.models import Market
from guidance.recommendations.health.shoppers import Shopper, Shown

ALL, TIER, MARKET, LANGUAGE, COUNTRY = "all", "tier", "market", "language", "country"
VISITOR, FAMILIARITY, ACTIVITY = "visitor", "familiarity", "activity"
KINDS = (ALL, TIER, MARKET, LANGUAGE, COUNTRY, VISITOR, FAMILIARITY, ACTIVITY)
NONE = ""
# Lines bought before a decision, by the upper edge of each group.
ACTIVITY_GROUPS = ((0, "0"), (4, "1–4"), (19, "5–19"))
MOST_ACTIVE = "20+"


class Markets:
    """Finds a shopper's market: the only one of their time zone, else the only one of their
    language; customers carry none, and where two would do nobody can say which."""

    def __init__(self, markets: Sequence[Market]) -> None:
        self._only = markets[0].key if len(markets) == 1 else None
        self._zones = _unique((market.time_zone, market.key) for market in markets)
        self._languages = _unique((market.language.lower(), market.key) for market in markets)

    def of(self, shopper: Shopper) -> str:
        if self._only is not None:
            return self._only
        if shopper.facts is None:
            return NONE
        language = shopper.facts["language"].lower()
        return self._zones.get(shopper.facts["time_zone"]) or self._languages.get(language) or NONE


def segments_of(shopper: Shopper, markets: Markets) -> dict[str, str]:
    """Return what holds of a shopper for every decision."""
    facts = shopper.facts
    if facts is None:
        return {ALL: ALL, TIER: NONE, MARKET: markets.of(shopper), VISITOR: "nobody"}
    return {
        ALL: ALL,
        TIER: facts["tier"],
        MARKET: markets.of(shopper),
        LANGUAGE: facts["language"],
        COUNTRY: facts["country"],
        VISITOR: "anonymous" if facts["is_anonymous"] else "customer",
    }


def standing(shopper: Shopper, shown: Shown) -> dict[str, str]:
    """Return how well the shop knew a shopper at a decision."""
    bought, known = shopper.lines_before(shown.at), shopper.events_before(shown.at)
    activity = next((name for most, name in ACTIVITY_GROUPS if bought <= most), MOST_ACTIVE)
    return {FAMILIARITY: "known" if known else "new", ACTIVITY: activity}


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what each value stands for where it stands for one market alone."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for value, key in pairs:
        if value in found:
            twice.add(value)
        found[value] = key
    return {value: key for value, key in found.items() if value and value not in twice}
