"""Storefronts told of labels that changed, in a job that a kill does not begin anew."""

import time
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from guidance.content.models import (
    LabelPolicy,
    PublishedCopy,
    WebhookEndpoint,
    WebhookEvent,
)
from guidance.content.services.webhook_outbox import note_change
from guidance.core.jobs import JobContext
from guidance.core.locks import hold_lock
from guidance.core.models import Job, Market, User
from guidance.core.services.jobs import request_job

JOB_KIND = "tell_labels"
# A job keeps these in English; its page translates them.
PHASE, TOLD = gettext_noop("telling storefronts of labels"), gettext_noop("texts told of")
# Texts per transaction; each makes a message for every webhook.
CHUNK = 500


def relabel(*, languages: Collection[str], requested_by: User | None) -> Job | None:
    """Mark live copy in these languages as changed, for its label did, and have storefronts told.

    Call it inside the transaction of the change. The job is None where no webhook listens or
    nothing is live.
    """
    live = _live(languages)
    is_any = live.update(changed_at=timezone.now())
    if not (is_any and WebhookEndpoint.objects.filter(is_active=True).exists()):
        return None
    params = {"languages": sorted(languages)}
    return request_job(kind=JOB_KIND, params=params, requested_by=requested_by)


def relabel_market(before: Market, after: Market) -> None:
    """Hear of a market that changed: copy is labelled by the language that it speaks now."""
    if (before.language, before.key) == (after.language, after.key):
        return
    policy = LabelPolicy.objects.filter(market=after).first()
    if policy is None:
        return
    policy.revision = next_revision()
    policy.save(update_fields=["revision"])
    relabel(languages={before.language, after.language}, requested_by=None)


def run_tell_labels(context: JobContext) -> dict[str, Any]:
    """Run the job, a chunk to a transaction; a later attempt goes on behind the last one.

    A storefront may hear of a text twice, as of every change.
    """
    live = _live(context.params["languages"]).order_by("pk")
    reached = {"after": 0, "told": 0} | context.recall()
    after, told = reached["after"], reached["told"]
    total = max(live.count(), told, 1)
    while copies := list(live.filter(pk__gt=after).select_related("publication")[:CHUNK]):
        with transaction.atomic():
            publications = [copy.publication for copy in copies]
            note_change(publications=publications, event=WebhookEvent.PUBLISHED, status="live")
        after, told = copies[-1].pk, told + len(copies)
        context.remember({"after": after, "told": told})
        context.progress(PHASE, told / total, detail={TOLD: told})
    return {"told": told}


def next_revision() -> int:
    """Return the revision of a change to any policy; in its transaction, which others wait for.

    It is of the clock, so that one never comes again, not even in a restored database.
    """
    hold_lock("content.labels")
    latest = LabelPolicy.objects.aggregate(latest=Max("revision"))["latest"] or 0
    return max(int(latest) + 1, time.time_ns() // 1000)


def _live(languages: Collection[str]) -> QuerySet[PublishedCopy]:
    return PublishedCopy.objects.filter(status=PublishedCopy.Status.LIVE, language__in=languages)
