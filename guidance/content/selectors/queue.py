"""The queue of the review desk: how it is narrowed, and what comes next in it."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.content.models import (
    PLACE,
    Draft,
    DraftQuerySet,
    PublishedCopy,
    ReviewTask,
    asked_for_by,
)
from guidance.core.ids import parse_id, parse_key

Narrow = Callable[[DraftQuerySet], DraftQuerySet]


def _younger(days: int) -> Narrow:
    return lambda queue: queue.filter(created_at__gte=timezone.now() - timedelta(days=days))


def _older(days: int) -> Narrow:
    return lambda queue: queue.filter(created_at__lt=timezone.now() - timedelta(days=days))


def _due_within(hours: int) -> Narrow:
    return lambda queue: queue.filter(due_at__lt=timezone.now() + timedelta(hours=hours))


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
    "risk": {
        "high": (_("high risk"), lambda queue: queue.filter(is_high_risk=True)),
        "low": (_("usual"), lambda queue: queue.filter(is_high_risk=False)),
    },
    "due": {
        "overdue": (_("overdue"), lambda queue: queue.filter(due_at__lt=timezone.now())),
        "soon": (_("within 4 hours"), _due_within(4)),
    },
    "stale": {
        "yes": (_("a cited fact changed"), lambda queue: queue.filter(is_stale=True)),
        "no": (_("new"), lambda queue: queue.filter(is_stale=False)),
    },
}
FIELDS = ("language", "kind", "channel", "market", "segment")
NOBODY_YET = "nobody"
# How a queue may be worked through: what people read, and the fields it is ordered by.
ORDERS: dict[str, tuple[object, tuple[str, ...]]] = {
    "age": (_("oldest first"), ()),
    "due": (_("due first"), ("due_at",)),
    "value": (_("best sellers first"), ("-takings",)),
    "risk": (_("high risk first"), ("-is_high_risk", "due_at")),
}
OLDEST = ("created_at", "id")


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
    overdue: int
    mine: int
    own: int


def narrow(queue: DraftQuerySet, parameter: str, value: str) -> DraftQuerySet:
    """Return what one filter leaves of the queue; an unknown value leaves all of it."""
    if parameter in FIELDS:
        return queue.filter(**{parameter: value})
    if parameter == "assignee":
        person = parse_key(value)
        is_known = value == NOBODY_YET or person is not None
        return queue.filter(assignee=person) if is_known else queue
    if parameter == "task":
        task = parse_id(value)
        return queue.filter(task_id=task) if task else queue
    if parameter == "q":
        return queue.filter(Q(product__title__icontains=value) | Q(product__sku__icontains=value))
    _label, narrowing = CHOICES.get(parameter, {}).get(value, ("", None))
    return narrowing(queue) if narrowing else queue


def order_of(name: str) -> tuple[str, ...]:
    """Return the fields of an order by its name, the oldest first where there is no such."""
    _label, fields = ORDERS.get(name, ("", ()))
    return (*fields, *OLDEST)


def filtered_queue(parameters: Mapping[str, str]) -> DraftQuerySet:
    """Return the waiting drafts that these filters leave, in the order that they name."""
    queue = Draft.objects.waiting()
    for parameter, value in parameters.items():
        if value and parameter != "order":
            queue = narrow(queue, parameter, value)
    return queue.order_by(*order_of(parameters.get("order", "")))


def place_of(draft: Draft, queue: DraftQuerySet) -> Place:
    """Return where `draft` stands in an ordered queue and its neighbours; after the last comes the
    first."""
    order = [str(name) for name in queue.query.order_by]
    before, after = queue.filter(_beyond(draft, order, -1)), queue.filter(_beyond(draft, order, 1))
    others = queue.exclude(pk=draft.pk)
    following = after.values_list("pk", flat=True).first()
    return Place(
        position=before.count() + 1,
        total=queue.count(),
        previous=before.reverse().values_list("pk", flat=True).first(),
        next=following or others.values_list("pk", flat=True).first(),
    )


def _beyond(draft: Draft, order: Sequence[str], direction: int) -> Q:
    """Return the condition to stand after a draft in an order, or before it for -1."""
    found, same = Q(pk__in=[]), Q()
    for name in order:
        field, sign = name.lstrip("-"), -direction if name.startswith("-") else direction
        value = getattr(draft, field)
        found |= same & Q(**{f"{field}__{'gt' if sign > 0 else 'lt'}": value})
        same &= Q(**{field: value})
    return found


def queue_totals(user_id: int) -> Totals:
    """Return how many drafts wait, in one query."""
    counts = Draft.objects.waiting().aggregate(
        waiting=Count("pk"),
        clean=Count("pk", filter=Q(blocking_findings=0, is_stale=False)),
        failed=Count("pk", filter=Q(blocking_findings__gt=0)),
        stale=Count("pk", filter=Q(is_stale=True)),
        overdue=Count("pk", filter=Q(due_at__lt=timezone.now())),
        mine=Count("pk", filter=Q(assignee=user_id)),
        own=Count("pk", filter=asked_for_by(user_id)),
    )
    return Totals(**counts)


@dataclass(frozen=True)
class Share:
    """How many drafts of one kind, language, channel and audience a decision on many publishes."""

    kind: str
    language: str
    channel: str
    market: str
    segment: str
    variant: str
    drafts: int
    replacing: int


def shares_of(drafts: QuerySet[Draft]) -> list[Share]:
    """Return what approving these drafts would do, by what they are for; one query.

    `replacing` counts those whose product has live copy in the same place already.
    """
    live = PublishedCopy.objects.filter(
        status=PublishedCopy.Status.LIVE,
        **{name: OuterRef(name) for name in PLACE},
    )
    counted = (
        drafts.order_by()
        .annotate(has_live=Exists(live))
        .values(*PLACE[1:])
        .annotate(drafts=Count("pk"), replacing=Count("pk", filter=Q(has_live=True)))
    )
    return [Share(**row) for row in counted.order_by(*PLACE[1:])]


def open_tasks() -> list[ReviewTask]:
    """Return the open tasks, newest first, each with `.left`: its drafts that still wait."""
    left = Count("drafts", filter=Q(drafts__status=Draft.Status.WAITING))
    tasks = ReviewTask.objects.filter(closed_at=None).select_related("rules")
    return list(tasks.defer("rules__rules").annotate(left=left))
