"""Features of a history without one event are those of a history where it never happened."""

import numpy as np
import pytest

from models_ml.data.columns import CART, KIND_NUMBERS, PURCHASE_NUMBER, VIEW
from models_ml.data.history import History
from models_ml.recommender.features import ItemHabits, own_item_features, own_items_without

ITEMS, NOW = 6, 40.0
KINDS = [KIND_NUMBERS[VIEW], KIND_NUMBERS[CART], PURCHASE_NUMBER, PURCHASE_NUMBER]


def random_history(seed: int) -> History:
    """A short history in which items, baskets and kinds repeat, ordered as histories are."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(1, 12))
    drawn = {
        (float(random.integers(30, 36)), int(random.integers(ITEMS)), int(random.choice(KINDS)))
        for _row in range(rows)
    }
    times, items, kinds = zip(*sorted(drawn), strict=True)
    return History(np.array(items, np.int32), np.array(times), np.array(kinds, np.int8))


@pytest.mark.parametrize("seed", range(60))
def test_leaving_out_is_never_having_happened(seed: int) -> None:
    random = np.random.default_rng(seed)
    habits = ItemHabits(*(random.random(ITEMS).astype(np.float32) + 0.5 for _habit in range(3)))
    history = random_history(seed)
    rows = np.arange(len(history))
    told = own_items_without(history, NOW, habits, rows)
    variants, places = np.nonzero(told.present)
    cases = zip((variants - 1).tolist(), told.items[places].tolist(), strict=True)
    found = dict(zip(cases, told.features, strict=True))
    expected = {}
    for row in [-1, *rows.tolist()]:
        left = history if row < 0 else history.without(row)
        own, features = own_item_features(left, NOW, habits)
        expected |= {(row, item): f for item, f in zip(own.tolist(), features, strict=True)}
    assert found.keys() == expected.keys()
    for case, values in expected.items():
        np.testing.assert_allclose(found[case], values, rtol=1e-6)
