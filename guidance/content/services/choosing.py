"""Which wording one shopper gets, and the decisions that say so."""

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.utils import timezone

from guidance.behaviour.days import shop_zone
from guidance.behaviour.models import Source
from guidance.catalog.models import Product
from guidance.content.labelling import Channel
from guidance.content.models import MAIN_POLICY
from guidance.content.readers import values_of
from guidance.content.selectors.bandits import drawn_among
from guidance.content.selectors.published import (
    LIVE_TEXTS_ON,
    Copy,
    LiveText,
    closest_texts,
    copy_of_texts,
)
from guidance.content.selectors.variants import policy_of, subject_of, variant_of
from guidance.customers.models import Customer
from guidance.customers.selectors import find_customer
from guidance.decisions.models import Decision
from guidance.decisions.services import log_answer
from guidance.experiments.services import Assignment, assign, assign_subjects
from models_ml.policy.kinds import policy_from_state
from models_ml.policy.problems import PolicyProblem

logger = logging.getLogger(__name__)
OF_ARM, OF_BANDIT, HELD_OUT, STOOD_IN = (
    "The wording of the shopper's arm.",
    "Drawn by what the wordings earned so far.",
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


class Bandit(NamedTuple):
    """A running bandit, the state of its policy and what it tells readers apart by, as rows of
    `LIVE_TEXTS_ON` end with."""

    key: str
    state: Any
    features: Any


BANDIT = len(Bandit._fields)


class Asker(NamedTuple):
    """Who a bandit draws for: what the request said, the unit, and the customer, if ever met."""

    reader: Reader
    unit: str
    customer: Customer | None


@dataclass
class Choice:
    """What stands in one place: the text shown, in place of `main`, and the decision if any."""

    main: LiveText
    shown: LiveText
    decision: Decision | None = None
    decision_id: str | None = None


def copy_for_reader(product: Product, language: str, reader: Reader) -> Copy:
    """Return the product's copy by kind, as one reader gets it.

    Variants are for shoppers alone whom a running experiment gives one, or a bandit where no
    experiment does: of each text that one chooses, a decision is logged and its id stands with the
    text as `decision_id`, null elsewhere and where it could not be logged. Where the main text is
    not live, nothing is compared. One statement for nobody, three for a shopper, one more for each
    text that a bandit chooses, and the log's where there is a decision.
    """
    started = time.perf_counter()
    found = LIVE_TEXTS_ON.rows(products=[product.pk], language=language, surface=reader.surface)
    rows = [row[:-BANDIT] for row in found]
    texts = closest_texts(rows, reader.market, reader.segment)
    choices = [Choice(text, text) for text in texts]
    if reader.customer and texts:
        running = ((row[0], Bandit(*row[-BANDIT:])) for row in found)
        bandits = {place: bandit for place, bandit in running if bandit.key is not None}
        live = [LiveText._make(row) for row in rows]
        _compare(choices, product, live, bandits, reader, started)
    shown = (choice.shown for choice in choices)
    by_product = copy_of_texts(shown, channel=reader.channel, market=reader.market)
    copy = by_product.get(product.pk, {})
    for choice in choices:
        _entry(copy, choice.main)["decision_id"] = choice.decision_id
    return copy


def _compare(
    choices: Sequence[Choice],
    product: Product,
    texts: Sequence[LiveText],
    bandits: Mapping[int, Bandit],
    reader: Reader,
    started: float,
) -> None:
    known = find_customer(reader.customer)
    unit = known.ref if known else reader.customer
    assigned = assign_subjects(
        surface=reader.surface,
        unit=unit,
        source=reader.source,
        subjects=[subject_of(choice.main.copy_id) for choice in choices],
    )
    variants = {(text.place_of_all(), text.variant): text for text in texts if text.variant}
    decided = []
    for choice in choices:
        if (arm := assigned.get(subject_of(choice.main.copy_id))) is not None:
            choice.decision = _choose(choice, arm, variants, product, reader)
        elif (bandit := bandits.get(choice.main.copy_id)) and reader.source == Source.LIVE:
            asker = Asker(reader, unit, known)
            choice.decision = _draw(choice, bandit, variants, product, asker)
        if choice.decision is not None:
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
    """Put the arm's wording into the choice and return the decision, unsaved.

    Its propensity is the chance of the words, not of the arm: where the main text stands in for one
    that is not there, several arms show it.
    """
    main = choice.main

    def live(policy: str) -> LiveText | None:
        wanted = variant_of(policy)
        return variants.get((main.place_of_all(), wanted)) if wanted else main

    found = live(arm.policy)
    choice.shown = found or main
    chance = sum(share for policy, share in arm.shares if (live(policy) or main) is choice.shown)
    decision = _decision(choice, product, reader, propensity=chance)
    decision.items[0]["reason"] = HELD_OUT if arm.is_held_out else OF_ARM if found else STOOD_IN
    decision.fallback_from = "" if found else f"{arm.policy}: not published"
    decision.experiment, decision.arm = arm.experiment, arm.arm
    return decision


def _draw(
    choice: Choice,
    bandit: Bandit,
    variants: Mapping[tuple[Any, ...], LiveText],
    product: Product,
    asker: Asker,
) -> Decision | None:
    """Put the wording that the bandit draws into the choice and return the decision, unsaved.

    A shopper's place on the scale of chances never moves, so they meet the same words again until
    the chances have moved past it. Who is held out gets the main text; where what was learned
    cannot be read, everybody does and there is no decision.
    """
    reader, unit, customer = asker
    subject, main = subject_of(choice.main.copy_id), choice.main
    held = assign(surface=reader.surface, unit=unit, source=reader.source, subject=subject)
    if held is not None and held.is_held_out:
        return _choose(choice, held, variants, product, reader)
    place = main.place_of_all()
    live = {policy_of(key[1]): text for key, text in variants.items() if key[0] == place}
    live[MAIN_POLICY] = main
    features = values_of(bandit.features, customer)
    try:
        policy = policy_from_state(bandit.state)
        among = drawn_among(policy, list(live))
        arm, chance = policy.choose(features or None, _dice_of(bandit.key, unit), among=among)
    except PolicyProblem:
        logger.exception("What bandit %s has learned cannot be read", bandit.key)
        return None
    choice.shown = live[arm]
    decision = _decision(choice, product, reader, propensity=chance)
    decision.items[0]["reason"] = OF_BANDIT
    decision.experiment, decision.arm = bandit.key, arm
    if features:
        decision.context["features"] = features
    return decision


def _dice_of(bandit: str, unit: str) -> np.random.Generator:
    """Return the shopper's own dice: evenly spread over shoppers, the same for one every time."""
    digest = hashlib.sha256(f"{bandit}:{unit}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16]))


def _decision(choice: Choice, product: Product, reader: Reader, *, propensity: float) -> Decision:
    main = choice.main
    item = {
        "kind": "copy",
        "key": str(choice.shown.id),
        "position": 1,
        "propensity": propensity,
    }
    return Decision(
        at=timezone.now(),
        surface=reader.surface,
        policy=policy_of(choice.shown.variant),
        policy_version=str(choice.shown.number),
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
