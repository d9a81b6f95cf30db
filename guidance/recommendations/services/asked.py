"""What a storefront asked for, and what each surface answers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from guidance.behaviour.models import Source
from guidance.recommendations.leanings import Leaning
from guidance.recommendations.models import Surface
from guidance.recommendations.services.candidates import Candidate, Ranking
from guidance.recommendations.services.pools import SurfacePool
from guidance.recommendations.slate import Slate
from guidance.recommendations.slots import Chooser

FOR_THE_DESK = frozenset({"because", "propensity", "rules", "reason_logged", "slot", "drawable"})


@dataclass(frozen=True)
class Asked:
    """One request, checked. `customer` is a pseudonym or '', `limit` None for each surface's own,
    `viewed` what this session looked at, the newest last, `prefers` what the shopper says they
    like, `category` that of the page, `language` '' for the shopper's; a
    replayed request names the moment it stands for, and the time it was before a shift. `seed`
    makes an exploring draw repeatable; storefronts have none."""

    surfaces: list[Surface]
    at: datetime
    customer: str = ""
    limit: int | None = None
    context_product: str = ""
    viewed: tuple[str, ...] = ()
    prefers: tuple[Leaning, ...] = ()
    category: Leaning | None = None
    language: str = ""
    source: Source = Source.LIVE
    original_time: datetime | None = None
    seed: int | None = None

    @property
    def is_replay(self) -> bool:
        return self.source == Source.REPLAY

    def limit_of(self, surface: Surface) -> int:
        return self.limit or surface.limit


@dataclass
class SurfaceAnswer:
    """What one surface shows and how it came about.

    `fallback_from` says which policies should have answered and why they did not. `ranking` is
    the policy's, None where popularity answers; `pool` is what may stand on the surface, `slate`
    what was drawn of it and `candidates` that in words. `items` are ready for the storefront, but
    for what the desk alone sees: `because`, the own events that moved each score, `propensity`,
    the `rules` that shaped the place, the `slot`'s source where a bandit chose it, the `drawable`
    products' primary keys and `reason_logged`, the reason without what a shopper said of
    themselves. `leanings` are those that popularity was lifted by, `chooser` what a bandit
    makes of the shopper, None where chance alone fills exploration slots.
    """

    surface: Surface
    policy: str = ""
    policy_version: str = ""
    fallback_from: str = ""
    experiment: str = ""
    arm: str = ""
    ranking: Ranking | None = None
    leanings: tuple[Leaning, ...] = ()
    chooser: Chooser | None = None
    pool: SurfacePool = field(init=False, repr=False)
    slate: Slate = field(default_factory=lambda: Slate([]))
    candidates: list[Candidate] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    decision_id: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "decision_id": self.decision_id,
            "surface": self.surface.key,
            "policy": self.policy,
            "items": [without_events(item) for item in self.items],
        }


def without_events(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as storefronts get it: what a shopper did and how it was drawn stay here."""
    return {name: value for name, value in item.items() if name not in FOR_THE_DESK}
