"""Drafts, their review, publications, and facts that are missing."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.catalog.models import Product
from guidance.core.ids import new_id


class Kind(models.TextChoices):
    DESCRIPTION = "description", _("description")
    SHORT_DESCRIPTION = "short_description", _("short description")


class Draft(models.Model):
    """Copy that waits for a person. `version` counts its texts: who decides names what they saw."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        SUPERSEDED = "superseded", _("superseded")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    product = models.ForeignKey(
        Product, verbose_name=_("product"), on_delete=models.PROTECT, related_name="drafts"
    )
    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices)
    language = models.CharField(_("language"), max_length=10)
    text = models.TextField(_("text"))
    version = models.PositiveIntegerField(_("version"), default=1)
    facts = models.JSONField(_("facts"), default=list)
    claims = models.JSONField(_("claims"), default=list)
    findings = models.JSONField(_("findings"), default=list)
    blocking_findings = models.PositiveSmallIntegerField(_("failed checks"), default=0)
    writer = models.CharField(_("writer"), max_length=50)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.WAITING
    )
    is_stale = models.BooleanField(
        _("stale"), default=False, help_text=_("A fact its published text cites has changed.")
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requested by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("review desk")
        ordering = ["created_at", "id"]
        permissions = [("review_draft", "Can approve and reject drafts")]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "kind", "language"],
                condition=Q(status="waiting"),
                name="one_waiting_draft",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(requested_by__isnull=True)
                | ~Q(status="approved")
                | ~Q(decided_by=models.F("requested_by")),
                name="requester_never_approves",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.kind} {self.language}"


class Publication(models.Model):
    """Approved copy as the storefront gets it; a row never changes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.OneToOneField(Draft, on_delete=models.PROTECT, related_name="publication")
    product = models.ForeignKey(
        Product, verbose_name=_("product"), on_delete=models.PROTECT, related_name="publications"
    )
    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices)
    language = models.CharField(_("language"), max_length=10)
    number = models.PositiveIntegerField(_("number"))
    text = models.TextField(_("text"))
    facts = models.JSONField(_("facts"), default=list)
    published_at = models.DateTimeField(_("published"), default=timezone.now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["-published_at"]
        permissions = [("withdraw_publication", "Can withdraw publications")]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "kind", "language", "number"], name="publication_number_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.kind} {self.language} {self.number}"


class MissingFacts(models.Model):
    """A product whose facts are too thin for a kind of copy: what is wanted, in one language."""

    product = models.ForeignKey(
        Product, verbose_name=_("product"), on_delete=models.CASCADE, related_name="missing_facts"
    )
    kind = models.CharField(_("kind"), max_length=30, choices=Kind.choices)
    language = models.CharField(_("language"), max_length=10)
    keys = models.JSONField(_("facts wanted"), default=list)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("missing facts")
        verbose_name_plural = _("missing facts")
        ordering = ["product_id", "kind", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "kind", "language"], name="missing_facts_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.kind} {self.language}"
