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

from guidance.content.models import Draft, Publication, PublishedCopy, ReviewTask, RulePackVersion
from guidance.content.selectors.rules import active_rules, pack_for_language
from guidance.content.services import reexamination, review, rule_packs, rule_trial
from guidance.content.services.examination import examine_draft
from guidance.content.services.refusals import Invalid, OwnRequest, Refused
from guidance.content.services.rewriting import request_rewrite
from guidance.core.jobs import run_job
from guidance.core.models import AuditEntry, Job, Market, User
from guidance.core.roles import Role
from models_ml.writer.packs import builtin_text
from tests import factories
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


def activated(version: RulePackVersion, actor: User) -> dict[str, int]:
    """Put a version in force and return what came of the examination."""
    return examined(rule_packs.activate_version(version_id=version.pk, actor=actor))


def examined(job: Job | None) -> dict[str, int]:
    assert job is not None
    run_job(job.pk)
    job.refresh_from_db()
    return dict(job.result)


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


def test_activation_starts_a_job_once_it_is_committed(
    published: Publication,
    carla: User,
    colin: User,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    version = write(carla)
    with django_capture_on_commit_callbacks(execute=True):
        job = rule_packs.activate_version(version_id=version.pk, actor=colin)
        assert not OrmQ.objects.exists()
    assert job is not None
    assert OrmQ.objects.get().task["args"] == (str(job.pk),)
    assert (job.kind, job.params) == ("examine_by_rules", {"pack": "us"})


def test_without_copy_there_is_nothing_to_examine_and_no_job(
    carla: User, colin: User, client: Client
) -> None:
    version = write(carla)
    client.force_login(colin, backend="django.contrib.auth.backends.ModelBackend")
    act = reverse("admin:content_rulepackversion_activate", args=[version.pk])
    page = client.post(act, follow=True).content.decode()
    assert "There is no copy yet to examine by it." in page
    assert not Job.objects.exists()


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
    version = write(carla)
    done = activated(version, colin)
    assert done == {"live": 1, "withdrawn": 1, "returned": 0, "waiting": 1}
    assert PublishedCopy.objects.get().status == "withdrawn"
    draft = Draft.objects.waiting().get()
    assert draft.text == published.text
    assert draft.blocking_findings > 0
    assert draft.task == ReviewTask.objects.get(rules=version)
    assert examined(reexamination.request_examination(pack="us", requested_by=colin)) == {
        **done,
        "live": 0,
        "withdrawn": 0,
    }


def test_an_examination_that_is_killed_goes_on_behind_its_last_chunk(
    make_draft: MakeDraft, mia: User, carla: User, colin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for sku in ("mug", "vase", "tray"):
        draft = make_draft(sku)
        review.approve_draft(draft_id=draft.pk, version=draft.version, actor=mia)
    monkeypatch.setattr(reexamination, "CHUNK", 1)
    job = rule_packs.activate_version(version_id=write(carla).pk, actor=colin)
    assert job is not None

    def kill(phase: str, fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_job(job.pk, kill)
    assert PublishedCopy.objects.filter(status="withdrawn").count() == 1
    fractions: list[float] = []
    assert run_job(job.pk, lambda phase, fraction: fractions.append(fraction)) == "succeeded"
    job.refresh_from_db()
    assert job.result == {"live": 3, "withdrawn": 3, "returned": 0, "waiting": 3}
    assert job.attempts == 2
    assert fractions == sorted(fractions)
    assert ReviewTask.objects.get().count == 3


def test_what_is_newly_warned_of_returns_to_the_desk_and_stays_public_until_a_deadline(
    published: Publication, carla: User, colin: User
) -> None:
    done = activated(write(carla, severity="warn"), colin)
    assert (done["withdrawn"], done["returned"]) == (0, 1)
    copy = PublishedCopy.objects.get()
    assert (copy.status, copy.serve_until is not None) == ("live", True)
    assert Draft.objects.waiting().get().blocking_findings == 0


def test_a_text_that_waits_already_opens_no_empty_task(
    published: Publication, carla: User, colin: User
) -> None:
    factories.draft(product=published.product)
    assert activated(write(carla), colin)["withdrawn"] == 1
    assert not ReviewTask.objects.exists()


def test_a_task_of_rules_says_so_and_is_written_again_as_a_whole(
    published: Publication, carla: User, colin: User, max_: User, client: Client
) -> None:
    activated(write(carla), colin)
    client.force_login(max_, backend="django.contrib.auth.backends.ModelBackend")
    page = " ".join(client.get(reverse("admin:content_draft_changelist")).content.decode().split())
    assert "Other rules are in force: United States, version 2." in page
    assert "1 published text is no longer allowed or doubtful by them." in page
    task = ReviewTask.objects.get()
    job = request_rewrite(task=task, requested_by=max_)
    assert request_rewrite(task=task, requested_by=max_) == job
    assert examined(job) == {"rewritten": 1, "left": 0}
    assert Draft.objects.waiting().get().version == 2
    rewrite = reverse("admin:content_draft_rewrite_task", args=[task.pk])
    assert "Nothing is left to write again" in client.post(rewrite, follow=True).content.decode()
    assert Job.objects.filter(kind="rewrite_copy").count() == 1


def test_rules_that_find_nothing_new_leave_live_copy_alone(
    published: Publication, carla: User, colin: User
) -> None:
    done = activated(write(carla, terms=["mahogany"]), colin)
    assert done == {"live": 1, "withdrawn": 0, "returned": 0, "waiting": 0}
    assert PublishedCopy.objects.get().status == "live"


def test_rules_of_another_market_touch_nothing(published: Publication, colin: User) -> None:
    assert reexamination.request_examination(pack="eu", requested_by=colin) is None


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
