"""Facts: what they say, in which language, and whether there are enough."""

import pytest

from models_ml.writer.facts import Fact, claimable, key_info, missing_facts, speaks


def test_the_hash_changes_with_what_a_fact_says_and_not_with_its_source() -> None:
    fact = Fact("weight", "2.5", "kg", source="import")
    assert fact.hash == Fact("weight", "2.5", "kg", source="typed in").hash
    others = [
        Fact("weight", "2.6", "kg"),
        Fact("weight", "2.5", "g"),
        Fact("net weight", "2.5", "kg"),
        Fact("weight", "2.5", "kg", "en"),
    ]
    assert len({fact.hash, *(other.hash for other in others)}) == 5


def test_a_fact_in_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'colour'.*'fr'"):
        Fact("colour", "rouge", language="fr")


@pytest.mark.parametrize(
    "key", ["Country of Origin", "country_of_origin", "countryOfOrigin", "原产国"]
)
def test_a_key_is_known_however_the_catalogue_spells_it(key: str) -> None:
    assert key_info(key).name == "origin"


@pytest.mark.parametrize(
    ("fact", "english", "chinese"),
    [
        (Fact("brand", "Nordvik"), True, True),
        (Fact("weight", "2.5", "kg"), True, True),
        (Fact("material", "oak"), True, False),
        (Fact("material", "橡木"), False, True),
        (Fact("material", "oak", language="en"), True, False),
        (Fact("pattern of the lid", "floral"), True, False),
    ],
)
def test_a_fact_speaks_the_languages_it_can_be_said_in(
    fact: Fact, english: bool, chinese: bool
) -> None:
    assert speaks(fact, "en") is english
    assert speaks(fact, "zh-hans") is chinese


@pytest.mark.parametrize(
    "value",
    [
        "",
        "N/A",
        "NA cm",
        "0 cm",
        "<b>oak</b>",
        "see www.shop.example",
        "call 18001020061",
        "x" * 81,
    ],
)
def test_values_that_say_nothing_or_do_not_belong_into_copy_are_not_claimable(value: str) -> None:
    assert claimable([Fact("material", value, language="en")], "en") == []


@pytest.mark.parametrize("value", ["navy", "natural", "nautical", "nylon", "0.5 cm"])
def test_values_that_only_begin_like_nothing_are_claimable(value: str) -> None:
    assert claimable([Fact("material", value, language="en")], "en")


def test_prices_and_codes_are_facts_but_never_told() -> None:
    facts = [
        Fact("price", "5.99", "GBP"),
        Fact("sku", "85123A"),
        Fact("title", "Lamp"),
        Fact("model", "X1"),
    ]
    assert claimable(facts, "en") == []


THIN = [
    Fact("brand", "Nordvik"),
    Fact("category", "Kitchen > Mugs", language="en"),
    Fact("price", "4.00", "GBP"),
]


def test_a_thin_product_is_told_what_is_missing_and_supplying_it_is_enough() -> None:
    missing = missing_facts("description", THIN, "en")
    assert len(missing) == 3
    supplied = [*THIN, *(Fact(key, "oak", language="en") for key in missing)]
    assert missing_facts("description", supplied, "en") == []


def test_a_short_description_needs_less_than_a_description() -> None:
    facts = [*THIN, Fact("material", "oak", language="en"), Fact("colour", "navy", language="en")]
    assert missing_facts("short_description", facts, "en") == []
    assert missing_facts("description", facts, "en") == ["dimensions"]


def test_what_is_wanted_depends_on_what_it_is() -> None:
    tea = [Fact("category", "Tea & Coffee > Green Tea", language="en")]
    assert missing_facts("short_description", tea, "en") == ["flavour", "quantity"]


def test_facts_of_the_other_language_do_not_count() -> None:
    facts = [Fact(key, "oak", language="en") for key in ("material", "colour", "pattern", "style")]
    assert missing_facts("description", facts, "en") == []
    assert len(missing_facts("description", facts, "zh-hans")) == 3


def test_a_title_of_another_language_asks_for_the_type() -> None:
    facts = [Fact("材质", "橡木"), Fact("颜色", "藏青"), Fact("产地", "葡萄牙")]
    assert missing_facts("description", facts, "zh-hans", "WHITE METAL LANTERN") == ["type"]
    assert missing_facts("description", facts, "zh-hans", "白色金属灯笼") == []


def test_an_unknown_kind_or_language_is_named() -> None:
    with pytest.raises(ValueError, match="'poem'"):
        missing_facts("poem", THIN, "en")
    with pytest.raises(ValueError, match="'fr'"):
        missing_facts("description", THIN, "fr")
