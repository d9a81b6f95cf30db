"""Campaigns and content beside the products of a surface: proposed, placed, mixed in.

Places are settled before any product is, from the ranking alone, so that how products are drawn
changes nothing about where a campaign stands.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.hooks import (
    CandidateSource,
    Kind,
    Proposal,
    Visit,
    candidate_sources,
)
from guidance.recommendations.models import Surface

logger = logging.getLogger(__name__)
# The newest events that say what a shopper is after: about one long visit.
TOUCHED = 50


@dataclass(frozen=True)
class Placed:
    """A proposal of a kind with its place in the answer, from 1."""

    kind: Kind
    proposal: Proposal
    position: int


def places_for(surface: Surface, limit: int) -> dict[Kind, int]:
    """Return how many of `limit` items may be of each kind beside products.

    A surface says so for its own number of items; where another is asked for, its places scale
    with it.
    """
    share = limit / surface.limit
    wanted = {Kind.CAMPAIGN: surface.campaign_places, Kind.CONTENT: surface.content_places}
    return {kind: min(limit, round(places * share)) for kind, places in wanted.items() if places}


def propose(
    visit: Visit,
    places: Mapping[Kind, int],
    *,
    used: set[str],
    told: set[tuple[Kind, str]],
    family_of: Callable[[str], str],
) -> list[tuple[Kind, Proposal]]:
    """Return the best proposals of each kind, in words of the active language.

    None is shown twice in a request, `told` holds those shown, and none is about a product family
    in `used`; both grow. A source that fails costs the answer its proposals, never the answer.
    """
    found: list[tuple[Kind, Proposal]] = []
    for kind, most in places.items():
        left = most
        for proposal in _best(kind, visit, most + len(told)):
            family = family_of(proposal.about) if proposal.about else ""
            if left and (kind, proposal.key) not in told and family not in used:
                told.add((kind, proposal.key))
                used.update({family} - {""})
                found.append((kind, proposal))
                left -= 1
    return found


def _best(kind: Kind, visit: Visit, most: int) -> list[Proposal]:
    found = [one for source in candidate_sources(kind) for one in _ask(source, visit, most)]
    return sorted(found, key=lambda one: -one.affinity)


def place(
    proposals: Sequence[tuple[Kind, Proposal]], *, mixing: str, limit: int
) -> tuple[Placed, ...]:
    """Give every proposal its position among `limit` items, as the surface mixes them.

    By interest, one of affinity 1 stands first and one of 0 last. What does not fit is left out.
    """
    ordered = sorted(proposals, key=lambda one: -one[1].affinity)[:limit]
    taken: set[int] = set()
    placed = []
    for number, (kind, proposal) in enumerate(ordered):
        wanted = _wanted(mixing, proposal, number, len(ordered), limit)
        free = (at for at in (*range(wanted, limit + 1), *range(wanted, 0, -1)) if at not in taken)
        position = next(free)
        taken.add(position)
        placed.append(Placed(kind, proposal, position))
    return tuple(sorted(placed, key=lambda one: one.position))


def mix(products: Iterable[dict[str, Any]], placed: Sequence[Placed]) -> list[dict[str, Any]]:
    """Return all items in order with their positions; products fill what proposals leave.

    A proposal scores as the product next to it does, so that scores stay comparable; where
    products run out, what is left moves up.
    """
    products, waiting = list(products), list(placed)
    items: list[dict[str, Any]] = []
    while products or waiting:
        position = len(items) + 1
        if waiting and (waiting[0].position <= position or not products):
            near = products[0] if products else (items[-1] if items else None)
            items.append(_as_item(waiting.pop(0), near))
        else:
            items.append(products.pop(0))
        items[-1]["position"] = position
    return items


def look_around(
    index: CatalogueIndex, *, wanted: Sequence[str], touched: Sequence[str], **visit: Any
) -> Visit:
    """Return the visit that sources are asked about."""
    return Visit(
        wanted=wanted,
        touched=touched[-TOUCHED:],
        category_of=index.categories,
        inside=index.inside,
        **visit,
    )


def _ask(source: CandidateSource, visit: Visit, most: int) -> Sequence[Proposal]:
    try:
        return list(source.propose(visit, most))[:most]
    except Exception:  # whatever another app's source does, answering goes on
        logger.exception("The candidate source %s failed", source.key)
        return []


def _wanted(mixing: str, proposal: Proposal, number: int, count: int, limit: int) -> int:
    if mixing == Surface.Mixing.FIRST:
        return number + 1
    if mixing == Surface.Mixing.SPREAD:
        return min(limit, 1 + (number + 1) * (limit + 1) // (count + 1))
    return 1 + round((1.0 - min(max(proposal.affinity, 0.0), 1.0)) * (limit - 1))


def _as_item(placed: Placed, near: Mapping[str, Any] | None) -> dict[str, Any]:
    proposal = placed.proposal
    return {
        "kind": placed.kind.value,
        "key": proposal.key,
        "title": proposal.title,
        "position": placed.position,
        "score": near["score"] if near else round(proposal.affinity, 6),
        "reason": proposal.reason,
        **proposal.fields,
    }
