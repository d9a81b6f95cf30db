"""The shop's own sender: the server that gets messages as signed webhooks."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.content.models.webhooks import validate_webhook_url
from guidance.core.ids import new_id


class PushEndpoint(models.Model):
    """A server that is given messages to send. Its secrets are sealed for this row.

    One is in use at a time. A secret that was replaced signs along for a day.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(
        _("address"),
        max_length=500,
        validators=[validate_webhook_url],
        help_text=_("Over https, and never inside the house unless its settings allow that."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    secret = models.BinaryField(editable=False)
    previous_secret = models.BinaryField(null=True, editable=False)
    previous_until = models.DateTimeField(
        _("earlier secret valid until"), null=True, editable=False
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("message endpoint")
        verbose_name_plural = _("message endpoints")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"],
                condition=Q(is_active=True),
                name="one_active_push_endpoint",
                violation_error_message=_("Another endpoint is in use; switch it off first."),
            )
        ]

    def __str__(self) -> str:
        return self.name
