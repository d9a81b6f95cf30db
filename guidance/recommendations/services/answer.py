"""Answering without writing, as the preview at the desk does: arm, policy, candidates, rules."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from itertools import chain

from guidance.experiments.services import assign
from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.models import Surface
from guidance.recommendations.rankers import POPULARITY
from guidance.recommendations.selectors import Shopper, bought_skus, find_shopper
from guidance.recommendations.services.asked import Asked, SurfaceAnswer
from guidance.recommendations.services.candidates import Candidate, Rankings, Unavailable
from guidance.recommendations.services.presenting import present
from guidance.recommendations.services.rules import shortlist
from guidance.recommendations.state import state
from models_ml.data.columns import VIEW
from models_ml.recommender.serving import HistoryEvent


def answer_surfaces(asked: Asked) -> tuple[Shopper, list[SurfaceAnswer]]:
    """Return the shopper and an answer for every surface, in the order asked.

    The number of statements depends on which surfaces are asked for, never on how many products
    or events there are.
    """
    state.prepare()
    index = state.index
    shopper = find_shopper(
        ref=asked.customer, index=index, at=asked.at, with_replay=asked.is_replay
    )
    rankings = Rankings(
        version=state.version,
        index=index,
        popularity=state.popularity(at=asked.at, with_replay=asked.is_replay),
        history=_history(asked, shopper),
        at=asked.at,
        wanted=sum(asked.limit_of(surface) for surface in asked.surfaces),
    )
    bought = _bought(asked, shopper, index)
    used = {index.family_of(asked.context_product)} if asked.context_product else set()
    answers = []
    for surface in asked.surfaces:
        without = frozenset() if surface.allow_already_bought else bought
        answer, found = _choose_policy(surface, asked, shopper, rankings, without)
        answer.candidates = shortlist(
            chain(found, rankings.popular(without=without)),
            limit=asked.limit_of(surface),
            used=used,
            index=index,
        )
        answers.append(answer)
    present(answers, asked=asked, shopper=shopper, index=index)
    return shopper, answers


def _history(asked: Asked, shopper: Shopper) -> list[HistoryEvent]:
    """What is known of the shopper, then what the request itself tells of this session.

    Who looks at a product's page has viewed it, even before the storefront's event arrives; a
    visitor without any id is known by `viewed` alone. Those views are taken a second apart.
    """
    told = [*asked.viewed, *filter(None, [asked.context_product])]
    views = [
        HistoryEvent(sku, asked.at - timedelta(seconds=len(told) - place), VIEW, "told")
        for place, sku in enumerate(told, start=1)
    ]
    return [*shopper.history, *views]


def _bought(asked: Asked, shopper: Shopper, index: CatalogueIndex) -> frozenset[str]:
    if all(surface.allow_already_bought for surface in asked.surfaces):
        return frozenset()
    return bought_skus(
        customer_id=shopper.customer_id, index=index, at=asked.at, with_replay=asked.is_replay
    )


def _choose_policy(
    surface: Surface,
    asked: Asked,
    shopper: Shopper,
    rankings: Rankings,
    without: Collection[str],
) -> tuple[SurfaceAnswer, Iterable[Candidate]]:
    """Go down the fallback chain to the first policy that answers; popularity always does."""
    assigned = None
    if state.may_be_tested(surface=surface.key, source=asked.source):
        assigned = assign(surface=surface.key, unit=shopper.unit, source=asked.source)
    answer = SurfaceAnswer(surface=surface)
    if assigned is not None:
        answer.experiment, answer.arm = assigned.experiment, assigned.arm
    missing: list[str] = []
    found: Iterable[Candidate] = ()
    for policy in rankings.stand_in(assigned.policy if assigned else surface.policy):
        try:
            answer.policy = rankings.resolve(policy)
            found = rankings.ranked(answer.policy, without=without, deadline_ms=surface.deadline_ms)
            break
        except Unavailable as problem:
            missing.append(f"{policy}: {problem}")
    if rankings.version is not None and answer.policy != POPULARITY:
        answer.policy_version = rankings.version.name
        missing += filter(None, [rankings.version.problem])
    answer.fallback_from = "; ".join(missing)
    return answer, found
