"""Rule packs at the desk: versions, four eyes, trying, activating, and what that does to copy."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from guidance.content import tasks
from guidance.content.models import Draft, Publication, PublishedCopy, ReviewTask, RulePackVersion
from guidance.content.selectors.rules import active_rules, pack_for_language
from guidance.content.services import reexamination, review, rule_packs, rule_trial
from guidance.content.services.examination import examine_draft
from guidance.content.services.refusals import Invalid, OwnRequest, Refused
from guidance.core.models import AuditEntry, Market, User
from guidance.core.roles import Role
from models_ml.writer.packs import builtin_text
from tests.content.conftest import MakeDraft

pytestmark = pytest.mark.django_db
HINT = {"en": "Leave it out.", "zh-hans": "请删去。"}


@pytest.fixture
def carla(person: Callable[..., User]) -> User:
    """One compliance officer."""
    return person(Role.COMPLIANCE, "carla")


@pytest.fixture
def colin(person: Callable[..., User]) -> User:
    """Another compliance officer."""
    return person(Role.COMPLIANCE, "colin")


def with_rule(**fields: Any) -> str:
    """The built-in rules of the United States with one more rule, which bans "oak"."""
    pack = json.loads(builtin_text("us"))
    rule = {
        "key": "no_oak",
        "category": "origin",
        "severity": "block",
        "language": "en",
        "terms": ["oak"],
        "hint": HINT,
    }
    pack["rules"].append({**rule, **fields})
    return json.dumps(pack, ensure_ascii=False, indent=1)


def write(actor: User, **fields: Any) -> RulePackVersion:
    return rule_packs.create_version(
        pack="us", rules=with_rule(**fields), note="no oak", actor=actor
    )


@pytest.fixture
def published(make_draft: MakeDraft, mia: User) -> Publication:
    draft = make_draft()
    return review.approve_draft(draft_id=draft.pk, version=draft.version, actor=mia)


def test_every_pack_is_in_force_from_the_beginning() -> None:
    active = RulePackVersion.objects.filter(status="active")
    assert set(active.values_list("pack", flat=True)) == {"common", "cn", "eu", "us"}
    rule_packs.seed_rule_packs()
    assert RulePackVersion.objects.count() == 4


def test_a_later_built_in_pack_waits_for_a_person() -> None:
    RulePackVersion.objects.filter(pack="us").update(rules=with_rule())
    rule_packs.seed_rule_packs()
    statuses = RulePackVersion.objects.filter(pack="us").values_list("number", "status")
    assert sorted(statuses) == [(1, "active"), (2, "draft")]


def test_a_language_follows_its_market() -> None:
    assert (pack_for_language("en"), pack_for_language("zh-hans")) == ("us", "cn")
    market = Market.objects.create(key="uk", name="UK", language="en", currency="GBP")
    assert pack_for_language("en") == "eu"
    market.rule_pack = "cn"
    market.save()
    assert pack_for_language("en") == "cn"


def test_who_wrote_a_version_cannot_activate_it(carla: User, colin: User) -> None:
    version = write(carla)
    with pytest.raises(OwnRequest):
        rule_packs.activate_version(version_id=version.pk, actor=carla)
    with pytest.raises(IntegrityError), transaction.atomic():
        RulePackVersion.objects.filter(pk=version.pk).update(
            activated_by=carla, activated_at=timezone.now()
        )
    rule_packs.activate_version(version_id=version.pk, actor=colin)
    assert RulePackVersion.objects.get(pack="us", status="active") == version
    entry = AuditEntry.objects.get(verb="activate_rule_pack")
    assert entry.details == {"pack": "us", "number": 2, "before": 1}


def test_activation_has_live_copy_examined_once_it_is_committed(
    carla: User, colin: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    version = write(carla)
    with django_capture_on_commit_callbacks(execute=True):
        rule_packs.activate_version(version_id=version.pk, actor=colin)
        assert not OrmQ.objects.exists()
    (queued,) = OrmQ.objects.all()
    assert queued.task["func"] == "guidance.content.tasks.examine_by_rules"
    assert queued.task["args"] == ("us",)
    assert tasks.examine_by_rules("us")["withdrawn"] == 0


def test_the_database_refuses_a_second_active_version(carla: User) -> None:
    version = write(carla)
    with pytest.raises(IntegrityError), transaction.atomic():
        RulePackVersion.objects.filter(pk=version.pk).update(
            status="active", activated_at=timezone.now()
        )


def test_a_version_is_activated_once(carla: User, colin: User) -> None:
    version = write(carla)
    rule_packs.activate_version(version_id=version.pk, actor=colin)
    with pytest.raises(Refused):
        rule_packs.activate_version(version_id=version.pk, actor=colin)


def test_only_compliance_writes_and_activates(mia: User, carla: User) -> None:
    with pytest.raises(PermissionDenied):
        write(mia)
    with pytest.raises(PermissionDenied):
        rule_packs.activate_version(version_id=write(carla).pk, actor=mia)


def test_broken_rules_are_refused_with_the_line_of_each_mistake(carla: User) -> None:
    rules = with_rule(severity="stop")
    with pytest.raises(rule_packs.RulesInvalid) as caught:
        rule_packs.create_version(pack="us", rules=rules, note="x", actor=carla)
    (error,) = caught.value.errors
    assert (error.rule, error.field_name) == ("no_oak", "severity")
    assert '"stop"' in rules.splitlines()[error.line - 1]
    with pytest.raises(Invalid):
        rule_packs.create_version(pack="eu", rules=with_rule(), note="x", actor=carla)


def test_new_rules_hold_for_the_next_examination(
    make_draft: MakeDraft, carla: User, colin: User
) -> None:
    draft = make_draft()
    before = active_rules("en")
    assert examine_draft(draft=draft).blocking == 0
    rule_packs.activate_version(version_id=write(carla).pk, actor=colin)
    assert active_rules("en") is not before
    found = [f for f in examine_draft(draft=draft).findings if f["rule"] == "no_oak"]
    assert found
    assert found[0]["hints"] == HINT


def test_trying_a_version_shows_what_it_would_stop_and_changes_nothing(
    published: Publication, make_draft: MakeDraft, carla: User
) -> None:
    make_draft("vase", facts={"material": "glass", "colour": "blue", "capacity": "2 l"})
    trial = rule_trial.try_version(
        version=write(carla), sentences=["An oak tray.", "一只橡木托盘。", "A best-selling tray."]
    )
    assert (trial.texts, trial.newly_failing, trial.no_longer) == (2, 2, 0)
    assert {difference.where for difference in trial.differences} == {"live", "pasted"}
    assert [(said, len(found)) for said, found in trial.sentences] == [
        ("An oak tray.", 1),
        ("A best-selling tray.", 1),
    ]
    assert PublishedCopy.objects.get().status == "live"


def test_what_newly_breaks_a_blocking_rule_is_withdrawn_and_returns_to_the_desk(
    published: Publication, carla: User, colin: User
) -> None:
    rule_packs.activate_version(version_id=write(carla).pk, actor=colin)
    done = reexamination.examine_by_rules(pack="us")
    assert (done.live, done.withdrawn, done.returned) == (1, 1, 0)
    assert PublishedCopy.objects.get().status == "withdrawn"
    draft = Draft.objects.waiting().get()
    assert draft.text == published.text
    assert draft.blocking_findings > 0
    assert draft.task == ReviewTask.objects.get(fact_key="rules us 2")
    assert reexamination.examine_by_rules(pack="us").withdrawn == 0


def test_what_is_newly_warned_of_returns_to_the_desk_and_stays_public_until_a_deadline(
    published: Publication, carla: User, colin: User
) -> None:
    rule_packs.activate_version(version_id=write(carla, severity="warn").pk, actor=colin)
    done = reexamination.examine_by_rules(pack="us")
    assert (done.withdrawn, done.returned) == (0, 1)
    copy = PublishedCopy.objects.get()
    assert (copy.status, copy.serve_until is not None) == ("live", True)
    assert Draft.objects.waiting().get().blocking_findings == 0


def test_rules_that_find_nothing_new_leave_live_copy_alone(
    published: Publication, carla: User, colin: User
) -> None:
    version = write(carla, terms=["mahogany"])
    rule_packs.activate_version(version_id=version.pk, actor=colin)
    done = reexamination.examine_by_rules(pack="us")
    assert (done.live, done.withdrawn, done.returned) == (1, 0, 0)
    assert PublishedCopy.objects.get().status == "live"


def test_rules_of_another_market_touch_nothing(
    published: Publication, carla: User, colin: User
) -> None:
    assert reexamination.examine_by_rules(pack="eu").live == 0


def test_a_compliance_officer_writes_tries_and_a_colleague_activates(
    published: Publication, carla: User, colin: User, client: Client
) -> None:
    backend = "django.contrib.auth.backends.ModelBackend"
    client.force_login(carla, backend=backend)
    add = reverse("admin:content_rulepackversion_add")
    page = client.get(add, {"pack": "us"}).content.decode()
    assert "made_in_usa" in page
    sent = {"pack": "us", "note": "no oak", "rules": with_rule(severity="stop")}
    refused = client.post(add, sent).content.decode()
    assert "rule no_oak, severity" in refused
    answer = client.post(add, {**sent, "rules": with_rule()})
    version = RulePackVersion.objects.get(pack="us", number=2)
    assert answer["Location"] == reverse("admin:content_rulepackversion_change", args=[version.pk])
    act = {
        name: reverse(f"admin:content_rulepackversion_{name}", args=[version.pk])
        for name in ("try", "activate", "change")
    }
    tried = client.post(act["try"], {"sentences": "An oak tray."}).content.decode()
    assert "no_oak" in tried
    assert act["activate"] not in client.get(act["change"]).content.decode()
    client.force_login(colin, backend=backend)
    assert client.get(act["activate"]).status_code == 405
    assert act["activate"] in client.get(act["change"]).content.decode()
    client.post(act["activate"])
    version.refresh_from_db()
    assert (version.status, version.activated_by) == ("active", colin)
