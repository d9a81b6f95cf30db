"""`manage.py rotate_push_keys`: encrypt the message endpoints' secrets under the first key."""

from django.core.management.base import BaseCommand

from guidance.campaigns.channels.endpoints import reseal_push_secrets


class Command(BaseCommand):
    help = (
        "Encrypts the signing secrets of message endpoints anew under the first of CONTACT_KEYS. "
        "Afterwards the older keys can be taken out of the setting."
    )

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{reseal_push_secrets()} message endpoints encrypted anew.")
