"""Copy for a market or a membership tier: asked for, held to its rules, served to its readers."""

import json
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.content.briefs import Brief
from guidance.content.models import Draft, PublishedCopy, RulePackVersion
from guidance.content.selectors.published import LIVE_COPY, copy_about, copy_by_product
from guidance.content.selectors.rules import active_rules, copy_of_pack
from guidance.content.services.drafting import draft_products, request_drafts
from guidance.content.services.examination import examine_draft
from guidance.content.services.publication import withdraw_copy
from guidance.content.services.reexamination import request_examination
from guidance.content.services.review import approve_draft
from guidance.content.services.rewriting import rewrite_draft
from guidance.core.jobs import run_job
from guidance.core.models import Job, Market, User
from guidance.core.roles import Role
from models_ml.writer.facts import LANGUAGES
from tests import factories
from tests.content.conftest import FACTS, MakeProduct

MakeFor = Callable[..., Draft]
COPY = "/api/v1/products/mug/copy"
NO_OAK = {
    "key": "no_oak",
    "category": "origin",
    "severity": "block",
    "language": "en",
    "terms": ["oak"],
    "hint": {"en": "Leave it out.", "zh-hans": "请删去。"},
}


@pytest.fixture(autouse=True)
def _shop(db: None) -> None:
    Market.objects.create(key="uk", name="Britain", currency="GBP", rule_pack="eu", is_default=True)
    Market.objects.create(key="us", name="United States", currency="USD", rule_pack="us")
    factories.customer(tier="gold")


@pytest.fixture
def make_for(make_product: MakeProduct) -> MakeFor:
    """Make the mug's draft for an audience; the product is made once."""
    product = make_product("mug", facts={**FACTS, "design": "grey stripes"})

    def make(**audience: str) -> Draft:
        draft_products(
            product_ids=[product.pk],
            kind="description",
            language="en",
            requested_by=None,
            brief=Brief(**audience),
        )
        return (
            Draft.objects.waiting()
            .select_related("product")
            .get(market=audience.get("market", ""), segment=audience.get("segment", ""))
        )

    return make


@pytest.fixture
def publish_for(make_for: MakeFor, mia: User) -> Callable[..., str]:
    def publish(**audience: str) -> str:
        draft = make_for(**audience)
        return approve_draft(draft_id=draft.pk, version=draft.version, actor=mia).text

    return publish


def test_the_closest_text_is_served_and_everyones_otherwise(
    publish_for: Callable[..., str], storefront: APIClient
) -> None:
    def served(query: str) -> tuple[str, str]:
        copy = storefront.get(f"{COPY}?{query}").json()["copy"]["description"]
        return copy["market"], copy["segment"]

    for market in ("", "us"):
        for segment in ("", "gold"):
            publish_for(market=market, segment=segment)
    assert PublishedCopy.objects.filter(status="live").count() == 4
    assert served("") == served("market=uk") == served("segment=silver") == ("", "")
    assert served("segment=gold") == served("segment=gold&market=uk") == ("", "gold")
    assert served("market=us") == served("market=us&segment=silver") == ("us", "")
    assert served("market=us&segment=gold") == ("us", "gold")


def test_a_withdrawn_text_gives_way_to_the_next_closest(
    publish_for: Callable[..., str], storefront: APIClient, mia: User
) -> None:
    everyones, golds = publish_for(), publish_for(segment="gold")
    url = f"{COPY}?segment=gold"
    assert storefront.get(url).json()["copy"]["description"]["text"] == golds
    withdraw_copy(copy=PublishedCopy.objects.get(segment="gold"), actor=mia, reason="Too loud")
    assert storefront.get(url).json()["copy"]["description"]["text"] == everyones


def test_what_is_for_some_reaches_nobody_else(
    publish_for: Callable[..., str], storefront: APIClient
) -> None:
    publish_for(segment="gold")
    assert storefront.get(COPY).json()["copy"] == {}
    product = PublishedCopy.objects.get().product_id
    assert copy_by_product(LIVE_COPY.rows(products=[product], language="en")) == {}
    assert copy_about(["mug"], "en") == []


def test_changes_and_drafts_name_the_audience(
    publish_for: Callable[..., str], storefront: APIClient
) -> None:
    publish_for(market="us", segment="gold")
    (item,) = storefront.get("/api/v1/copy").json()["items"]
    assert (item["market"], item["segment"], item["copy"]["market"]) == ("us", "gold", "us")


def test_a_tier_has_wordings_of_its_own_and_what_is_stressed_comes_first(
    make_for: MakeFor, root: User
) -> None:
    texts = {make_for().text, make_for(segment="gold").text, make_for(market="us").text}
    assert len(texts) == 3
    draft = make_for(market="us", segment="gold", stress="value")
    assert draft.stress == "value"
    again = rewrite_draft(draft_id=draft.pk, version=1, actor=root)
    assert (again.stress, again.market, again.segment) == ("value", "us", "gold")


def test_copy_for_america_is_spelled_its_way(make_for: MakeFor) -> None:
    assert "gray" in make_for(market="us").text
    assert "grey" in make_for().text


def test_the_rules_of_its_market_hold_for_a_text(make_for: MakeFor) -> None:
    assert active_rules("en").pack.key == active_rules("en", "gone").pack.key == "eu"
    assert active_rules("en", "us").pack.key == "us"
    words = "A proudly american mug."
    found = {
        market: {
            finding["rule"]
            for finding in examine_draft(draft=make_for(market=market), text=words).findings
            if finding["severity"] == "block"
        }
        for market in ("", "us")
    }
    assert found[""] != found["us"]


def test_a_packs_copy_is_that_of_its_markets() -> None:
    assert copy_of_pack("us", LANGUAGES) == [("en", "us")]
    assert copy_of_pack("eu", LANGUAGES) == [("en", ""), ("en", "uk")]


def test_copy_of_a_market_that_is_gone_is_held_to_its_languages_rules(db: None) -> None:
    assert factories.draft(language="en", market="gone").status == "waiting"
    assert ("en", "gone") in copy_of_pack("common", LANGUAGES)
    assert ("en", "gone") in copy_of_pack("eu", LANGUAGES)


def test_new_rules_of_a_market_reach_its_copy_alone(
    publish_for: Callable[..., str], root: User
) -> None:
    publish_for()
    publish_for(market="us")
    active = RulePackVersion.objects.get(pack="us", status="active")
    rules = json.loads(active.rules)
    rules["rules"].append(NO_OAK)
    RulePackVersion.objects.filter(pk=active.pk).update(status="retired")
    factories.rule_pack_version(
        pack="us", rules=json.dumps(rules), status="active", activated_by=root,
        activated_at=timezone.now(),
    )  # fmt: skip
    job = request_examination(pack="us", requested_by=None)
    assert job
    assert run_job(job.pk) == "succeeded"
    job.refresh_from_db()
    assert (job.result["live"], job.result["withdrawn"]) == (1, 1)
    assert PublishedCopy.objects.get(status="live").market == ""
    assert Draft.objects.waiting().get().market == "us"


def test_the_form_settles_the_language_by_the_market(
    make_product: MakeProduct, desk: Callable[..., Client]
) -> None:
    make_product("mug")
    client, url = desk(Role.MERCHANDISER), reverse("admin:content_draft_request")
    assert "gold" in client.get(url).content.decode()
    assert "Choose a language." in client.post(url, {"kind": "title"}).content.decode()
    sent = {"kind": "title", "market": "us", "segment": "gold", "stress": "gift"}
    client.post(url, sent)
    job = Job.objects.get()
    assert job.params["languages"] == ["en"]
    assert Brief.of(job.params["brief"]) == Brief(market="us", segment="gold", stress="gift")


@pytest.mark.parametrize("sent", [{"market": "moon"}, {"segment": "platinum"}, {"stress": "loud"}])
def test_an_audience_that_nobody_knows_is_refused(
    make_product: MakeProduct, desk: Callable[..., Client], sent: dict[str, str]
) -> None:
    make_product("mug")
    url = reverse("admin:content_draft_request")
    desk(Role.MERCHANDISER).post(url, {"kind": "title", "languages": ["en"], **sent})
    assert not Job.objects.exists()


def test_a_market_whose_language_has_no_facts_is_refused_in_words(
    make_product: MakeProduct, desk: Callable[..., Client]
) -> None:
    make_product("mug")
    Market.objects.create(key="cn", name="China", language="zh-hans")
    answer = desk(Role.MERCHANDISER).post(
        reverse("admin:content_draft_request"), {"kind": "title", "market": "cn"}
    )
    assert "No product has facts in" in answer.content.decode()


def test_a_product_with_its_own_description_gets_one_for_an_audience_all_the_same(
    make_product: MakeProduct,
) -> None:
    make_product("mug", descriptions={"en": "A mug."})
    for brief in (Brief(), Brief(segment="gold")):
        run_job(request_drafts(requested_by=None, brief=brief, start=False).pk)
    assert Draft.objects.get().segment == "gold"


def test_the_desk_says_for_whom_a_text_is_and_filters_by_it(
    make_for: MakeFor, desk: Callable[..., Client]
) -> None:
    make_for()
    draft, client = make_for(market="us", segment="gold", stress="gift"), desk(Role.MERCHANDISER)
    page = client.get(reverse("admin:content_draft_change", args=[draft.pk])).content.decode()
    assert "description, market us, tier gold" in page
    assert "Tells first" in page
    queue = client.get(reverse("admin:content_draft_changelist") + "?market=us&segment=gold")
    assert [one.pk for one in queue.context["cl"].result_list] == [draft.pk]
    bulk = client.get(reverse("admin:content_draft_bulk_approve")).content.decode()
    assert "description, market us, tier gold, English: 1 text goes public" in bulk
