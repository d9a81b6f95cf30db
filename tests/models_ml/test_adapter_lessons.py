"""What decided texts teach a language model, and how what it writes then is measured and judged."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models_ml.writer.adapters.examples import answer_of, lessons_of, messages_of, task_of
from models_ml.writer.adapters.measure import (
    judged,
    measuring_rows,
    verdict,
    written_texts,
    yardstick,
)
from models_ml.writer.facts import Fact
from models_ml.writer.preference.data import Decided
from models_ml.writer.preference.measure import LEAST_PRODUCTS, Measured
from models_ml.writer.providers.builtin import BuiltinProvider
from models_ml.writer.providers.prompts import sentences_of
from models_ml.writer.terms import Terms
from tests.models_ml.adapter_house import FACTS, PUBLISHED, ROW, WRITTEN
from tests.models_ml.decided import many


def _said(answer: str | None, row: Decided = ROW) -> str:
    assert answer is not None
    return sentences_of(json.loads(answer), task_of(row, {}))[0]


def _few() -> list[Decided]:
    """Return eight texts to learn from and four of held-out products."""
    rows = many(60)
    learning = [row for row in rows if not row.is_held_out]
    return [*learning[:8], *measuring_rows(rows, 4)]


def test_an_edited_text_is_an_example_and_preferred_to_what_was_written() -> None:
    lessons = lessons_of([ROW], {"en": "Be warm."}, Terms({"Acme"}))
    (example,), (preference,) = lessons.examples, lessons.preferences
    assert _said(example.completion) == PUBLISHED
    assert preference.chosen == example.completion
    assert _said(preference.rejected) == WRITTEN
    assert "Be warm." in example.messages[0].content
    assert example.messages == preference.messages == messages_of(ROW, {"en": "Be warm."})


LINES = {
    "faq": "Q: What is it made of?\nA: It is made of oak.\nQ: What colour is it?\nA: It is black.",
    "bullets": "Made of oak.\nIn black.",
}


@pytest.mark.parametrize("kind", LINES)
def test_a_text_in_lines_is_learned_as_the_lines_it_has(kind: str) -> None:
    row = replace(ROW, kind=kind, written=LINES[kind], published=LINES[kind])
    (example,) = lessons_of([row], {}, Terms(())).examples
    assert _said(example.completion, row) == LINES[kind]
    assert len(json.loads(example.completion)["sentences"]) == 2


def test_what_was_approved_as_it_stood_is_an_example_and_prefers_nothing() -> None:
    lessons = lessons_of([replace(ROW, published=WRITTEN)], {}, Terms(()))
    assert [_said(one.completion) for one in lessons.examples] == [WRITTEN]
    assert lessons.preferences == ()


def test_a_rejected_text_loses_to_what_was_published_of_the_same_product_alone() -> None:
    rejected = replace(ROW, written="This Acme Mug is black, of oak.", published=None)
    alone = lessons_of([rejected], {}, Terms(()))
    assert (alone.examples, alone.preferences) == ((), ())
    approved = replace(ROW, published=WRITTEN)
    (preference,) = lessons_of([rejected, approved], {}, Terms(())).preferences
    assert (_said(preference.chosen), _said(preference.rejected)) == (WRITTEN, rejected.written)
    other = replace(approved, product="another")
    assert lessons_of([rejected, other], {}, Terms(())).preferences == ()


def test_a_text_that_claims_what_no_fact_carries_teaches_nothing() -> None:
    lie = replace(ROW, published="The Acme Mug is made of steel and holds 900 ml.")
    assert lessons_of([lie], {}, Terms(())).examples == ()
    stranger = replace(ROW, published=f"{PUBLISHED} It goes with Northtone.")
    assert lessons_of([stranger], {}, Terms({"Northtone"})).examples == ()


def test_every_sentence_cites_its_facts_and_one_that_tells_none_stands_with_its_neighbour() -> None:
    answer = answer_of(f"Look here. {PUBLISHED} Simple as that.", ROW)
    assert answer is not None
    first, second = json.loads(answer)["sentences"]
    assert first == {"text": "Look here. This mug by Acme is black.", "facts": first["facts"]}
    assert set(first["facts"]) == {"title", "brand", "colour"}
    assert second["text"].endswith("350 ml. Simple as that.")
    assert answer_of("Simple as that.", ROW) is None


def test_chinese_sentences_are_put_together_without_a_space() -> None:
    facts = (Fact("origin", "中国", "", "zh-hans"), Fact("colour", "黑色", "", "zh-hans"))
    row = Decided("杯", "description", "zh-hans", "茶杯", facts, "这款茶杯产自中国。", None)
    text = "请看。这款茶杯产自中国。颜色为黑色。"
    assert _said(answer_of(text, row), row) == text


def test_no_answer_is_learned_that_the_schema_could_not_hold() -> None:
    assert answer_of("The Acme Mug is black. " * 13, ROW) is None


def test_the_prompt_leaves_out_facts_that_copy_may_not_state() -> None:
    price = Fact("price", "12.50")
    row = replace(ROW, facts=(*FACTS, price))
    assert {fact.key for fact in task_of(row, {}).facts} == {fact.key for fact in FACTS}
    assert "12.50" not in messages_of(row, {})[-1].content


def test_the_same_few_held_out_products_measure_every_version() -> None:
    rows = many(60)
    few = measuring_rows(rows, 8)
    assert len(few) == 8
    assert all(row.is_held_out for row in few)
    assert measuring_rows(rows[::-1], 8) == few


def test_figures_are_edits_to_what_was_published_claims_and_estimated_rates() -> None:
    measure = yardstick(_few())
    perfect = measure.measure([row.published for row in measure.rows])
    assert (perfect[0].edits, perfect[0].unsupported_claims) == (0.0, 0)
    plain = measure.measure(written_texts(BuiltinProvider(), measure.rows, {}))
    assert plain[0].edits > 3
    assert perfect[0].approval_rate == plain[0].approval_rate == 1.0
    assert perfect[0].unedited_rate >= plain[0].unedited_rate
    lies = measure.measure(["It is made of solid gold and weighs 77 kg." for _ in measure.rows])
    assert lies[0].unsupported_claims >= len(measure.rows)


def test_an_answer_that_cannot_be_read_costs_the_whole_text_and_is_never_approved() -> None:
    rows = _few()
    measure = yardstick(rows)
    texts = [row.published for row in measure.rows]
    half = [text if number % 2 else None for number, text in enumerate(texts)]
    found = measure.measure(half)[0]
    assert found.approval_rate == pytest.approx(0.5)
    assert found.edits > 5
    figures, _verdict = judged(rows, measure, {"model": half, "base_model": texts})
    assert (figures["model"]["unread"], figures["base_model"]["unread"]) == (2, 0)


def test_nothing_published_of_held_out_products_is_said() -> None:
    with pytest.raises(ValueError, match="held-out"):
        yardstick([row for row in many(12) if not row.is_held_out])


def _measured(edits: np.ndarray, unsupported: int = 0) -> tuple[Measured, np.ndarray]:
    return Measured(float(edits.mean()), 1.0, 0.5, unsupported, len(edits)), edits


def test_the_gate_asks_for_clearly_fewer_edits_than_the_base_model_and_no_claim_more() -> None:
    base, good = np.full(20, 10.0), np.full(20, 6.0)
    assert verdict(40, _measured(good, 2), _measured(base, 2), None)["passed"]
    claims = verdict(40, _measured(good, 3), _measured(base, 2), None)
    assert claims["problems"] == ["unsupported_claims"]
    chance = np.array([9.0, 11.0] * 10)
    assert verdict(40, _measured(chance), _measured(base), None)["problems"] == ["base_model"]
    few = verdict(LEAST_PRODUCTS - 1, _measured(good), _measured(base), None)
    assert few["problems"] == ["too_few_products"]
    worse = verdict(40, _measured(good + 1), _measured(base), _measured(good))
    assert worse["problems"] == ["current_model"]
    assert (worse["against"], worse["difference"]) == ("current_model", -1.0)
