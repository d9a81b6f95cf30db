"""Claims found in text of any author."""

from models_ml.writer.claims import Claim, claims, sentence_claims
from models_ml.writer.facts import Fact

TITLE = "Nordvik Fjord Desk Lamp, Navy"
FACTS = [
    Fact("brand", "Nordvik"),
    Fact("material", "solid oak", language="en"),
    Fact("材质", "橡木", language="zh-hans"),
    Fact("colour", "navy", language="en"),
    Fact("weight", "2.5", "kg"),
    Fact("bulb", "warm white LED", language="en"),
    Fact("dishwasher_safe", "yes", language="en"),
    Fact("origin", "Portugal", language="en"),
]


def found(text: str, language: str = "en", title: str = TITLE) -> dict[str, Claim]:
    return {
        claim.text: claim for claim in claims(text, FACTS, title, language, ["Nordvik", "Acme"])
    }


def test_each_claim_points_to_the_facts_that_carry_it() -> None:
    said = found("A NORDVIK light of solid oak, 2,500 g, made in Portugal with a warm white led.")
    assert said["NORDVIK"].fact_keys == ("brand",)
    assert said["solid oak"].fact_keys == ("material",)
    assert said["2,500 g"].fact_keys == ("weight",)
    assert said["Portugal"].fact_keys == ("origin",)
    assert said["warm white led"].fact_keys == ("bulb",)


def test_what_no_fact_carries_is_marked_unsupported() -> None:
    said = found("It weighs 25 kg, comes in red plastic from Italy and outshines Acme.")
    assert {text for text, claim in said.items() if not claim.is_supported} == {
        "25 kg",
        "red",
        "plastic",
        "Italy",
        "Acme",
    }


def test_a_word_with_two_meanings_is_no_claim_unless_a_fact_makes_it_one() -> None:
    assert "iron" not in found("Iron it while damp; do not iron the print.")


def test_positions_are_those_of_the_text() -> None:
    text = "Solid oak. Navy."
    assert all(
        text[claim.start : claim.end] == claim.text for claim in claims(text, FACTS, TITLE, "en")
    )


def test_the_longest_claim_stands_where_two_overlap() -> None:
    assert list(found("Made of solid oak.")) == ["solid oak"]


def test_a_broader_word_is_carried_by_the_narrower_fact() -> None:
    said = found("A blue lamp of wood.")
    assert said["blue"].fact_keys == ("colour", "title")
    assert said["wood"].fact_keys == ("material", "材质")


def test_chinese_text_is_carried_by_facts_of_both_languages_its_own_first() -> None:
    said = found("Nordvik的橡木台灯重五斤，产自葡萄牙。", "zh-hans")
    assert said["橡木"].fact_keys == ("材质",)
    assert said["五斤"].fact_keys == ("weight",)
    assert said["葡萄牙"].fact_keys == ("origin",)


def test_the_product_s_name_cites_the_title_and_what_it_tells() -> None:
    assert found("The Nordvik Fjord Desk Lamp.")["Nordvik Fjord Desk Lamp"].fact_keys == (
        "brand",
        "title",
    )


def test_a_number_that_only_the_title_states_cites_the_title() -> None:
    said = found("A set of 6.", title="Nordvik Tumblers, set of 6")
    assert said["6"].fact_keys == ("title",)


def test_a_yes_is_carried_by_the_words_of_its_key() -> None:
    assert found("It is dishwasher safe.")["dishwasher safe"].fact_keys == ("dishwasher_safe",)


def test_words_inside_longer_words_are_no_claims() -> None:
    assert found("Oakwood tannins reddened the navyesque soaking.") == {}


def test_sentences_carry_their_own_claims() -> None:
    text = "It is made of oak. It weighs 2.5 kg! Lovely light.\n这款台灯采用橡木。重五斤"
    sentences = sentence_claims(text, claims(text, FACTS, TITLE, "en"))
    assert [text[part.start : part.end] for part in sentences] == [
        "It is made of oak.",
        "It weighs 2.5 kg!",
        "Lovely light.",
        "这款台灯采用橡木。",
        "重五斤",
    ]
    assert [part.fact_keys for part in sentences][1:3] == [("weight",), ()]
    assert sentences[0].unsupported == ()
