"""`GET products/{sku}/copy` and `GET copy`: publications, and never anything else."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from guidance.catalog.rows import AttributeRow
from guidance.catalog.services import update_product
from guidance.content.models import Draft, Publication, PublishedCopy
from guidance.content.selectors import published_copy
from guidance.content.services.publication import withdraw_copy
from guidance.content.services.refusals import Invalid
from guidance.content.services.review import approve_draft, edit_draft
from guidance.core.models import User
from guidance.core.roles import Role
from models_ml.writer.experience import first_person_experience
from tests import factories
from tests.content.conftest import MakeDraft


@pytest.fixture
def publication(make_draft: MakeDraft, mia: User) -> Publication:
    return approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)


def test_a_product_gets_its_published_copy_with_label_and_version(
    publication: Publication, storefront: APIClient
) -> None:
    answer = storefront.get("/api/v1/products/mug/copy?language=en").json()
    copy = answer["copy"]["description"]
    assert (answer["sku"], answer["language"]) == ("mug", "en")
    assert (copy["text"], copy["version"]) == (publication.text, 1)
    label = copy["label"]
    assert (label["origin"], label["writer"]) == ("machine", publication.writer)
    assert label["reviewed"] is True
    assert storefront.get("/api/v1/products/mug/copy?language=zh-hans").json()["copy"] == {}


def test_copy_that_a_person_edited_says_so(
    make_draft: MakeDraft, mia: User, storefront: APIClient
) -> None:
    draft = make_draft("mug")
    edit_draft(draft_id=draft.pk, version=1, actor=mia, text="A mug of oak in black.")
    approve_draft(draft_id=draft.pk, version=2, actor=mia)
    copy = storefront.get("/api/v1/products/mug/copy").json()["copy"]["description"]
    assert copy["label"]["origin"] == "machine_edited"


def test_an_unchanged_answer_is_not_sent_again(
    publication: Publication, mia: User, storefront: APIClient
) -> None:
    tag = storefront.get("/api/v1/products/mug/copy").headers["ETag"]
    again = storefront.get("/api/v1/products/mug/copy", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    withdraw_copy(copy=PublishedCopy.objects.get(), actor=mia, reason="A wrong claim")
    changed = storefront.get("/api/v1/products/mug/copy", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["copy"]) == (200, {})


def test_text_that_is_not_published_is_never_served(
    make_draft: MakeDraft, mia: User, storefront: APIClient
) -> None:
    waiting = make_draft("waiting")
    stale, withdrawn = make_draft("stale"), make_draft("withdrawn")
    for draft in (stale, withdrawn):
        approve_draft(draft_id=draft.pk, version=1, actor=mia)
    glass = AttributeRow(key="material", value="glass", language="en")
    update_product(product=stale.product, actor=None, attributes=[glass])
    taken = PublishedCopy.objects.get(product=withdrawn.product)
    withdraw_copy(copy=taken, actor=mia, reason="A wrong claim")

    feed = storefront.get("/api/v1/copy")
    served = feed.content + b"".join(
        storefront.get(f"/api/v1/products/{sku}/copy").content
        for sku in ("waiting", "stale", "withdrawn")
    )
    for draft in Draft.objects.all():
        assert draft.text.encode() not in served
    states = {item["sku"]: (item["status"], item["copy"]) for item in feed.json()["items"]}
    assert states == {"stale": ("stale", None), "withdrawn": ("withdrawn", None)}
    ids = [draft.product_id for draft in (waiting, stale, withdrawn)]
    assert published_copy(ids, "en") == {}


def test_changes_are_paged_by_cursor_and_asked_for_since_a_time(
    make_draft: MakeDraft, mia: User, storefront: APIClient
) -> None:
    for number in range(5):
        approve_draft(draft_id=make_draft(f"mug-{number}").pk, version=1, actor=mia)
    first = storefront.get("/api/v1/copy", {"limit": 2}).json()
    seen, page = [item["sku"] for item in first["items"]], first
    while page["next"]:
        page = storefront.get("/api/v1/copy", {"limit": 2, "cursor": page["next"]}).json()
        seen += [item["sku"] for item in page["items"]]
    assert seen == [f"mug-{number}" for number in range(5)]
    later = PublishedCopy.objects.order_by("changed_at").last()
    assert later is not None
    since = storefront.get("/api/v1/copy", {"changed_since": later.changed_at.isoformat()}).json()
    assert [item["sku"] for item in since["items"]] == ["mug-4"]
    assert storefront.get("/api/v1/copy", {"changed_since": first["as_of"]}).json()["items"]


@pytest.mark.parametrize(
    "query", [{"changed_since": "yesterday"}, {"cursor": "x"}, {"limit": 0}, {"limit": 10**9}]
)
def test_a_question_that_makes_no_sense_is_named(
    storefront: APIClient, query: dict[str, object]
) -> None:
    answer = storefront.get("/api/v1/copy", query)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert next(iter(query)) in answer.content.decode()


def test_an_unknown_product_is_a_problem_document(storefront: APIClient) -> None:
    answer = storefront.get("/api/v1/products/nothing/copy")
    assert answer.status_code == 404
    assert "nothing" in answer.json()["detail"]


@pytest.mark.parametrize(
    "address", ["mug%00/copy", "mug/copy?language=e%00n", f"{'x' * 200}/copy", "mug/copy?language="]
)
def test_an_address_nobody_means_breaks_nothing(storefront: APIClient, address: str) -> None:
    assert storefront.get(f"/api/v1/products/{address}").status_code in {400, 404}


def test_a_sku_with_a_slash_is_found(
    make_draft: MakeDraft, mia: User, storefront: APIClient
) -> None:
    approve_draft(draft_id=make_draft("A/4").pk, version=1, actor=mia)
    assert storefront.get("/api/v1/products/A/4/copy").json()["copy"]


def test_copy_needs_a_key(publication: Publication) -> None:
    assert APIClient().get("/api/v1/products/mug/copy").status_code == 401


def test_copy_is_withdrawn_once_with_a_reason(publication: Publication, mia: User) -> None:
    copy = PublishedCopy.objects.get()
    with pytest.raises(Invalid):
        withdraw_copy(copy=copy, actor=mia, reason=" ")
    withdraw_copy(copy=copy, actor=mia, reason="A wrong claim")
    with pytest.raises(Invalid):
        withdraw_copy(copy=copy, actor=mia, reason="Again")
    assert Publication.objects.get() == publication


def test_published_copy_of_many_products_takes_one_query(
    make_draft: MakeDraft, mia: User, django_assert_num_queries: object
) -> None:
    drafts = [make_draft(f"mug-{number}") for number in range(3)]
    for draft in drafts:
        approve_draft(draft_id=draft.pk, version=1, actor=mia)
    with django_assert_num_queries(1):
        found = published_copy([draft.product_id for draft in drafts], "en")
    assert {key: copy["description"]["text"] for key, copy in found.items()} == {
        draft.product_id: draft.text for draft in drafts
    }


def test_only_a_buyer_gets_help_with_a_review_and_the_words_stay_theirs(
    make_draft: MakeDraft, storefront: APIClient
) -> None:
    product = make_draft("mug").product
    ann, bob = factories.customer(ref="ann"), factories.customer(ref="bob")
    factories.event(customer=ann, product=product, kind="purchase", basket="b")
    factories.event(customer=bob, product=product, kind="view")
    address = "/api/v1/products/mug/review-help?language=en&customer="
    found = storefront.get(f"{address}ann").json()
    assert found["questions"]
    assert all(question.endswith("?") for question in found["questions"])
    for words in (*found["questions"], *found["outline"]):
        assert first_person_experience(words, "en") == []
    assert storefront.get(f"{address}bob").status_code == 404
    assert storefront.get(f"{address}nobody").status_code == 404
    assert storefront.get("/api/v1/products/mug/review-help").status_code == 400


def test_help_with_a_review_says_which_languages_it_has(
    make_draft: MakeDraft, storefront: APIClient
) -> None:
    product = make_draft("mug").product
    factories.event(customer=factories.customer(ref="ann"), product=product, kind="purchase")
    factories.market(language="de", is_default=True)
    address = "/api/v1/products/mug/review-help?customer=ann"
    for query in ("", "&language=de"):
        answer = storefront.get(f"{address}{query}")
        assert answer.status_code == 400
        assert "language" in answer.content.decode()
    assert "en, zh-hans" in storefront.get(address).content.decode()
    assert storefront.get(f"{address}&language=zh-hans").status_code == 200


def test_what_buyers_say_is_told_with_its_reviews_at_the_desk(
    make_draft: MakeDraft, desk: Callable[..., Client]
) -> None:
    draft = make_draft("mug")
    ann = factories.customer(ref="ann")
    for number in range(6):
        text = f"The quality is great and the colour is beautiful, number {number}."
        factories.event(customer=ann, product=draft.product, kind="review", text=text, rating=5)
    page = desk(Role.MERCHANDISER, "ida").get(f"/admin/content/draft/{draft.pk}/change/")
    said = page.context["said"]
    assert all(sentence.review_ids for sentence in said.sentences)
    assert "What buyers say" in page.content.decode()
