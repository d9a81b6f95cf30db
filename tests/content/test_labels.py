"""Labels as storefronts, exports and the desk get them; taking a text over; policies as data."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from rest_framework.test import APIClient

from guidance.content.models import (
    EditorialTakeover,
    LabelPolicy,
    Publication,
    PublishedCopy,
    WebhookMessage,
)
from guidance.content.selectors import published_copy
from guidance.content.services import relabelling
from guidance.content.services.labels import save_label_policy, take_over
from guidance.content.services.publication import withdraw_copy
from guidance.content.services.refusals import Invalid
from guidance.content.services.review import approve_draft, edit_draft
from guidance.core.jobs import run_job
from guidance.core.models import AuditEntry, Job, User
from guidance.core.roles import Role
from tests import factories
from tests.content.conftest import MakeDraft


@pytest.fixture
def publication(make_draft: MakeDraft, mia: User) -> Publication:
    return approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)


def policy(actor: User, language: str = "en", **given: Any) -> LabelPolicy:
    market = factories.market(language=language)
    made = LabelPolicy(market=market, **given)
    made.full_clean()
    save_label_policy(policy=made, changed=list(given), actor=actor)
    return made


def label(storefront: APIClient, **query: str) -> dict[str, Any]:
    answer = storefront.get("/api/v1/products/mug/copy", {"language": "en", **query}).json()
    told: dict[str, Any] = answer["copy"]["description"]["label"]
    return told


def test_every_answer_carries_the_visible_and_the_machine_readable_label(
    publication: Publication, storefront: APIClient
) -> None:
    told = label(storefront)
    assert (told["visible"], told["channel"], told["taken_over"]) == (True, "page", False)
    assert told["provenance"]["identifier"] == f"urn:uuid:{publication.pk}"
    assert label(storefront, channel="push")["notice"] == "AI-generated"
    (change,) = storefront.get("/api/v1/copy", {"channel": "email"}).json()["items"]
    assert change["copy"]["label"] == {**told, "channel": "email"}
    assert storefront.get("/api/v1/products/mug/copy?channel=fax").status_code == 400
    assert storefront.get("/api/v1/products/mug/copy?market=none").status_code == 400


def test_a_take_over_changes_the_label_as_each_market_allows(
    publication: Publication, storefront: APIClient, mia: User, root: User
) -> None:
    union = policy(root, jurisdiction="eu", drops_after_takeover=True)
    states = policy(root, jurisdiction="us")
    china = policy(root, jurisdiction="china")
    before = storefront.get("/api/v1/products/mug/copy").headers["ETag"]
    since = storefront.get("/api/v1/copy").json()["items"][0]["changed_at"]
    take_over(publication=publication, actor=mia, statement="I answer for it.")

    seen = {one: label(storefront, market=one.market.key) for one in (union, states, china)}
    assert [told["visible"] for told in seen.values()] == [False, True, True]
    assert seen[union]["notice"] == ""
    assert all(told["taken_over"] for told in seen.values())
    assert "mia" not in json.dumps(seen[union])
    assert label(storefront)["visible"]  # the strictest market that speaks the language
    assert storefront.get("/api/v1/products/mug/copy").headers["ETag"] != before
    assert storefront.get("/api/v1/copy").json()["items"][0]["changed_at"] > since


def test_a_take_over_is_recorded_once_and_never_changes(
    publication: Publication, mia: User, max_: User
) -> None:
    takeover = take_over(publication=publication, actor=mia, statement=" I answer  for it. ")
    assert (takeover.person, takeover.statement) == (mia, "I answer for it.")
    entry = AuditEntry.objects.get(verb="take_over_copy")
    assert (entry.actor, entry.object_id) == (mia, str(publication.pk))
    with pytest.raises(Invalid):
        take_over(publication=publication, actor=max_, statement="Me too.")
    for change in (takeover.save, takeover.delete, EditorialTakeover.objects.all().delete):
        with pytest.raises(TypeError):
            change()
    with pytest.raises(TypeError):
        EditorialTakeover.objects.update(statement="never")


def test_only_who_may_publish_takes_over_and_only_what_is_served(
    publication: Publication, mia: User, person: Callable[..., User]
) -> None:
    with pytest.raises(PermissionDenied):
        take_over(publication=publication, actor=person(Role.MARKETER), statement="Me.")
    with pytest.raises(Invalid):
        take_over(publication=publication, actor=mia, statement=" ")
    withdraw_copy(copy=PublishedCopy.objects.get(), actor=mia, reason="A wrong claim")
    with pytest.raises(Invalid):
        take_over(publication=publication, actor=mia, statement="Me.")


def test_the_next_version_has_to_be_taken_over_anew(
    publication: Publication, make_draft: MakeDraft, mia: User, storefront: APIClient
) -> None:
    take_over(publication=publication, actor=mia, statement="Me.")
    draft = factories.draft(product=publication.product, text=publication.text)
    edit_draft(draft_id=draft.pk, version=1, actor=mia, text="A mug of oak in black.")
    approve_draft(draft_id=draft.pk, version=2, actor=mia)
    assert label(storefront)["taken_over"] is False
    assert label(storefront)["origin"] == "machine_edited"


def test_a_changed_policy_labels_the_next_answer_and_counts_as_a_change_of_copy(
    publication: Publication, storefront: APIClient, root: User
) -> None:
    since = storefront.get("/api/v1/copy").json()["items"][0]["changed_at"]
    made = policy(root, jurisdiction="us", machine_text="Made with AI")
    assert label(storefront)["notice"] == "Made with AI"
    assert storefront.get("/api/v1/copy").json()["items"][0]["changed_at"] > since
    made.is_shown = False
    save_label_policy(policy=made, changed=["is_shown"], actor=root)
    assert label(storefront)["visible"] is False
    assert AuditEntry.objects.filter(verb="update_label_policy").count() == 1


def test_two_people_change_different_things_of_a_policy_and_both_stay(
    db: None, root: User, mia: User
) -> None:
    first = policy(root, jurisdiction="us")
    second = LabelPolicy.objects.get()
    first.producer = "Tea Ltd"
    save_label_policy(policy=first, changed=["producer"], actor=root)
    second.machine_text = "Made with AI"
    save_label_policy(policy=second, changed=["machine_text"], actor=mia)
    stored = LabelPolicy.objects.get()
    assert (stored.producer, stored.machine_text) == ("Tea Ltd", "Made with AI")


def test_changes_that_make_no_sense_together_and_a_second_policy_are_refused(
    db: None, root: User, mia: User
) -> None:
    first = policy(root, jurisdiction="us")
    second = LabelPolicy.objects.get()
    first.is_shown = False
    save_label_policy(policy=first, changed=["is_shown"], actor=root)
    second.jurisdiction = "eu"
    with pytest.raises(Invalid, match="requires a visible label"):
        save_label_policy(policy=second, changed=["jurisdiction"], actor=mia)
    another = LabelPolicy(market=first.market, jurisdiction="eu")
    with pytest.raises(Invalid):
        save_label_policy(policy=another, changed=["market", "jurisdiction"], actor=mia)


def test_webhooks_are_told_of_every_label_that_changes_once_though_the_job_is_killed(
    make_draft: MakeDraft, mia: User, root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sku in ("mug", "vase", "tray"):
        approve_draft(draft_id=make_draft(sku).pk, version=1, actor=mia)
    factories.webhook_endpoint()
    monkeypatch.setattr(relabelling, "CHUNK", 1)
    policy(root, jurisdiction="us")

    def kill(phase: str, fraction: float) -> None:
        raise KeyboardInterrupt

    job = Job.objects.get()
    with pytest.raises(KeyboardInterrupt):
        run_job(job.pk, kill)
    assert run_job(job.pk) == "succeeded"
    told = WebhookMessage.objects.filter(type="copy.published")
    assert sorted(told.values_list("subject", flat=True)) == ["mug", "tray", "vase"]


def test_labels_that_nobody_listens_to_need_no_job(publication: Publication, root: User) -> None:
    policy(root, jurisdiction="us")
    factories.webhook_endpoint()
    policy(root, jurisdiction="us", language="zh-hans")
    assert not Job.objects.exists()


def test_a_market_that_speaks_another_language_labels_copy_in_it(
    publication: Publication, storefront: APIClient, root: User, desk: Callable[..., Client]
) -> None:
    made = policy(root, language="zh-hans", jurisdiction="us", is_shown=False)
    factories.webhook_endpoint()
    assert label(storefront)["visible"]
    since = storefront.get("/api/v1/copy").json()["items"][0]["changed_at"]
    form = {"key": made.market.key, "name": "Tea", "language": "en", "currency": "EUR",
            "time_zone": "UTC"}  # fmt: skip
    page = f"/admin/core/market/{made.market.pk}/change/"
    assert desk(Role.ADMINISTRATOR).post(page, form).status_code == 302
    assert label(storefront)["visible"] is False
    assert storefront.get("/api/v1/copy").json()["items"][0]["changed_at"] > since
    assert Job.objects.get().params == {"languages": ["en", "zh-hans"]}


def test_labels_cost_no_statement_of_their_own(
    publication: Publication, mia: User, root: User, django_assert_num_queries: Any
) -> None:
    policy(root, jurisdiction="eu", drops_after_takeover=True)
    take_over(publication=publication, actor=mia, statement="Me.")
    published_copy([publication.product_id], "en")  # a process reads a changed policy once
    with django_assert_num_queries(1):
        found = published_copy([publication.product_id], "en")
    assert found[publication.product_id]["description"]["label"]["visible"] is False


@pytest.mark.parametrize(
    "given",
    [{"jurisdiction": "china", "is_shown": False},
     {"jurisdiction": "china", "drops_after_takeover": True},
     {"jurisdiction": "eu", "is_shown": False}],
)  # fmt: skip
@pytest.mark.django_db
def test_what_a_market_requires_cannot_be_switched_off(given: dict[str, Any]) -> None:
    made = LabelPolicy(market=factories.market(), **given)
    with pytest.raises(ValidationError):
        made.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        made.save()


@pytest.mark.django_db
def test_own_words_in_china_must_name_ai_and_that_it_generated_the_text() -> None:
    market = factories.market(language="zh-hans")
    with pytest.raises(ValidationError, match="name AI"):
        LabelPolicy(market=market, jurisdiction="china", machine_text="由我们写成").full_clean()
    LabelPolicy(market=market, jurisdiction="china", machine_text="由AI生成").full_clean()


def test_an_export_carries_labels_and_no_formula(
    make_draft: MakeDraft, mia: User, desk: Callable[..., Client], tmp_path: Any
) -> None:
    draft = make_draft("=1+1")
    made = approve_draft(draft_id=draft.pk, version=1, actor=mia)
    answer = desk(Role.COMPLIANCE).get("/admin/content/publication/export.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["sku"] == "'=1+1"
    assert (row["label_visible"], row["content_id"]) == ("True", str(made.pk))
    assert json.loads(row["provenance"])["identifier"] == f"urn:uuid:{made.pk}"

    path = tmp_path / "copy.jsonl"
    call_command("export_copy", str(path), "--format", "jsonl", "--channel", "push")
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["sku"] == "=1+1"
    assert json.loads(line)["label_notice"] == "AI-generated"


def test_a_person_takes_a_text_over_on_its_page(
    publication: Publication, mia: User, desk: Callable[..., Client]
) -> None:
    client = desk(Role.MERCHANDISER, "editor")
    url = f"/admin/content/publication/{publication.pk}/"
    page = client.get(f"{url}change/").content.decode()
    assert "I take editorial responsibility" in page
    assert client.get(f"{url}take-over/").status_code == 405
    done = client.post(f"{url}take-over/", {"statement": "I answer for it."}, follow=True)
    assert "editor took editorial responsibility" in done.content.decode()
    assert EditorialTakeover.objects.get().person.username == "editor"


def test_a_policy_is_made_on_its_page(desk: Callable[..., Client]) -> None:
    client, market = desk(Role.COMPLIANCE), factories.market()
    sent = {"market": market.pk, "jurisdiction": "china", "is_shown": "on",
            "drops_after_takeover": "on"}  # fmt: skip
    url = "/admin/content/labelpolicy/add/"
    assert "the label stays" in client.post(url, sent).content.decode()
    del sent["drops_after_takeover"]
    assert client.post(url, sent).status_code == 302
    assert LabelPolicy.objects.get().revision
