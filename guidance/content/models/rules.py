"""Rule packs in versions, signed exceptions from their rules, and what finds copy that is alike."""

from django.conf import settings
from django.db import models
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.core.ids import new_id


class RulePackVersion(models.Model):
    """A market's rules as somebody wrote them; what was written never changes.

    `rules` is the JSON text that `models_ml.writer.rules.reading` reads. Who wrote a version may
    not activate it; versions without an author come with the software.
    """

    class Pack(models.TextChoices):
        COMMON = "common", _("All markets")
        CN = "cn", _("China")
        EU = "eu", _("European Union")
        US = "us", _("United States")

    class Status(models.TextChoices):
        DRAFT = "draft", _("not active yet")
        ACTIVE = "active", _("active")
        RETIRED = "retired", _("retired")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    pack = models.CharField(_("rule pack"), max_length=20, choices=Pack.choices)
    number = models.PositiveIntegerField(_("version"))
    rules = models.TextField(_("rules"))
    note = models.CharField(_("what changed"), max_length=500, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.DRAFT
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("written by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("activated by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    activated_at = models.DateTimeField(_("activated"), null=True, blank=True)

    class Meta:
        verbose_name = _("rule pack version")
        verbose_name_plural = _("rule packs")
        ordering = ["pack", "-number"]
        permissions = [("activate_rulepackversion", "Can activate rule pack versions")]
        constraints = [
            models.UniqueConstraint(fields=["pack", "number"], name="rule_pack_number_once"),
            models.UniqueConstraint(
                fields=["pack"], condition=Q(status="active"), name="one_active_rule_pack"
            ),
            models.CheckConstraint(
                condition=Q(created_by__isnull=True)
                | Q(activated_by__isnull=True)
                | ~Q(activated_by=F("created_by")),
                name="rule_pack_has_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(status="active")
                | Q(activated_at__isnull=False)
                & (Q(activated_by__isnull=False) | Q(created_by__isnull=True)),
                name="active_rule_pack_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack} {self.number}"


class SignedException(models.Model):
    """A person answers for words that a rule forbids, in exactly one text, until it is revoked."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(
        "content.Draft",
        verbose_name=_("draft"),
        on_delete=models.PROTECT,
        related_name="signed_exceptions",
    )
    rule = models.CharField(_("rule"), max_length=80)
    span_text = models.CharField(_("words"), max_length=300)
    text_sha256 = models.CharField(max_length=64, editable=False)
    justification = models.CharField(_("justification"), max_length=1_000)
    requesters = models.TextField(_("requested the text"), help_text=_("Their ids between commas."))
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("signed by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    signed_at = models.DateTimeField(_("signed"), default=timezone.now)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("revoked by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_because = models.CharField(_("why it was revoked"), max_length=1_000, blank=True)

    class Meta:
        verbose_name = _("signed exception")
        verbose_name_plural = _("signed exceptions")
        ordering = ["-signed_at"]
        permissions = [("sign_exception", "Can sign exceptions from rules")]
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "rule", "span_text", "text_sha256"],
                condition=Q(revoked_at__isnull=True),
                name="exception_signed_once",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoked_by__isnull=True, revoked_because="")
                | Q(revoked_at__isnull=False, revoked_by__isnull=False) & ~Q(revoked_because=""),
                name="revoked_exception_says_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=~Q(
                    requesters__contains=Concat(
                        Value(","), Cast("signed_by_id", CharField()), Value(",")
                    )
                ),
                name="requester_never_signs",
            ),
            models.CheckConstraint(
                condition=~Q(justification=""), name="exception_has_justification"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.span_text}"


class CopyFingerprint(models.Model):
    """One MinHash band of a draft's text; texts that share one may be nearly the same."""

    draft = models.ForeignKey(
        "content.Draft", on_delete=models.CASCADE, related_name="fingerprints"
    )
    band = models.BigIntegerField()

    class Meta:
        verbose_name = _("fingerprint of copy")
        verbose_name_plural = _("fingerprints of copy")
        indexes = [models.Index(fields=["band"], name="copy_fingerprint_band")]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.band}"
