"""The surfaces' page and its preview."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from guidance.catalog.models import Product
from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.training.models import ModelVersion
from tests import factories
from tests.trained import let_serve_alone, taste_of


def _preview(surface: Surface) -> str:
    return reverse("admin:recommendations_surface_preview", args=[surface.pk])


def test_a_preview_shows_what_the_shopper_would_get_and_writes_nothing(
    desk: Callable[..., Client], home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    page = desk(Role.ADMINISTRATOR).get(_preview(home), {"customer": "ann"})
    html = page.content.decode()
    assert page.status_code == 200
    assert [item["position"] for item in page.context["answer"].items] == [1, 2, 3, 4]
    for item in page.context["answer"].items:
        assert item["title"] in html
        assert item["reason"] in html
    assert f"recommender {version.number}" in html
    assert not Decision.objects.exists()


def test_a_preview_of_somebody_never_met_makes_no_customer(
    desk: Callable[..., Client], home: Surface, sold: None
) -> None:
    page = desk(Role.ADMINISTRATOR).get(_preview(home), {"customer": "ghost"})
    assert "model: no model was ever trained" in page.content.decode()
    assert "Popular right now" in page.content.decode()
    assert not Customer.objects.filter(ref="ghost").exists()


def test_what_somebody_new_likes_can_be_tried_out(
    desk: Callable[..., Client], home: Surface, sold: None
) -> None:
    Product.objects.filter(sku="P04").update(brand="Acme")
    client = desk(Role.MERCHANDISER)
    page = client.get(_preview(home), {"prefers": "brand:acme"})
    assert "Because you like Acme" in page.content.decode()
    page = client.get(_preview(home), {"prefers": "brand:Nobody"})
    assert "No product is of the brand “Nobody”." in page.content.decode()


def test_a_bad_preview_says_so(desk: Callable[..., Client], home: Surface) -> None:
    page = desk(Role.ADMINISTRATOR).get(_preview(home), {"customer": "a\x00b"})
    assert page.context["form"].errors["customer"]


def test_what_a_shopper_bought_is_for_those_who_may_see_customers(
    desk: Callable[..., Client], home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    page = desk(Role.MERCHANDISER).get(_preview(home), {"customer": "ann"})
    assert "customer" not in page.context["form"].fields
    assert page.context["shopper"].unit == ""
    assert page.context["shopper"].history == []
    assert "Because you" not in page.content.decode()


def test_a_preview_is_for_those_who_may_see_surfaces(
    desk: Callable[..., Client], home: Surface
) -> None:
    assert desk(Role.SUPPORT_AGENT).get(_preview(home)).status_code == 403


def test_a_change_of_a_surface_is_audited_and_keeps_its_key(
    desk: Callable[..., Client], home: Surface
) -> None:
    form = {
        "key": "other",
        "name": "Home",
        "limit": "6",
        "policy": "popularity",
        "exploration": "0",
        "deadline_ms": "150",
        "campaign_places": "2",
        "content_places": "1",
        "mixing": "spread",
        "slots_by": "chance",
        "slots_reward": "click",
        "is_active": "on",
    }
    url = reverse("admin:recommendations_surface_change", args=[home.pk])
    assert desk(Role.MERCHANDISER).post(url, form).status_code == 302
    home.refresh_from_db()
    assert (home.key, home.limit, home.policy) == ("home", 6, "popularity")
    assert (home.campaign_places, home.content_places, home.mixing) == (2, 1, "spread")
    entry = AuditEntry.objects.get(verb="update_surface")
    assert entry.details["limit"] == 6
    assert entry.actor is not None


def test_a_surface_shows_at_least_one_item(desk: Callable[..., Client], home: Surface) -> None:
    form = {"name": "Home", "limit": "0", "policy": "model", "deadline_ms": "150"}
    url = reverse("admin:recommendations_surface_change", args=[home.pk])
    page = desk(Role.MERCHANDISER).post(url, form)
    assert "limit" in page.context["adminform"].form.errors


def test_a_merchandiser_previews_a_shopper_made_up_of_skus(
    desk: Callable[..., Client], home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    page = desk(Role.MERCHANDISER).get(_preview(home), {"bought": "P08,P10", "viewed": "P12"})
    assert page.context["events"] == 3
    assert page.context["answer"].policy == "model"
    assert set(taste_of(1)) & {item["sku"] for item in page.context["answer"].items}
    assert not Decision.objects.exists()


def test_two_versions_stand_side_by_side_and_a_broken_one_says_why(
    desk: Callable[..., Client],
    home: Surface,
    shopper: Customer,
    new_version: Callable[..., ModelVersion],
) -> None:
    serving, other = new_version(), new_version(status="candidate")
    client = desk(Role.ADMINISTRATOR)
    query = {"customer": "ann", "beside": str(other.pk)}
    page = client.get(_preview(home), query)
    assert [side.name for side in page.context["sides"]] == [str(serving), str(other)]
    assert [side.answer.policy for side in page.context["sides"]] == ["model", "model"]
    let_serve_alone(other.folder, "transformer")
    (other.folder / "encoder.onnx").unlink()
    page = client.get(_preview(home), query)
    assert page.context["sides"][1].answer.policy == "co_occurrence"
    assert "encoder.onnx: the file is missing" in page.content.decode()
    assert page.context["sides"][0].problem == ""


def test_a_preview_shows_what_each_rule_did_and_why_another_did_nothing(
    desk: Callable[..., Client], home: Surface, sold: None
) -> None:
    target = {"product": Product.objects.get(sku="P18")}
    pin = factories.rule(kind="pin", position=1, **target)
    late = factories.rule(kind="pin", position=9, product=Product.objects.get(sku="P20"))
    block = factories.rule(kind="block", product=Product.objects.get(sku="P16"))
    page = desk(Role.MERCHANDISER).get(_preview(home))
    (side,) = page.context["sides"]
    did = {one["rule"].pk: one for one in side.rules}
    assert did[pin.pk]["places"] == [1]
    assert did[late.pk]["idle"] == "its place is beyond the slate"
    assert did[block.pk]["removed"] == 1
    assert [one["sku"] for one in side.refused] == ["P16"]
    assert side.candidates[0]["sku"] == "P18"
