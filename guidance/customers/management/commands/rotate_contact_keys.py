"""`manage.py rotate_contact_keys`: encrypt every address under the first key."""

from django.core.management.base import BaseCommand

from guidance.customers.services import rotate_contacts, rotate_suppressions


class Command(BaseCommand):
    help = (
        "Encrypts contact points and suppressed addresses anew under the first of CONTACT_KEYS; "
        "stopped anywhere, it goes on where it was. Afterwards the older keys can be taken out of "
        "the setting."
    )

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{rotate_contacts()} contact points encrypted anew.")
        self.stdout.write(f"{rotate_suppressions()} suppressed addresses encrypted anew.")
