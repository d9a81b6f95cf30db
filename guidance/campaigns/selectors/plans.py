"""Reads of plans: what one decided, how far it has got, and how two differ."""

from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max, Min, Q, QuerySet

from guidance.campaigns.models import CampaignMessage, PlanEntry, PushPlan, Verdict


class Tally(NamedTuple):
    """How many shoppers a verdict is about, and which share of the audience, 0 to 1."""

    verdict: Verdict
    shoppers: int
    share: float

    @property
    def percent(self) -> str:
        return f"{self.share:.1%}"


class Share(NamedTuple):
    """How many shoppers a message goes to, and which share of all messages, 0 to 1."""

    message: CampaignMessage
    shoppers: int
    share: float

    @property
    def percent(self) -> str:
        return f"{self.share:.1%}"


class Changed(NamedTuple):
    """How many shoppers moved from one verdict to another between two plans; None: not in it."""

    before: Verdict | None
    after: Verdict | None
    shoppers: int


class Reworded(NamedTuple):
    """Of those to whom two plans both give a message, how many get other words, another offer, or
    theirs at another time."""

    both: int
    words: int
    offer: int
    time: int


def tallies(plan: PushPlan) -> list[Tally]:
    """Return the verdicts of a plan, the messages first; they add up to the audience."""
    counts = {Verdict(int(key)): n for key, n in plan.counts.get("verdicts", {}).items()}
    whole = sum(counts.values()) or 1
    return [Tally(verdict, counts[verdict], counts[verdict] / whole) for verdict in sorted(counts)]


def shares(plan: PushPlan) -> list[Share]:
    """Return how many shoppers each message goes to; two statements."""
    counts = {int(key): n for key, n in plan.counts.get("messages", {}).items()}
    whole = sum(counts.values()) or 1
    related = CampaignMessage.objects.select_related("publication__product", "subject")
    return [
        Share(message, counts[message.pk], counts[message.pk] / whole)
        for message in related.filter(pk__in=counts)
    ]


def sending_span(plan: PushPlan) -> tuple[object, object]:
    """Return when the first and the last message leave; (None, None) where none does."""
    sent = PlanEntry.objects.filter(plan=plan, verdict=Verdict.SEND)
    span = sent.aggregate(first=Min("send_at"), last=Max("send_at"))
    return span["first"], span["last"]


def some_entries(
    plan: PushPlan, *, verdict: int | None, ref: str, most: int
) -> QuerySet[PlanEntry]:
    """Return entries of a plan with a verdict, or of the shopper with a pseudonym."""
    wanted = Q(plan=plan)
    if verdict is not None:
        wanted &= Q(verdict=verdict)
    if ref:
        wanted &= Q(customer__ref=ref)
    related = ("customer", "message__publication__product", "message__subject", "offer")
    return PlanEntry.objects.filter(wanted).select_related(*related).order_by("customer_id")[:most]


def differences(before: PushPlan, after: PushPlan) -> list[Changed]:
    """Return between which verdicts shoppers moved from one plan to another, most first.

    Who is in one of the two only moved from or to None. Three statements.
    """
    table = PlanEntry._meta.db_table
    ids = [_key(before), _key(after)]
    with connection.cursor() as cursor:
        cursor.execute(_MOVED.format(table=table), ids)
        moved = [(*row[:2], row[2]) for row in cursor.fetchall()]
        cursor.execute(_ALONE.format(table=table), ids)
        moved += [(verdict, None, count) for verdict, count in cursor.fetchall()]
        cursor.execute(_ALONE.format(table=table), ids[::-1])
        moved += [(None, verdict, count) for verdict, count in cursor.fetchall()]
    told = [Changed(_verdict(one), _verdict(other), count) for one, other, count in moved]
    return sorted(told, key=lambda change: -change.shoppers)


def reworded(before: PushPlan, after: PushPlan) -> Reworded:
    """Return how the messages differ of those who get one by both plans; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _REWORDED.format(table=PlanEntry._meta.db_table), [_key(before), _key(after)]
        )
        return Reworded(*(int(count or 0) for count in cursor.fetchone()))


_REWORDED = """
SELECT COUNT(*), SUM(CASE WHEN one.message_id <> other.message_id THEN 1 ELSE 0 END),
    SUM(CASE WHEN COALESCE(one.offer_id, 0) <> COALESCE(other.offer_id, 0) THEN 1 ELSE 0 END),
    SUM(CASE WHEN one.send_at <> other.send_at THEN 1 ELSE 0 END)
FROM {table} one JOIN {table} other ON other.customer_id = one.customer_id
WHERE one.plan_id = %s AND other.plan_id = %s AND one.verdict = 0 AND other.verdict = 0"""
_MOVED = """
SELECT one.verdict, other.verdict, COUNT(*) FROM {table} one JOIN {table} other
    ON other.customer_id = one.customer_id
WHERE one.plan_id = %s AND other.plan_id = %s AND one.verdict <> other.verdict
GROUP BY one.verdict, other.verdict"""
_ALONE = """
SELECT one.verdict, COUNT(*) FROM {table} one
WHERE one.plan_id = %s AND NOT EXISTS (
    SELECT 1 FROM {table} other WHERE other.plan_id = %s AND other.customer_id = one.customer_id)
GROUP BY one.verdict"""


def _key(plan: PushPlan) -> Any:
    return plan.pk if connection.vendor == "postgresql" else plan.pk.hex


def _verdict(number: int | None) -> Verdict | None:
    return None if number is None else Verdict(number)
