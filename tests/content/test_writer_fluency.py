"""The writer's recipe where nobody decided anything yet: language models from the shop's own copy,
judged on held-out products, promoted by a person, and survived by drafting when they break.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from guidance.catalog.models import Product, ProductAttribute
from guidance.content.corpus import shop_texts, subjects
from guidance.content.models import PublishedCopy
from guidance.content.reranking import promoted_chooser
from guidance.content.services.review import approve_draft
from guidance.core.jobs import run_job
from guidance.core.models import User
from guidance.core.roles import Role
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.services import PromotionRefused, promote_version, request_training
from models_ml.writer.preference.data import is_held_out
from models_ml.writer.realiser import VERSION
from models_ml.writer.reranker import NETWORK
from tests.content.conftest import MakeDraft
from tests.content.test_learning import Desk
from tests.models_ml.decided import decided

PRODUCTS = 160
FEW_STEPS = {"minutes": 30.0, "steps": 150}
PLAIN_WRITER = f"builtin {VERSION}"


def _describe(count: int) -> None:
    """Give the shop products whose descriptions keep a house style."""
    for number in range(count):
        row = decided(number)
        product = Product.objects.create(
            sku=row.product,
            title=row.title,
            brand=row.facts[0].value,
            descriptions={"en": row.published},
        )
        ProductAttribute.objects.bulk_create(
            ProductAttribute(product=product, key=f.key, value=f.value, unit=f.unit, language="en")
            for f in row.facts
            if f.key != "brand"
        )


def _requested() -> TrainingRun:
    return request_training(
        recipe_key="writer", requested_by=None, start=False, params=dict(FEW_STEPS)
    )


@pytest.fixture
def shop(transactional_db: None) -> None:
    _describe(PRODUCTS)


def test_fluency_alone_is_trained_judged_promoted_and_chooses(
    shop: None, max_: User, make_draft: MakeDraft, desk: Desk
) -> None:
    run = _requested()
    assert run_job(run.job_id) == "succeeded"
    version = ModelVersion.objects.get(run=run)
    assert version.status == ModelVersion.Status.CANDIDATE, version.verdict
    figures = version.run.report["languages"]["en"]
    assert figures["perplexity"] < figures["perplexity_before"] / 5
    assert 400_000 < figures["weights"] < 1_500_000
    assert version.metrics["model"]["bits"] < version.metrics["plain"]["bits"]
    assert version.metrics["model"]["unsupported_claims"] == 0
    promote_version(version=version, actor=max_)
    drafts = [make_draft(f"new-{number}") for number in range(4)]
    assert {draft.writer for draft in drafts} == {f"{PLAIN_WRITER}+writer {version.number}"}
    assert all(draft.blocking_findings == 0 for draft in drafts)
    url = reverse("admin:training_modelversion_change", args=[version.pk])
    html = desk(Role.ANALYST).get(url).content.decode()
    assert "Passed: it chooses texts that read more like the shop&#x27;s own copy" in html
    assert "Perplexity after" in html
    assert "Surprise (bits a piece)" in html
    assert 'data-figure="figure-held-out"' not in html
    _break(version)
    draft = make_draft("broken")
    assert draft.writer == f"{PLAIN_WRITER} without writer {version.number}"
    assert promoted_chooser().model is None


def _break(version: ModelVersion) -> None:
    (version.folder / "en" / NETWORK).write_bytes(b"broken")
    version.status = ModelVersion.Status.CANDIDATE
    with pytest.raises(PromotionRefused):
        promote_version(version=version, actor=None)


def test_a_killed_job_goes_on_with_the_language_it_was_at(shop: None) -> None:
    run = _requested()
    heard: list[float] = []

    def hear(phase: str, fraction: float) -> None:
        if phase == "learning how the shop writes":
            heard.append(fraction)

    def kill(phase: str, fraction: float) -> None:
        hear(phase, fraction)
        if len(heard) == 120:
            raise SystemExit

    with pytest.raises(SystemExit):
        run_job(run.job_id, kill)
    assert not ModelVersion.objects.exists()
    work = Path(settings.JOB_DIR) / str(run.job_id) / "en"
    assert (work / "checkpoints" / "training.pt").exists()
    heard.clear()
    assert run_job(run.job_id, hear) == "succeeded"
    assert len(heard) < 60, "it did not begin again"
    assert not work.exists()
    assert ModelVersion.objects.get(run=run).run.report["languages"]["en"]["steps"] == 150


def test_too_little_text_is_told_with_what_would_be_enough(transactional_db: None) -> None:
    _describe(20)
    run = _requested()
    assert run_job(run.job_id) == "failed"
    run.job.refresh_from_db()
    assert "copy or descriptions of at least 50 products" in run.job.error
    assert "texts of copy to learn fluency from, and 50 are needed" in str(run.job.log)


def test_live_copy_descriptions_titles_and_facts_are_read_and_prose_is_told_apart(
    make_draft: MakeDraft, max_: User
) -> None:
    draft = make_draft("a")
    approve_draft(draft_id=draft.pk, version=1, actor=max_)
    product = draft.product
    product.descriptions = {"en": "<p>A fine thing.</p>"}
    product.save()
    found = {one.text: one.is_prose for one in shop_texts("en")}
    assert found[draft.text] is True
    assert found["A fine thing."] is True
    assert found[product.title_in("en")] is False
    assert any(": " in text and not is_prose for text, is_prose in found.items())
    PublishedCopy.objects.update(status=PublishedCopy.Status.WITHDRAWN)
    assert draft.text not in {one.text for one in shop_texts("en")}


def test_held_out_products_are_parted_from_all_others(db: None) -> None:
    _describe(40)
    held, rest = subjects("en", held_out=True), subjects("en", held_out=False)
    assert len(held) + len(rest) == 40
    assert all(is_held_out(one.product) for one in held)
    assert not any(is_held_out(one.product) for one in rest)
    assert {fact.key for fact in held[0].facts} >= {"brand", "material", "capacity"}


def test_what_web_processes_and_schedulers_import_brings_no_torch(tmp_path: Path) -> None:
    told = (
        "import django, sys\n"
        "django.setup()\n"
        "import guidance.content.frames, guidance.content.learning, guidance.content.reranking\n"
        "print({'torch', 'transformers', 'tokenizers'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
        env={"DJANGO_SETTINGS_MODULE": "shopguide.settings.test", "SHOPGUIDE_VAR": str(tmp_path)},
    )
    assert done.stdout.strip() == "set()"
