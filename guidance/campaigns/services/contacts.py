"""The one fatigue budget, open to other apps: onboarding prompts, assistant follow-ups.

    contact = take_contact(customer_id=shopper.pk, source="assistant.follow_up", priority=60)
    if contact is not None:
        ...  # speak; and where nothing was said after all:
        give_back_contact(contact=contact)

What answers a shopper, or what they must be told, is no contact and asks nobody. Each contact is
its own record: no audit row says it a second time.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from guidance.campaigns.models import Contact
from guidance.campaigns.selectors.fatigue import capped
from guidance.core.locks import hold_lock

# As campaigns begin with: of what waits, what has no lower priority goes first.
USUAL_PRIORITY = 50


@transaction.atomic
def take_contact(
    *, customer_id: int, source: str, priority: int = USUAL_PRIORITY, now: datetime | None = None
) -> Contact | None:
    """Take one contact out of a shopper's budget and return it; None where it is spent.

    It counts against the caps over all channels, as every campaign's message does, and for
    campaigns from now on. Messages that wait for campaigns whose priority is not lower count as
    well. However many apps ask at once, no more than the caps allow are given.
    """
    at = now or timezone.now()
    hold_lock(f"campaigns.contact.{customer_id}")
    if capped(channel="", customer_ids=[customer_id], at=at, priority=priority):
        return None
    return Contact.objects.create(customer_id=customer_id, source=source, at=at)


@transaction.atomic
def give_back_contact(*, contact: Contact) -> None:
    """Give back a contact that came to nothing: the shopper saw none of it."""
    Contact.objects.filter(pk=contact.pk).delete()
