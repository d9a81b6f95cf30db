"""The surfaces' page and its preview."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.training.models import ModelVersion


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
        "deadline_ms": "150",
        "campaign_places": "2",
        "content_places": "1",
        "mixing": "spread",
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
