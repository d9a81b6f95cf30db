"""Answering without writing, as the preview at the desk does: arm, policy, candidates, rules."""

from datetime import timedelta

import numpy as np

from guidance.experiments.services import assign
from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.leanings import Leaning
from guidance.recommendations.models import Surface
from guidance.recommendations.popularity import PopularOrder
from guidance.recommendations.rankers import POPULARITY, LoadedVersion
from guidance.recommendations.rulebook import RuleBook
from guidance.recommendations.selectors import Shopper, bought_skus, find_shopper
from guidance.recommendations.services.asked import Asked, SurfaceAnswer
from guidance.recommendations.services.candidates import Ranking, Rankings, Unavailable
from guidance.recommendations.services.newcomers import is_newcomer, leanings_of, popular_with
from guidance.recommendations.services.pools import gather
from guidance.recommendations.services.presenting import present
from guidance.recommendations.slots import features_of
from guidance.recommendations.state import state
from models_ml.data.columns import PURCHASE, VIEW
from models_ml.recommender.serving import HistoryEvent


def answer_surfaces(asked: Asked) -> tuple[Shopper, list[SurfaceAnswer]]:
    """Return the shopper and an answer for every surface, in the order asked.

    The number of statements depends on which surfaces are asked for, never on how many products,
    events or rules there are.
    """
    state.prepare()
    rules = state.rules
    index = rules.index
    shopper = find_shopper(
        ref=asked.customer, index=index, at=asked.at, with_replay=asked.is_replay
    )
    answers = answer_shopper(asked, shopper, rules=rules, version=state.version, whole_pools=False)
    return shopper, answers


def answer_shopper(
    asked: Asked,
    shopper: Shopper,
    *,
    rules: RuleBook,
    version: LoadedVersion | None,
    whole_pools: bool = True,
) -> list[SurfaceAnswer]:
    """Return an answer for every surface from one version and one set of rules.

    `whole_pools` takes what is gone out of every pool, for who reads more of it than is shown.
    """
    index = rules.index
    popular = state.popularity(at=asked.at, with_replay=asked.is_replay).over(index)
    history = history_of(asked, shopper)
    rankings = Rankings(version, index, popular, history, asked.at)
    bought = bought_of(asked, shopper, index)
    answers: list[SurfaceAnswer] = []
    leanings: tuple[Leaning, ...] = ()
    lifted: PopularOrder | None = None
    for surface in asked.surfaces:
        answer = _choose_policy(surface, asked, shopper, rankings)
        if answer.ranking is None and is_newcomer(asked, shopper):
            if lifted is None:
                leanings = leanings_of(asked, index)
                lifted = popular_with(asked, shopper, leanings, popular, index)
            answer.leanings = leanings
        answer.pool = gather(
            surface,
            answer.ranking,
            popular=popular if lifted is None else lifted,
            sold=popular,
            rules=rules,
            at=asked.at,
            without=None if surface.allow_already_bought else bought,
            wanted=sum(asked.limit_of(one) for one in asked.surfaces),
        )
        shown_to = features_of(len(history), on_product_page=bool(asked.context_product))
        answer.chooser = state.chooser_of(surface, answer.arm, shown_to)
        answers.append(answer)
    present(answers, asked=asked, shopper=shopper, index=index, whole_pools=whole_pools)
    return answers


def history_of(asked: Asked, shopper: Shopper) -> list[HistoryEvent]:
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


def bought_of(asked: Asked, shopper: Shopper, index: CatalogueIndex) -> np.ndarray | None:
    """Return what the shopper ever bought, shape (products,); None where no surface asks."""
    if all(surface.allow_already_bought for surface in asked.surfaces):
        return None
    skus = bought_skus(
        customer_id=shopper.customer_id, index=index, at=asked.at, with_replay=asked.is_replay
    )
    return index.mask(skus | {one.item for one in shopper.history if one.kind == PURCHASE})


def _choose_policy(
    surface: Surface, asked: Asked, shopper: Shopper, rankings: Rankings
) -> SurfaceAnswer:
    """Find the shopper's arm, then the first policy that answers for it."""
    assigned = None
    if state.may_be_tested(surface=surface.key, source=asked.source):
        assigned = assign(surface=surface.key, unit=shopper.unit, source=asked.source)
    answer = SurfaceAnswer(surface=surface)
    # Exposed is who could have got something else in another arm: without a history every policy
    # gives way to what is popular. One that fails stays in its arm: failing is part of it.
    if assigned is not None and (assigned.is_held_out or rankings.history):
        answer.experiment, answer.arm = assigned.experiment, assigned.arm
    wanted = surface.policy if assigned is None else assigned.policy or POPULARITY
    answer.policy, answer.ranking, missing = first_that_answers(
        wanted, rankings, deadline_ms=surface.deadline_ms
    )
    if rankings.version is not None and answer.policy != POPULARITY:
        answer.policy_version = rankings.version.name
        missing += filter(None, [rankings.version.problem])
    answer.fallback_from = "; ".join(missing)
    return answer


def first_that_answers(
    wanted: str, rankings: Rankings, *, deadline_ms: int
) -> tuple[str, Ranking | None, list[str]]:
    """Go down the fallback chain to the first policy that answers; popularity always does.

    Return it with its ranking, and why those before it did not answer.
    """
    missing: list[str] = []
    for policy in rankings.stand_in(wanted):
        try:
            found = rankings.resolve(policy)
            return found, rankings.ranked(found, deadline_ms=deadline_ms), missing
        except Unavailable as problem:
            missing.append(f"{policy}: {problem}")
    raise AssertionError("popularity is in every chain")
