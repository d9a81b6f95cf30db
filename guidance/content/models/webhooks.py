"""Webhooks: who hears of published copy, what each is still to be told, and every attempt."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.content.webhooks.addresses import split_url
from guidance.core.ids import new_id


def validate_webhook_url(url: str) -> None:
    """Refuse what is no https URL, or holds credentials or a fragment."""
    try:
        split_url(url)
    except (ValueError, UnicodeError):
        raise ValidationError(
            _("Write an https address without credentials, such as https://shop.example/hooks.")
        ) from None


class WebhookEvent(models.TextChoices):
    PUBLISHED = "copy.published", _("copy was published, or its label changed")
    WITHDRAWN = "copy.withdrawn", _("copy was withdrawn or went stale")


TEST_EVENT = "webhook.test"


class WebhookEndpoint(models.Model):
    """A server that is told what is published. Its secrets are sealed for this row.

    Whoever holds the lease sends to it, so that no two processes do at once.
    """

    # Longer than a message can take: looking the name up, two addresses, then the call.
    LEASE = timedelta(seconds=90)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    url = models.CharField(
        _("address"),
        max_length=500,
        validators=[validate_webhook_url],
        help_text=_("Over https, and never inside the house unless its settings allow that."),
    )
    events = models.JSONField(_("events"), default=list)
    is_active = models.BooleanField(_("active"), default=True)
    secret = models.BinaryField(editable=False)
    previous_secret = models.BinaryField(null=True, editable=False)
    previous_until = models.DateTimeField(
        _("earlier secret valid until"), null=True, editable=False
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    lease = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class WebhookMessageQuerySet(models.QuerySet["WebhookMessage"]):
    def waiting(self) -> "WebhookMessageQuerySet":
        return self.filter(status=WebhookMessage.Status.WAITING)


class WebhookMessage(models.Model):
    """What one endpoint is to be told: written with the change itself, sent at least once.

    `body` is kept to the letter, since every attempt signs it anew.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("delivered")
        DEAD = "dead", _("given up")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        verbose_name=_("webhook"),
        on_delete=models.PROTECT,
        related_name="messages",
    )
    type = models.CharField(_("event"), max_length=40)
    subject = models.CharField(_("about"), max_length=150, blank=True)
    body = models.TextField(_("message"))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    sent_at = models.DateTimeField(_("delivered at"), null=True, blank=True)

    objects = WebhookMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["endpoint", "id"],
                condition=Q(status="waiting"),
                name="webhook_waiting",
            ),
            models.Index(fields=["status", "sent_at"], name="webhook_sent"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False),
                name="sent_webhook_says_when",
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject}"

    @property
    def message_id(self) -> str:
        """The id that receivers tell repeated deliveries by."""
        return f"msg_{self.pk.hex}"


class WebhookAttempt(models.Model):
    """One attempt to deliver a message."""

    class Problem(models.TextChoices):
        REFUSED = "refused", _("the server did not accept it")
        REDIRECT = "redirect", _("the server redirects, which is not followed")
        TIMEOUT = "timeout", _("the server took too long")
        CERTIFICATE = "certificate", _("the server's certificate is not valid")
        CONNECTION = "connection", _("no connection")
        UNKNOWN_HOST = "unknown_host", _("the name of the server is unknown")
        PRIVATE_ADDRESS = "private_address", _("the address lies inside the house")
        SECRET = "secret", _("no key opens the signing secret")

    message = models.ForeignKey(
        WebhookMessage,
        verbose_name=_("message"),
        on_delete=models.CASCADE,
        related_name="history",
    )
    at = models.DateTimeField(_("time"), default=timezone.now)
    status_code = models.PositiveSmallIntegerField(_("answer"), null=True)
    problem = models.CharField(_("problem"), max_length=20, choices=Problem.choices, blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    milliseconds = models.PositiveIntegerField(_("milliseconds"), default=0)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["message", "id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.status_code or self.problem}"
