"""The inbox in the shop's app: messages that wait there until the shopper reads them."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.core.ids import new_id
from guidance.customers.models import Customer


class InboxMessage(models.Model):
    """A message to one shopper, in their app; one a delivery."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.UUIDField(_("delivery"), unique=True, editable=False)
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.CASCADE,
        related_name="inbox",
        db_index=False,
    )
    language = models.CharField(_("language"), max_length=10, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"))
    data = models.JSONField(_("for the app"), default=dict, blank=True)
    created_at = models.DateTimeField(_("arrived"), default=timezone.now)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)

    class Meta:
        verbose_name = _("inbox message")
        verbose_name_plural = _("inbox messages")
        ordering = ["-id"]
        indexes = [models.Index(fields=["customer", "-id"], name="inbox_of_customer")]

    def __str__(self) -> str:
        return self.subject or str(self.id)
