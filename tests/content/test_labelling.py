"""What shoppers and machines are told of who wrote a text, by market and channel."""

import uuid
from datetime import UTC, datetime

import pytest

from guidance.content.labelling import (
    USUAL,
    Channel,
    Jurisdiction,
    Origin,
    Policy,
    Stage,
    names_ai,
    provenance,
    usual_policy,
    visible_label,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
ID = uuid.UUID("0198a3c4-0000-7000-8000-000000000001")


def origin(**given: object) -> Origin:
    told = {"writer": "gpt-x 4", "language": "en", "version": 3, "is_edited": False}
    return Origin(**{"publication_id": ID, "published_at": AT, **told, **given})


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("channel", Channel)
def test_in_china_the_label_stays_and_says_ai_generated_whatever_editors_do(
    stage: Stage, channel: Channel
) -> None:
    lax = Policy(jurisdiction=Jurisdiction.CHINA, is_shown=False, drops_after_takeover=True)
    for policy in (lax, usual_policy("zh-hans")):
        shown = visible_label(policy, channel, stage, "zh-hans")
        assert shown.visible
        assert names_ai(shown.notice)


def test_in_the_union_the_label_goes_only_once_an_editor_answers_for_the_text() -> None:
    union = USUAL[Jurisdiction.EU]
    seen = {stage: visible_label(union, Channel.PAGE, stage, "en").visible for stage in Stage}
    assert seen == {Stage.MACHINE: True, Stage.EDITED: True, Stage.TAKEN_OVER: False}
    hidden = Policy(jurisdiction=Jurisdiction.EU, is_shown=False)
    assert visible_label(hidden, Channel.PAGE, Stage.MACHINE, "en").visible


def test_in_the_states_the_label_is_kept_unless_the_shop_leaves_it_out() -> None:
    kept = visible_label(USUAL[Jurisdiction.US], Channel.EMAIL, Stage.TAKEN_OVER, "en")
    assert kept.visible
    off = Policy(jurisdiction=Jurisdiction.US, is_shown=False)
    assert visible_label(off, Channel.EMAIL, Stage.MACHINE, "en").notice == ""


def test_a_push_carries_a_short_label_and_a_shop_may_word_its_own() -> None:
    push = visible_label(usual_policy("zh-hans"), Channel.PUSH, Stage.MACHINE, "zh-hans")
    assert push.notice == "AI生成"
    texts = ((Stage.EDITED, False, "Made with AI"),)
    own = Policy(jurisdiction=Jurisdiction.US, language="en", texts=texts)
    assert visible_label(own, Channel.PAGE, Stage.EDITED, "en").notice == "Made with AI"
    assert visible_label(own, Channel.PAGE, Stage.MACHINE, "en").notice != "Made with AI"
    assert visible_label(own, Channel.PAGE, Stage.EDITED, "zh-hans").notice != "Made with AI"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("本内容由人工智能生成", True), ("AI生成", True), ("AI-generated", True), ("AI", False),
     ("Generated fairly", False), ("由编辑写成", False)],
)  # fmt: skip
def test_a_notice_names_ai_and_that_it_generated_the_text(text: str, expected: bool) -> None:
    assert names_ai(text) is expected


@pytest.mark.parametrize(
    ("writer", "is_edited", "source"),
    [("gpt-x 4", False, "trainedAlgorithmicMedia"),
     ("gpt-x 4", True, "compositeWithTrainedAlgorithmicMedia"),
     ("builtin 1", False, "algorithmicMedia"),
     ("builtin 1", True, "compositeSynthetic")],
)  # fmt: skip
def test_machines_are_told_the_source_the_provider_and_the_content_id(
    writer: str, is_edited: bool, source: str
) -> None:
    told = provenance(origin(writer=writer, is_edited=is_edited), Policy())
    assert told["digitalSourceType"].endswith(f"/{source}")
    assert told["identifier"] == f"urn:uuid:{ID}"
    assert told["editor"]["roleName"] == ("editor" if is_edited else "reviewer")


@pytest.mark.parametrize(
    ("writer", "name", "version", "source"),
    [("builtin 5", "builtin", "5", "algorithmicMedia"),
     ("builtin 5+writer 3", "builtin", "5+writer 3", "trainedAlgorithmicMedia"),
     ("builtin 5 without writer 3", "builtin", "5", "algorithmicMedia"),
     ("openai gpt 4o mini", "openai", "gpt 4o mini", "trainedAlgorithmicMedia"),
     ("openai a+b/c d", "openai", "a+b/c d", "trainedAlgorithmicMedia"),
     ("someone", "someone", None, "trainedAlgorithmicMedia"),
     ("", "unknown", None, "trainedAlgorithmicMedia")],
)  # fmt: skip
def test_machines_are_told_who_wrote_it_whatever_it_is_called(
    writer: str, name: str, version: str | None, source: str
) -> None:
    told = provenance(origin(writer=writer), Policy())
    assert (told["creator"]["name"], told["creator"].get("softwareVersion")) == (name, version)
    assert told["digitalSourceType"].endswith(f"/{source}")


def test_machines_are_told_the_implicit_label_of_the_chinese_standard() -> None:
    policy = Policy(jurisdiction=Jurisdiction.CHINA, producer="001191310000MA1K")
    told = provenance(origin(taken_over_at=AT), policy)
    assert told["additionalProperty"]["propertyID"] == "AIGC"
    label = told["additionalProperty"]["value"]
    assert (label["Label"], label["ContentProducer"]) == ("1", "001191310000MA1K")
    assert (label["ProduceID"], label["PropagateID"]) == (str(ID), str(ID))
    assert set(label) == {
        "Label", "ContentProducer", "ProduceID", "ReservedCode1",
        "ContentPropagator", "PropagateID", "ReservedCode2",
    }  # fmt: skip
    assert told["editor"]["roleName"] == "responsible editor"
