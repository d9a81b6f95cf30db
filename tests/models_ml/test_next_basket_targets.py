"""Training questions know nothing of the basket they ask for."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from models_ml.data.cleaning import clean
from models_ml.data.histories import Histories, build_histories
from models_ml.data.sequences import SESSION_DAYS, cut_segments, find_targets

Write = Callable[..., pd.DataFrame]


def browsing_shop(purchases: Write) -> Histories:
    bought = purchases(
        ("anna", "2026-03-01T12:00:00", "cup", "tea"),
        ("anna", "2026-03-10T12:00:00", "jug"),
        ("bob", "2026-03-05T12:00:00", "pot"),
    )
    looks = [("anna", f"2026-03-{day:02d}T09:00:00", "jug") for day in range(2, 10)]
    session = [("anna", "2026-03-10T11:55:00", "jug"), ("bob", "2026-03-05T11:50:00", "pot")]
    seen = purchases(*looks, *session, kind="view")
    return build_histories(clean(pd.concat([bought, seen]))[0])


def test_questions_end_before_the_session_that_led_to_the_basket(purchases: Write) -> None:
    histories = browsing_shop(purchases)
    for seed in range(20):
        targets = find_targets(histories, 14.0, np.random.default_rng(seed))
        assert {histories.customers[target.customer] for target in targets} == {"anna"}
        for target in targets:
            assert histories.skus[target.items].tolist() == ["jug"]
            history = histories.of(target.customer)
            basket = history.purchases.times[-1]
            assert history.times[target.context - 1] <= target.now <= basket - SESSION_DAYS
            assert history.times[target.context] > target.now or target.context == 10


def test_a_basket_is_also_asked_for_before_the_latest_visits(purchases: Write) -> None:
    histories = browsing_shop(purchases)
    contexts = {
        target.context
        for seed in range(20)
        for target in find_targets(histories, 14.0, np.random.default_rng(seed))
    }
    assert max(contexts) == 10
    assert min(contexts) < 6


def test_segments_hold_every_target_once_with_half_a_window_of_context(purchases: Write) -> None:
    days = pd.date_range("2026-01-01", periods=50, freq="D")
    frame = purchases(*(("anna", str(day), "cup", "tea", "jug") for day in days))
    histories = build_histories(clean(frame)[0])
    targets = find_targets(histories, 14.0, np.random.default_rng(0))
    segments = cut_segments(histories, targets, length=24)
    assert [segment.first for segment in segments] == [0, *(s.last for s in segments[:-1])]
    assert segments[-1].last == len(targets) == 49
    for segment in segments:
        assert segment.stop - segment.start <= 24
        for target in targets[segment.first : segment.last]:
            assert target.context <= segment.stop
            assert target.context - segment.start >= min(12, target.context)
