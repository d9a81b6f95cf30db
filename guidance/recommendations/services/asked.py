"""What a storefront asked for, and what each surface answers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from guidance.behaviour.models import Source
from guidance.recommendations.models import Surface
from guidance.recommendations.services.candidates import Candidate


@dataclass(frozen=True)
class Asked:
    """One request, checked. `customer` is a pseudonym or '', `limit` None for each surface's own,
    `viewed` what this session looked at, the newest last, `language` '' for the shopper's; a
    replayed request names the moment it stands for, and the time it was before a shift."""

    surfaces: list[Surface]
    at: datetime
    customer: str = ""
    limit: int | None = None
    context_product: str = ""
    viewed: tuple[str, ...] = ()
    language: str = ""
    source: Source = Source.LIVE
    original_time: datetime | None = None

    @property
    def is_replay(self) -> bool:
        return self.source == Source.REPLAY

    def limit_of(self, surface: Surface) -> int:
        return self.limit or surface.limit


@dataclass
class SurfaceAnswer:
    """What one surface shows and how it came about.

    `fallback_from` says which policies should have answered and why they did not. `candidates`
    wait to be judged by the products of this moment; `items` are ready for the storefront, but
    for `because`, the own events that moved each score, which the desk alone sees.
    """

    surface: Surface
    policy: str = ""
    policy_version: str = ""
    fallback_from: str = ""
    experiment: str = ""
    arm: str = ""
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
    """Return an item as storefronts get it: what a shopper did stays in the log."""
    return {name: value for name, value in item.items() if name != "because"}
