"""The writer's bench: what it counts, and that its second checker stands on its own feet."""

import ast
import json
from pathlib import Path

import pytest

from models_ml.bench import second_checker
from models_ml.bench.__main__ import main
from models_ml.bench.second_checker import SecondChecker
from models_ml.bench.variety import distinct_2, self_bleu
from models_ml.bench.writer_cases import Case, catalogue_prose
from models_ml.bench.writer_slots import Reader, left_out
from models_ml.writer.facts import Fact
from models_ml.writer.ngrams import LanguageModel, perplexity


@pytest.mark.parametrize(
    ("key", "value", "text", "told"),
    [
        ("color", "Multicolor", "It is multicoloured.", True),
        ("material", "Wooden", "It is made of wood.", True),
        ("weight", "0.30 kg", "It weighs 300 g.", True),
        ("weight", "0.30 kg", "It weighs 30 g.", False),
        ("audience", "Men, Women", "It suits men.", False),
        ("Microwave Safe", "Yes", "It is microwave safe.", True),
        ("风格", "简约", "整体为简约风格。", True),
        ("重量", "2.5 kg", "重2.5公斤。", True),
        ("颜色", "白色", "颜色为黑色。", False),
    ],
)
def test_a_slot_counts_only_when_the_text_itself_tells_it(
    key: str, value: str, text: str, told: bool
) -> None:
    assert Reader(text).tells(Fact(key, value)) is told


def test_what_copy_does_not_owe_is_named() -> None:
    reasons = {
        left_out(Fact(key, value, language="en"), "en")
        for key, value in [
            ("price", "5"),
            ("Chronograph", "No"),
            ("feature", "x " * 60),
            ("colour", "NA"),
            ("feature", "best ever"),
            ("colour", "red"),
        ]
    }
    assert reasons == {
        "identifier or price",
        "absent feature",
        "prose of the maker",
        "empty or markup",
        "banned words",
        "",
    }


def test_the_second_checker_shares_no_code_with_the_writer() -> None:
    tree = ast.parse(Path(second_checker.__file__).read_text("utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    assert not [name for name in imported if name.startswith("models_ml")]


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("The lamp is made of oak and weighs 300 g.", []),
        ("The lamp is made of pine and weighs 400 g.", ["400", "pine"]),
        ("It is waterproof and comes from Acme.", ["Acme", "waterproof"]),
        ("It comes with two shades.", ["two"]),
        ("台灯采用橡木制成，颜色为藏青。", []),
        ("台灯饰有条纹图案，重五公斤。", ["五", "条纹"]),
    ],
)
def test_the_second_checker_finds_what_no_fact_says(text: str, alone: list[str]) -> None:
    known = ["Nordvik Lamp", "material solid oak", "weight 0.3 kg", "材质 橡木", "颜色 藏青"]
    assert sorted(SecondChecker(known).unsupported(text)) == alone


def test_the_language_model_knows_its_own_kind_of_text() -> None:
    texts = [f"这款{noun}采用{stuff}制成。" for noun in "裙裤衫鞋帽" for stuff in "棉麻丝毛皮"]
    model = LanguageModel(texts, "zh-hans")
    own, foreign = (
        perplexity(model, ["这款裙采用棉制成。"]),
        perplexity(model, ["成制棉用采裙款这。"]),
    )
    assert own * 3 < foreign


def test_probabilities_of_the_language_model_sum_to_one() -> None:
    model = LanguageModel(["甲乙丙", "甲乙丁", "乙丙丁甲"], "zh-hans")
    vocabulary = [*"甲乙丙丁", "</s>", "unseen"]
    for context in (("<s>", "甲", "乙"), ("丙", "丁", "丁")):
        total = sum(model._probability((*context, piece)) for piece in vocabulary)
        assert total == pytest.approx(1)


def test_variety_tells_one_sentence_from_many() -> None:
    same = ["The lamp is made of oak and comes in navy."] * 6
    varied = [
        "Oak and navy.",
        "A mug for tea.",
        "Cotton shirts, three to a pack.",
        "This rug measures two metres.",
    ]
    assert self_bleu(same, "en", 1) == pytest.approx(100)
    assert self_bleu(varied, "en", 1) < 30
    assert distinct_2(same, "en") < distinct_2(varied, "en") == 1


def test_the_shop_s_stock_phrases_are_no_copy() -> None:
    stock = "Buy Lamp only for Rs. 199 from Flipkart.com. Only Genuine Products. Free Shipping."
    prose = "This lamp of oak throws its light where you read and folds away when you are done."
    assert catalogue_prose(stock, "Lamp") == ""
    dump = f"Key Features of Lamp,Lamp Price: Rs. 199 {prose},Specifications of Lamp General Red"
    assert catalogue_prose(dump, "Lamp") == prose


def test_makers_are_on_one_side_only() -> None:
    def of(brand: str, title: str) -> Case:
        return Case(title, "en", (Fact("brand", brand),), prose="Some words.")

    assert of("Acme", "A mug").half == of("Acme Home", "A lamp").half
    assert {of(f"Maker{number}", "A mug").half for number in range(20)} == {"judge", "writer"}


def test_the_report_has_the_agreed_keys_at_its_top(tmp_path: Path) -> None:
    lines = [
        {
            "content": f"类型#裙*材质#{stuff}*颜色#{colour}*风格#简约*图案#条纹",
            "summary": f"这款裙子选用{stuff}面料，{colour}的配色简约大方，第{number}款。",
        }
        for number, (stuff, colour) in enumerate([("棉", "白色"), ("蕾丝", "粉色")] * 4)
    ]
    facts, out = tmp_path / "rows.jsonl", tmp_path / "report.json"
    facts.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    main(["writer", "--facts", str(facts), "--json", str(out)])
    report = json.loads(out.read_text("utf-8"))
    for name in ("slot_recall", "unsupported_claims", "unsupported_claims_second"):
        assert report[name] == report["description zh-hans"][name]
    assert report["slot_recall"] == 1
    assert report["provider"] == "builtin"
    assert {"self_bleu_one_template", "perplexity_ratio", "ms_per_text"} <= report.keys()


def test_an_unknown_provider_is_refused_by_name(tmp_path: Path) -> None:
    facts = tmp_path / "rows.jsonl"
    facts.write_text('{"content": "类型#裙*材质#棉", "summary": ""}', "utf-8")
    with pytest.raises(SystemExit, match="nobody"):
        main(
            ["writer", "--facts", str(facts), "--provider", "nobody", "--json", str(tmp_path / "o")]
        )
