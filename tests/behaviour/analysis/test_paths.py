"""Paths with worked-out answers: sessions, pauses, midnight, ties, what was before."""

from guidance.behaviour.analysis.paths import Group, grouped, kinds_of, moves, paths
from guidance.behaviour.analysis.scope import Scope
from tests.behaviour.analysis.conftest import Tell

V, C, P = "view", "cart", "purchase"


def _found(scope: Scope, kind: str, steps: int, **how: object) -> list[tuple[str, int, int]]:
    """Return paths as words, with visits and shoppers."""
    found = paths(scope, kind, steps=steps, **how)  # type: ignore[arg-type]
    return [_said(group, steps + 1) for group in grouped(found.packed(), found.shoppers)]


def _said(group: Group, length: int) -> tuple[str, int, int]:
    words = " ".join(kind or "-" for kind in kinds_of(group.key, length))
    return words, group.visits, len(group.shoppers)


def test_a_session_is_a_visit_whatever_its_pauses_and_midnights(tell: Tell, scope: Scope) -> None:
    tell(
        """
        a view 2 23:00 session=s
        a cart 3 01:00 session=s
        a purchase 2 23:30 session=other
        b view 2 10:00 session=s
        """
    )
    assert _found(scope, "view", 2) == [("view - -", 1, 1), ("view cart -", 1, 1)]


def test_without_sessions_a_pause_over_half_an_hour_ends_the_visit(
    tell: Tell, scope: Scope
) -> None:
    tell(
        """
        a view 2 23:45
        a cart 3 00:15
        a purchase 3 00:45:00.001
        b view 2 10:00
        b cart 2 10:30:01
        """
    )
    assert _found(scope, "view", 2) == [("view - -", 1, 1), ("view cart -", 1, 1)]
    assert _found(scope, "purchase", 1) == [("purchase -", 1, 1)]


def test_the_same_in_a_row_is_one_step_and_ties_have_an_order(tell: Tell, scope: Scope) -> None:
    tell(
        """
        a purchase 2 10:05
        a cart 2 10:05
        a view 2 10:05
        a view 2 10:00
        a view 2 10:01
        a view 2 10:06
        """
    )
    assert _found(scope, "view", 3) == [("view cart purchase view", 1, 1)]


def test_a_path_begins_with_the_first_event_of_a_visit_and_may_lead_up_to_it(
    tell: Tell, scope: Scope
) -> None:
    tell(
        """
        a search 2 10:00
        a view 2 10:01
        a cart 2 10:02
        a view 2 10:03
        a cart 2 10:04
        b cart 2 10:00
        c view 2 10:00
        """
    )
    assert _found(scope, "cart", 2) == [("cart - -", 1, 1), ("cart view cart", 1, 1)]
    assert _found(scope, "cart", 2, backward=True) == [
        ("- - cart", 1, 1),
        ("search view cart", 1, 1),
    ]
    assert _found(scope, "cart", 2, backward=True, without=["search"])[1][0] == "- view cart"


def test_visits_are_counted_and_shoppers_once(tell: Tell, scope: Scope) -> None:
    people = tell(
        """
        a view 2 10:00
        a view 3 10:00
        a view 4 10:00
        a cart 4 10:01
        b view 2 10:00
        """
    )
    found = paths(scope, "view", steps=1)
    first, second = grouped(found.packed(), found.shoppers)
    assert (first.visits, list(first.shoppers)) == (3, sorted(people.values()))
    assert (second.visits, list(second.shoppers)) == (1, [people["a"]])
    assert [_said(move, 2) for move in moves(found)] == [("view -", 3, 2), ("view cart", 1, 1)]


def test_moves_say_where_they_are_in_the_path(tell: Tell, scope: Scope) -> None:
    tell("a view 2 10:00\na cart 2 10:01\na view 2 10:02\na cart 2 10:03")
    found = moves(paths(scope, "view", steps=3))
    assert [(move.key >> 8, *kinds_of(move.key, 2)) for move in found] == [
        (0, "view", "cart"),
        (1, "cart", "view"),
        (2, "view", "cart"),
    ]


def test_an_event_that_nobody_did_has_no_paths(tell: Tell, scope: Scope) -> None:
    assert _found(scope, "review", 3) == []
    tell("a view 2 10:00")
    assert _found(scope, "review", 3) == []
    assert moves(paths(scope, "review", steps=3)) == []
