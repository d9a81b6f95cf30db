"""An adapter learned at the desk: asked for, measured, promoted, in service, and rolled back."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.adapters import has_enough
from guidance.content.models import Draft
from guidance.content.selectors.effect import effect_by_version
from guidance.content.services.drafting import request_drafts
from guidance.content.services.examination import facts_as_json
from guidance.content.services.providers import chosen_writer, reach_writer
from guidance.core.jobs import run_job
from guidance.core.models import User
from guidance.core.roles import Role
from guidance.training.hooks import recipe, verdict_in_words
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.services import (
    CannotTrain,
    PromotionRefused,
    promote_version,
    request_due_training,
    request_training,
    roll_back,
)
from models_ml.writer.adapters.train import train_adapter
from models_ml.writer.preference.data import Decided
from tests import factories
from tests.content.conftest import MakeProduct
from tests.models_ml.adapter_house import (
    PUBLISHED,
    ROW,
    SETTINGS,
    WRITTEN,
    house_lessons,
    make_house_model,
    same_rows,
)
from tests.models_ml.tiny_model import make_tiny_model

Desk = Callable[..., Client]
FACTS = {"material": "oak", "colour": "black", "capacity": "350 ml"}
# A training through the desk takes its settings from its run.
PARAMS = {
    "batch": 2,
    "supervised_rate": 1e-2,
    "supervised_rounds": 9,
    "most_supervised_steps": 20,
    "preference_rate": 2e-4,
    "most_preference_steps": 2,
}


@pytest.fixture
def mug(make_product: MakeProduct) -> Product:
    return make_product("mug", title="Acme Mug", facts=FACTS)


@pytest.fixture
def house_row(mug: Product) -> Decided:
    """What the desk decided of a mug, with the facts as the shop has them."""
    return replace(ROW, title=mug.title, facts=tuple(facts_of([mug], "en")[mug.pk]))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def base(models: Path, house_row: Decided, settings: LazySettings) -> Path:
    """A model on disk that writes mugs; made once for all tests."""
    folder = models / "house-model"
    if not folder.exists():
        make_house_model(folder, house_row)
    settings.WRITER_PROVIDER, settings.LLM_PATH = "transformers", str(folder)
    settings.LLM_MAX_TOKENS, settings.LLM_CONCURRENCY = 200, 8
    return folder


@pytest.fixture
def candidate(base: Path, house_row: Decided, settings: LazySettings) -> ModelVersion:
    """A version whose adapter turns WRITTEN into PUBLISHED."""
    settings.MODEL_DIR = base.parent
    folder = base.parent / "adapter"
    if not folder.exists():
        folder.mkdir()
        train_adapter(house_lessons(house_row), str(base), folder, base.parent / "kept", SETTINGS)
    return factories.model_version(
        recipe="writer_adapter",
        directory="adapter",
        best_baseline="base_model",
        status=ModelVersion.Status.CANDIDATE,
    )


def _decide(row: Decided, reviewer: User, writer: str = "transformers house-model") -> Draft:
    """Store a decided text as the desk would have left it."""
    product, _made = Product.objects.get_or_create(
        sku=row.product, defaults={"title": row.title, "brand": "Acme"}
    )
    return Draft.objects.create(
        product=product,
        kind=row.kind,
        language=row.language,
        text=row.published,
        sentences=[{"text": row.written, "told": []}],
        facts=facts_as_json(row.facts),
        writer=writer,
        status=Draft.Status.APPROVED,
        decided_by=reviewer,
        decided_at=timezone.now(),
        edited_by=reviewer if row.is_edited else None,
    )


def _draft(product: Product) -> Draft:
    Draft.objects.filter(product=product).delete()
    run_job(request_drafts(requested_by=None, start=False, product_ids=[product.pk]).pk)
    return Draft.objects.get(product=product)


@pytest.mark.django_db(transaction=True)
def test_a_training_through_the_desk_makes_a_candidate_that_saves_edits(
    base: Path, house_row: Decided, max_: User, desk: Desk
) -> None:
    for row in same_rows(32, house_row):
        _decide(row, max_)
    assert has_enough()
    run = request_training(
        recipe_key="writer_adapter", requested_by=None, params=PARAMS, start=False
    )
    run_job(run.job_id)
    run.job.refresh_from_db()
    assert run.job.status == "succeeded", run.job.error
    version = ModelVersion.objects.get(run=run)
    assert version.status == ModelVersion.Status.CANDIDATE, version.verdict
    model, alone = version.metrics["model"], version.metrics["base_model"]
    assert (model["unsupported_claims"], model["unread"]) == (0, 0)
    assert model["edits"] < alone["edits"] / 3
    learned = version.run.report["learned"]
    assert learned["preferences"] == learned["examples"] > 20
    assert "supervised: step 20 of 20, loss" in run.job.log
    assert not (version.folder / "checkpoints").exists()
    url = reverse("admin:training_modelversion_change", args=[version.pk])
    page = desk(Role.ANALYST).get(url).content.decode()
    assert "Passed: clearly fewer edits than the base model alone" in page
    assert "base model alone" in page
    assert 'data-figure="figure-held-out"' in page
    assert 'data-figure="figure-effect"' in page
    assert "NDCG" not in page


@pytest.mark.django_db(transaction=True)
def test_the_promoted_adapter_writes_the_drafts_which_say_so_until_it_is_rolled_back(
    candidate: ModelVersion, make_product: MakeProduct, max_: User
) -> None:
    promote_version(version=candidate, actor=max_)
    mugs = [make_product(f"mug-{number}", title="Acme Mug", facts=FACTS) for number in range(8)]
    run_job(request_drafts(requested_by=None, start=False, product_ids=[one.pk for one in mugs]).pk)
    # It draws its words: this house's adapter writes so in nine of ten, the base in one of ten.
    texts = list(Draft.objects.filter(provider="transformers").values_list("text", flat=True))
    assert texts.count(PUBLISHED) >= 5
    draft = Draft.objects.filter(text=PUBLISHED)[0]
    assert draft.fallback_reason == ""
    assert draft.writer == f"transformers house-model+writer_adapter {candidate.number}"
    assert (draft.provider, draft.model[-11:]) == ("transformers", "house-model")
    roll_back(recipe_key="writer_adapter", actor=max_)
    assert chosen_writer().config.adapter == ""


@pytest.mark.django_db(transaction=True)
def test_over_another_base_model_the_adapter_is_left_out_and_the_doctor_says_why(
    candidate: ModelVersion, mug: Product, max_: User, tmp_path: Path, settings: LazySettings
) -> None:
    promote_version(version=candidate, actor=max_)
    assert reach_writer()[0]
    other = tmp_path / "other-model"
    other.mkdir()
    settings.LLM_PATH = str(make_tiny_model(other, seed=5))
    is_well, detail = reach_writer()
    assert not is_well
    assert f"writer_adapter {candidate.number}: the adapter was trained for another" in detail


def test_an_adapter_of_another_base_model_is_not_promoted(
    candidate: ModelVersion, max_: User, tmp_path: Path, settings: LazySettings
) -> None:
    settings.LLM_PATH = str(make_tiny_model(tmp_path, seed=5))
    with pytest.raises(PromotionRefused, match="another base model"):
        promote_version(version=candidate, actor=max_)


def test_without_a_model_on_disk_the_page_says_what_is_needed_and_nothing_trains(
    db: None, desk: Desk
) -> None:
    people = desk(Role.MERCHANDISER)
    listed = reverse("admin:training_trainingrun_changelist")
    page = people.get(listed).content.decode()
    assert "set LLM_PATH to its folder" in page
    assert 'value="writer_adapter"' not in page
    url = reverse("admin:training_trainingrun_start")
    answer = people.post(url, {"recipe": "writer_adapter"}, follow=True)
    assert "set LLM_PATH to its folder" in answer.content.decode()
    assert answer.redirect_chain == [(listed, 302)]
    with pytest.raises(CommandError, match="LLM_PATH"):
        call_command("train", "writer_adapter")
    with pytest.raises(CannotTrain):
        request_training(recipe_key="writer_adapter", requested_by=None)
    assert request_due_training(recipe_key="writer_adapter") is None
    assert not recipe("writer_adapter").is_ready()
    assert not TrainingRun.objects.exists()


def test_with_a_model_on_disk_it_can_be_asked_for(
    db: None, desk: Desk, settings: LazySettings
) -> None:
    settings.WRITER_PROVIDER, settings.LLM_PATH = "transformers", "some/model"
    page = desk(Role.MERCHANDISER).get(reverse("admin:training_trainingrun_changelist"))
    start = page.content.decode().index('value="writer_adapter"')
    assert "Train writer adapter now" in page.content.decode()[start:]
    assert not has_enough()


def test_the_effect_counts_edits_by_the_adapter_that_wrote(db: None, max_: User) -> None:
    rows = same_rows(5)
    for row in rows[:2]:
        _decide(row, max_)
    for row in rows[2:4]:
        _decide(replace(row, published=WRITTEN), max_, "transformers m+writer_adapter 2")
    _decide(rows[4], max_, "builtin 3+writer 2")
    before, after = effect_by_version("writer_adapter")
    assert (before.number, before.texts, before.untouched_rate) == (0, 2, 0.0)
    assert (after.number, after.texts, after.edits_per_text) == (2, 2, 0.0)


def test_a_refusal_is_worded_against_the_base_model(db: None) -> None:
    refused = {
        **factories.PASSED_VERDICT,
        "passed": False,
        "problems": ["base_model", "unsupported_claims"],
        "products": 12,
        "comparisons": [{"against": "base_model", "difference": 0.5, "low": -1, "high": 2}],
    }
    told = " ".join(verdict_in_words("writer_adapter", refused))
    assert "it does not clearly save edits against the base model alone" in told
    assert "it claims more that no fact supports than the base model" in told
    assert "against base model alone: +0.50" in told
    assert "12 products are decided; 30 are needed." in told
