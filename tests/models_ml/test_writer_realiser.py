"""What the builtin writer writes."""

import csv
import json
import random
import re
from pathlib import Path

import pytest

from models_ml.bench.writer import Case, measure, read_cases
from models_ml.writer.checks import check
from models_ml.writer.claims import claims, sentence_claims
from models_ml.writer.english import with_article
from models_ml.writer.facts import Fact
from models_ml.writer.naming import display_name
from models_ml.writer.realiser import Draft, NotEnoughFacts, write

LAMP = "Nordvik Fjord Desk Lamp, Navy"
LAMP_ZH = "Nordvik 峡湾台灯 藏青"


def english(**values: str) -> list[Fact]:
    return [Fact(key.replace("_", " "), value, language="en") for key, value in values.items()]


def describe(facts: list[Fact], title: str = LAMP, language: str = "en", seed: int = 1) -> Draft:
    return write("description", title=title, facts=facts, language=language, seed=seed)


def many(facts: list[Fact], title: str = LAMP, language: str = "en") -> str:
    """What thirty seeds write, as one text."""
    return "\n".join(describe(facts, title, language, seed).text for seed in range(30))


FACTS = [
    Fact("brand", "Nordvik"),
    *english(
        material="Solid Oak", colour="Navy", origin="Portugal", care="wipe clean", hob="gas hobs"
    ),
    Fact("weight", "0.30", "kg"),
    Fact("dimensions", "30 x 40 cm"),
    Fact("材质", "橡木"),
    Fact("颜色", "藏青"),
    Fact("产地", "葡萄牙"),
    Fact("保养", "擦拭清洁"),
]


def test_the_same_seed_writes_the_same_text_and_others_vary() -> None:
    texts = {describe(FACTS, seed=seed).text for seed in range(20)}
    assert describe(FACTS, seed=3) == describe(FACTS, seed=3)
    assert len(texts) > 12


@pytest.mark.parametrize(("language", "title"), [("en", LAMP), ("zh-hans", LAMP_ZH)])
def test_sentences_cover_the_text_and_each_cites_a_fact(language: str, title: str) -> None:
    for seed in range(30):
        draft = describe(FACTS, title, language, seed)
        assert 2 <= len(draft.sentences) <= 4
        assert all(draft.text[part.start : part.end] == part.text for part in draft.sentences)
        known = {fact.key for fact in FACTS} | {"title"}
        assert all(part.fact_keys and set(part.fact_keys) <= known for part in draft.sentences)
        covered = "".join(part.text for part in draft.sentences)
        assert covered.replace(" ", "") == draft.text.replace(" ", "")


def test_a_short_description_is_one_sentence_and_shorter() -> None:
    for seed in range(10):
        draft = write("short_description", title=LAMP, facts=FACTS, language="en", seed=seed)
        assert len(draft.sentences) == 1
        assert len(draft.text) < len(describe(FACTS, seed=seed).text)


def test_thin_facts_get_no_text_but_what_is_missing() -> None:
    with pytest.raises(NotEnoughFacts) as refusal:
        describe([Fact("brand", "Nordvik"), *english(material="oak")])
    assert refusal.value.missing == ("colour", "dimensions")


def test_facts_that_say_nothing_in_prose_do_not_make_a_description() -> None:
    silent = english(pack_count="1", warranty="No Warranty", wall_mount="No", material="oak")
    with pytest.raises(NotEnoughFacts):
        describe(silent)


def test_the_price_stays_out() -> None:
    text = many([*FACTS, Fact("price", "24.50", "GBP")])
    assert "24" not in text


def test_what_is_false_or_empty_is_not_told() -> None:
    text = many([*FACTS, *english(microwave_safe="No", voltage="NA", dimmable="Yes")])
    assert "microwave" not in text
    assert "dimmable" in text


def test_banned_praise_in_a_fact_is_not_repeated() -> None:
    text = many([*FACTS, *english(feature="best quality ever", style="modern")])
    assert "best" not in text
    assert "modern" in text


def test_a_hedge_is_kept() -> None:
    text = many([*FACTS, *english(burning_time="about 25 hours")])
    assert "25 hours" in text
    assert not re.search(r"(?<!about )25 hours", text)


def test_the_name_ends_where_the_variant_begins_and_does_not_shout() -> None:
    assert display_name(LAMP, "en") == "Nordvik Fjord Desk Lamp"
    assert (
        display_name("WHITE HANGING HEART T-LIGHT HOLDER", "en")
        == "White Hanging Heart T-Light Holder"
    )
    assert display_name("BOX OF LED LIGHTS", "en") == "Box of LED Lights"
    assert display_name("Casio Watch  - For Men", "en") == "Casio Watch"
    assert display_name("Nordvik 峡湾台灯 藏青 900 ml", "zh-hans") == "Nordvik 峡湾台灯"
    assert display_name("METAL LANTERN", "zh-hans") == "Metal Lantern"
    assert display_name("Lamp (藏青)", "zh-hans") == "Lamp (藏青)"


def test_verbs_and_pronouns_agree_with_the_noun() -> None:
    facts = [
        Fact("brand", "Nordvik"),
        *english(material="cotton", colour="red", origin="India", pattern="floral"),
    ]
    curtains = many(facts, "Nordvik Door Curtains")
    assert re.search(r"\b(?:are|come|have)\b", curtains)
    assert not re.search(r"\b(?:It|is|comes|has)\b", curtains)
    glass = many(facts, "Nordvik Wine Glass")
    assert not re.search(r"\b(?:They|are|come)\b", glass)


def test_sentences_do_not_all_begin_alike() -> None:
    facts = [
        *FACTS,
        *english(pattern="floral", style="modern", lining="silk", voltage="12 V", finish="matt"),
    ]
    for seed in range(40):
        starts = [part.text.split()[0] for part in describe(facts, seed=seed).sentences]
        assert not any(starts[index : index + 2] == ["It", "It"] for index in range(len(starts)))


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("oak lamp", "an oak lamp"),
        ("unique print", "a unique print"),
        ("USB port", "a USB port"),
        ("LED bulb", "an LED bulb"),
        ("8 cm gap", "an 8 cm gap"),
        ("18 cm gap", "an 18 cm gap"),
        ("80-page book", "an 80-page book"),
        ("one-year warranty", "a one-year warranty"),
        ("hour glass", "an hour glass"),
        ("curtains", "curtains"),
        ("no assembly", "no assembly"),
    ],
)
def test_articles_follow_the_sound(phrase: str, expected: str) -> None:
    assert with_article(phrase) == expected


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("warranty", "2 years", "a 2-year warranty"),
        ("pack count", "6", "a pack of 6"),
        ("origin", "United Kingdom", "in the United Kingdom"),
        ("age", "from 3 years", "from 3 years of age"),
        ("occasion", "Casual, Formal", "casual and formal occasions"),
        ("audience", "Women, Girls", "women and girls"),
        ("packed", "with mesh bag", "with a mesh bag"),
        ("level", "for beginners", "for beginners"),
        ("free of", "no silicone", "contains no silicone"),
        ("strap material", "Leather Strap", "a leather strap"),
        ("number of pockets", "4", "4 pockets"),
        ("lid included", "Yes", "comes with a lid"),
        ("care", "machine wash at 30 °C", "achine wash at 30 °C."),
        ("size", "2 person", "the 2-person size"),
        ("sleeve", "Half Sleeve", "half sleeves"),
        ("lid shape", "round", "a round lid"),
        ("finish", "MATT", "matt finish"),
    ],
)
def test_values_are_phrased_as_their_key_and_shape_ask_for(key: str, value: str, said: str) -> None:
    base = english(material="oak", pattern="floral", style="modern")
    assert said.lower() in many([*base, Fact(key, value, language="en")]).lower()


def test_a_vessel_holds_what_a_bottle_of_oil_contains() -> None:
    base = [*english(origin="Japan", warranty="2 years"), Fact("capacity", "600", "ml")]
    teapot = many([*base, *english(material="stoneware")], "Stoneware Teapot")
    oil = many([*base, *english(scent="cedar")], "Hair Oil")
    assert re.search("holds 600 ml|capacity of 600 ml", teapot)
    assert "600 ml size" not in teapot
    assert "600 ml size" in oil
    assert "holds" not in oil


def test_chinese_has_no_spaces_between_characters_and_full_width_marks() -> None:
    text = many(FACTS, LAMP_ZH, "zh-hans")
    assert not re.search(r"[\u4e00-\u9fff] [\u4e00-\u9fff]", text)
    assert not re.search(r"[\u4e00-\u9fff][,.;:]", text)
    assert "采用采用" not in text
    assert "300克" in text
    assert "30×40厘米" in text
    washed = many([*FACTS, Fact("保养", "30 °C 机洗")], LAMP_ZH, "zh-hans")
    assert "30℃机洗" in washed


def test_chinese_details_are_told_in_one_breath_and_once() -> None:
    shirt = [
        ("材质", "棉"),
        ("颜色", "白色"),
        ("领型", "圆领"),
        ("门襟", "拉链"),
        ("衣款式", "拉链"),
        ("衣款式", "收腰"),
    ]
    text = describe([Fact(key, value) for key, value in shirt], "短袖衬衫", "zh-hans").text
    assert "圆领、拉链和收腰设计" in text
    assert text.count("拉链") == 1


def test_chinese_is_written_from_chinese_facts_alone() -> None:
    text = many(FACTS, LAMP_ZH, "zh-hans")
    assert "橡木" in text
    assert not re.search("oak|navy|hob|Portugal", text)


def test_a_product_without_a_chinese_title_is_called_by_its_type() -> None:
    text = many([*FACTS, Fact("类型", "台灯")], "NORDVIK DESK LAMP", "zh-hans")
    assert "台灯" in text
    assert "DESK" not in text


KEYS_EN = {
    "material": ["solid oak", "Stainless Steel", "organic cotton"],
    "colour": ["Navy", "Multicolor", "natural"],
    "weight": ["2.5 kg", "300 g"],
    "capacity": ["1.2 L", "4400 mAh"],
    "height": ["30 cm"],
    "width": ["15 inch / 38 cm"],
    "battery life": ["up to 20 hours"],
    "Dishwasher Safe": ["Yes", "No"],
    "scent": ["fig", "unscented"],
    "box contents": ["Laptop, Battery, AC Adapter", "6 cans"],
    "age range": ["3 - 6 years", "adults"],
    "Strap Colour": ["brown"],
    "care": ["hand wash only", "removable cover"],
    "odd detail": ["some thing"],
    "warranty": ["1 Year Manufacturer Warranty"],
}
KEYS_ZH = {
    "材质": ["橡木", "不锈钢", "纯棉"],
    "颜色": ["藏青", "白色"],
    "重量": ["2.5 kg", "300克"],
    "容量": ["1.2 L"],
    "适用年龄": ["3 岁以上", "成人"],
    "香味": ["无花果", "无香"],
    "保养": ["可用洗碗机清洗", "30 °C 机洗"],
    "储存": ["阴凉干燥处存放"],
    "附件": ["附防尘罩"],
    "领型": ["圆领"],
    "袖型": ["泡泡袖"],
    "燃烧时间": ["约 25 小时"],
    "特别细节": ["手绘"],
    "质保": ["一年质保"],
}


@pytest.mark.parametrize(("language", "keys"), [("en", KEYS_EN), ("zh-hans", KEYS_ZH)])
def test_nothing_is_claimed_without_a_fact(language: str, keys: dict[str, list[str]]) -> None:
    rng = random.Random(5)
    title = LAMP if language == "en" else LAMP_ZH
    written = 0
    for seed in range(250):
        chosen = rng.sample(sorted(keys), rng.randint(4, 10))
        facts = [Fact("brand", "Nordvik")]
        facts += [Fact(key, rng.choice(keys[key]), language=language) for key in chosen]
        for kind in ("description", "short_description"):
            try:
                draft = write(kind, title=title, facts=facts, language=language, seed=seed)
            except NotEnoughFacts:
                continue
            written += 1
            findings = check(
                draft.text, facts=facts, title=title, language=language, kind=kind, brands=["Acme"]
            )
            assert [f for f in findings if f.check != "length"] == [], draft.text
    assert written > 400


def test_every_citation_of_the_writer_is_found_again_in_its_text() -> None:
    for seed in range(30):
        draft = describe(FACTS, seed=seed)
        heard = sentence_claims(draft.text, claims(draft.text, FACTS, LAMP, "en"))
        assert [(part.start, part.end) for part in draft.sentences] == [
            (s.start, s.end) for s in heard
        ]
        for sentence, claimed in zip(draft.sentences, heard, strict=True):
            assert set(sentence.fact_keys) <= set(claimed.fact_keys), sentence.text
            assert claimed.unsupported == ()


def blocked_share(path: Path, step: int) -> tuple[int, int]:
    """How many drafts were written for a file's products, and how many a check blocks."""
    written = blocked = 0
    for case in list(read_cases(path))[::step]:
        try:
            draft = describe(list(case.facts), case.title, case.language)
        except NotEnoughFacts:
            continue
        written += 1
        findings = check(
            draft.text,
            facts=case.facts,
            title=case.title,
            language=case.language,
            kind="description",
        )
        blocked += any(finding.severity == "block" for finding in findings)
    return written, blocked


def test_real_english_specifications_become_clean_copy(shared_data: Path) -> None:
    written, blocked = blocked_share(shared_data / "catalogue" / "flipkart_1050.csv", 4)
    assert written > 200
    assert blocked == 0


def test_real_chinese_attributes_become_clean_copy(shared_data: Path) -> None:
    written, blocked = blocked_share(shared_data / "copy" / "advertisegen_zh.jsonl", 3)
    assert written > 200
    assert blocked == 0


def test_a_bare_order_list_is_too_thin_for_copy(tmp_path: Path) -> None:
    path = tmp_path / "products.jsonl"
    row = {
        "titles": {"en": "WHITE METAL LANTERN"},
        "brand": "",
        "price": "3.39",
        "currency": "GBP",
        "attributes": [],
    }
    path.write_text(json.dumps(row) + "\n")
    (case,) = read_cases(path)
    with pytest.raises(NotEnoughFacts):
        describe(list(case.facts), case.title)


def test_the_bench_reads_specifications_with_and_without_keys(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.csv"
    specification = (
        '{"product_specification"=>[{"key"=>"Height", "value"=>"4\\" tall"}, {"value"=>"Watch"}]}'
    )
    with path.open("w", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["product_name", "brand", "description", "product_specifications"])
        sheet.writerow(["Lamp", "Nordvik", "", specification])
    (case,) = read_cases(path)
    assert [(fact.key, fact.value) for fact in case.facts] == [
        ("Height", '4" tall'),
        ("brand", "Nordvik"),
    ]


def test_the_bench_counts_drafts_thin_products_and_alarms_on_human_copy() -> None:
    spoken = [
        fact for fact in FACTS if fact.language == "en" or not re.search("[一-鿿]", fact.value)
    ]
    cases = [
        Case(LAMP, "en", tuple(spoken), "The best lamp."),
        Case("Stool", "en", (Fact("price", "5", "GBP"),)),
    ]
    report = measure(cases, seed=1)
    figures = report["description en"]
    assert (figures["drafts"], figures["too_thin"], figures["share_blocked"]) == (1, 1, 0)
    assert figures["slot_recall"] == 1
    assert report["human copy"]["share_with_finding"]["block banned"] == 1
