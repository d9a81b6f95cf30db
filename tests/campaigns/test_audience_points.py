"""From a point of behaviour analysis to an audience."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.behaviour.services.rollups import advance_rollups, mark_days
from guidance.campaigns.models import Audience, AudienceMember
from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from tests import factories

pytestmark = pytest.mark.django_db
DAY = (timezone.now() - timedelta(days=2)).date().isoformat()


@pytest.fixture
def searcher() -> str:
    factories.market(is_default=True)
    at = timezone.now() - timedelta(days=2)
    made = factories.event(
        kind="search", text="oat milk", result_count=0, product=None, occurred_at=at, session="s"
    )
    factories.event(kind="view", customer=made.customer, occurred_at=at + timedelta(seconds=1))
    mark_days(moments=Event.objects.values_list("occurred_at", "source"))
    advance_rollups()
    return str(made.customer.ref)


def _open(client: Client, kind: str, point: str) -> str:
    days = {"start": DAY, "end": DAY, "point": point}
    answer = client.post(reverse("admin:behaviour_savedview_open", args=[kind]), days)
    return str(answer["Location"])


def _phrase_point(client: Client) -> str:
    page = client.get(
        reverse("admin:behaviour_savedview_analysis", args=["searches"]),
        {"start": DAY, "end": DAY},
    )
    html = page.content.decode()
    return html[html.index('value="phrase-') + 7 :].partition('"')[0]


def test_the_shoppers_behind_a_figure_become_a_list(
    searcher: str, desk: Callable[..., Client]
) -> None:
    client = desk(Role.MARKETER)
    address = _open(client, "searches", _phrase_point(client))
    assert "Start an audience" in client.get(address).content.decode()
    answer = client.post(f"{address}act/", {"action": "audience"})
    made = Audience.objects.get()
    assert answer["Location"] == reverse("admin:campaigns_audience_change", args=[made.pk])
    assert (made.kind, made.name) == ("list", f"Searches without results, {DAY} – {DAY}")
    assert "oat milk" in made.origin
    assert [row.customer.ref for row in AudienceMember.objects.all()] == [searcher]
    entry = AuditEntry.objects.get(verb="start_audience")
    assert entry.details == {"shoppers": 1}
    assert "oat" not in entry.object_label


def test_only_who_may_make_audiences_is_offered_it(
    searcher: str, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)
    address = _open(client, "searches", _phrase_point(client))
    assert "Start an audience" not in client.get(address).content.decode()
    assert client.post(f"{address}act/", {"action": "audience"}).status_code == 403
    assert not Audience.objects.exists()


def test_what_another_person_opened_makes_no_audience(
    searcher: str, desk: Callable[..., Client]
) -> None:
    client = desk(Role.MARKETER)
    address = _open(client, "searches", _phrase_point(client))
    other = desk(Role.ADMINISTRATOR)
    assert other.post(f"{address}act/", {"action": "audience"}).status_code == 403
    AuditEntry.objects.filter(verb="open_shoppers").update(at=timezone.now() - timedelta(days=2))
    assert client.post(f"{address}act/", {"action": "audience"}).status_code == 302
    assert not Audience.objects.exists()
