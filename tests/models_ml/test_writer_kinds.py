"""What the builtin writer writes beside descriptions."""

import pytest

from models_ml.writer.checks import check
from models_ml.writer.checks.lengths import CHANNELS, CHANNELS_OF_KIND
from models_ml.writer.claims import claims
from models_ml.writer.experience import first_person_experience
from models_ml.writer.facts import Fact
from models_ml.writer.kinds import KINDS, LONGEST_TITLE, TooShort
from models_ml.writer.plan import VOICES
from models_ml.writer.realiser import Draft, NotEnoughFacts, write

TITLES = {"en": "Nordvik Fjord Desk Lamp, Navy", "zh-hans": "Nordvik 峡湾台灯 藏青"}
FACTS = [
    Fact("brand", "Nordvik"),
    Fact("weight", "0.30", "kg"),
    Fact("dimensions", "30 x 40 cm"),
    Fact("pack count", "2"),
    *(
        Fact(key, value, language="en")
        for key, value in {
            "material": "Solid Oak",
            "colour": "Navy",
            "origin": "Portugal",
            "care": "wipe clean",
            "suitable for": "reading",
            "warranty": "2 years",
            "dimmable": "Yes",
        }.items()
    ),
    *(
        Fact(key, value, language="zh-hans")
        for key, value in {
            "材质": "橡木",
            "颜色": "藏青",
            "产地": "葡萄牙",
            "保养": "擦拭清洁",
            "用途": "阅读",
        }.items()
    ),
]


def written(
    kind: str, language: str = "en", seed: int = 1, channel: str = "web_push", most: int = 0
) -> Draft:
    return write(
        kind,
        title=TITLES[language],
        facts=FACTS,
        language=language,
        seed=seed,
        channel=channel if kind == "push" else "",
        most=most,
    )


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_only_what_facts_say(kind: str, language: str) -> None:
    for seed in range(40):
        draft = written(kind, language, seed)
        found = check(draft.text, facts=FACTS, title=TITLES[language], language=language, kind=kind)
        assert [f for f in found if f.severity == "block"] == [], draft.text
        said = claims(draft.text, FACTS, TITLES[language], language)
        assert all(claim.is_supported for claim in said), draft.text
        assert first_person_experience(draft.text, language) == [], draft.text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_varies_and_repeats_for_a_seed(kind: str, language: str) -> None:
    assert written(kind, language, 4) == written(kind, language, 4)
    assert len({written(kind, language, seed).text for seed in range(20)}) > 5


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_title_fits_and_names_the_product(language: str) -> None:
    for seed in range(20):
        text = written("title", language, seed).text
        assert len(text) <= LONGEST_TITLE[language]
        assert ("Desk Lamp" if language == "en" else "台灯") in text


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("channel", CHANNELS_OF_KIND["push"])
def test_a_push_fits_its_channel(channel: str, language: str) -> None:
    for seed in range(20):
        text = written("push", language, seed, channel).text
        assert len(text) <= CHANNELS[channel, language].body.usual


def test_a_push_fits_a_given_length_or_says_that_it_cannot() -> None:
    assert all(len(written("push", "en", seed, most=45).text) <= 45 for seed in range(20))
    with pytest.raises(TooShort):
        written("push", "en", most=5)
    with pytest.raises(ValueError, match="carrier_pigeon"):
        written("push", channel="carrier_pigeon")


def test_bullets_are_lines_of_one_fact_each() -> None:
    for seed in range(10):
        draft = written("bullets", "en", seed)
        assert 3 <= len(draft.text.splitlines()) <= 6
        assert [part.text for part in draft.sentences] == draft.text.splitlines()


def test_questions_are_asked_once_and_answered_from_the_facts_they_cite() -> None:
    for seed in range(10):
        draft = written("faq", "zh-hans", seed)
        questions = [line for line in draft.text.splitlines() if line.startswith("问")]
        assert len(questions) == len(set(questions)) == len(draft.sentences)
        assert all(part.fact_keys for part in draft.sentences)


def test_a_guide_tells_care_under_the_heading_of_care() -> None:
    lines = written("guide", "en").text.splitlines()
    (care,) = [line for line in lines if "wipe clean" in line.lower()]
    assert care.startswith(("Looking after it", "Care", "Keeping it in shape"))


def test_a_voice_moves_the_stress_and_changes_no_fact() -> None:
    def bullets(voice: str) -> list[Draft]:
        return [
            write(
                "bullets",
                title=TITLES["en"],
                facts=FACTS,
                language="en",
                seed=seed,
                voice=voice,
            )
            for seed in range(40)
        ]

    def share(drafts: list[Draft], key: str) -> float:
        return sum(key in draft.sentences[0].fact_keys for draft in drafts) / len(drafts)

    assert share(bullets("value"), "pack count") > share(bullets(""), "pack count")
    known = {fact.key for fact in FACTS} | {"title"}
    for voice in VOICES:
        for draft in bullets(voice):
            assert {key for part in draft.sentences for key in part.fact_keys} <= known
    with pytest.raises(ValueError, match="shouting"):
        bullets("shouting")


def test_nobody_s_experience_is_repeated_out_of_a_fact() -> None:
    spoken = [*FACTS, Fact("feature", "I love it and use it every day", language="en")]
    for seed in range(20):
        for kind in ("description", "bullets"):
            text = write(kind, title=TITLES["en"], facts=spoken, language="en", seed=seed).text
            assert "love" not in text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I bought this lamp last year and it still works.", "en"),
        ("Works great for me, highly recommend!", "en"),
        ("My daughter loves the colour.", "en"),
        ("As a mother of two, the size is right.", "en"),
        ("Love it! Will buy again.", "en"),
        ("We have used it for months.", "en"),
        ("我用了一个月，很亮。", "zh-hans"),
        ("亲测好用，已经回购。", "zh-hans"),
        ("收到货了，孩子很喜欢。", "zh-hans"),
        ("用了两周，没有褪色。", "zh-hans"),
    ],
)
def test_invented_experience_is_recognised(text: str, language: str) -> None:
    assert first_person_experience(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The lamp is made of oak and suits a reading corner.", "en"),
        ("Mugs like these come in a pack of 2.", "en"),
        ("An i-shaped stand, recommended for ages 3-6.", "en"),
        ("这款台灯采用橡木制成，适合阅读。", "zh-hans"),
        ("自我保护功能，防烫设计。", "zh-hans"),
    ],
)
def test_plain_copy_is_no_experience(text: str, language: str) -> None:
    assert first_person_experience(text, language) == []


@pytest.mark.parametrize("kind", ["description", "short_description", *KINDS])
@pytest.mark.parametrize(
    ("text", "language"),
    [("This oak lamp is bright. I used it for weeks.", "en"), ("我用了三个月，很亮。", "zh-hans")],
)
def test_an_invented_experience_blocks_copy_of_every_kind(
    kind: str, text: str, language: str
) -> None:
    found = check(text, facts=FACTS, title=TITLES[language], language=language, kind=kind)
    (finding,) = [finding for finding in found if finding.check == "experience"]
    assert finding.severity == "block"
    assert text[finding.start : finding.end].startswith(("I used it", "我用了三个月"))


@pytest.mark.parametrize(
    ("text", "language", "severities"),
    [
        ("Q: Can I wash it?\nA: Yes, at 30 degrees.", "en", []),
        ("问：我可以机洗吗？\n答：可以。", "zh-hans", []),
        ("Q: Was it good when I bought it?", "en", ["block"]),
        ("Replace the wick after 3 months.", "en", ["warn"]),
        ("We recommend washing it by hand.", "en", ["warn"]),
        ("The print reads I love my cat, in red.", "en", ["warn"]),
        ("I love my cat, and the print of this lamp.", "en", ["warn"]),
        ("I love the print.", "en", ["block"]),
        ("我国南方常见的竹编。", "zh-hans", []),
        ("第一次用前请清洗。", "zh-hans", ["warn"]),
    ],
)
def test_what_facts_and_questions_may_say_is_no_invented_review(
    text: str, language: str, severities: list[str]
) -> None:
    facts = [*FACTS, Fact("print", "I love my cat", language="en")]
    found = check(text, facts=facts, title=TITLES[language], language=language, kind="faq")
    assert [one.severity for one in found if one.check == "experience"] == severities


def test_a_product_s_own_name_is_no_experience() -> None:
    name = "I Love Mum Mug"
    assert first_person_experience(f"The {name} holds 330 ml.", "en", [name]) == []


def test_too_few_facts_for_a_guide_name_what_is_wanted() -> None:
    with pytest.raises(NotEnoughFacts) as refusal:
        write("guide", title=TITLES["en"], facts=FACTS[:2], language="en", seed=1)
    assert refusal.value.missing


def test_the_american_market_reads_its_own_spelling_of_the_same_facts() -> None:
    facts = [*FACTS, Fact("lid colour", "grey", language="en")]

    def texts(market: str) -> list[str]:
        return [
            write(
                "description",
                title=TITLES["en"],
                facts=facts,
                language="en",
                seed=seed,
                market=market,
            ).text
            for seed in range(10)
        ]

    assert any("grey" in text for text in texts(""))
    assert [text.replace("grey", "gray") for text in texts("")] == texts("US")
