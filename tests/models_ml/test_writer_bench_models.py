"""The writer bench with a language model: a server that a test speaks for, and a tiny model."""

import json
from pathlib import Path
from typing import Any

import pytest

from models_ml.bench.__main__ import main
from tests.llm_peer import Reply, copy_answer, peer, refusing, saying
from tests.models_ml.tiny_model import make_tiny_model

GOOD = copy_answer(("这款裙子采用棉制成，颜色为白色，整体为简约风格。", ["材质", "颜色", "风格"]))
WRONG = copy_answer(("这款裙子采用纯金制成，重九公斤。", ["材质"]))


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """Six products of one language."""
    row = {"content": "类型#裙*材质#棉*颜色#白色*风格#简约", "summary": "棉质白裙。"}
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join([json.dumps(row, ensure_ascii=False)] * 6), "utf-8")
    return path


def _measured(facts: Path, *options: str) -> dict[str, Any]:
    out = facts.with_name("report.json")
    main(["writer", "--facts", str(facts), "--json", str(out), "--kinds", "description", *options])
    report: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return report


def _by_server(facts: Path, *replies: Reply, limit: int = 4) -> tuple[dict[str, Any], int]:
    """Return the report and how often the server was asked."""
    with peer(*replies) as server:
        server_options = ("--provider", "openai", "--url", server.url, "--model", "peer")
        report = _measured(facts, *server_options, "--limit", str(limit))
        return report, len(server.requests)


def test_a_servers_texts_are_measured_with_what_they_cost(facts: Path) -> None:
    report, asked = _by_server(facts, saying(GOOD))
    assert (report["provider"], report["model"], report["products"]) == ("openai", "peer", 4)
    assert (report["by_model"], report["fallbacks"], report["refused"], asked) == (4, 0, 0, 4)
    assert (report["prompt_tokens"], report["completion_tokens"]) == (400, 80)
    assert (
        report["description zh-hans"]["samples"] == [json.loads(GOOD)["sentences"][0]["text"]] * 4
    )
    assert (report["slot_recall"], report["unsupported_claims"]) == (1, 0)
    assert report["seconds"] >= 0


def test_answers_that_fail_are_refused_and_the_builtin_writer_stands_in(facts: Path) -> None:
    report, asked = _by_server(facts, saying(WRONG))
    assert (report["by_model"], report["fallbacks"], report["refused"], asked) == (0, 4, 8, 8)
    assert report["fallback_reasons"] == {"checks_failed": 4}
    assert report["unsupported_claims"] == 0


def test_a_first_answer_that_the_second_mends_is_refused_and_no_fallback(facts: Path) -> None:
    report, _asked = _by_server(facts, saying("Sure!"), saying(GOOD), limit=2)
    assert (report["by_model"], report["fallbacks"], report["refused"]) == (2, 0, 1)


def test_a_server_that_refuses_is_left_alone_and_counted(facts: Path) -> None:
    report, asked = _by_server(facts, refusing(401), limit=6)
    assert (report["fallbacks"], report["refused"], report["failed_requests"]) == (6, 0, asked)
    assert set(report["fallback_reasons"]) <= {"unavailable", "circuit_open"}


def test_a_model_on_disk_babbles_and_is_replaced(facts: Path, tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model")
    local = ("--provider", "transformers", "--path", str(folder), "--max-tokens", "60")
    report = _measured(facts, *local, "--limit", "2")
    assert (report["by_model"], report["fallbacks"], report["refused"]) == (0, 2, 4)
    assert report["completion_tokens"] > 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--provider", "openai", "--url", "http://127.0.0.1:1/v1"], "--model"),
        (["--provider", "transformers"], "--path"),
        (["--provider", "openai", "--url", "x", "--model", "y", "--drafts", "9"], "builtin"),
    ],
)
def test_what_a_provider_lacks_is_said(facts: Path, options: list[str], told: str) -> None:
    with pytest.raises(SystemExit, match=told):
        _measured(facts, *options)
