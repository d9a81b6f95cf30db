"""Planning campaigns at the desk: mistakes are named at their field, writes are written down."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.campaigns.models import Campaign, Offer
from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.customers.models import Customer
from tests import factories

pytestmark = pytest.mark.django_db
ADD = reverse("admin:campaigns_campaign_add")


def _times(**moments: timedelta) -> dict[str, str]:
    times = {name: timezone.now() + step for name, step in moments.items()}
    return {
        f"{name}_{place}": f"{at:{form}}"
        for name, at in times.items()
        for place, form in ((0, "%Y-%m-%d"), (1, "%H:%M:%S"))
    }


def _campaign(**given: str) -> dict[str, str]:
    return {
        "title_en": "Tea week",
        "title_zh_hans": "茶周",
        "key": "tea-week",
        "is_active": "on",
        "category": "",
        "time_zone": "UTC",
        "objective": "orders",
        "purpose": "marketing",
        "send_at": "10:00",
        "quiet_from": "21:00",
        "quiet_until": "09:00",
        "priority": "50",
        "holdout_percent": "10",
        "contact_cost": "0",
        "steps-TOTAL_FORMS": "0",
        "steps-INITIAL_FORMS": "0",
        "campaigns-campaignmessage-TOTAL_FORMS": "0",
        "campaigns-campaignmessage-INITIAL_FORMS": "0",
        **_times(starts_at=timedelta(0), ends_at=timedelta(days=7)),
        "offers-TOTAL_FORMS": "1",
        "offers-INITIAL_FORMS": "0",
        "offers-0-code": "TEA10",
        "offers-0-kind": "percent",
        "offers-0-value": "10",
        "offers-0-currency": "",
        "offers-0-tiers": "gold， platinum,gold",
        **given,
    }


def _problems(answer: Any) -> dict[str, Any]:
    form, formset = answer.context["adminform"], answer.context["inline_admin_formsets"][0]
    return {**form.errors, **formset.formset.forms[0].errors}


def test_a_campaign_and_its_offers_are_saved_together_and_written_down(
    desk: Callable[..., Client],
) -> None:
    Customer.objects.create(ref="g", tier="gold")
    answer = desk(Role.MARKETER).post(ADD, _campaign(), follow=True)
    campaign = Campaign.objects.get()
    assert campaign.titles == {"en": "Tea week", "zh-hans": "茶周"}
    assert campaign.offers.get().tiers == ["gold", "platinum"]
    entry = AuditEntry.objects.get(object_type="campaigns.campaign")
    assert (entry.verb, entry.actor) == ("create_campaign", answer.wsgi_request.user)
    assert entry.details["offers"] == ["TEA10"]
    said = " ".join(str(message) for message in answer.context["messages"])
    assert "platinum" in said
    assert "gold" not in said


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (_times(ends_at=timedelta(days=-1)), "ends_at"),
        ({"title_en": "", "title_zh_hans": ""}, "title_en"),
        ({"key": "no spaces here"}, "key"),
        ({"offers-0-kind": "amount"}, "currency"),
        ({"offers-0-kind": "amount", "offers-0-currency": "E1R"}, "currency"),
        ({"offers-0-value": "101"}, "value"),
        ({"offers-0-value": "0"}, "value"),
        ({"offers-0-tiers": "x" * 31}, "tiers"),
    ],
)
def test_a_mistake_is_named_at_its_field_and_nothing_is_saved(
    desk: Callable[..., Client], given: dict[str, str], field: str
) -> None:
    answer = desk(Role.MARKETER).post(ADD, _campaign(**given))
    assert answer.status_code == 200
    assert field in _problems(answer)
    assert not Campaign.objects.exists()
    assert not AuditEntry.objects.filter(object_type="campaigns.campaign").exists()


def test_changing_a_title_keeps_those_of_other_languages(desk: Callable[..., Client]) -> None:
    campaign = factories.campaign(titles={"en": "Old", "fr": "Ancien"})
    url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    client = desk(Role.MARKETER)
    assert 'value="Old"' in client.get(url).content.decode()
    client.post(url, _campaign(title_en="New", title_zh_hans="", key=campaign.key))
    campaign.refresh_from_db()
    assert campaign.titles == {"en": "New", "fr": "Ancien"}
    assert AuditEntry.objects.filter(verb="change_campaign").count() == 1


def test_an_offer_taken_away_and_a_deleted_campaign_are_written_down(
    desk: Callable[..., Client],
) -> None:
    offer = factories.offer()
    campaign, client = offer.campaign, desk(Role.MARKETER)
    given = _campaign(key=campaign.key) | {
        "offers-INITIAL_FORMS": "1",
        "offers-0-id": str(offer.pk),
        "offers-0-code": offer.code,
        "offers-0-campaign": str(campaign.pk),
        "offers-0-DELETE": "on",
    }
    client.post(reverse("admin:campaigns_campaign_change", args=[campaign.pk]), given)
    assert not Offer.objects.exists()
    entry = AuditEntry.objects.get(verb="change_campaign")
    assert entry.details["removed"] == [offer.code]
    client.post(reverse("admin:campaigns_campaign_delete", args=[campaign.pk]), {"post": "yes"})
    assert not Campaign.objects.exists()
    assert AuditEntry.objects.get(verb="delete_campaign").object_id == str(campaign.pk)


def test_an_offer_saved_by_itself_is_written_down(desk: Callable[..., Client]) -> None:
    campaign = factories.campaign()
    given = {"campaign": campaign.pk, "code": "FIVE", "kind": "amount", "value": "5"}
    client, url = desk(Role.MARKETER), reverse("admin:campaigns_offer_add")
    assert "currency" in client.post(url, given).context["adminform"].errors
    client.post(url, given | {"currency": "eur", "tiers": ""})
    offer = Offer.objects.get()
    assert (offer.currency, offer.tiers) == ("EUR", [])
    assert AuditEntry.objects.get(verb="create_offer").details["value"] == "5"


def test_the_list_says_how_each_campaign_stands_and_narrows_to_it(
    desk: Callable[..., Client],
) -> None:
    now, day = timezone.now(), timedelta(days=1)
    made = {
        "running": factories.campaign(starts_at=now - day, ends_at=now + day),
        "planned": factories.campaign(starts_at=now + day, ends_at=now + 2 * day),
        "over": factories.campaign(starts_at=now - 2 * day, ends_at=now - day),
        "off": factories.campaign(starts_at=now - day, ends_at=now + day, is_active=False),
    }
    client, url = desk(Role.MARKETER), reverse("admin:campaigns_campaign_changelist")
    for state, campaign in made.items():
        assert campaign.state == state
        shown = client.get(url, {"state": state}).context["cl"].queryset
        assert list(shown) == [campaign]


def test_an_analyst_looks_and_does_not_touch(desk: Callable[..., Client]) -> None:
    campaign = factories.campaign()
    url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    client = desk(Role.ANALYST)
    assert client.get(url).status_code == 200
    assert client.post(url, _campaign()).status_code == 403
