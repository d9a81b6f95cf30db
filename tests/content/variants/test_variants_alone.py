"""Variants kept apart from other texts of their place, their figures and other experiments."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from guidance.content.models import Draft, Publication, PublishedCopy
from guidance.content.selectors.variants import subject_of
from guidance.content.services.differing import differs, same_wording
from guidance.content.services.rewriting import rewrite_draft
from guidance.content.services.wording import candidates
from guidance.core.models import User
from guidance.core.roles import Role
from guidance.experiments.models import Experiment
from guidance.experiments.services import confirm_decision
from models_ml.writer.duplicates import ALIKE, likeness, shingles
from tests import factories
from tests.content.variants.wordings import SHOPPERS, get, ship, write
from tests.experiments.counted import count_everybody


def _likeness(one: str, other: str) -> float:
    return likeness(shingles(one), shingles(other))


def test_a_variant_written_again_is_still_unlike_the_main_text(mug: Publication, mia: User) -> None:
    waiting = write(mug, mia)
    for _round in range(4):
        waiting = rewrite_draft(draft_id=waiting.pk, version=waiting.version, actor=mia)
        assert _likeness(waiting.text, mug.text) < ALIKE
    assert all(_likeness(one.text, mug.text) < ALIKE for one in candidates(waiting))


def test_only_a_variant_must_be_unlike_what_stands_beside_it(mug: Publication, mia: User) -> None:
    waiting = write(mug, mia)
    assert not differs(waiting)(Draft(text=mug.text))
    assert differs(Draft(variant=""))(Draft(text=mug.text))


def test_a_main_text_that_reads_as_its_variant_is_found(
    mug_b: Publication, mug: Publication
) -> None:
    again = Draft(**mug.place_of_all(), variant="", text=mug_b.text.upper())
    found = same_wording(again)
    assert found is not None
    assert found.variant == "b"


@pytest.mark.parametrize("surface", ["product", "list"])
def test_what_another_experiment_compares_is_not_shipped(
    running: Experiment, mug: Publication, mia: User, max_: User, surface: str
) -> None:
    """On the same surface too, where a namespace lets two run beside each other."""
    main = PublishedCopy.objects.get(publication=mug)
    other = factories.running_experiment(
        arms={"main": "main", "b": "b"},
        name="Beside",
        surface=surface,
        subject=subject_of(main.pk),
        namespace="texts",
        namespace_to=Decimal("0.5"),
    )
    with pytest.raises(ValidationError, match="“Beside” compares these wordings too"):
        ship(running, mia, max_)
    running.refresh_from_db()
    assert running.status == Experiment.Status.RUNNING
    Experiment.objects.filter(pk=other.pk).update(status="stopped", stopped_at=other.started_at)
    assert confirm_decision(experiment=running, actor=max_).is_shipped


def test_figures_stand_beside_the_text_that_was_shown(
    running: Experiment,
    mug: Publication,
    mug_b: Publication,
    storefront: APIClient,
    mia: User,
    max_: User,
    desk: Callable[..., Client],
) -> None:
    for shopper in SHOPPERS:
        get(storefront, customer=shopper)
    count_everybody()
    page = reverse("admin:content_publication_change", args=[mug.pk])
    client = desk(Role.ANALYST)
    told = {one.copy.publication_id: one.figures for one in client.get(page).context["wordings"]}
    assert told[mug.pk].served + told[mug_b.pk].served == len(SHOPPERS)
    ship(running, mia, max_)
    after = {one.copy.publication_id: one.figures for one in client.get(page).context["wordings"]}
    shipped = PublishedCopy.objects.get(**mug.place_of_all(), variant="").publication_id
    assert after[shipped] is None
    assert after[mug_b.pk] == told[mug_b.pk]
