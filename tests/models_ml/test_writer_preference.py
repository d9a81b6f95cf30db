"""Learning a house's style from decided texts: what is preferred, measured, gated and kept."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models_ml.recommender.artefacts import ArtefactError
from models_ml.writer.facts import Fact
from models_ml.writer.openings import Openings, opening
from models_ml.writer.preference.data import (
    Decided,
    ShopText,
    Subject,
    candidate_seeds,
    is_kept_back,
    other_texts,
)
from models_ml.writer.preference.features import DIMENSIONS, feature_rows
from models_ml.writer.preference.files import WEIGHTS, load, save
from models_ml.writer.preference.fluency import corpus_of, judge
from models_ml.writer.preference.measure import LEAST_PRODUCTS, Measured, verdict
from models_ml.writer.preference.model import Fluency, PreferenceModel, choose, fluent_only
from models_ml.writer.preference.train import learn, train
from tests.models_ml.decided import decided, facts_of, many


def _scores(model: PreferenceModel, row: Decided, *texts: str) -> list[float]:
    return list(model.scorer(facts=row.facts, title=row.title, language=row.language)(texts))


@pytest.fixture(scope="module")
def house() -> PreferenceModel:
    """A preference learned from forty edited texts."""
    return learn(many(40))[0]


def test_what_an_editor_makes_of_an_unseen_product_s_text_scores_above_the_text(
    house: PreferenceModel,
) -> None:
    fresh = [row for row in (decided(number) for number in range(100, 130)) if row.is_edited]
    won = [
        edited > written
        for edited, written in (_scores(house, row, row.published, row.written) for row in fresh)
    ]
    assert len(won) > 20
    assert np.mean(won) > 0.9


def test_a_rejected_wording_scores_below_those_nobody_rejected() -> None:
    def reject_instructions(text: str, _brand: str) -> str | None:
        return None if "Care instructions" in text else text

    rows = many(60, reject_instructions)
    assert 5 < sum(row.published is None for row in rows) < 40
    model, _pairs = learn(rows)
    row = decided(200)
    bad, good = _scores(model, row, "Care instructions: hand wash.", "For care, hand wash.")
    assert bad < good


def test_what_was_approved_as_it_stood_scores_above_other_wordings() -> None:
    def likes_bare(text: str, _brand: str) -> str | None:
        return text if ". Hand wash." in text else None

    model, _pairs = learn(many(60, likes_bare))
    row = decided(200)
    good, bad = _scores(model, row, "The mug. Hand wash.", "The mug. Care instructions: hand wash.")
    assert good > bad


def test_values_do_not_count_so_that_a_wording_is_one_for_all_products() -> None:
    def row_of(material: str) -> np.ndarray:
        facts = [Fact("material", material, "", "en")]
        text = f"The mug is made of {material}."
        return feature_rows([text], facts=facts, title="Mug", language="en").toarray()

    assert (row_of("oak") == row_of("linen")).all()
    other = feature_rows(
        ["The mug is crafted from oak."],
        facts=[Fact("material", "oak", "", "en")],
        title="Mug",
        language="en",
    )
    assert (other.toarray() != row_of("oak")).any()


def test_chinese_texts_are_told_apart_by_characters_and_bounded_in_size() -> None:
    facts = [Fact("origin", "中国", "", "zh-hans")]
    texts = ["这款茶杯产自中国。", "这款茶杯在中国制造。"]
    rows = feature_rows(texts, facts=facts, title="茶杯", language="zh-hans")
    assert rows.shape == (2, DIMENSIONS)
    assert (rows[0] != rows[1]).nnz > 5


def test_the_same_decisions_give_the_same_weights() -> None:
    rows = many(12)
    assert (learn(rows)[0].weights == learn(rows)[0].weights).all()


def test_a_product_is_held_out_in_every_version_of_the_data_and_by_its_own_key_alone() -> None:
    rows = many(200)
    held = {row.product for row in rows if row.is_held_out}
    assert 30 < len(held) < 70
    again = [replace(row, written="else", language="zh-hans", published=None) for row in rows]
    assert {row.product for row in again if row.is_held_out} == held


def test_training_passes_the_gate_on_a_consistent_style_and_never_on_chance() -> None:
    outcome = train(many(90))
    assert outcome.verdict["passed"], outcome.verdict
    assert outcome.candidates["model"]["edits"] < outcome.candidates["plain"]["edits"]
    assert outcome.candidates["model"]["unsupported_claims"] == 0
    unmoved = train(many(60, lambda text, _brand: text))
    assert unmoved.verdict["problems"] == ["plain"]


def test_too_few_products_are_refused_whatever_they_say() -> None:
    found = train(many(LEAST_PRODUCTS - 1)).verdict
    assert not found["passed"]
    assert "too_few_products" in found["problems"]


def _measured(edits: np.ndarray, unsupported: int = 0) -> tuple[Measured, np.ndarray]:
    return Measured(float(edits.mean()), 1.0, 0.5, unsupported, len(edits)), edits


def test_the_gate_refuses_what_needs_more_edits_than_today_s_model() -> None:
    plain, good = np.full(40, 10.0), np.full(40, 6.0)
    assert verdict(40, _measured(good), _measured(plain), _measured(good))["passed"]
    worse = verdict(40, _measured(good + 1), _measured(plain), _measured(good))
    assert worse["problems"] == ["current_model"]
    assert (worse["against"], worse["difference"]) == ("current_model", -1.0)


def test_the_gate_refuses_unsupported_claims_however_few_the_edits() -> None:
    plain, good = np.full(40, 10.0), np.full(40, 6.0)
    found = verdict(40, _measured(good, unsupported=1), _measured(plain), None)
    assert found["problems"] == ["unsupported_claims"]


def test_today_s_model_is_measured_on_the_same_texts(house: PreferenceModel) -> None:
    outcome = train(many(40), current=house)
    assert outcome.candidates["current_model"]["texts"] == outcome.candidates["model"]["texts"]
    against = [one["against"] for one in outcome.verdict["comparisons"]]
    assert against == ["plain", "current_model"]


def test_nothing_to_learn_from_or_to_measure_with_is_said() -> None:
    held = [row for row in many(40) if row.is_held_out]
    learning = [row for row in many(40) if not row.is_held_out]
    with pytest.raises(ValueError, match="prefers"):
        train(held)
    with pytest.raises(ValueError, match="held-out"):
        train(learning)


def test_progress_goes_on_and_may_stop_the_training() -> None:
    heard: list[tuple[str, float]] = []
    train(many(40), on_progress=lambda phase, share: heard.append((phase, share)))
    assert list(dict.fromkeys(phase for phase, _share in heard)) == ["prepare", "fit", "evaluate"]

    def stop(phase: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(many(40), on_progress=stop)


def test_candidates_begin_with_the_plain_seed_and_others_leave_out_what_was_seen() -> None:
    assert candidate_seeds(5, 3)[0] == 5
    row = decided(3)
    others = other_texts(row, 8)
    assert len(others) > 3
    assert row.written not in others
    assert other_texts(replace(row, facts=facts_of(3)[:1]), 8) == []


def _by_length(spread: float = 1.0) -> Fluency:
    return Fluency(lambda texts: np.array([float(len(text)) for text in texts]), spread)


def _chosen(model: PreferenceModel, texts: list[str], openings: Openings | None = None) -> int:
    scorer = model.scorer(facts=facts_of(1), title="Mug", language="en")
    return choose(texts, scorer, openings or Openings())


def test_without_decisions_the_most_fluent_text_is_chosen_and_of_equals_the_first() -> None:
    model = fluent_only({"en": _by_length()})
    assert _chosen(model, ["a", "bb", "c"]) == 1
    assert _chosen(model, ["a", "b"]) == 0
    assert _chosen(fluent_only({}), ["a", "bb"]) == 0, "a language without a model"
    with pytest.raises(ValueError, match="no text"):
        _chosen(model, [])


def test_the_house_s_taste_and_fluency_count_together(house: PreferenceModel) -> None:
    texts = ["The mug holds 350 ml.", "The mug has a capacity of 350 ml."]
    assert _chosen(house, texts) == 0
    weak = replace(house, fluency_weight=1.0, fluencies={"en": _by_length(spread=100.0)})
    assert _chosen(weak, texts) == 0
    strong = replace(house, fluency_weight=1.0, fluencies={"en": _by_length(spread=0.1)})
    assert _chosen(strong, texts) == 1


def test_an_opening_that_the_shop_has_had_enough_of_gives_way() -> None:
    model = fluent_only({"en": _by_length()})
    texts = ["The lamp is made of oak.", "Made of oak, it is good."]
    openings = Openings()
    assert _chosen(model, texts, openings) == 0
    picked = [_chosen(model, texts, openings) for _ in range(10)]
    assert 1 in picked
    crowded = Openings(["The lamp is made of pine."] * 30)
    assert _chosen(model, texts, crowded) == 1
    assert opening(texts[0]) == "the lamp is"
    assert opening("这款茶杯产自中国。") == "这款茶杯"


def test_fluency_gets_its_weight_from_products_that_no_language_model_learned_from() -> None:
    rows = [row for row in many(90) if not row.is_held_out]
    fluency, opposite = _by_length(spread=50.0), _by_length(spread=-50.0)
    seen = [row for row in rows if not is_kept_back(row.product)]
    assert len(seen) < len(rows)
    assert learn(seen, {"en": fluency})[0].fluency_weight == 0.0
    assert learn(rows, {"en": fluency})[0].fluency_weight > 0.0
    assert learn(rows, {"en": opposite})[0].fluency_weight == 0.0, "it never counts against a text"


def test_texts_are_parted_by_their_products_so_that_nothing_measured_is_learned() -> None:
    texts = [ShopText(f"p{n}", f"text {n}", is_prose=True) for n in range(200)]
    titles = [ShopText(f"p{n}", f"title {n}", is_prose=False) for n in range(200)]
    corpus = corpus_of([*texts, *titles])
    parts = (corpus.learning, corpus.kept_back, corpus.judging)
    numbers = [{text.split()[1] for text in part} for part in parts]
    assert not numbers[0] & (numbers[1] | numbers[2])
    assert not numbers[1] & numbers[2]
    assert 90 < corpus.prose < 150
    assert all(text.startswith("text") for text in (*corpus.kept_back, *corpus.judging))
    assert corpus.is_enough
    assert not corpus_of(titles).is_enough


def _subjects(count: int) -> list[Subject]:
    rows = [row for row in many(4 * count) if row.is_held_out][:count]
    return [Subject(row.product, row.language, row.title, row.facts) for row in rows]


def _like_the_house(texts: Sequence[str]) -> np.ndarray:
    return np.array([float("holds" in text) + float("made in" in text) for text in texts])


def test_fluency_alone_passes_only_where_another_model_finds_its_texts_closer() -> None:
    own = [row.published for row in many(300) if row.is_held_out and row.published]
    good = PreferenceModel(np.zeros(DIMENSIONS), 1.0, {"en": Fluency(_like_the_house, 1.0)})
    bad = PreferenceModel(np.zeros(DIMENSIONS), -1.0, {"en": Fluency(_like_the_house, 1.0)})
    found = judge({"model": good}, _subjects(60), {"en": own})
    assert found["passed"], found
    assert found["judged"]["model"]["bits"] < found["judged"]["plain"]["bits"]
    assert found["judged"]["model"]["unsupported_claims"] == 0
    assert judge({"model": bad}, _subjects(60), {"en": own})["problems"] == ["plain"]
    worse = judge({"model": bad, "current_model": good}, _subjects(60), {"en": own})
    assert worse["problems"] == ["plain", "current_model"]
    few = judge({"model": good}, _subjects(9), {"en": own})
    assert "too_few_products" in few["problems"]
    assert judge({"model": good}, _subjects(60), {"en": own[:3]})["products"] == 0
    once = judge({"model": good}, _subjects(20), {"en": own})
    twice = judge({"model": good}, [*_subjects(20), *_subjects(20)], {"en": own})
    assert twice["products"] == once["products"]


def test_a_saved_model_is_read_back_and_a_changed_file_refused(
    house: PreferenceModel, tmp_path: Path
) -> None:
    save(house, tmp_path, {"data": "40-x"})
    assert (load(tmp_path).weights == house.weights).all()
    assert (tmp_path / WEIGHTS).stat().st_size < 200_000
    (tmp_path / WEIGHTS).write_bytes(b"else")
    with pytest.raises(ArtefactError, match=r"weights\.npz"):
        load(tmp_path)
    with pytest.raises(ArtefactError, match="missing"):
        load(tmp_path / "nowhere")
