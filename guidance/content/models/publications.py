"""Publications, what is current of them and planned, and the facts they cite."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.catalog.models import Product
from guidance.content.models.drafts import Draft
from guidance.content.models.places import PLACE, Placed, push_names_its_channel
from guidance.core.ids import new_id

NEVER_CHANGES = "A publication never changes; withdraw it or publish another."


class PublicationQuerySet(models.QuerySet["Publication"]):
    def update(self, **kwargs: Any) -> int:
        """Refuse: a publication never changes."""
        raise TypeError(NEVER_CHANGES)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse: what was published stays on record."""
        raise TypeError(NEVER_CHANGES)


class Publication(Placed):
    """Approved copy, word for word; a row never changes. What is current says `PublishedCopy`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.OneToOneField(Draft, on_delete=models.PROTECT, related_name="publication")
    product = models.ForeignKey(
        Product, verbose_name=_("product"), on_delete=models.PROTECT, related_name="publications"
    )
    number = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"))
    facts = models.JSONField(_("facts"), default=list)
    writer = models.CharField(_("writer"), max_length=50, default="")
    is_edited = models.BooleanField(_("edited by a person"), default=False)
    seal = models.CharField(
        _("seal"),
        max_length=64,
        default="",
        help_text=_("SHA-256 of the text and the facts that were approved."),
    )
    published_at = models.DateTimeField(_("published"), default=timezone.now)
    replaces = models.ForeignKey(
        "self",
        verbose_name=_("replaced"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("What storefronts got until it was published at once."),
    )
    replaced_until = models.DateTimeField(null=True, blank=True, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requested by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["-published_at", "-id"]
        permissions = [("withdraw_publication", "Can withdraw publications")]
        constraints = [
            models.UniqueConstraint(fields=[*PLACE, "number"], name="publication_number_once"),
            models.CheckConstraint(
                condition=Q(requested_by__isnull=True) | ~Q(requested_by=F("approved_by")),
                name="publication_has_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.kind} {self.language} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row; raises TypeError for a change, which no publication suffers."""
        if not self._state.adding:
            raise TypeError(NEVER_CHANGES)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Refuse: what was published stays on record."""
        raise TypeError(NEVER_CHANGES)


class PublishedCopy(Placed):
    """What the storefront gets for a place; at most one row each."""

    class Status(models.TextChoices):
        LIVE = "live", _("published")
        STALE = "stale", _("stale: a cited fact changed")
        WITHDRAWN = "withdrawn", _("withdrawn")

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="published_copy")
    publication = models.OneToOneField(
        Publication, on_delete=models.PROTECT, related_name="current"
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.LIVE
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    serve_until = models.DateTimeField(
        _("public until"),
        null=True,
        blank=True,
        help_text=_("A fact it cites changed; it is still true, and must be approved anew."),
    )
    changed_at = models.DateTimeField(_("changed"), default=timezone.now)

    class Meta:
        verbose_name = _("published copy")
        verbose_name_plural = _("published copy")
        ordering = ["changed_at", "id"]
        indexes = [models.Index(fields=["changed_at", "id"], name="published_copy_changed")]
        constraints = [
            models.UniqueConstraint(fields=PLACE, name="one_published_copy"),
            push_names_its_channel("published_push_names_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.kind} {self.language} {self.status}"

    @property
    def is_served(self) -> bool:
        return self.status == self.Status.LIVE


class PlannedCopy(Placed):
    """An approved text that goes out at a time to come; at most one for each place."""

    publication = models.OneToOneField(
        Publication, on_delete=models.CASCADE, related_name="planned"
    )
    at = models.DateTimeField(_("goes out"))
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("planned copy")
        verbose_name_plural = _("planned copy")
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=PLACE, name="one_planned_copy")]

    def __str__(self) -> str:
        return f"{self.publication_id} {self.at}"


class Citation(models.Model):
    """A publication states this fact; once it changes, the approval is stale."""

    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="citations")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    fact_key = models.CharField(max_length=60)
    fact_language = models.CharField(max_length=10, blank=True)

    class Meta:
        verbose_name = _("citation")
        verbose_name_plural = _("citations")
        indexes = [models.Index(fields=["product", "fact_key"], name="citation_of_fact")]
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "fact_key", "fact_language"], name="fact_cited_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.publication_id} {self.fact_key}"
