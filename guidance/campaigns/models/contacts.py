"""What other apps said to shoppers, beside campaigns: it counts against the same budget."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.core.ids import new_id
from guidance.customers.models import Customer


class Contact(models.Model):
    """One time that an app spoke to a shopper of its own accord."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    # Which app, and what of it: "onboarding", "assistant.follow_up".
    source = models.CharField(_("from"), max_length=50)
    at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["-at"]
        indexes = [models.Index(fields=["customer", "at"], name="contact_of_customer")]

    def __str__(self) -> str:
        return f"{self.source} {self.at:%Y-%m-%d %H:%M}"
