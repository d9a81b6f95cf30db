"""The slate builder: what each rule does, and that logged propensities are what is drawn."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from guidance.recommendations.slate import Pool, SlateRule, Why, build_slate, chances_below
from guidance.recommendations.slate.pool import relevance
from guidance.recommendations.slate.types import BOOST, DIVERSITY, FLOOR, PIN, QUOTA, Place, Slate

ROWS = 40


def pool(rows: int = ROWS, *, families: list[int] | None = None) -> Pool:
    """Candidates of falling relevance in four categories and three brands, every one a family."""
    return Pool(
        relevance=np.linspace(1.0, 0.1, rows),
        families=np.array(families or range(rows)),
        categories=np.arange(rows) % 4,
        brands=np.arange(rows) % 3,
    )


def rule(kind: str, rows: object, number: int = 1, **given: object) -> SlateRule:
    mask = np.zeros(ROWS, dtype=bool)
    mask[rows] = True  # type: ignore[index]  # whatever numpy takes
    return SlateRule(number, kind, mask, **given)  # type: ignore[arg-type]


def shown(slate: Slate) -> list[int]:
    return [place.row for place in slate.places]


def test_without_rules_the_best_of_each_family_stand_in_order_with_propensity_1() -> None:
    slate = build_slate(pool(families=[0, 0, 1, 2, *range(3, 39)]), limit=4, used={2})
    assert shown(slate) == [0, 2, 4, 5]
    assert {place.propensity for place in slate.places} == {1.0}


def test_a_pinned_product_stands_at_its_place_and_nowhere_before() -> None:
    slate = build_slate(pool(), [rule(PIN, 0, position=3)], limit=4)
    assert shown(slate) == [1, 2, 0, 3]
    assert slate.places[2].fired == (1,)


def test_of_two_pins_at_one_place_the_later_moves_down() -> None:
    slate = build_slate(pool(), [rule(PIN, 30, position=2), rule(PIN, 31, 2, position=2)], limit=4)
    assert shown(slate) == [0, 30, 31, 1]


def test_a_pinned_group_keeps_its_last_product_for_its_place() -> None:
    assert shown(build_slate(pool(), [rule(PIN, [0, 5], position=3)], limit=3)) == [0, 1, 5]
    families = [0, 0, *range(1, 39)]
    slate = build_slate(pool(families=families), [rule(PIN, [0, 1], position=3)], limit=3)
    assert shown(slate) == [2, 3, 0]


def test_a_pin_beyond_the_slate_or_of_a_family_shown_says_why_it_is_idle() -> None:
    rules = [rule(PIN, 5, position=9), rule(PIN, 7, 2, position=1), rule(PIN, [], 3, position=2)]
    slate = build_slate(pool(), rules, limit=3, used={7})
    assert slate.idle == {1: Why.BEYOND, 2: Why.SHOWN_ABOVE, 3: Why.NOBODY}


def test_a_pin_moves_up_where_nothing_else_is_left() -> None:
    assert shown(build_slate(pool(3), [SlateRule(1, PIN, np.arange(3) == 1, 9)], limit=9)) == [
        *(0, 2, 1)
    ]


def test_a_boost_multiplies_relevance_and_burying_divides_it() -> None:
    rules = [rule(BOOST, 20, factor=3.0), rule(BOOST, 0, 2, factor=0.1)]
    slate = build_slate(pool(), rules, limit=3)
    assert shown(slate) == [20, 1, 2]
    assert slate.places[0].fired == (1,)
    assert slate.places[0].value == pytest.approx(3 * pool().relevance[20])


def test_a_quota_holds_for_its_group_or_for_each_group() -> None:
    one = rule(QUOTA, range(0, ROWS, 4), at_most=1)
    assert shown(build_slate(pool(), [one], limit=5)) == [0, 1, 2, 3, 5]
    each = rule(QUOTA, range(ROWS), at_most=1, groups=pool().categories)
    assert shown(build_slate(pool(), [each], limit=6)) == [0, 1, 2, 3]
    none = rule(QUOTA, range(ROWS), at_most=0, groups=pool().categories)
    assert shown(build_slate(pool(), [none], limit=6)) == []


def test_a_pin_takes_its_room_in_a_quota_beforehand_and_stands_even_in_a_full_one() -> None:
    first_category = range(0, ROWS, 4)
    rules = [rule(PIN, 8, position=5), rule(QUOTA, first_category, 2, at_most=1)]
    assert shown(build_slate(pool(), rules, limit=5)) == [1, 2, 3, 5, 8]
    rules = [rule(PIN, 8, position=1), rule(QUOTA, first_category, 2, at_most=0)]
    assert shown(build_slate(pool(), rules, limit=3)) == [8, 1, 2]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.34, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("limit", [1, 4, 7, 10])
def test_a_floor_gives_its_group_at_least_its_share_of_every_slate(
    share: float, limit: int
) -> None:
    group = range(20, ROWS)
    slate = build_slate(pool(), [rule(FLOOR, group, share=share)], limit=limit)
    assert len(slate.places) == limit
    assert sum(row in group for row in shown(slate)) >= share * limit


def test_a_floor_without_enough_products_leaves_places_to_others_and_says_so() -> None:
    slate = build_slate(pool(), [rule(FLOOR, [], share=0.5)], limit=4)
    assert shown(slate) == [0, 1, 2, 3]
    assert slate.idle == {1: Why.TOO_FEW}


def test_the_diversity_dial_goes_from_relevance_to_difference() -> None:
    categories = np.repeat([0, 1, 2, 3], 10)
    candidates = Pool(np.linspace(1.0, 0.5, ROWS), np.arange(ROWS), categories, categories)
    everybody = slice(None)

    def kinds(dial: float) -> list[int]:
        slate = build_slate(candidates, [rule(DIVERSITY, everybody, share=dial)], limit=4)
        return sorted(categories[row] for row in shown(slate))

    assert kinds(0.0) == [0, 0, 0, 0]
    assert kinds(1.0) == [0, 1, 2, 3]


def test_item_vectors_tell_what_category_and_brand_do_not() -> None:
    vectors = np.zeros((ROWS, 2), np.float32)
    vectors[:, 0] = 1.0
    vectors[5] = (0.0, 1.0)
    same = np.zeros(ROWS, np.int64)
    candidates = Pool(np.ones(ROWS), np.arange(ROWS), same, same, vectors)
    slate = build_slate(candidates, [rule(DIVERSITY, slice(None), share=0.5)], limit=2)
    assert shown(slate) == [0, 5]


def test_relevance_keeps_the_order_and_stays_above_zero_whatever_the_scale() -> None:
    scores = np.array([9.0, 4.0, 1.0, -3.0, -50.0])
    found = relevance(scores, low=1.0, high=9.0)
    assert found[0] == 1.0
    assert (np.diff(found) < 0).all()
    assert found[-1] > 0
    assert (relevance(np.full(3, 2.0), low=2.0, high=2.0) == 1.0).all()


def everything() -> list[SlateRule]:
    """All kinds of rule at once."""
    return [
        rule(PIN, 33, 1, position=2),
        rule(PIN, range(3, ROWS, 12), 2, position=4),
        rule(BOOST, range(10, 16), 3, factor=2.0),
        rule(BOOST, range(3), 4, factor=0.5),
        rule(QUOTA, slice(None), 5, at_most=2, groups=pool().categories),
        rule(QUOTA, range(0, ROWS, 3), 6, at_most=1),
        rule(FLOOR, range(25, ROWS), 7, share=0.5),
        rule(DIVERSITY, slice(None), 8, share=0.3),
    ]


def test_logged_propensities_are_how_often_each_row_is_drawn_at_its_place_given_those_above() -> (
    None
):
    """6,000 slates under every rule: for each start of a slate seen often enough, what came next.

    A row's count is binomial under its propensity, so its deviation in standard errors must look
    normal: none beyond 5 (chance 6e-7 each) and a mean square near 1.
    """
    candidates = pool(families=[number // 2 for number in range(ROWS)])
    draws = 6_000
    next_rows: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    logged: dict[tuple[int, ...], dict[int, float]] = defaultdict(dict)
    random = np.random.default_rng(7)
    for _ in range(draws):
        slate = build_slate(
            candidates, everything(), limit=6, used={8}, exploration=0.6, random=random
        )
        for place, above in _with_those_above(slate):
            next_rows[above][place.row] += 1
            assert logged[above].setdefault(place.row, place.propensity) == place.propensity
    deviations = []
    for above, counts in next_rows.items():
        n = counts.total()
        for row, propensity in logged[above].items():
            if n * propensity >= 20 and n * (1 - propensity) >= 20:
                error = np.sqrt(n * propensity * (1 - propensity))
                deviations.append((counts[row] - n * propensity) / error)
            elif propensity == 1.0:
                assert counts[row] == n
    assert len(deviations) > 100
    assert np.abs(deviations).max() < 5
    assert 0.7 < np.mean(np.square(deviations)) < 1.3


def _with_those_above(slate: Slate) -> list[tuple[Place, tuple[int, ...]]]:
    rows = shown(slate)
    return [(place, tuple(rows[:number])) for number, place in enumerate(slate.places)]


def test_propensities_at_a_place_sum_to_one() -> None:
    seen: dict[int, float] = {}
    for seed in range(3_000):
        random = np.random.default_rng(seed)
        place = build_slate(pool(), limit=1, exploration=0.9, random=random).places[0]
        seen[place.row] = place.propensity
    assert len(seen) == ROWS
    assert sum(seen.values()) == pytest.approx(1.0)


def test_every_rule_holds_whatever_is_drawn() -> None:
    categories = pool().categories
    for seed in range(300):
        slate = build_slate(
            pool(), everything(), limit=6, exploration=1.0, random=np.random.default_rng(seed)
        )
        rows = shown(slate)
        assert rows[1] == 33
        assert slate.places[1].propensity == 1.0
        assert rows[3] % 12 == 3
        assert sum(row >= 25 for row in rows) >= 3
        assert len(set(rows)) == 6
        free = [row for number, row in enumerate(rows) if number not in {1, 3}]
        assert max(Counter(categories[free].tolist()).values()) <= 2


@pytest.mark.parametrize("exploration", [0.0, 1.0])
def test_an_empty_pool_is_an_empty_slate(exploration: float) -> None:
    slate = build_slate(pool(0), limit=5, exploration=exploration, random=np.random.default_rng(1))
    assert slate.places == []


def test_chances_below_logged_rows_are_those_the_builder_drew_them_with() -> None:
    rules = [
        rule(PIN, 9, position=2),
        rule(BOOST, 20, 2, factor=3.0),
        rule(DIVERSITY, [], 3, share=0.3),
    ]
    for seed in range(30):
        given = {"limit": 6, "used": {3}, "exploration": 0.5}
        slate = build_slate(pool(), rules, random=np.random.default_rng(seed), **given)
        rows = shown(slate)
        told = list(chances_below(pool(), rules, above=rows[:-1], **given))
        assert len(told) == len(rows)
        for place, (drawn, chances) in zip(slate.places, told, strict=True):
            assert chances.sum() == pytest.approx(1.0)
            assert chances[list(drawn).index(place.row)] == pytest.approx(place.propensity)
