"""The shop's voice: its words, spelling and address, without a change to what a text claims."""

import pytest

from models_ml.writer.checks import check
from models_ml.writer.facts import Fact
from models_ml.writer.realiser import write
from models_ml.writer.voice import Term, Voice, changes_facts

FACTS = [
    Fact("brand", "Grey Owl"), Fact("type", "couch", language="en"),
    Fact("material", "oak", language="en"), Fact("colour", "grey", language="en"),
    Fact("width", "2", unit="metres", language="en"), Fact("care", "wipe clean", language="en"),
]  # fmt: skip
TITLE = "Grey Owl Colour Couch"
SOFA = Term("couch", "sofa", forbidden=("settee",))


def test_an_empty_voice_changes_nothing() -> None:
    draft = write("description", title=TITLE, facts=FACTS, language="en", seed=1)
    empty = Voice("en")
    assert empty.applied(draft, kind="description", title=TITLE, facts=FACTS) == draft
    assert empty.as_prompt() == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [("This couch is grey.", "This sofa is gray."),
     ("Couches and settees in colour.", "Sofas and sofas in color."),
     ("The Grey Owl Colour Couch is a couch.", "The Grey Owl Colour Couch is a sofa."),
     ("Called the “grey couch” by many.", "Called the “grey couch” by many."),
     ("Couched in greyhound terms.", "Couched in greyhound terms.")],
)  # fmt: skip
def test_words_change_and_names_and_quotations_stay(text: str, said: str) -> None:
    voice = Voice("en", terms=(SOFA,), spelling="us")
    assert voice.say(text, title=TITLE, facts=FACTS) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [("A couch and a table.", "An ottoman and a table."),
     ("It is a couch.", "It is an ottoman."), ("The couch.", "The ottoman."),
     ("two couches", "two ottomans")],
)  # fmt: skip
def test_an_article_follows_its_word(text: str, said: str) -> None:
    assert Voice("en", terms=(Term("couch", "ottoman"),)).say(text) == said


def test_the_preferred_word_is_left_alone_and_kept_terms_stay() -> None:
    voice = Voice("en", terms=(Term("shirt", "dress shirt"), Term("ColourLock", kept=True)),
                  spelling="us")  # fmt: skip
    assert voice.say("A dress shirt with ColourLock colours.") == (
        "A dress shirt with ColourLock colors."
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("cotton", "silk", True), ("grey", "gray", False), ("couch", "sofa", False),
     ("leather", "faux leather", True), ("metres", "meters", False), ("metres", "feet", True),
     ("pair", "set of 3", True), ("棉", "真丝", True), ("两件套", "三件套", True)],
)  # fmt: skip
def test_a_substitution_that_would_change_a_claim_is_known(
    old: str, new: str, expected: bool
) -> None:
    assert changes_facts(old, new) is expected
    said = Voice("en", terms=(Term(old, new),)).say(f"Made with {old}.")
    assert (new in said) is not expected or new in old


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", ["description", "short_description"])
def test_a_draft_keeps_its_facts_and_the_places_of_its_sentences(seed: int, kind: str) -> None:
    voice = Voice("en", terms=(SOFA,), spelling="us")
    draft = write(kind, title=TITLE, facts=FACTS, language="en", seed=seed)
    said = voice.applied(draft, kind=kind, title=TITLE, facts=FACTS)
    assert [one.fact_keys for one in said.sentences] == [one.fact_keys for one in draft.sentences]
    assert all(said.text[one.start : one.end] == one.text for one in said.sentences)
    assert " couch" not in said.text
    assert " grey" not in said.text
    found = check(said.text, facts=FACTS, title=TITLE, language="en", kind=kind,
                  banned=voice.banned)  # fmt: skip
    assert [finding.check for finding in found if finding.severity == "block"] == []


def test_a_text_past_the_shops_length_loses_its_last_sentences() -> None:
    draft = write("description", title=TITLE, facts=FACTS, language="en", seed=1)
    assert len(draft.sentences) > 1
    voice = Voice("en", longest={"description": 1})
    said = voice.applied(draft, kind="description", title=TITLE, facts=FACTS)
    assert said.text == draft.sentences[0].text
    assert said.sentences == draft.sentences[:1]


@pytest.mark.parametrize(
    ("address", "text", "said"),
    [("nin", "你的迷你茶具，送给你们。", "您的迷你茶具，送给您。"),
     ("ni", "为您准备。", "为你准备。"),
     ("", "你和您", "你和您")],
)  # fmt: skip
def test_shoppers_are_addressed_as_the_shop_does(address: str, text: str, said: str) -> None:
    assert Voice("zh-hans", address=address).say(text) == said


def test_chinese_words_change_inside_a_sentence_and_names_stay() -> None:
    voice = Voice("zh-hans", terms=(Term("杯子", "茶杯"), Term("保温杯子套", kept=True)))
    assert voice.say("这款杯子配保温杯子套。") == "这款茶杯配保温杯子套。"
    assert voice.say("“杯子屋”的杯子") == "“杯子屋”的茶杯"
    assert voice.say("小熊杯子很小", title="小熊杯子") == "小熊杯子很小"


def test_forbidden_words_are_banned_from_text_of_any_author() -> None:
    voice = Voice("en", terms=(SOFA, Term("cheap", forbidden=("cheapo", "bargain"))))
    assert voice.banned == {"settee", "cheapo", "bargain"}
    found = check("A settee of oak in grey.", facts=FACTS, title=TITLE, language="en",
                  kind="description", banned=voice.banned)  # fmt: skip
    assert ("banned", "block") in [(one.check, one.severity) for one in found]


@pytest.mark.parametrize(
    ("word", "text"),
    [("sneaker", "Grey sneakers."), ("pocket knife", "Two pocket knives."), ("box", "Oak boxes."),
     ("body", "Grey bodies."), ("settee", "A Settee."), ("leggings", "Grey leggings.")],
)  # fmt: skip
def test_a_forbidden_word_is_met_in_its_plural_too(word: str, text: str) -> None:
    found = check(text, facts=FACTS, title=TITLE, language="en", kind="description", banned=[word])
    assert [one.rule for one in found if one.check == "banned"] == [f"shop:{word}"]


def test_the_plural_of_a_kept_or_irregular_word_follows_it() -> None:
    knife = Term("penknife", "pocket knife")
    shelf = Voice("en", terms=(Term("board", "shelf"), knife, Term("colour card", kept=True)),
                  spelling="us")  # fmt: skip
    assert shelf.say("Two boards with colour cards.") == "Two shelves with colour cards."


def test_endless_texts_are_said_in_the_shop_s_words() -> None:
    voice = Voice("en", terms=(Term("couch", "ottoman"),))
    said = voice.say("A couch, “so to say”. " * 20_000)
    assert said == "An ottoman, “so to say”. " * 20_000


def test_language_models_are_told_the_whole_voice() -> None:
    voice = Voice("en", terms=(SOFA, Term("cheap", forbidden=("bargain",)),
                               Term("ColourLock", kept=True)),
                  spelling="us", tone="warm and brief", do=("name the room",),
                  dont=("shout", "joke"), longest={"description": 80})  # fmt: skip
    assert voice.as_prompt() == (
        "Tone: warm and brief. Do: name the room. Do not: shout; joke. American spelling. "
        "A description has at most 80 words. Say “sofa”, not “couch” or “settee”. "
        "Never say: bargain. Never translate or change: ColourLock."
    )
    chinese = Voice("zh-hans", address="nin", tone="亲切", terms=(Term("杯子", "茶杯"),))
    assert chinese.as_prompt() == "语气：亲切。 用“您”称呼读者。 用“茶杯”，不用“杯子”。"
    assert "Address the reader as “您”." in chinese.as_prompt("en")
