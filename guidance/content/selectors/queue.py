"""The queue of the review desk: how it is narrowed, and what comes next in it."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.content.models import Draft, DraftQuerySet, ReviewTask, asked_for_by
from guidance.core.ids import parse_id

Narrow = Callable[[DraftQuerySet], DraftQuerySet]


def _younger(days: int) -> Narrow:
    return lambda queue: queue.filter(created_at__gte=timezone.now() - timedelta(days=days))


def _older(days: int) -> Narrow:
    return lambda queue: queue.filter(created_at__lt=timezone.now() - timedelta(days=days))


# Parameter -> value -> (what people read, what it leaves in the queue).
CHOICES: dict[str, dict[str, tuple[object, Narrow]]] = {
    "age": {
        "day": (_("the last 24 hours"), _younger(1)),
        "week": (_("the last 7 days"), _younger(7)),
        "older": (_("older than 7 days"), _older(7)),
    },
    "checks": {
        "clean": (_("no failed check"), lambda queue: queue.clean()),
        "warnings": (_("warnings"), lambda queue: queue.filter(warnings__gt=0)),
        "failed": (_("failed checks"), lambda queue: queue.filter(blocking_findings__gt=0)),
    },
    "stale": {
        "yes": (_("a cited fact changed"), lambda queue: queue.filter(is_stale=True)),
        "no": (_("new"), lambda queue: queue.filter(is_stale=False)),
    },
}
FIELDS = ("language", "kind")


@dataclass(frozen=True)
class Place:
    """Where a draft stands in a queue, counted from 1, or would stand if it is not in it."""

    position: int
    total: int
    previous: uuid.UUID | None
    next: uuid.UUID | None


@dataclass(frozen=True)
class Totals:
    """How many drafts wait, and why."""

    waiting: int
    clean: int
    failed: int
    stale: int
    own: int


def narrow(queue: DraftQuerySet, parameter: str, value: str) -> DraftQuerySet:
    """Return what one filter leaves of the queue; an unknown value leaves all of it."""
    if parameter in FIELDS:
        return queue.filter(**{parameter: value})
    if parameter == "task":
        task = parse_id(value)
        return queue.filter(task_id=task) if task else queue
    if parameter == "q":
        return queue.filter(Q(product__title__icontains=value) | Q(product__sku__icontains=value))
    _label, narrowing = CHOICES.get(parameter, {}).get(value, ("", None))
    return narrowing(queue) if narrowing else queue


def filtered_queue(parameters: Mapping[str, str]) -> DraftQuerySet:
    """Return the waiting drafts that these filters leave, oldest first."""
    queue = Draft.objects.waiting()
    for parameter, value in parameters.items():
        if value:
            queue = narrow(queue, parameter, value)
    return queue.order_by("created_at", "id")


def place_of(draft: Draft, queue: DraftQuerySet) -> Place:
    """Return where `draft` stands and its neighbours; after the last comes the first."""
    at = {"created_at": draft.created_at, "id": draft.pk}
    before = queue.filter(
        Q(created_at__lt=at["created_at"]) | Q(created_at=at["created_at"], id__lt=at["id"])
    )
    after = queue.filter(
        Q(created_at__gt=at["created_at"]) | Q(created_at=at["created_at"], id__gt=at["id"])
    )
    others = queue.exclude(pk=draft.pk)
    following = after.values_list("pk", flat=True).first()
    return Place(
        position=before.count() + 1,
        total=queue.count(),
        previous=before.reverse().values_list("pk", flat=True).first(),
        next=following or others.values_list("pk", flat=True).first(),
    )


def queue_totals(user_id: int) -> Totals:
    """Return how many drafts wait, in one query."""
    counts = Draft.objects.waiting().aggregate(
        waiting=Count("pk"),
        clean=Count("pk", filter=Q(blocking_findings=0, is_stale=False)),
        failed=Count("pk", filter=Q(blocking_findings__gt=0)),
        stale=Count("pk", filter=Q(is_stale=True)),
        own=Count("pk", filter=asked_for_by(user_id)),
    )
    return Totals(**counts)


def open_tasks() -> list[ReviewTask]:
    """Return the open tasks, newest first, each with `.left`: its drafts that still wait."""
    left = Count("drafts", filter=Q(drafts__status=Draft.Status.WAITING))
    return list(ReviewTask.objects.filter(closed_at=None).annotate(left=left))
