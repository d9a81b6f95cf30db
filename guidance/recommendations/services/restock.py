"""What a shopper is due to buy again, in words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import ngettext

from guidance.recommendations.rankers import LoadedVersion
from models_ml.data.history import HistoryEvent, as_days, as_history
from models_ml.recommender.due import BASE, HORIZON_DAYS

# So many purchases make a rhythm of the shopper's own.
OWN_RHYTHM = 3


@dataclass(frozen=True)
class Restock:
    """A consumable whose time has come: days between purchases, and whether they are the
    shopper's own or what is usual."""

    days: int
    is_own: bool

    def in_words(self) -> str:
        """Return the reason in the active language."""
        if self.is_own:
            told = ngettext(
                "Time to restock: you buy this about every %(days)d day",
                "Time to restock: you buy this about every %(days)d days",
                self.days,
            )
        else:
            told = ngettext(
                "Time to restock: usually bought again after about %(days)d day",
                "Time to restock: usually bought again after about %(days)d days",
                self.days,
            )
        return told % {"days": self.days}


def due_for(
    skus: Collection[str],
    history: Sequence[HistoryEvent],
    at: datetime,
    version: LoadedVersion | None,
) -> dict[str, Restock]:
    """Return which of these SKUs a shopper is due to buy again; none where no model can tell."""
    if not skus or version is None or version.renewal is None or BASE not in version.rankers:
        return {}
    ranker = version.rankers[BASE]
    wanted = {sku for sku in skus if version.renewal.is_consumable(ranker.item_numbers.get(sku))}
    if not wanted:
        return {}
    told = [event for event in history if event.item in wanted]
    own = as_history(told, ranker.item_numbers)
    due = version.renewal.due(own, as_days(at), HORIZON_DAYS).only_due()
    found = zip(due.items.tolist(), due.periods.tolist(), due.counts.tolist(), strict=True)
    return {
        ranker.skus[item]: Restock(max(1, round(days)), count >= OWN_RHYTHM)
        for item, days, count in found
    }
