"""Which market a shopper belongs to: customers carry none."""

from collections.abc import Iterable, Sequence

from guidance.core.models import Market


class Markets:
    """Finds a shopper's market: the only one of their time zone, else the only one of their
    language; where two would do nobody can say which."""

    def __init__(self, markets: Sequence[Market]) -> None:
        self.only = markets[0].key if len(markets) == 1 else None
        self._zones = _unique((market.time_zone, market.key) for market in markets)
        self._languages = _unique((market.language.lower(), market.key) for market in markets)

    def of(self, *, time_zone: str, language: str) -> str:
        """Return the market's key, '' where nobody can say."""
        if self.only is not None:
            return self.only
        return self._zones.get(time_zone) or self._languages.get(language.lower()) or ""


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what each value stands for where it stands for one market alone."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for value, key in pairs:
        if value in found:
            twice.add(value)
        found[value] = key
    return {value: key for value, key in found.items() if value and value not in twice}
