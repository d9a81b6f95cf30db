"""What language models cost each day, and whether they are called at all now."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProviderUsage(models.Model):
    """One day's requests to one model; failures are among the requests."""

    day = models.DateField(_("day"))
    provider = models.CharField(_("provider"), max_length=20)
    model = models.CharField(_("model"), max_length=200, blank=True)
    requests = models.PositiveIntegerField(_("requests"), default=0)
    failures = models.PositiveIntegerField(_("failures"), default=0)
    prompt_tokens = models.PositiveBigIntegerField(_("tokens read"), default=0)
    completion_tokens = models.PositiveBigIntegerField(_("tokens written"), default=0)
    money = models.DecimalField(_("money"), max_digits=16, decimal_places=6, default=0)

    class Meta:
        verbose_name = _("language model usage")
        verbose_name_plural = _("language model usage")
        ordering = ["-day", "provider", "model"]
        constraints = [
            models.UniqueConstraint(fields=["day", "provider", "model"], name="usage_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.provider} {self.model}"


class ProviderCircuit(models.Model):
    """Failures in a row of one model; until `open_until` nobody calls it."""

    provider = models.CharField(_("provider"), max_length=20)
    model = models.CharField(_("model"), max_length=200, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    open_until = models.DateTimeField(_("left alone until"), null=True, blank=True)
    reason = models.CharField(_("last failure"), max_length=500, blank=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("circuit of a language model")
        verbose_name_plural = _("circuits of language models")
        ordering = ["provider", "model"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "model"], name="one_circuit_per_model")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.model}"
