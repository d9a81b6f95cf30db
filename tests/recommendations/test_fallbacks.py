"""The chain model -> co-occurrence -> popularity, by breaking the real things it stands on."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations import rankers
from guidance.recommendations.models import Surface
from guidance.training.models import ModelVersion
from tests.trained import let_serve_alone, rewrite_manifest

pytestmark = pytest.mark.usefixtures("home", "shopper", "sold")


def _ask(storefront: APIClient) -> tuple[dict[str, Any], Decision]:
    (answer,) = storefront.get(
        "/api/v1/recommendations", {"surface": "home", "customer": "ann"}
    ).json()
    assert len(answer["items"]) == 4
    return answer, Decision.objects.get(pk=answer["decision_id"])


def test_a_corrupt_model_file_leaves_co_occurrence(
    storefront: APIClient, version: ModelVersion
) -> None:
    let_serve_alone(version.folder, "transformer")
    file = version.folder / "encoder.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    answer, decision = _ask(storefront)
    assert answer["policy"] == decision.policy == "co_occurrence"
    assert decision.fallback_from.startswith(f"model: recommender {version.number}: encoder.onnx")
    assert decision.policy_version == f"recommender {version.number}"


def test_a_file_that_is_garbage_with_the_right_checksum_leaves_co_occurrence(
    storefront: APIClient, version: ModelVersion
) -> None:
    let_serve_alone(version.folder, "transformer")
    (version.folder / "encoder.onnx").write_bytes(b"no onnx at all")
    rewrite_manifest(version.folder)
    answer, decision = _ask(storefront)
    assert answer["policy"] == "co_occurrence"
    assert "encoder.onnx" in decision.fallback_from


@pytest.mark.parametrize("part", ["content", "co_occurrence"])
def test_a_model_that_is_one_part_alone_serves_without_the_network_s_files(
    storefront: APIClient, version: ModelVersion, part: str
) -> None:
    let_serve_alone(version.folder, part)
    (version.folder / "encoder.onnx").write_bytes(b"no onnx at all")
    (version.folder / "own_items.onnx").unlink()
    answer, decision = _ask(storefront)
    assert answer["policy"] == "model"
    assert decision.fallback_from == ""


def test_a_model_that_is_one_part_alone_stands_on_that_part_s_files(
    storefront: APIClient, version: ModelVersion
) -> None:
    let_serve_alone(version.folder, "content")
    file = version.folder / "content_strengths.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    answer, decision = _ask(storefront)
    assert answer["policy"] == "co_occurrence"
    assert decision.fallback_from.startswith(
        f"model: recommender {version.number}: content_strengths.npy"
    )


def test_everything_corrupt_leaves_popularity(storefront: APIClient, version: ModelVersion) -> None:
    (version.folder / "items.npy").write_bytes(b"\x93NUMPY")
    answer, decision = _ask(storefront)
    assert answer["policy"] == "popularity"
    assert answer["items"][0]["reason"] == "Popular right now"
    assert "model: " in decision.fallback_from
    assert "co_occurrence: " in decision.fallback_from


def test_a_registry_row_whose_folder_is_gone_leaves_popularity(
    storefront: APIClient, version: ModelVersion
) -> None:
    shutil.rmtree(version.folder)
    answer, decision = _ask(storefront)
    assert answer["policy"] == "popularity"
    assert "the file is missing" in decision.fallback_from


def test_no_registry_row_leaves_popularity(storefront: APIClient) -> None:
    answer, decision = _ask(storefront)
    assert answer["policy"] == "popularity"
    assert decision.fallback_from == (
        "model: no model was ever trained; co_occurrence: no model was ever trained"
    )
    assert decision.policy_version == ""


def test_a_registry_row_that_vanishes_while_serving_leaves_popularity(
    storefront: APIClient, version: ModelVersion
) -> None:
    assert _ask(storefront)[0]["policy"] == "model"
    version.delete()
    assert _ask(storefront)[0]["policy"] == "popularity"


def test_a_missed_deadline_leaves_popularity_and_is_named(
    storefront: APIClient, version: ModelVersion
) -> None:
    Surface.objects.update(deadline_ms=0)
    answer, decision = _ask(storefront)
    assert answer["policy"] == "popularity"
    assert decision.fallback_from == (
        "model: missed its deadline of 0 ms; co_occurrence: missed its deadline of 0 ms"
    )


def test_a_slow_surface_does_not_spoil_a_patient_one(
    storefront: APIClient, version: ModelVersion
) -> None:
    Surface.objects.create(key="hurried", name="Hurried", limit=4, deadline_ms=0)
    answers = storefront.get(
        "/api/v1/recommendations", {"surface": "hurried,home", "customer": "ann"}
    ).json()
    assert [answer["policy"] for answer in answers] == ["popularity", "model"]


def test_without_a_promotion_the_best_baseline_serves(
    storefront: APIClient, new_version: Callable[..., ModelVersion]
) -> None:
    new_version(status="refused", passed=False)
    answer, decision = _ask(storefront)
    assert answer["policy"] == "co_occurrence"
    assert decision.fallback_from == "model: no model is promoted"


def test_the_policies_of_experiments_are_served_by_name(
    storefront: APIClient, version: ModelVersion
) -> None:
    for policy in ("ease", "repeat_frequency", "best_baseline", "popularity"):
        Surface.objects.update(policy=policy)
        answer, decision = _ask(storefront)
        served = "co_occurrence" if policy == "best_baseline" else policy
        assert answer["policy"] == served
        assert decision.fallback_from == ""


def test_a_broken_newcomer_leaves_the_version_before_it_in_place(
    storefront: APIClient, new_version: Callable[..., ModelVersion]
) -> None:
    old = new_version()
    assert _ask(storefront)[1].policy_version == f"recommender {old.number}"
    ModelVersion.objects.filter(pk=old.pk).update(status="retired")
    new = new_version()
    let_serve_alone(new.folder, "transformer")
    (new.folder / "encoder.onnx").unlink()
    answer, decision = _ask(storefront)
    assert answer["policy"] == "model"
    assert decision.policy_version == f"recommender {old.number}"
    assert decision.fallback_from.startswith(f"recommender {new.number}: encoder.onnx")


def test_a_repaired_version_serves_when_it_is_looked_at_again(
    storefront: APIClient, version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_serve_alone(version.folder, "transformer")
    file = version.folder / "encoder.onnx"
    good = file.read_bytes()
    file.unlink()
    assert _ask(storefront)[0]["policy"] == "co_occurrence"
    file.write_bytes(good)
    assert _ask(storefront)[0]["policy"] == "co_occurrence"
    monkeypatch.setattr(rankers, "RETRY_SECONDS", 0.0)
    answer, decision = _ask(storefront)
    assert answer["policy"] == "model"
    assert decision.fallback_from == ""


def test_promotion_reaches_the_next_answer_and_a_rollback_too(
    storefront: APIClient, new_version: Callable[..., ModelVersion]
) -> None:
    old = new_version()
    new = new_version(status="candidate")
    served = [_ask(storefront)[1].policy_version]
    for promoted, retired in ((new, old), (old, new)):
        ModelVersion.objects.filter(pk=retired.pk).update(status="retired")
        ModelVersion.objects.filter(pk=promoted.pk).update(status="promoted")
        served.append(_ask(storefront)[1].policy_version)
    assert served == [f"recommender {v.number}" for v in (old, new, old)]


def test_a_history_beyond_all_measure_is_answered(
    storefront: APIClient, version: ModelVersion, shopper: Customer
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from guidance.behaviour.models import Event
    from guidance.catalog.models import Product
    from guidance.core.ids import new_id

    products, now = list(Product.objects.all()), timezone.now()
    Event.objects.bulk_create(
        Event(
            id=new_id(),
            kind="view",
            customer=shopper,
            product=products[number % len(products)],
            occurred_at=now - timedelta(minutes=number),
        )
        for number in range(5_000)
    )
    assert _ask(storefront)[0]["policy"] == "model"
