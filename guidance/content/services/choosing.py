"""Which wording one shopper gets, and the decisions that say so."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from guidance.behaviour.days import shop_zone
from guidance.behaviour.models import Source
from guidance.catalog.models import Product
from guidance.content.labelling import Channel
from guidance.content.selectors.published import (
    LIVE_TEXTS,
    Copy,
    LiveText,
    closest_texts,
    copy_of_texts,
)
from guidance.content.selectors.variants import policy_of, subject_of, variant_of
from guidance.customers.selectors import find_customer
from guidance.decisions.models import Decision
from guidance.decisions.services import log_answer
from guidance.experiments.services import Assignment, assign_subjects

OF_ARM, HELD_OUT, STOOD_IN = (
    "The wording of the shopper's arm.",
    "Held out of every test: the main text.",
    "The wording of the shopper's arm is not published; the main text stands in.",
)


# Where copy is shown unless a storefront says otherwise.
USUAL_SURFACE = "product"


@dataclass(frozen=True)
class Reader:
    """Who reads a product's copy, and where; `customer` is a pseudonym, '' for nobody known."""

    customer: str = ""
    surface: str = USUAL_SURFACE
    channel: Channel = Channel.PAGE
    market: str = ""
    segment: str = ""
    source: Source = Source.LIVE


@dataclass
class Choice:
    """What stands in one place: the text shown, in place of `main`, and the decision if any."""

    main: LiveText
    shown: LiveText
    decision: Decision | None = None
    decision_id: str | None = None


def copy_for_reader(product: Product, language: str, reader: Reader) -> Copy:
    """Return the product's copy by kind, as one reader gets it.

    Variants are for shoppers alone whom a running experiment gives one: of each text that one
    compares, a decision is logged and its id stands with the text as `decision_id`, null elsewhere
    and where it could not be logged. Where the main text is not live, nothing is compared. One
    statement for nobody, three for a shopper, and the log's where there is a decision.
    """
    started = time.perf_counter()
    rows = LIVE_TEXTS.rows(products=[product.pk], language=language)
    texts = closest_texts(rows, reader.market, reader.segment)
    choices = [Choice(text, text) for text in texts]
    if reader.customer and texts:
        _compare(choices, product, [LiveText._make(row) for row in rows], reader, started)
    shown = (choice.shown for choice in choices)
    found = copy_of_texts(shown, channel=reader.channel, market=reader.market)
    copy = found.get(product.pk, {})
    for choice in choices:
        _entry(copy, choice.main)["decision_id"] = choice.decision_id
    return copy


def _compare(
    choices: Sequence[Choice],
    product: Product,
    texts: Sequence[LiveText],
    reader: Reader,
    started: float,
) -> None:
    known = find_customer(reader.customer)
    assigned = assign_subjects(
        surface=reader.surface,
        unit=known.ref if known else reader.customer,
        source=reader.source,
        subjects=[subject_of(choice.main.copy_id) for choice in choices],
    )
    variants = {(text.place_of_all(), text.variant): text for text in texts if text.variant}
    decided = []
    for choice in choices:
        if (arm := assigned.get(subject_of(choice.main.copy_id))) is not None:
            choice.decision = _choose(choice, arm, variants, product, reader)
            decided.append(choice)
    if decided:
        _log(decided, reader, is_known=known is not None, started=started)


def _choose(
    choice: Choice,
    arm: Assignment,
    variants: Mapping[tuple[Any, ...], LiveText],
    product: Product,
    reader: Reader,
) -> Decision:
    """Put the arm's wording into the choice and return the decision, unsaved."""
    main, wanted = choice.main, variant_of(arm.policy)
    found = variants.get((main.place_of_all(), wanted)) if wanted else main
    choice.shown = found or main
    reason = HELD_OUT if arm.is_held_out else OF_ARM if found else STOOD_IN
    item = {
        "kind": "copy",
        "key": str(choice.shown.id),
        "position": 1,
        "propensity": arm.share,
        "reason": reason,
    }
    return Decision(
        at=timezone.now(),
        surface=reader.surface,
        policy=policy_of(choice.shown.variant),
        policy_version=str(choice.shown.number),
        fallback_from="" if found else f"{arm.policy}: not published",
        experiment=arm.experiment,
        arm=arm.arm,
        items=[item],
        context={"context_product": product.sku, "copy": main.kind, "language": main.language},
        source=reader.source,
    )


def _log(choices: Sequence[Choice], reader: Reader, *, is_known: bool, started: float) -> None:
    """Write the decisions and put their ids into the choices, where that works."""
    decisions = [choice.decision for choice in choices if choice.decision is not None]
    latency = round(1000 * (time.perf_counter() - started), 2)
    for decision in decisions:
        decision.latency_ms = latency
    if log_answer(decisions, ref=reader.customer, is_known=is_known, zone=shop_zone()):
        for choice, decision in zip(choices, decisions, strict=True):
            choice.decision_id = str(decision.pk)


def _entry(copy: Copy, text: LiveText) -> dict[str, Any]:
    own: dict[str, Any] = copy[text.kind]
    return own[text.channel] if text.channel else own
