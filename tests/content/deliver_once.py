"""Delivers what a webhook is to be told, in a process of its own, which a test kills."""

import sys
import uuid

import django

django.setup()

from guidance.content.services.webhook_delivery import deliver_due  # noqa: E402  needs the apps

if __name__ == "__main__":
    deliver_due(endpoint_id=uuid.UUID(sys.argv[1]))
