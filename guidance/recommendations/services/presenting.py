"""Candidates become items: products as they are now, titles, reasons and copy in one language."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.conf import settings
from django.utils import translation

from guidance.content.selectors import Copy
from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.hooks import Kind
from guidance.recommendations.selectors import Shopper, ShownProduct, products_with_copy
from guidance.recommendations.services.asked import Asked, SurfaceAnswer
from guidance.recommendations.services.candidates import Candidate
from guidance.recommendations.services.kinds import (
    Placed,
    look_around,
    mix,
    place,
    places_for,
    propose,
)
from guidance.recommendations.services.reasons import reason_for, reason_to_log
from guidance.recommendations.services.restock import due_for
from guidance.recommendations.services.rules import RESERVE
from guidance.recommendations.services.slates import (
    fill_slate,
    needs_whole_pool,
    remove_what_is_gone,
)
from guidance.recommendations.slots import slot_json
from guidance.recommendations.state import state
from models_ml.data.columns import PURCHASE


def present(
    answers: Sequence[SurfaceAnswer],
    *,
    asked: Asked,
    shopper: Shopper,
    index: CatalogueIndex,
    whole_pools: bool,
) -> None:
    """Fill in each answer's items; two statements, and those of the kinds its surface shows.

    Another where something that is gone could change what is drawn, or was chosen.
    """
    content_language, spoken = languages = choose_language(asked.language or shopper.language)

    def choose() -> tuple[list[Sequence[Placed]], dict[str, ShownProduct], dict[int, Copy]]:
        beside = _fill(answers, asked, shopper, index, languages)
        chosen = [one.sku for answer in answers for one in answer.candidates]
        read = products_with_copy(
            _skus(answers, asked.context_product),
            pks=index.pks_of(chosen),
            language=content_language,
        )
        return beside, *read

    checked = whole_pools or any(map(needs_whole_pool, answers))
    if checked:
        remove_what_is_gone(answers)
    placed, products, copy = choose()
    if not checked and _is_gone(answers, products):
        remove_what_is_gone(answers)
        placed, products, copy = choose()
    shown_skus = [one.sku for answer in answers for one in answer.candidates]
    titles = {sku: product.title_in(content_language) for sku, product in products.items()}
    bought = frozenset(event.item for event in shopper.history if event.kind == PURCHASE)
    due = due_for(bought.intersection(shown_skus), shopper.history, asked.at, state.version)
    with translation.override(spoken):
        for answer, beside in zip(answers, placed, strict=True):
            pks = answer.pool.index.columns.pks[answer.pool.places]
            for candidate, place in zip(answer.candidates, answer.slate.places, strict=True):
                if candidate.sku not in products:
                    continue  # taken out of the shop since the draw
                product, position = products[candidate.sku], len(answer.items) + 1
                reason = reason_for(
                    candidate,
                    policy=answer.policy,
                    context_product=asked.context_product,
                    bought=bought,
                    titles=titles,
                    language=content_language,
                )
                if product.sku in due:
                    reason = due[product.sku].in_words()
                item = item_json(candidate, product, position, titles[product.sku], reason)
                item |= {"propensity": place.propensity, "rules": list(place.fired)}
                item |= slot_json(place, pks)
                item["reason_logged"] = reason_to_log(candidate, reason)
                item["copy"] = copy.get(product.id, {})
                answer.items.append(item)
            answer.items = mix(answer.items, beside)


def _is_gone(answers: Sequence[SurfaceAnswer], products: Mapping[str, ShownProduct]) -> bool:
    """Tell whether something chosen is not to be had this moment."""
    chosen = {one.sku for answer in answers for one in answer.candidates}
    return any(sku not in products or products[sku].is_gone for sku in chosen)


def _fill(
    answers: Sequence[SurfaceAnswer],
    asked: Asked,
    shopper: Shopper,
    index: CatalogueIndex,
    languages: tuple[str, str],
) -> list[Sequence[Placed]]:
    """Draw every slate and return what stands beside its products, settled before the draw."""
    random, told = np.random.default_rng(asked.seed), set[tuple[Kind, str]]()
    used = {index.family_of(asked.context_product)} if asked.context_product else set()
    placed = []
    with translation.override(languages[1]):
        for answer in answers:
            beside = _place_kinds(answer, asked, shopper, index, languages[0], used, told)
            limit = asked.limit_of(answer.surface) - len(beside)
            fill_slate(answer, limit=limit, used=used, random=random)
            placed.append(beside)
    return placed


def _place_kinds(
    answer: SurfaceAnswer,
    asked: Asked,
    shopper: Shopper,
    index: CatalogueIndex,
    language: str,
    used: set[str],
    told: set[tuple[Kind, str]],
) -> Sequence[Placed]:
    """Return what stands beside the products of a surface; most surfaces show products alone."""
    surface, limit = answer.surface, asked.limit_of(answer.surface)
    places = places_for(surface, limit)
    if not places:
        return ()
    visit = look_around(
        index,
        wanted=answer.pool.first_of_families(limit + RESERVE),
        touched=[event.item for event in shopper.history],
        shown=limit - sum(places.values()),
        at=asked.at,
        language=language,
        currency=state.market.currency,
        tier=shopper.tier,
    )
    found = propose(visit, places, used=used, told=told, family_of=index.family_of)
    return place(found, mixing=surface.mixing, limit=limit)


def choose_language(wanted: str) -> tuple[str, str]:
    """Return the language of content and the one that ShopGuide itself speaks.

    They differ only where the shop's language is none of ours; reasons then come in English.
    """
    wanted = wanted or state.market.language
    try:
        supported = translation.get_supported_language_variant(wanted)
    except LookupError:
        return wanted, settings.LANGUAGE_CODE
    return supported, supported


def item_json(
    candidate: Candidate, product: ShownProduct, position: int, title: str, reason: str
) -> dict[str, Any]:
    """Return one item as the storefront gets it, without its copy."""
    return {
        "kind": Kind.PRODUCT.value,
        "sku": product.sku,
        "title": title,
        "price": None if product.price is None else str(product.price),
        "currency": product.currency,
        "image": product.image or None,
        "position": position,
        "score": round(candidate.score, 6),
        "reason": reason,
        "because": because_json(candidate),
        "copy": {},
    }


def because_json(candidate: Candidate) -> list[dict[str, Any]]:
    """Return the own events that moved a score, as the decision log keeps them."""
    return [
        {"sku": event.item, "kind": event.kind, "contribution": round(event.contribution, 4)}
        for event in candidate.because
    ]


def _skus(answers: Sequence[SurfaceAnswer], context_product: str) -> set[str]:
    candidates = [candidate for answer in answers for candidate in answer.candidates]
    skus = {candidate.sku for candidate in candidates}
    skus |= {event.item for candidate in candidates for event in candidate.because}
    return skus | {context_product} - {""}
