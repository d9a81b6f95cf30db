"""The estimates of one version, surface by surface."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from guidance.behaviour.days import shop_zone
from guidance.recommendations.models import Surface
from guidance.recommendations.offpolicy.candidate import (
    Candidate,
    PlaceChance,
    with_what_was_shown,
)
from guidance.recommendations.offpolicy.log import SurfaceLog, read_log
from guidance.recommendations.offpolicy.support import support_of
from guidance.recommendations.rankers import LoadedVersion, open_version
from guidance.recommendations.state import state
from guidance.training.estimates import NEVER_SHOWN, NOTHING_DRAWN, NOTHING_LOGGED, ONE_SHOPPER
from guidance.training.models import ModelVersion
from guidance.training.rewards import Reward
from models_ml.policy.offpolicy.places import LoggedPlaces, evaluate_places

Progress = Callable[[float], None]


def estimate(
    version: ModelVersion, progress: Progress, reward: Reward = Reward.CLICK
) -> dict[str, Any]:
    """Return what the log says of a version on every active surface whose policy it would rank.

    Raises ArtefactError where the version's files do not open.
    """
    state.refresh()
    opened = open_version(version, state.index)
    if version.policy in opened.broken:
        raise ValueError(opened.broken[version.policy])
    surfaces = list(
        Surface.objects.filter(is_active=True).exclude(policy=Surface.Policy.POPULARITY)
    )
    found = []
    for number, surface in enumerate(surfaces):
        part = _part(progress, number, len(surfaces))
        found.append(_on_surface(surface, opened, reward, part))
    return {"surfaces": found, "currency": state.market.currency}


def assumptions(reward: Reward) -> list[str]:
    """Return what the estimates of a reward take for granted, a sentence each."""
    told = {
        Reward.CLICK: _("A place counts as a success where the shopper clicked the product in it."),
        Reward.PURCHASE: _(
            "A place counts as a success where the shopper bought its product within 24 hours, and"
            " saw it in no later list before; lists are judged 60 hours after they were shown, when"
            " nightly imports have come."
        ),
        Reward.REVENUE: _(
            "A place earns what the shopper paid for its product within 24 hours, where they saw it"
            " in no later list before; lists are judged 60 hours after they were shown. Returns are"
            " not taken off, and other currencies than the shop's count nothing."
        ),
        Reward.RATING: _(
            "A place earns the stars that the shopper gave its list, or its product where they"
            " named one. Only what was rated counts: those who rate are taken for like those who do"
            " not."
        ),
    }
    return [
        told[reward],
        _("Lists without a reported impression and replayed traffic are left out."),
        _(
            "Every place is judged for itself, the products above it as they were logged: the"
            " figures are of a place, not of a list."
        ),
        _(
            "Of products that could not have been drawn at a place, the log says nothing there;"
            " only the model of rewards speaks for them."
        ),
        _(
            "The version is asked with what was known of the shopper at that moment, by the rules"
            " and the exploration that are set today."
        ),
        _(
            "A product counts as in stock then where it is today, or where the log shows it; what"
            " sold out since and was never shown is left out."
        ),
        _("The logged probabilities are those that the lists were really drawn with."),
        _("Intervals take shoppers for independent of each other, not their clicks."),
    ]


def _on_surface(
    surface: Surface, version: LoadedVersion, reward: Reward, progress: Progress
) -> dict[str, Any]:
    log = read_log(surface, reward)
    rules, ever_shown = with_what_was_shown(state.rules, log.shown)
    candidate = Candidate(surface, version, rules, ever_shown)
    places: list[PlaceChance] = []
    shoppers: list[int] = []
    used = 0
    todo = max(log.read - log.left_out.total(), 1)
    for done, logged in enumerate(log.lists(rules.index)):
        progress(done / todo)
        told = candidate.places(logged)
        if told is None:
            log.left_out["no_history"] += 1
            continue
        used += 1
        places += told
        shoppers += [logged.customer_id] * len(told)
    return {
        "surface": surface.key,
        "name": surface.name,
        "read": log.read,
        "used": used,
        "first": _day(log.first),
        "last": _day(log.last),
        "left_out": dict(log.left_out),
        **_judged(log, places, shoppers),
    }


def _judged(log: SurfaceLog, places: list[PlaceChance], shoppers: list[int]) -> dict[str, Any]:
    """Return the evaluation, or None and why there is none."""
    if why := _why_none(log, places, shoppers):
        return {"evaluation": None, "refusal": why}
    found = evaluate_places(
        LoggedPlaces(
            propensities=np.array([one.logged for one in places]),
            chances=np.array([one.chance for one in places]),
            rewards=np.array([one.reward for one in places]),
            shoppers=np.array(shoppers),
            shown=np.array([one.shown for one in places]),
            expected=np.array([one.expected for one in places]),
            unseen=np.array([one.unseen for one in places]),
            unsupported=np.array([one.unsupported for one in places]),
        )
    )
    return {"evaluation": found.as_dict(), "refusal": "", "support": support_of(places)}


def _why_none(log: SurfaceLog, places: list[PlaceChance], shoppers: list[int]) -> str:
    if not places:
        is_certain = log.read and log.left_out["certain"] == log.read
        return NOTHING_DRAWN if is_certain else NOTHING_LOGGED
    if not any(one.chance > 0 for one in places):
        return NEVER_SHOWN
    return ONE_SHOPPER if len(set(shoppers)) < 2 else ""


def _part(progress: Progress, number: int, of: int) -> Progress:
    return lambda fraction: progress((number + min(fraction, 1.0)) / of)


def _day(moment: datetime | None) -> str:
    return moment.astimezone(shop_zone()).date().isoformat() if moment else ""
