"""`python -m tests.bench.push_speed [--shoppers N]`: plans and outbox at size.

A PostgreSQL of its own is filled with N shoppers, half of them with an address and a consent. The
plan's time and memory are printed beside what a bare COPY of as many entries takes.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from tests import postgres

SHOPPERS = 1_000_000
DELIVERIES = 40_000
OUTBOX_SECONDS = 30.0
# Take a batch and say that it was sent: what any outbox in this database must do at least.
CLAIM = """
UPDATE campaigns_delivery SET state = 'sent', sent_at = now() WHERE id IN (
    SELECT id FROM campaigns_delivery
    WHERE state = 'waiting' AND channel = 'null' AND due_at <= now()
    ORDER BY due_at, id LIMIT 500 FOR UPDATE SKIP LOCKED)
"""
FILL = """
INSERT INTO customers_customer
    (id, ref, is_anonymous, tier, language, country, time_zone, created_at)
SELECT n, 'bench-' || n, false, (ARRAY['', 'silver', 'gold'])[1 + n % 3],
    (ARRAY['en', 'zh-hans', ''])[1 + n % 3], (ARRAY['DE', 'CN', 'US', ''])[1 + n % 4],
    (ARRAY['Europe/Berlin', 'Asia/Shanghai', 'America/New_York', ''])[1 + n % 4], now()
FROM generate_series(1, {n}) n;
INSERT INTO customers_consent (customer_id, channel, purpose, is_granted, at, source, proof)
SELECT n, 'email', 'marketing', n % 7 > 0, now() - interval '9 days', 'bench', '{{}}'
FROM generate_series(1, {n}) n;
INSERT INTO customers_contactpoint (customer_id, channel, ciphertext, fingerprint)
SELECT n, 'email', decode(md5(n::text), 'hex'), md5(n::text) || md5(n::text)
FROM generate_series(1, {n}) n WHERE n % 10 > 0;
INSERT INTO customers_suppression (customer_id, channel, purpose, reason, fingerprint, at, source,
    note, lift_reason)
SELECT n, 'email', '', 'unsubscribed', '', now(), 'bench', '', ''
FROM generate_series(1, {n}, 50) n;
ANALYZE;
"""


def main() -> None:
    """Fill, plan, and print what each step took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shoppers", type=int, default=SHOPPERS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url:
        _measure(options.shoppers)
        return
    binaries = postgres.find_binaries()
    if binaries is None:
        sys.exit("push_speed needs PostgreSQL")
    with postgres.running(binaries) as url:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "shopguide.settings.test",
        }
        again = [sys.executable, "-m", "tests.bench.push_speed", "--url", url]
        command = [*again, "--shoppers", str(options.shoppers)]
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def _measure(shoppers: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _fill(shoppers)
    plan = _campaign()
    from guidance.campaigns.services.planning import build_plan

    with _timed(f"plan over {shoppers:,} shoppers"):
        build_plan(plan=plan)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(f"  {plan.counts['verdicts']}, the process at most {peak:.0f} MiB")
    _bare_copy(plan)
    _outbox(plan, min(shoppers, DELIVERIES))


def _outbox(plan: Any, count: int) -> None:
    """Queue the plan over the channel to nowhere and have one worker send some of it."""
    from django.db import connection
    from django.utils import timezone

    from guidance.campaigns.models import Delivery
    from guidance.campaigns.services.approval import approve_plan
    from guidance.campaigns.services.delivering import deliver_due
    from guidance.campaigns.services.queueing import queue_plan
    from tests import factories

    plan = approve_plan(plan=plan, seen=plan.sha256, actor=factories.user())
    with _timed("queue the plan's messages"):
        queued = queue_plan(plan=plan)
    _say(f"  {queued:,} messages")
    wanted = Delivery.objects.order_by("id").values("id")[:count]
    Delivery.objects.filter(id__in=wanted).update(channel="null", due_at=timezone.now())
    _allow_null()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    begun = time.perf_counter()
    told = deliver_due(channel="null", seconds=OUTBOX_SECONDS)
    pace = (told.sent + told.cancelled) / (time.perf_counter() - begun)
    _say(f"one worker: {pace:,.0f} messages a second, {told}")
    _say(f"the database alone, the same claims: {_claims_a_second(count):,.0f} a second")


def _allow_null() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_consent (customer_id, channel, purpose, is_granted, at, source,"
            " proof) SELECT customer_id, 'null', purpose, is_granted, at, source, proof"
            " FROM customers_consent"
        )
        cursor.execute("UPDATE campaigns_campaign SET quiet_from = quiet_until")
        cursor.execute(
            "UPDATE campaigns_pushplan SET frozen = jsonb_set(frozen,"
            " '{campaign,quiet_from}', frozen #> '{campaign,quiet_until}')"
        )


def _claims_a_second(count: int) -> float:
    """Return the pace of the claim query alone, with a bare update in place of all else."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_delivery SET state = 'waiting', sent_at = NULL")
        begun, taken = time.perf_counter(), 0
        while taken < count and time.perf_counter() - begun < OUTBOX_SECONDS:
            cursor.execute(CLAIM)
            if not cursor.rowcount:
                break
            taken += cursor.rowcount
        return taken / (time.perf_counter() - begun)


def _fill(shoppers: int) -> None:
    from django.db import connection

    with _timed("fill"), connection.cursor() as cursor:
        cursor.execute(FILL.format(n=shoppers))


def _campaign() -> Any:
    from django.utils import timezone

    from guidance.campaigns.models import PushPlan
    from guidance.campaigns.selectors.snapshot import snapshot
    from tests import factories

    now = timezone.now()
    message = factories.campaign_message(
        channel="email", language="en", campaign__ends_at=now + timedelta(days=9)
    )
    campaign = message.step.campaign
    factories.campaign_message(step=message.step, channel="email", language="zh-hans")
    campaign.audience = factories.audience()
    campaign.save()
    return PushPlan.objects.create(
        campaign=campaign, number=1, frozen=snapshot(campaign), proposed_by=factories.user()
    )


def _bare_copy(plan: Any) -> None:
    """Have the database copy the plan's entries into a table alike: its own ceiling."""
    from django.db import connection

    with connection.cursor() as cursor, _timed("the same entries, table to table"):
        cursor.execute("CREATE TABLE bench_entries (LIKE campaigns_planentry INCLUDING ALL)")
        cursor.execute(
            "INSERT INTO bench_entries OVERRIDING SYSTEM VALUE"
            " SELECT * FROM campaigns_planentry WHERE plan_id = %s",
            [plan.pk],
        )


@contextmanager
def _timed(name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    _say(f"{name}: {time.perf_counter() - begun:.1f} s")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
