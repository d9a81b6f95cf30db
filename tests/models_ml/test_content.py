"""What products say of themselves, and what a product that came later gets from it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from models_ml.data.content import ContentMatrix, ItemFacts, read_vocabulary
from models_ml.recommender.additions import ContentReader
from models_ml.recommender.heirs import Heirs
from models_ml.recommender.serving import HistoryEvent, load
from tests.trained import SKUS, taste_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LIKE_P00 = ItemFacts("NEW", ("green tea leaf tiny",), category="All > Taste 0", brand="Brand 0")


def bought(*skus: str) -> list[HistoryEvent]:
    when = NOW - timedelta(days=3)
    return [HistoryEvent(sku, when, "purchase", "basket") for sku in skus]


def likeness(*items: ItemFacts) -> np.ndarray:
    vocabulary = read_vocabulary(items)
    rows = [vocabulary.row(facts) for facts in items]
    return ContentMatrix.of(rows, vocabulary.width).likeness(rows[0])


@pytest.mark.parametrize(
    ("title", "near", "far"),
    [
        ("Red heart candle holders", "red heart candle holder", "Blue garden shears"),
        ("有机绿茶 100 克", "西湖绿茶礼盒", "陶瓷花瓶"),
        ("Grüner Tee", "GRÜNER TEE, lose", "Gartenschere"),
        ("Зелёный чай", "чай зелёный листовой", "Садовые ножницы"),
    ],
)
def test_titles_in_any_language_are_alike_where_their_words_are(
    title: str, near: str, far: str
) -> None:
    same, close, distant = likeness(*(ItemFacts(t, (t,)) for t in (title, near, far)))
    assert same == pytest.approx(1.0)
    assert close > distant + 0.1


def image(*numbers: float) -> bytes:
    return np.array(numbers, "<f4").tobytes()


def test_images_of_another_network_or_length_than_most_tell_nothing() -> None:
    most = [ItemFacts(name, image=image(1.0, 2.0), image_model="clip") for name in "ab"]
    others = [ItemFacts("c", image=image(1.0, 2.0)), ItemFacts("d", image=image(1.0, 2.0, 3.0))]
    vocabulary = read_vocabulary(most + others)
    lengths = [len(vocabulary.row(one).columns) for one in most + others]
    assert lengths == [2, 2, 0, 0]


def test_category_brand_attributes_price_and_image_each_count() -> None:
    title = ("thing",)
    base = ItemFacts("a", title, "Food > Tea", "Hill", 9.5, (("origin", "China"),), image(1.0, 0.0))
    for facts in (
        base._replace(category="Home > Pots"),
        base._replace(brand="Dale"),
        base._replace(price=900.0),
        base._replace(attributes=(("origin", "Peru"),)),
        base._replace(image=image(0.0, 1.0)),
    ):
        _, same, other = likeness(base, base._replace(item="b"), facts)
        assert same == pytest.approx(1.0)
        assert other < 0.99


def test_what_cannot_be_read_is_left_out() -> None:
    strange = ItemFacts("x", ("",), " > ", "", float("nan"), (), image(float("nan"), 1.0))
    known = ItemFacts("y", ("tea",), price=4.0, image=image(0.5, 0.5))
    vocabulary = read_vocabulary([known, known._replace(item="z"), strange])
    for facts in (strange, ItemFacts("w"), known._replace(image=image(1.0, 2.0, 3.0)), known):
        assert np.isfinite(vocabulary.row(facts).values).all()
    assert not len(read_vocabulary([]).row(known).columns)


def test_an_heir_lies_between_what_it_inherits_from() -> None:
    heirs = Heirs(np.array([[0, 1], [2, 0]], np.int32), np.array([[0.9, 0.9], [0.0, 0.0]]))
    values = np.array([1.0, 3.0, 11.0], np.float32)
    inherited = heirs.append(values)[3:]
    assert inherited == pytest.approx([2.0, values.mean()], abs=0.2)
    assert heirs.inherit(values)[1] == 0.0


@pytest.mark.parametrize("policy", ["model", "content", "co_occurrence", "ease"])
def test_a_product_of_one_taste_is_ranked_with_it(trained: Path, policy: str) -> None:
    reader = ContentReader.open(trained)
    assert reader is not None
    ranker = load(trained, policy).with_added(reader.read([LIKE_P00]))
    assert ranker.skus == [*SKUS, "NEW"]
    fans = {one.item: one for one in ranker.rank(bought("P01", "P02"), k=25, now=NOW)}
    others = {one.item: one for one in ranker.rank(bought("P17", "P18"), k=25, now=NOW)}
    places = [list(found).index("NEW") for found in (fans, others)]
    assert places[0] < 12
    assert places[0] < places[1]


@pytest.mark.parametrize("policy", ["model", "content", "co_occurrence", "ease"])
def test_what_is_known_of_the_others_stays(trained: Path, policy: str) -> None:
    reader = ContentReader.open(trained)
    assert reader is not None
    before = load(trained, policy)
    after = before.with_added(reader.read([LIKE_P00, ItemFacts("EMPTY")]))
    history = bought("P01", "P09")
    old = before.rank(history, k=24, now=NOW)
    new = [one for one in after.rank(history, k=26, now=NOW) if one.item in SKUS]
    assert [(one.item, one.score) for one in new] == [
        (one.item, pytest.approx(one.score, abs=1e-5)) for one in old
    ]


@pytest.mark.parametrize("policy", ["model", "content", "co_occurrence", "ease"])
def test_an_event_with_an_added_product_speaks_for_what_is_like_it(
    trained: Path, policy: str
) -> None:
    reader = ContentReader.open(trained)
    assert reader is not None
    ranker = load(trained, policy).with_added(reader.read([LIKE_P00]))
    found = ranker.rank(bought("NEW"), k=8, now=NOW)
    assert {one.item for one in found} - {"NEW"} <= set(taste_of(0))
