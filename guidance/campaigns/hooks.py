"""What higher apps give to campaigns: messages of theirs that count as contacts.

An app that keeps no rows of what it says takes each contact from `services.contacts` instead.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

# Of these shoppers, since a moment: how often each was spoken to; who was not is absent.
ContactCounter = Callable[[Sequence[int], datetime], Mapping[int, int]]
_counters: dict[str, ContactCounter] = {}


def register_contact_counter(name: str, counter: ContactCounter) -> None:
    """Have prompts or follow-ups of an app count against the caps over all channels.

    Call it in `AppConfig.ready()` only.
    """
    _counters[name] = counter


def contact_counters() -> list[ContactCounter]:
    """Return every registered counter."""
    return list(_counters.values())
