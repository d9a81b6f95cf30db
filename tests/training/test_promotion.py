"""Promotion and rollback: the gate binds everybody, a person decides, the audit trail keeps it."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError

from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from guidance.training.models import ModelVersion
from guidance.training.selectors import serving
from guidance.training.services import PromotionRefused, promote_version, roll_back

Maker = Callable[..., ModelVersion]
pytestmark = pytest.mark.django_db


def _serves() -> tuple[int, str]:
    now = serving("quick")
    assert now is not None
    return now.number, now.policy


def test_a_candidate_is_promoted_and_retires_the_one_before(
    new_version: Maker, person: Callable[..., User]
) -> None:
    ana = person(Role.ANALYST)
    first = new_version()
    assert _serves() == (first.number, "ease")
    promote_version(version=first, actor=ana)
    assert _serves() == (first.number, "model")
    second = new_version(against=str(first.pk))
    assert _serves() == (first.number, "model")
    promote_version(version=second, actor=ana)
    assert _serves() == (second.number, "model")
    first.refresh_from_db()
    assert first.status == "retired"
    entry = AuditEntry.objects.get(verb="promote_version", object_id=str(second.pk))
    assert entry.actor == ana
    assert entry.details["replaces"] == first.number


def test_what_the_gate_refused_can_never_serve(new_version: Maker) -> None:
    refused = new_version(status="refused", passed=False)
    with pytest.raises(PromotionRefused, match="gate"):
        promote_version(version=refused, actor=None)
    with pytest.raises(IntegrityError):
        ModelVersion.objects.filter(pk=refused.pk).update(policy="model")


def test_a_version_measured_against_another_model_than_today_s_is_refused(
    new_version: Maker,
) -> None:
    first = new_version()
    measured_before = new_version()
    promote_version(version=first, actor=None)
    with pytest.raises(PromotionRefused, match=f"version {first.number}"):
        promote_version(version=measured_before, actor=None)
    assert _serves() == (first.number, "model")


def test_broken_files_are_found_before_they_serve(new_version: Maker) -> None:
    version = new_version()
    (version.folder / "weights").write_text("bad")
    with pytest.raises(PromotionRefused, match="weights"):
        promote_version(version=version, actor=None)
    version.refresh_from_db()
    assert version.status == "candidate"


def test_a_promoted_version_is_not_promoted_again(new_version: Maker) -> None:
    version = new_version()
    promote_version(version=version, actor=None)
    with pytest.raises(PromotionRefused, match="promoted"):
        promote_version(version=version, actor=None)


def test_rolling_back_goes_through_the_versions_one_by_one(new_version: Maker) -> None:
    versions: list[ModelVersion] = []
    for _ in range(3):
        versions.append(new_version(against=str(versions[-1].pk) if versions else ""))
        promote_version(version=versions[-1], actor=None)
    first, second, third = versions
    assert roll_back(recipe_key="quick", actor=None) == second
    assert _serves() == (second.number, "model")
    assert roll_back(recipe_key="quick", actor=None) == first
    assert roll_back(recipe_key="quick", actor=None) is None
    assert _serves() == (third.number, "ease")
    with pytest.raises(PromotionRefused):
        roll_back(recipe_key="quick", actor=None)
    verbs = AuditEntry.objects.filter(verb="roll_back_version")
    assert [entry.details["serves_again"] for entry in verbs.order_by("at")] == [
        second.number,
        first.number,
        None,
    ]


def test_rolling_back_never_revives_what_was_rolled_back_before(new_version: Maker) -> None:
    first = promote_version(version=new_version(), actor=None)
    bad = promote_version(version=new_version(against=str(first.pk)), actor=None)
    assert roll_back(recipe_key=bad.recipe, actor=None) == first
    third = promote_version(version=new_version(against=str(first.pk)), actor=None)
    assert roll_back(recipe_key=third.recipe, actor=None) == first


def test_the_database_knows_one_promoted_version_a_model(new_version: Maker) -> None:
    promote_version(version=new_version(), actor=None)
    with pytest.raises(IntegrityError):
        ModelVersion.objects.filter(pk=new_version().pk).update(status="promoted")
