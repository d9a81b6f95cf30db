"""Push texts at the desk: asked for by channel, checked by it, and served under it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from guidance.catalog.models import ProductAttribute
from guidance.content.briefs import Brief
from guidance.content.models import (
    Draft,
    Kind,
    MissingFacts,
    PlannedCopy,
    PublishedCopy,
    WebhookMessage,
)
from guidance.content.selectors.published import LIVE_COPY, copy_by_product
from guidance.content.services.drafting import draft_products, request_drafts
from guidance.content.services.export import export_copy
from guidance.content.services.missing import supply_facts
from guidance.content.services.refusals import ChecksFailed, OwnRequest
from guidance.content.services.review import approve_draft, edit_draft
from guidance.content.services.rewriting import rewrite_draft
from guidance.content.services.wording import candidates
from guidance.core.jobs import run_job
from guidance.core.models import Job, Market, User
from guidance.core.roles import Role
from models_ml.writer.checks.lengths import CHANNELS, CHANNELS_OF_KIND
from tests import factories
from tests.content.conftest import MakeProduct

MakePush = Callable[..., Draft]


@pytest.fixture(autouse=True)
def _shop(db: None) -> None:
    Market.objects.create(key="uk", name="UK", language="en", is_default=True)


@pytest.fixture
def make_push(make_product: MakeProduct) -> MakePush:
    def make(channel: str = "ios", sku: str = "mug", **wanted: Any) -> Draft:
        product = Draft.objects.filter(product__sku=sku).first()
        chosen = product.product if product else make_product(sku)
        draft_products(
            product_ids=[chosen.pk],
            kind=Kind.PUSH,
            language="en",
            requested_by=wanted.pop("requested_by", None),
            brief=Brief(channel=channel, **wanted),
        )
        return Draft.objects.select_related("product").get(product=chosen, channel=channel)

    return make


def test_the_desk_knows_every_channel_that_the_library_writes_pushes_for() -> None:
    channels = dict(Draft._meta.get_field("channel").choices or [])
    assert set(channels) == set(CHANNELS_OF_KIND["push"])


@pytest.mark.parametrize("channel", CHANNELS_OF_KIND["push"])
def test_a_push_is_drafted_for_its_channel_and_fits_it(make_push: MakePush, channel: str) -> None:
    draft = make_push(channel)
    assert (draft.kind, draft.channel, draft.blocking_findings) == ("push", channel, 0)
    assert len(draft.text) <= CHANNELS[channel, "en"].body.usual
    assert draft.is_high_risk


def test_a_job_drafts_one_push_per_channel_and_no_second_one(make_product: MakeProduct) -> None:
    make_product("mug")
    for channel in ("ios", "sms", "ios"):
        brief = Brief(channel=channel)
        job = request_drafts(kind=Kind.PUSH, brief=brief, requested_by=None, start=False)
        run_job(job.pk)
        job.refresh_from_db()
        assert job.status == Job.Status.SUCCEEDED, job.error
    assert sorted(Draft.objects.values_list("channel", flat=True)) == ["ios", "sms"]


def test_a_push_has_a_channel_and_no_other_copy_has_one(make_push: MakePush) -> None:
    draft = make_push()
    for change in ({"channel": ""}, {"kind": Kind.DESCRIPTION}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Draft.objects.filter(pk=draft.pk).update(**change)


def test_the_length_that_was_asked_for_is_written_checked_and_kept(
    make_push: MakePush, mia: User, root: User
) -> None:
    draft = make_push(longest=30)
    assert len(draft.text) <= 30
    assert all(len(one.text) <= 30 for one in candidates(draft))
    long = "The mug is made of oak and comes in black."
    edited = edit_draft(draft_id=draft.pk, version=1, actor=mia, text=long)
    assert [finding["check"] for finding in edited.findings] == ["asked_length"]
    with pytest.raises(ChecksFailed):
        approve_draft(draft_id=draft.pk, version=2, actor=root)
    again = rewrite_draft(draft_id=draft.pk, version=2, actor=mia)
    assert (len(again.text) <= 30, again.longest) == (True, 30)


def test_a_name_that_does_not_fit_is_counted_and_neither_drafted_nor_called_thin(
    make_product: MakeProduct,
) -> None:
    product = make_product("mug", title="Voyager Insulated Travel Mug With Two Handles")
    wanted = Brief(channel="ios", longest=10)
    job = request_drafts(
        kind=Kind.PUSH, product_ids=[product.pk], brief=wanted, requested_by=None, start=False
    )
    run_job(job.pk)
    job.refresh_from_db()
    assert (job.result["drafted"], job.result["cramped"]) == (0, 1)
    assert not MissingFacts.objects.exists()


def test_missing_facts_remember_the_channel_and_draft_for_it(
    make_product: MakeProduct, root: User
) -> None:
    product = make_product("lamp", title="Lumen Lamp", facts={})
    for channel in ("ios", "sms"):
        draft_products(
            product_ids=[product.pk],
            kind=Kind.PUSH,
            language="en",
            requested_by=None,
            brief=Brief(channel=channel, longest=60),
        )
    row = MissingFacts.objects.get(channel="sms")
    supplied = supply_facts(values={row.pk: dict.fromkeys(row.keys, "oak")}, actor=root)
    assert supplied.drafted == 2
    assert set(Draft.objects.values_list("channel", "longest")) == {("ios", 60), ("sms", 60)}
    assert not MissingFacts.objects.exists()


def test_who_edits_a_push_never_approves_it(make_push: MakePush, mia: User, max_: User) -> None:
    draft = make_push()
    edit_draft(draft_id=draft.pk, version=1, actor=mia, text="A mug of oak in black.")
    with pytest.raises(OwnRequest):
        approve_draft(draft_id=draft.pk, version=2, actor=mia)
    assert approve_draft(draft_id=draft.pk, version=2, actor=max_).channel == "ios"


def test_each_channel_has_its_published_text_and_its_own_numbers(
    make_push: MakePush, mia: User
) -> None:
    for channel in ("ios", "sms"):
        approved = approve_draft(draft_id=make_push(channel).pk, version=1, actor=mia)
        assert (approved.channel, approved.number) == (channel, 1)
    assert PublishedCopy.objects.filter(status="live").count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        PublishedCopy.objects.filter(channel="sms").update(channel="ios")
    assert not PlannedCopy.objects.exists()


def test_storefronts_get_pushes_by_channel_with_the_short_label(
    make_push: MakePush, mia: User, storefront: APIClient
) -> None:
    texts = {}
    for channel in ("ios", "sms"):
        draft = make_push(channel)
        texts[channel] = approve_draft(draft_id=draft.pk, version=1, actor=mia).text
    answer = storefront.get("/api/v1/products/mug/copy").json()["copy"]
    assert {channel: copy["text"] for channel, copy in answer["push"].items()} == texts
    label = answer["push"]["ios"]["label"]
    assert (label["channel"], label["notice"]) == ("push", "AI-generated")
    items = storefront.get("/api/v1/copy").json()["items"]
    assert [(item["kind"], item["channel"]) for item in items] == [("push", "ios"), ("push", "sms")]
    assert items[0]["copy"]["text"] == texts["ios"]


def test_cards_of_products_carry_no_pushes(make_push: MakePush, mia: User) -> None:
    draft = make_push()
    approve_draft(draft_id=draft.pk, version=1, actor=mia)
    rows = LIVE_COPY.rows(products=[draft.product_id], language="en")
    assert copy_by_product(rows) == {}


def test_webhooks_and_the_export_name_the_channel(make_push: MakePush, mia: User) -> None:
    factories.webhook_endpoint()
    approve_draft(draft_id=make_push("sms").pk, version=1, actor=mia)
    assert '"channel":"sms"' in WebhookMessage.objects.get().body
    (row,) = export_copy(form="jsonl")
    assert '"channel": "sms"' in row


def test_a_changed_fact_brings_the_push_back_with_its_channel_and_length(
    make_push: MakePush, mia: User, root: User
) -> None:
    from guidance.catalog.rows import AttributeRow
    from guidance.catalog.services import update_product

    draft = make_push("sms", longest=60)
    approve_draft(draft_id=draft.pk, version=1, actor=mia)
    facts = [
        AttributeRow(key=one.key, value="blue" if one.key == "colour" else "steel", language="en")
        for one in ProductAttribute.objects.filter(product=draft.product)
        if one.key in ("colour", "material")
    ]
    update_product(product=draft.product, actor=root, attributes=facts)
    back = Draft.objects.waiting().get()
    assert (back.channel, back.longest, back.is_stale) == ("sms", 60, True)


def test_the_form_asks_for_a_channel_and_starts_the_job(
    make_product: MakeProduct, desk: Callable[..., Client]
) -> None:
    product, client = make_product("mug"), desk(Role.MERCHANDISER)
    url = reverse("admin:content_draft_request")
    sent = {"kind": "push", "languages": ["en"], "products": str(product.pk)}
    assert "Say where the message goes." in client.post(url, sent).content.decode()
    assert not Job.objects.exists()
    client.post(url, {**sent, "channel": "sms", "longest": "60"})
    wanted = Brief(channel="sms", longest=60)
    assert Brief.of(Job.objects.get().params["brief"]) == wanted


def test_a_channel_left_over_in_the_form_does_not_touch_other_kinds(
    make_product: MakeProduct, desk: Callable[..., Client]
) -> None:
    make_product("mug")
    url = reverse("admin:content_draft_request")
    sent = {"kind": "title", "languages": ["en"], "channel": "sms", "longest": "3"}
    desk(Role.MERCHANDISER).post(url, sent)
    assert Brief.of(Job.objects.get().params["brief"]) == Brief()


def test_the_desk_shows_the_channel_its_limits_and_what_is_cut(
    make_push: MakePush, desk: Callable[..., Client]
) -> None:
    draft, client = make_push("ios"), desk(Role.MERCHANDISER)
    page = client.get(reverse("admin:content_draft_change", args=[draft.pk])).content.decode()
    assert "push message, iPhone notification" in page
    assert f"{len(draft.text)} of 110 characters" in page
    assert 'class="desk-message-card"' in page
    text = "A mug of oak. " * 9
    check = reverse("admin:content_draft_check", args=[draft.pk])
    assert "125 of 110 characters" in client.post(check, {"text": text}).content.decode()
    queue = client.get(reverse("admin:content_draft_changelist") + "?channel=sms")
    assert "Voyager" not in queue.content.decode()
