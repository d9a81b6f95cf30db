"""`manage.py rotate_webhook_keys`: encrypt the webhooks' signing secrets under the first key."""

from django.core.management.base import BaseCommand

from guidance.content.services.webhook_endpoints import reseal_secrets


class Command(BaseCommand):
    help = (
        "Encrypts signing secrets anew under the first of CONTACT_KEYS; stopped anywhere, it goes "
        "on where it was. Afterwards the older keys can be taken out of the setting."
    )

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{reseal_secrets()} webhooks encrypted anew.")
