"""`python -m tests.bench.audience_speed [--shoppers N]`: audiences at size.

A PostgreSQL of its own is filled with N shoppers and five events each over 90 days. Printed are the
walks over whole audiences, by the kind of rule, and what a person waits for in the form.
"""

import argparse
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

from tests import postgres
from tests.bench.push_speed import FILL as FILL_PUSH
from tests.bench.push_speed import SHOPPERS, _say, _timed

EVENTS_EACH = 5
LISTED = 200_000
FILL = """
INSERT INTO catalog_category (id, path, names) VALUES (1, 'Tea', '{{}}');
INSERT INTO catalog_product (id, sku, title, titles, descriptions, category_id, family, brand,
    currency, image, is_hidden, created_at, updated_at)
SELECT n, 'p' || n, 'p' || n, '{{}}', '{{}}', CASE WHEN n % 10 = 0 THEN 1 END, '', '', 'USD', '',
    false, now(), now()
FROM generate_series(1, 1000) n;
INSERT INTO behaviour_event (id, kind, customer_id, product_id, occurred_at, received_at, source,
    session, basket, quantity, price, currency, text)
SELECT gen_random_uuid(), (ARRAY['view', 'view', 'cart', 'purchase', 'search'])[1 + k],
    1 + (n * 7919 + k * 104729) % {n} * 7 / 10, 1 + (n * 31 + k) % 1000,
    now() - ((n * 2654435761 + k * 40503) % 7776000) * interval '1 second', now(), 'live', '',
    'b' || n, 1, 20, 'USD', ''
FROM generate_series(1::bigint, {n}) n, generate_series(0::bigint, {each} - 1) k;
INSERT INTO behaviour_visitrollup (day, source, customer_id, session, currency, moments, searches,
    without_results, orders, spent, returned)
SELECT occurred_at::date, 'live', customer_id, id::text, 'USD', '', 0, 0, 1, 2000, 0
FROM behaviour_event WHERE kind = 'purchase';
ANALYZE;
"""


def _did(kind: str, *, times: int = 1, operator: str = "did", **rest: Any) -> dict[str, Any]:
    value = {"kind": kind, "times": times, "days": 30, **rest}
    return {"field": "event", "operator": operator, "value": value}


GOLD = {"field": "tier", "operator": "in", "value": ["gold", "silver"]}
SPENT = {"amount": "40", "currency": "USD", "days": 60}
RULES: dict[str, dict[str, Any]] = {
    "everybody": {},
    "tier, and viewed within 30 days": {"all": [GOLD, _did("view")]},
    "tier, and viewed tea within 30 days": {"all": [GOLD, _did("view", category="Tea")]},
    "tier, and did not buy within 30 days": {"all": [GOLD, _did("purchase", operator="did_not")]},
    "tier, and viewed twice within 30 days": {"all": [GOLD, _did("view", times=2)]},
    "bought twice within 30 days": _did("purchase", times=2),
    "tier, or viewed within 30 days": {"any": [GOLD, _did("view")]},
    "left a cart within 30 days": {"field": "cart_left", "operator": "did", "value": {"days": 30}},
    "spent 40 within 60 days": {"field": "spent", "operator": "at_least", "value": SPENT},
    "not seen for 30 days": {"field": "last_seen", "operator": "at_least", "value": 30},
    "best by RFM over 90 days": {
        "field": "rfm",
        "operator": "in",
        "value": {"segments": ["best", "loyal"], "days": 90},
    },
}


def main() -> None:
    """Start a database of its own and measure in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shoppers", type=int, default=SHOPPERS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.url:
        _measure(options.shoppers)
        return
    binaries = postgres.find_binaries()
    if binaries is None:
        sys.exit("audience_speed needs PostgreSQL")
    with postgres.running(binaries) as url:
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "shopguide.settings.test",
        }
        again = [sys.executable, "-m", "tests.bench.audience_speed", "--url", url]
        command = [*again, "--shoppers", str(options.shoppers)]
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)


def _measure(shoppers: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from guidance.campaigns.selectors.audience_sizes import sample_members, size_of
    from guidance.campaigns.selectors.audiences import members, walk
    from guidance.campaigns.services.audience_lists import import_list
    from tests import factories

    call_command("migrate", verbosity=0)
    factories.market(currency="USD", is_default=True)
    with _timed("fill"), connection.cursor() as cursor:
        cursor.execute(FILL_PUSH.partition(";")[0].format(n=shoppers))
        cursor.execute(FILL.format(n=shoppers, each=EVENTS_EACH))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    now = timezone.now() + timedelta(seconds=1)
    for name, rules in RULES.items():
        told = factories.audience(rules=rules)
        with _timed(f"walk: {name}"):
            found = sum(len(ids) for ids in walk(told, at=now, batch=20_000))
        with _timed("  its size"):
            size = size_of(told, at=now)
        _say(f"  {found:,} shoppers, told as {size}")
        few = range(1, 1_001)
        with _timed("  asked of a thousand"):
            members(told, at=now).filter(pk__in=few).count()
    with _timed("sample members"):
        sample_members(told, at=now)
    person, listed = factories.user(), factories.audience(kind="list")
    lines = [(n, f"bench-{n}") for n in range(1, LISTED + 1)]
    with _timed(f"a list of {LISTED:,} rows"):
        import_list(audience=listed, lines=lines, actor=person)
    with _timed("the same list again"):
        import_list(audience=listed, lines=lines, actor=person)


if __name__ == "__main__":
    main()
