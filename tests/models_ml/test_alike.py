"""What stands in for what."""

from pathlib import Path

import numpy as np
import pytest

from models_ml.recommender.alike import Traits, blended, likeness, load_space

SENCHA = Traits(1, frozenset({"sencha", "uji"}), frozenset({("origin", "uji")}), "Kyo")


def test_the_more_two_products_tell_alike_the_more_alike_they_are() -> None:
    other_shelf = SENCHA._replace(category=2)
    other_words = other_shelf._replace(words=frozenset({"lamp"}))
    nothing = Traits(2, frozenset({"lamp"}), frozenset({("colour", "red")}), "Lux")
    found = [likeness(SENCHA, one) for one in (SENCHA, other_shelf, other_words, nothing)]
    assert found[0] == pytest.approx(1.0)
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0.0


def test_what_only_one_of_two_tells_counts_for_nothing() -> None:
    assert likeness(SENCHA, Traits(category=1)) == 1.0
    assert likeness(SENCHA, Traits()) == 0.0


def test_vectors_count_half_where_both_have_one() -> None:
    assert blended(0.8, None) == 0.8
    assert blended(0.8, 0.4) == pytest.approx(0.6)
    assert blended(0.8, -1.0) == pytest.approx(0.4)


def test_a_trained_folder_s_space_holds_its_products(trained_recommender: Path) -> None:
    space = load_space(trained_recommender)
    cosines = space.cosines("P08")
    assert cosines is not None
    assert cosines.argmax() == space.places["P08"]
    assert np.abs(cosines).max() == pytest.approx(1.0, abs=1e-5)
    assert space.cosines("never trained") is None
