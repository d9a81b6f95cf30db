"""Who fills a surface's slots is chosen at the desk."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from guidance.core.roles import Role
from guidance.experiments.models import Bandit
from guidance.recommendations.models import Surface
from guidance.recommendations.services import save_surface
from guidance.recommendations.slots import SOURCES
from tests.recommendations.slotted import running_bandit

pytestmark = pytest.mark.django_db


def test_another_choice_stops_the_bandit_and_opens_a_new_one(slotted: Surface) -> None:
    first = running_bandit()
    save_surface(surface=slotted, changed=["name"], actor=None)
    assert running_bandit().pk == first.pk, "its learning goes on"
    slotted.slots_by = Bandit.Method.LINUCB
    save_surface(surface=slotted, changed=["slots_by"], actor=None)
    second = running_bandit()
    assert (second.method, second.key) == ("linucb", slotted.slots_bandit)
    slotted.slots_by = Surface.CHANCE
    save_surface(surface=slotted, changed=["slots_by"], actor=None)
    assert not Bandit.objects.filter(status="running").exists()
    assert Surface.objects.get(pk=slotted.pk).slots_bandit == ""


def test_who_saves_a_surface_read_earlier_undoes_nobody_s_change(slotted: Surface) -> None:
    early = Surface.objects.get(pk=slotted.pk)
    slotted.slots_by = Bandit.Method.LINUCB
    save_surface(surface=slotted, changed=["slots_by"], actor=None)
    bandit = running_bandit()
    early.name = "Front page"
    save_surface(surface=early, changed=["name"], actor=None)
    assert running_bandit().pk == bandit.pk, "what it learned goes on"
    kept = Surface.objects.get(pk=slotted.pk)
    assert (kept.name, kept.slots_by) == ("Front page", "linucb")
    assert kept.slots_bandit == early.slots_bandit == bandit.key


def test_what_does_not_fit_another_s_change_is_refused(slotted: Surface) -> None:
    early = Surface.objects.get(pk=slotted.pk)
    Surface.objects.filter(pk=slotted.pk).update(limit=8, campaign_places=5)
    early.limit = 3
    with pytest.raises(ValidationError):
        save_surface(surface=early, changed=["limit"], actor=None)
    assert Surface.objects.get(pk=slotted.pk).limit == 8


def test_a_merchandiser_says_at_the_desk_who_fills_the_slots(
    home: Surface, desk: Callable[..., Client]
) -> None:
    client = desk(Role.MERCHANDISER)
    url = reverse("admin:recommendations_surface_change", args=[home.pk])
    form = client.get(url).context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None}
    data |= {"slots_by": "linear_thompson", "slots_reward": "purchase", "exploration": "0.1"}
    assert client.post(url, data).status_code == 302
    bandit = running_bandit()
    assert (bandit.method, bandit.reward, bandit.surface) == ("linear_thompson", "purchase", "home")
    assert sorted(bandit.arms) == sorted(SOURCES)
