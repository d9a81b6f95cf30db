"""Exploration slots that a bandit fills: what is drawn and logged, learned, and who decides it."""

from collections import Counter, defaultdict
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.decisions.models import Decision
from guidance.experiments.models import Bandit, Holdout
from guidance.experiments.selectors.trials import GRACE
from guidance.experiments.services import settle_bandit, settle_bandits, start_holdout
from guidance.recommendations import slots
from guidance.recommendations.models import Surface
from guidance.recommendations.popularity import PopularOrder
from guidance.recommendations.services import Asked, recommend, save_surface
from guidance.recommendations.slate import (
    Explorer,
    Pool,
    SlateRule,
    build_slate,
    chances_below,
)
from guidance.recommendations.slots import SOURCES, LoadedBandit, read_drawable
from guidance.recommendations.state import state
from models_ml.policy.beta_thompson import BetaThompson
from models_ml.policy.kinds import policy_from_state
from tests import factories
from tests.recommendations.slotted import running_bandit
from tests.trained import SKUS

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _taught(method: str) -> LoadedBandit:
    """A bandit that likes the first source best."""
    surface = Surface(key="any", name="Any", slots_by=method)
    save_surface(surface=surface, changed=[], actor=None)
    policy = policy_from_state(running_bandit().state)
    for number in range(20):
        for place, source in enumerate(SOURCES):
            policy.update(source, [1.0, number % 2, 0.0, 0.0], float(number > 3 * place + 3))
    return LoadedBandit.of("any", policy.state())


def test_each_product_is_in_the_first_source_that_it_fits(
    slotted: Surface, products: dict[str, Product]
) -> None:
    state.refresh()
    index, at = state.index, timezone.now()
    count = len(index)
    places = np.arange(count)
    seldom = np.full(count, slots.SELDOM)
    seldom[:3] = slots.SELDOM - 1
    scores = np.zeros(count)
    scores[[count - 1, 2]] = 3.0
    popular = PopularOrder(np.argsort(-scores, kind="stable"), scores, seldom, seldom > 0)
    found = [SOURCES[one] for one in slots.sources_of(places, index, popular, at)]
    by_sku = dict(zip(index.order, found, strict=True))
    for place, sku in enumerate(index.order):
        if sku in SKUS[:6]:
            assert by_sku[sku] == "new"
        elif place < 3:
            assert by_sku[sku] == "seldom_seen"
        elif place == count - 1:
            assert by_sku[sku] == "bestsellers"
        else:
            assert by_sku[sku] == ("close" if place < 50 else "further")


@pytest.mark.parametrize("method", Bandit.Method.values)
def test_what_is_logged_is_how_often_each_row_is_drawn_at_its_place_given_those_above(
    method: str,
) -> None:
    """Each start of a slate seen often enough: counts are binomial under the propensity logged."""
    rows = 40
    pool = Pool(np.linspace(1.0, 0.2, rows), np.arange(rows) // 2, np.arange(rows), np.arange(rows))
    sources = np.arange(rows) % 5
    sources[sources == 4] = 3
    bandit, features = _taught(method), (1.0, 1.0, 0.0, 0.0)
    explorer = Explorer(sources, lambda present: bandit.chances(features, present))
    random = np.random.default_rng(3)
    counts: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    logged: defaultdict[tuple[int, ...], dict[int, float]] = defaultdict(dict)
    chosen = Counter[int]()
    draws = 4_000
    for _ in range(draws):
        slate = build_slate(pool, limit=3, exploration=0.7, random=random, explorer=explorer)
        above: tuple[int, ...] = ()
        for place in slate.places:
            counts[above][place.row] += 1
            known = logged[above].setdefault(place.row, place.propensity)
            assert known == pytest.approx(place.propensity, abs=1e-12)
            assert place.row in place.drawable
            if place.source >= 0:
                assert place.source == sources[place.row]
            above = (*above, place.row)
        chosen[slate.places[0].source] += 1
    deviations = []
    for above, drawn in counts.items():
        n = drawn.total()
        for row, propensity in logged[above].items():
            if n * propensity >= 20 and n * (1 - propensity) >= 20:
                error = np.sqrt(n * propensity * (1 - propensity))
                deviations.append((drawn[row] - n * propensity) / error)
    assert len(deviations) > 20
    assert max(map(abs, deviations)) < 5
    assert 0.5 < np.mean(np.square(deviations)) < 1.6
    # The source that is told is chosen as often as the bandit says, of the slots explored.
    explored = sum(count for source, count in chosen.items() if source >= 0)
    assert abs(explored - 0.7 * draws) < 5 * np.sqrt(draws * 0.21)
    for source, chance in enumerate(bandit.chances(features, (0, 1, 2, 3))):
        error = np.sqrt(explored * chance * (1 - chance)) + 1
        assert abs(chosen[source] - explored * chance) < 5 * error
    # And what is reckoned afterwards of a place is what was logged of it.
    for top in list(logged[()])[:5]:
        found = chances_below(pool, above=[top], limit=3, exploration=0.7, explorer=explorer)
        for above, (drawable, chances) in zip(((), (top,)), found, strict=False):
            told = dict(zip(drawable.tolist(), chances.tolist(), strict=True))
            assert sum(told.values()) == pytest.approx(1.0)
            for row, propensity in logged[above].items():
                assert told[row] == pytest.approx(propensity, abs=1e-12)


def test_a_place_with_one_product_is_nobody_s_choice() -> None:
    one = Pool(np.ones(1), np.zeros(1), np.zeros(1), np.zeros(1))
    explorer = Explorer(np.array([2]), lambda present: np.ones(len(present)))
    for seed in range(20):
        (place,) = build_slate(
            one, limit=1, exploration=1.0, random=np.random.default_rng(seed), explorer=explorer
        ).places
        assert (place.propensity, place.source) == (1.0, -1)


def test_the_log_keeps_what_was_drawn_from_what(
    slotted: Surface, storefront: object, products: dict[str, Product]
) -> None:
    state.refresh()
    pks = {product.pk: product.sku for product in products.values()}
    sources = set()
    for seed in range(30):
        (answer,) = recommend(Asked([slotted], at=timezone.now(), customer="ann", seed=seed))
        assert not {"slot", "drawable", "propensity"} & answer["items"][0].keys()
        logged = Decision.objects.get(pk=answer["decision_id"])
        assert logged.context["slots"] == {
            "bandit": slotted.slots_bandit,
            "features": [1.0, 0.0, 0.0, 0.0],
        }
        drawable = read_drawable(logged.context["drawable"])
        assert len(drawable) == len(logged.items) == 4
        shown: list[str] = []
        for item, could in zip(logged.items, drawable, strict=True):
            skus = {pks[pk] for pk in could.tolist()}
            assert item["sku"] in skus
            assert not skus & set(shown)
            assert 0 < item["propensity"] < 1
            shown.append(item["sku"])
            if "slot" in item:
                sources.add(item["slot"])
                assert (item["slot"] == "new") == (item["sku"] in SKUS[:6])
    assert sources == {"new", "seldom_seen"}


def test_a_surface_without_bandit_asks_and_logs_nothing_of_it(
    home: Surface, products: dict[str, Product]
) -> None:
    home.exploration = 0.5
    home.save()
    state.refresh()
    (answer,) = recommend(Asked([home], at=timezone.now(), customer="ann"))
    logged = Decision.objects.get(pk=answer["decision_id"])
    assert "slots" not in logged.context
    assert all("slot" not in item for item in logged.items)


def test_the_held_out_meet_no_bandit(slotted: Surface) -> None:
    start_holdout(holdout=Holdout(key="held", share="0.5"), actor=factories.user())
    told = Counter()
    for number in range(24):
        (answer,) = recommend(Asked([slotted], at=timezone.now(), customer=f"held-{number}"))
        logged = Decision.objects.get(pk=answer["decision_id"])
        told[logged.arm] += 1
        assert ("slots" in logged.context) == (logged.arm != "held-out")
    assert told["held-out"] > 3


def test_what_cannot_be_read_leaves_the_slots_to_chance(slotted: Surface) -> None:
    Bandit.objects.update(state={"kind": "beta_thompson"})
    (answer,) = recommend(Asked([slotted], at=timezone.now(), customer="ann"))
    logged = Decision.objects.get(pk=answer["decision_id"])
    assert "slots" not in logged.context
    assert len(logged.items) == 4


def _listed(
    surface: Surface, at: object, sources: list[str], *, clicked: list[int], customer: object = None
) -> Decision:
    """Log a list seen at a moment; place by place its source, '' for the best; places clicked."""
    items = [
        {"kind": "product", "sku": SKUS[place], "position": place + 1, "propensity": 0.5}
        | ({"slot": source} if source else {})
        for place, source in enumerate(sources)
    ]
    given = {"customer": customer} if customer else {}
    found = factories.decision(
        surface=surface.key,
        at=at,
        items=items,
        context={"slots": {"bandit": surface.slots_bandit, "features": [1.0, 0.0, 0.0, 0.0]}},
        **given,
    )
    named = {"customer": found.customer, "decision": found.pk, "occurred_at": at}
    Event.objects.create(kind="impression", received_at=at, **named)
    for position in clicked:
        Event.objects.create(kind="click", received_at=at, position=position, **named)
    return found


def _opened(surface: Surface, at: object, **settings: object) -> Bandit:
    arms = dict.fromkeys(SOURCES, (at - 10 * DAY).isoformat())
    Bandit.objects.update(settled_until=at - DAY, heard_until=at - DAY, arms=arms, **settings)
    bandit = running_bandit()
    policy = policy_from_state(bandit.state)
    policy.memory.half_life = None
    Bandit.objects.update(state=policy.state())
    return bandit


NOON = (timezone.now() - 5 * DAY).replace(hour=12, minute=0, second=0, microsecond=0)


def test_a_shopper_s_first_list_of_a_day_is_one_trial_of_each_source(slotted: Surface) -> None:
    bandit = _opened(slotted, NOON)
    first = _listed(slotted, NOON, ["new", "", "new", "close"], clicked=[1, 2])
    _listed(
        slotted, NOON + HOUR, ["new", "new", "", "further"], clicked=[], customer=first.customer
    )
    _listed(slotted, NOON + HOUR, ["new", "close"], clicked=[2])
    settled = settle_bandit(bandit_id=bandit.pk, now=NOON + 2 * DAY)
    assert settled.learned == 5
    sums = running_bandit().state["memory"]["sums"]
    assert sums["new"] == [0.5, 1.5]
    assert sums["close"] == [1.0, 1.0]
    assert sums["further"] == [0.0, 1.0]
    assert sums["bestsellers"] == [0.0, 0.0]
    assert settle_bandits(now=NOON + 3 * DAY) == 0


def test_a_day_learned_in_parts_is_one_trial(slotted: Surface) -> None:
    bandit = _opened(slotted, NOON, window_hours=1)
    first = _listed(slotted, NOON, ["new"], clicked=[])
    _listed(slotted, NOON + 3 * HOUR, ["new", "close"], clicked=[1, 2], customer=first.customer)
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + 2 * HOUR).learned == 1
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + 6 * HOUR).learned == 1
    assert running_bandit().state["memory"]["sums"]["new"] == [0.0, 1.0]


def test_purchases_of_the_product_count_and_late_imports_correct(
    slotted: Surface, products: dict[str, Product]
) -> None:
    slotted.slots_reward = Bandit.Reward.PURCHASE
    save_surface(surface=slotted, changed=["slots_reward"], actor=None)
    bandit = _opened(slotted, NOON)
    bought, other, late = (
        _listed(slotted, NOON, ["new", "close"], clicked=[1]) for _shopper in range(3)
    )

    def buys(shown: Decision, sku: str, received: object) -> None:
        Event.objects.create(
            kind="purchase",
            customer=shown.customer,
            product=products[sku],
            occurred_at=NOON + HOUR,
            received_at=received,
            source="import",
        )

    buys(bought, SKUS[0], NOON + 30 * HOUR)
    buys(other, SKUS[9], NOON + 30 * HOUR)
    buys(late, SKUS[0], NOON + 4 * DAY)
    over = NOON + DAY + GRACE["purchase"]
    assert settle_bandit(bandit_id=bandit.pk, now=over).learned == 0
    assert settle_bandit(bandit_id=bandit.pk, now=over + 2 * HOUR).learned == 6
    assert running_bandit().state["memory"]["sums"]["new"] == [1.0, 2.0]
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + 4.5 * DAY).corrected == 1
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + 4.8 * DAY).corrected == 0
    assert running_bandit().state["memory"]["sums"]["new"] == [2.0, 1.0]


def test_slots_come_to_show_what_earns_more(slotted: Surface) -> None:
    """New products are clicked five times as often: most slots go to them, none is given up."""
    bandit = _opened(slotted, NOON, window_hours=1)
    random = np.random.default_rng(4)
    rates = dict.fromkeys(SOURCES, 0.05) | {"new": 0.4}
    for number in range(60):
        clicked = [p for p, one in enumerate(SOURCES, 1) if random.random() < rates[one]]
        _listed(slotted, NOON + timedelta(minutes=number), list(SOURCES), clicked=clicked)
    settle_bandit(bandit_id=bandit.pk, now=NOON + DAY)
    loaded = LoadedBandit.of("any", running_bandit().state)
    chances = loaded.chances((1.0, 0.0, 0.0, 0.0), (0, 1, 2, 3, 4))
    assert chances[0] > 0.8
    assert chances.min() >= 0.01 - 1e-12
    state.refresh()
    told = Counter()
    for seed in range(60):
        (answer,) = recommend(Asked([slotted], at=timezone.now(), customer="zoe", seed=seed))
        logged = Decision.objects.get(pk=answer["decision_id"])
        told.update(item["slot"] for item in logged.items if "slot" in item)
    assert told["new"] > 3 * told["seldom_seen"] > 0


def test_what_a_pin_put_there_is_no_choice_of_the_bandit_s() -> None:
    """A pinned brand has four products: chance draws among them, and no source is told of it."""
    rows = 12
    pool = Pool(np.linspace(1.0, 0.5, rows), np.arange(rows), np.arange(rows), np.arange(rows))
    pinned = SlateRule(7, "pin", np.arange(rows) < 4, position=1)
    explorer = Explorer(np.arange(rows) % 3, lambda present: np.eye(len(present))[0])
    given = {"limit": 3, "exploration": 1.0, "explorer": explorer}
    told = Counter[int]()
    for seed in range(60):
        random = np.random.default_rng(seed)
        first, *others = build_slate(pool, [pinned], random=random, **given).places
        told[first.row] += 1
        assert (first.fired, first.source) == ((7,), -1)
        assert all(place.source == 0 for place in others)
        drawable, chances = next(chances_below(pool, [pinned], above=[first.row], **given))
        assert drawable.tolist() == first.drawable.tolist() == [0, 1, 2, 3]
        assert chances[first.row] == pytest.approx(first.propensity)
    # The bandit alone would have drawn what is of the first source.
    assert set(told) == {0, 1, 2, 3}


def test_what_a_bandit_would_do_is_reckoned_once_for_shoppers_who_are_alike() -> None:
    asked = []

    class Counting(BetaThompson):
        def _chances(self, context: object, arms: object) -> np.ndarray:
            asked.append(arms)
            return super()._chances(context, arms)

    bandit = LoadedBandit("any", {}, Counting(list(SOURCES)))
    for _request in range(5):
        for known in (0.0, 1.0):
            bandit.chances((1.0, known, 0.0, 0.0), (0, 3))
    bandit.chances((1.0, 0.0, 0.0, 0.0), (0, 1, 3))
    assert len(asked) == 2
