"""Drafts and their review, and facts that are missing."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.catalog.models import Product
from guidance.content.models.places import PLACE, Ordered, push_names_its_channel
from guidance.core.ids import new_id
from models_ml.writer.kinds import LINES

# A list of ids in one column, since the constraint on who approves cannot look into a table.
NOBODY = ","
# A working day and the night before it.
REVIEW_WITHIN = timedelta(hours=24)


def due_soon() -> datetime:
    """Return until when a draft made now should be decided."""
    return timezone.now() + REVIEW_WITHIN


class ReviewTask(models.Model):
    """Many drafts that came back for one reason, as one thing to do; open until all are decided.

    The reason is a fact that changed, or rules that were put in force.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    fact_key = models.CharField(_("changed fact"), max_length=60, blank=True)
    rules = models.ForeignKey(
        "content.RulePackVersion",
        verbose_name=_("rules put in force"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    count = models.PositiveIntegerField(_("texts"), default=0)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("review task")
        verbose_name_plural = _("review tasks")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["fact_key"],
                condition=Q(closed_at__isnull=True, rules__isnull=True),
                name="one_open_task_per_fact",
            ),
            models.UniqueConstraint(
                fields=["rules"],
                condition=Q(closed_at__isnull=True),
                name="one_open_task_per_rules",
            ),
            models.CheckConstraint(
                condition=Q(rules__isnull=True) ^ Q(fact_key=""), name="task_has_one_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fact_key or self.rules_id}: {self.count}"


def ids_between_commas(told: str) -> set[int]:
    """Return the ids of a column such as ",3,7,"."""
    return {int(user_id) for user_id in told.split(",") if user_id}


def between_commas(user_ids: Iterable[int]) -> str:
    """Return ids as such a column keeps them."""
    return "".join(f",{user_id}" for user_id in sorted(user_ids)) + NOBODY


def asked_for_by(user_id: int) -> Q:
    """Return the condition that a person requested a draft's text or an earlier one of it."""
    return Q(requested_by=user_id) | Q(earlier_requesters__contains=f",{user_id},")


def barred(user_id: int) -> Q:
    """Return the condition that a person may not approve a draft: it is their request or claim."""
    return asked_for_by(user_id) | Q(claim_authors__contains=f",{user_id},")


class DraftQuerySet(models.QuerySet["Draft"]):
    def waiting(self) -> "DraftQuerySet":
        return self.filter(status=Draft.Status.WAITING)

    def decided(self) -> "DraftQuerySet":
        """What people decided, and did not take back; a text twice approved counts once."""
        decided = self.filter(
            decided_by__isnull=False, taken_back_at__isnull=True, promotes__isnull=True
        )
        return decided.exclude(status=Draft.Status.WAITING)

    def clean(self) -> "DraftQuerySet":
        """Without a failed check, and written or changed since a fact it cites changed."""
        return self.filter(blocking_findings=0, is_stale=False)


class Draft(Ordered):
    """Copy that waits for a person. `version` counts its texts: who decides names what they saw."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")

    class Fallback(models.TextChoices):
        """Why the builtin writer wrote it though a language model was asked for."""

        UNAVAILABLE = "unavailable", _("the language model gave no answer")
        CIRCUIT_OPEN = "circuit_open", _("the language model is left alone after failures")
        BUDGET_SPENT = "budget_spent", _("today's budget for the language model is spent")
        BAD_ANSWER = "bad_answer", _("the language model's answers could not be read")
        CHECKS_FAILED = "checks_failed", _("the language model's texts failed the checks")
        TOO_ALIKE = "too_alike", _("the language model's text was nearly the main one")
        INSTRUCTIONS = "instructions", _("title or facts read like instructions to a machine")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    product = models.ForeignKey(
        Product, verbose_name=_("product"), on_delete=models.PROTECT, related_name="drafts"
    )
    text = models.TextField(_("text"))
    version = models.PositiveIntegerField(_("version"), default=1)
    facts = models.JSONField(_("facts"), default=list)
    sentences = models.JSONField(
        _("sentences"), default=list, help_text=_("As the writer wrote them, with what each tells.")
    )
    claims = models.JSONField(_("claims"), default=list)
    findings = models.JSONField(_("findings"), default=list)
    blocking_findings = models.PositiveSmallIntegerField(_("failed checks"), default=0)
    warnings = models.PositiveSmallIntegerField(_("warnings"), default=0)
    writer = models.CharField(_("writer"), max_length=50)
    provider = models.CharField(_("provider"), max_length=20, default="builtin")
    model = models.CharField(_("model"), max_length=200, blank=True)
    prompt_version = models.CharField(_("prompt version"), max_length=30, blank=True)
    fallback_reason = models.CharField(
        _("why the builtin writer wrote it"), max_length=20, choices=Fallback.choices, blank=True
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.WAITING
    )
    is_stale = models.BooleanField(
        _("stale"), default=False, help_text=_("A fact its published text cites has changed.")
    )
    changed_facts = models.JSONField(_("facts that changed"), default=list, blank=True)
    task = models.ForeignKey(
        ReviewTask,
        verbose_name=_("task"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="drafts",
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("requested by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    earlier_requesters = models.TextField(
        _("requested earlier texts"), default=NOBODY, help_text=_("Their ids between commas.")
    )
    claim_authors = models.TextField(
        _("added claims"),
        default=NOBODY,
        help_text=_("Ids, between commas, of those whose edits a second person must approve."),
    )
    is_high_risk = models.BooleanField(
        _("high risk"), default=False, help_text=_("Who edits it can never approve it.")
    )
    takings = models.DecimalField(
        _("sales in 30 days"),
        max_digits=20,
        decimal_places=2,
        default=0,
        help_text=_("What its product sold for in the 30 days before it was written."),
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("assignee"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    due_at = models.DateTimeField(_("due"), default=due_soon)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("edited by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    taken_back_at = models.DateTimeField(
        _("taken back"),
        null=True,
        blank=True,
        help_text=_("When its approval was; the text waits as a draft of its own."),
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    promotes = models.ForeignKey(
        "self",
        verbose_name=_("variant it makes the main text"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Its text won an experiment; who approved it approved it as a variant."),
    )

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts at the review desk")
        ordering = ["created_at", "id"]
        permissions = [("review_draft", "Can approve and reject drafts")]
        indexes = [
            models.Index(fields=["status", "created_at", "id"], name="draft_queue"),
            models.Index(fields=["status", "due_at"], name="draft_due"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=PLACE, condition=Q(status="waiting"), name="one_waiting_draft"
            ),
            push_names_its_channel("draft_of_push_names_channel"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(requested_by__isnull=True)
                | ~Q(status="approved")
                | ~Q(decided_by=F("requested_by")),
                name="requester_never_approves",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | ~Q(status="approved")
                | ~Q(
                    earlier_requesters__contains=Concat(
                        Value(","), Cast("decided_by_id", CharField()), Value(",")
                    )
                ),
                name="earlier_requester_never_approves",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | ~Q(status="approved")
                | ~Q(
                    claim_authors__contains=Concat(
                        Value(","), Cast("decided_by_id", CharField()), Value(",")
                    )
                ),
                name="claim_author_never_approves",
            ),
            models.CheckConstraint(
                condition=Q(status="waiting", decided_at__isnull=True)
                | Q(status__in=["approved", "rejected"], decided_at__isnull=False),
                name="decided_draft_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(decided_by__isnull=False, blocking_findings=0),
                name="approved_draft_is_clean",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.kind} {self.language}"

    def requesters(self) -> set[int]:
        """Return the ids of everybody who requested its text or an earlier one of it."""
        earlier = ids_between_commas(self.earlier_requesters)
        return earlier | ({self.requested_by_id} if self.requested_by_id else set())

    def as_written(self) -> str:
        """Return the writer's own text, before any person's edit."""
        between = "\n" if self.kind in LINES else " " if self.language == "en" else ""
        return between.join(sentence["text"] for sentence in self.sentences) or self.text

    def authors_of_claims(self) -> set[int]:
        """Return the ids of those whose edits added a claim, or changed copy of high risk."""
        return ids_between_commas(self.claim_authors)


class DraftRevision(models.Model):
    """A text that a draft had before somebody changed it."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="revisions")
    version = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"))
    replaced_at = models.DateTimeField(_("replaced"), default=timezone.now)
    replaced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("replaced by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        verbose_name = _("earlier text")
        verbose_name_plural = _("earlier texts")
        ordering = ["draft", "version"]
        constraints = [
            models.UniqueConstraint(fields=["draft", "version"], name="one_text_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.version}"


class DraftComment(models.Model):
    """What somebody says of a draft, for those who decide it; the writer never reads it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="comments")
    text = models.CharField(_("comment"), max_length=1000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("written"), default=timezone.now)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ["draft", "created_at", "id"]

    def __str__(self) -> str:
        return f"{self.draft_id} {self.created_at}"


class MissingFacts(Ordered):
    """A product whose facts are too thin for a kind of copy: what is wanted, in one language."""

    product = models.ForeignKey(
        Product, verbose_name=_("product"), on_delete=models.CASCADE, related_name="missing_facts"
    )
    keys = models.JSONField(_("facts wanted"), default=list)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("missing facts")
        verbose_name_plural = _("missing facts")
        ordering = ["product_id", "kind", "language"]
        constraints = [models.UniqueConstraint(fields=PLACE, name="missing_facts_once")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.kind} {self.language}"
