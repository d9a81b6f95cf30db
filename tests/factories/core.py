"""Rows of core: people, keys, jobs and markets."""

from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone
from django_q.models import Failure, Schedule

from guidance.core.models import ApiKey, AuditEntry, Job, Market, User
from tests.factories.numbers import next_number


def job(**given: Any) -> Job:
    return Job.objects.create(**{"kind": "train", **given})


def user(**given: Any) -> User:
    return User.objects.create(**{"username": f"u-{next_number()}", **given})


def audit_entry(**given: Any) -> AuditEntry:
    return AuditEntry.objects.create(
        **{
            "verb": "approve_draft",
            "actor": given.pop("actor", None) or user(),
            "object_type": "content.draft",
            "object_id": "1",
            "object_label": "Green tea",
            **given,
        }
    )


def api_key(**given: Any) -> ApiKey:
    n = next_number()
    return ApiKey.objects.create(
        **{"name": f"key {n}", "prefix": f"sg_{n}", "sha256": f"{n:064d}", **given}
    )


def market(**given: Any) -> Market:
    n = next_number()
    return Market.objects.create(**{"key": f"m-{n}", "name": f"Market {n}", **given})


def group(**given: Any) -> Group:
    return Group.objects.create(**{"name": f"group {next_number()}", **given})


def failure(**given: Any) -> Failure:
    n, now = next_number(), timezone.now()
    return Failure.objects.create(
        **{
            "id": f"{n:032d}",
            "name": f"task-{n}",
            "func": "guidance.behaviour.tasks.roll_up",
            "started": now,
            "stopped": now,
            "success": False,
            "result": "ValueError: no",
            **given,
        }
    )


def schedule(**given: Any) -> Schedule:
    return Schedule.objects.create(
        **{"name": f"s-{next_number()}", "func": "guidance.behaviour.tasks.roll_up", **given}
    )
