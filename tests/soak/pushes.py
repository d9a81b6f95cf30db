"""`python -m tests.soak.pushes COUNT URL`: an approved plan of COUNT messages to a receiver.

Prints the secret that the receiver checks signatures with.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shopguide.settings.development")


def main(count: int, url: str) -> None:
    """Make shoppers who want messages, a campaign, its plan, approved and queued."""
    django.setup()
    from django.db import connection
    from django.utils import timezone

    from guidance.campaigns.channels.endpoints import create_push_endpoint
    from guidance.campaigns.models import Campaign
    from tests import factories
    from tests.campaigns.pushes import approved, push

    with connection.cursor() as cursor:
        cursor.execute(SHOPPERS, [count])
        cursor.execute(CONSENTS)
    _endpoint, secret = create_push_endpoint(name="receiver", url=url, actor=None)
    message = push(channel="webhook")
    everybody = factories.audience(kind="rules")
    Campaign.objects.filter(pk=message.step.campaign_id).update(audience=everybody)
    plan = approved(Campaign.objects.get(pk=message.step.campaign_id))
    assert plan.deliveries.filter(due_at__lte=timezone.now()).count() == count
    sys.stdout.write(f"{secret}\n")


SHOPPERS = """
INSERT INTO customers_customer
    (ref, is_anonymous, tier, language, country, time_zone, created_at)
SELECT 'soak-' || n, false, '', 'en', '', 'Europe/Berlin', now() FROM generate_series(1, %s) n
"""
CONSENTS = """
INSERT INTO customers_consent (customer_id, channel, purpose, is_granted, at, source, proof)
SELECT id, 'webhook', 'marketing', true, now(), 'soak', '{}' FROM customers_customer
"""

if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
