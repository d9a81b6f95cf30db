"""Which market a shopper belongs to: customers carry none."""

from collections.abc import Iterable, Sequence

from django.db.models import Q

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

    def shoppers_of(self, key: str) -> Q:
        """Return what is true of the customers for whom `of` says `key`; of none where it can
        say so of nobody."""
        if self.only == key:
            return Q()
        zones = [zone for zone, market in self._zones.items() if market == key]
        found = Q(time_zone__in=zones)
        for language, market in self._languages.items():
            if market == key:
                found |= Q(language__iexact=language) & ~Q(time_zone__in=list(self._zones))
        return found


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what each value stands for where it stands for one market alone."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for value, key in pairs:
        if value in found:
            twice.add(value)
        found[value] = key
    return {value: key for value, key in found.items() if value and value not in twice}
