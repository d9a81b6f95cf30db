"""Experiments: what is tried on whom, and the life from a draft to the archive."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.models import Source
from guidance.experiments.models.people import NOBODY, is_named, named_in, when, who


class ExperimentQuerySet(models.QuerySet["Experiment"]):
    def awaiting_approval(self, user_id: int) -> "ExperimentQuerySet":
        """Drafts that this person did not write, so that they may approve them."""
        drafts = self.filter(status=Experiment.Status.DRAFT)
        return drafts.exclude(authors__contains=f",{user_id},")

    def awaiting_decision(self) -> "ExperimentQuerySet":
        """Those that were stopped and nobody has decided."""
        return self.filter(status=Experiment.Status.STOPPED, decision="")

    def awaiting_second(self, user_id: int) -> "ExperimentQuerySet":
        """Those that one person, not this one, decided against the recommendation."""
        open_ones = [Experiment.Status.RUNNING, Experiment.Status.STOPPED]
        proposed = self.filter(status__in=open_ones, is_against_advice=True, second_by=None)
        return proposed.exclude(decided_by=user_id)


class Experiment(models.Model):
    """A split of shoppers between policies on one surface, or on one subject within it.

    What a draft says is frozen once somebody else approved it; `frozen` is what it said at its
    start, so that a row changed behind the services' back is found.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")
        DECIDED = "decided", _("decided")
        ARCHIVED = "archived", _("archived")

    # Where nobody has said yet what it came to.
    UNDECIDED = (Status.DRAFT, Status.APPROVED, Status.RUNNING, Status.STOPPED)

    class StopRule(models.TextChoices):
        FIXED = "fixed", _("fixed horizon")
        SEQUENTIAL = "sequential", _("sequential")

    class StopCause(models.TextChoices):
        PERSON = "person", _("a person stopped it")
        GUARDRAIL = "guardrail", _("a guardrail metric was harmed")
        DECISION = "decision", _("it was decided")

    class Verdict(models.TextChoices):
        SHIP = "ship", _("ship an arm")
        KEEP = "keep", _("keep what was there")

    key = models.SlugField(_("key"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=200)
    hypothesis = models.TextField(
        _("hypothesis"),
        blank=True,
        help_text=_("What will change for whom, in which metric, and why."),
    )
    surface = models.SlugField(_("surface"), max_length=50)
    subject = models.SlugField(
        _("subject"),
        max_length=150,
        blank=True,
        help_text=_("What within the surface is tested, as one product's copy; empty: all of it."),
    )
    source = models.CharField(
        _("traffic"),
        max_length=6,
        choices=Source.choices,
        default=Source.LIVE,
        help_text=_("A replay's experiment sees replayed traffic alone."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False
    )

    coverage = models.DecimalField(
        _("coverage"),
        max_digits=5,
        decimal_places=4,
        default=1,
        help_text=_("The share of shoppers that takes part, 0 to 1."),
    )
    seed = models.CharField(
        _("seed"),
        max_length=100,
        blank=True,
        help_text=_("Empty: the key, as usual. Another client's seed keeps its buckets."),
    )
    hash_version = models.PositiveSmallIntegerField(
        _("hash version"), choices=[(1, "1"), (2, "2")], default=2
    )
    namespace = models.CharField(
        _("namespace"),
        max_length=50,
        blank=True,
        help_text=_("Experiments of one namespace share its shoppers out and never meet."),
    )
    namespace_from = models.DecimalField(
        _("namespace from"), max_digits=5, decimal_places=4, default=0
    )
    namespace_to = models.DecimalField(_("namespace to"), max_digits=5, decimal_places=4, default=1)
    targeting = models.JSONField(
        _("targeting"),
        default=dict,
        blank=True,
        help_text=_('Conditions as JSON, such as {"tier": {"$in": ["gold"]}}; {}: everybody.'),
    )

    primary_metric = models.CharField(_("primary metric"), max_length=50, blank=True)
    guardrails = models.JSONField(
        _("guardrail metrics"),
        default=list,
        blank=True,
        help_text=_("A clear harm in one of them stops the experiment by itself."),
    )
    also_measured = models.JSONField(
        _("also measured"),
        default=list,
        blank=True,
        help_text=_("Shown and tested with the others; each makes chance findings likelier."),
    )
    metric_versions = models.JSONField(
        default=dict,
        editable=False,
        help_text=_("The metrics' versions, by key, from approval on."),
    )
    currency = models.CharField(
        max_length=3,
        blank=True,
        editable=False,
        help_text=_("Of money in metrics that name none: the default market's at the approval."),
    )
    time_zone = models.CharField(
        max_length=50,
        blank=True,
        editable=False,
        help_text=_("Of days in metrics that name none: the default market's at the approval."),
    )
    smallest_effect = models.DecimalField(
        _("smallest worthwhile effect (%)"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("Relative to the control; less is not worth a change."),
    )
    stop_rule = models.CharField(
        _("stop rule"), max_length=10, choices=StopRule.choices, default=StopRule.FIXED
    )
    horizon_days = models.PositiveSmallIntegerField(
        _("runs for (days)"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    horizon_units = models.PositiveIntegerField(
        _("until so many shoppers"), null=True, blank=True, validators=[MinValueValidator(2)]
    )

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("created by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    authors = models.TextField(
        default=NOBODY, editable=False, help_text=_("Ids of who wrote the draft, between commas.")
    )
    approved_by, approved_at = who(_("approved by")), when(_("approved"))
    started_by, started_at = who(_("started by")), when(_("started"))
    frozen = models.JSONField(default=dict, editable=False)
    stopped_by, stopped_at = who(_("stopped by")), when(_("stopped"))
    stop_cause = models.CharField(
        max_length=10, choices=StopCause.choices, blank=True, editable=False
    )
    stop_details = models.JSONField(default=dict, editable=False)

    decision = models.CharField(
        _("decision"), max_length=10, choices=Verdict.choices, blank=True, editable=False
    )
    decided_arm = models.SlugField(_("arm"), max_length=50, blank=True, editable=False)
    decision_reason = models.CharField(_("reason"), max_length=1_000, blank=True, editable=False)
    decided_by, decided_at = who(_("decided by")), when(_("decided"))
    is_against_advice = models.BooleanField(default=False, editable=False)
    second_by = who(_("confirmed by"))
    evidence = models.JSONField(default=dict, editable=False)
    shipped_before = models.JSONField(null=True, editable=False)
    shipped_at = when(_("shipped"))
    unshipped_by, unshipped_at = who(_("taken back by")), when(_("taken back"))
    archived_by, archived_at = who(_("archived by")), when(_("archived"))

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering = ["-created_at"]
        permissions = [
            ("approve_experiment", "Can approve experiments"),
            ("decide_experiment", "Can decide experiments"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["surface", "subject", "source"],
                condition=Q(status="running", namespace=""),
                name="one_running_experiment_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(coverage__gte=0, coverage__lte=1),
                name="experiment_coverage_is_a_share",
                violation_error_message=_("The coverage must lie between 0 and 1."),
            ),
            models.CheckConstraint(
                condition=Q(
                    namespace_from__gte=0,
                    namespace_from__lt=F("namespace_to"),
                    namespace_to__lte=1,
                ),
                name="experiment_namespace_is_a_range",
                violation_error_message=_("The namespace's range must rise, from 0 to 1 at most."),
            ),
            models.CheckConstraint(
                condition=~is_named("authors", "approved_by"), name="author_never_approves"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "archived"]) | Q(approved_at__isnull=False),
                name="experiment_says_when_approved",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "approved", "archived"])
                | Q(started_at__isnull=False),
                name="experiment_says_when_started",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at__isnull=True) | Q(stopped_at__gte=F("started_at")),
                name="experiment_stops_after_its_start",
            ),
            models.CheckConstraint(
                condition=~Q(status="decided")
                | Q(decided_at__isnull=False) & ~Q(decision="") & ~Q(decision_reason=""),
                name="decided_experiment_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["decided", "archived"], is_against_advice=True)
                | Q(second_by__isnull=False),
                name="against_advice_takes_two",
            ),
            models.CheckConstraint(
                condition=Q(second_by__isnull=True)
                | Q(decided_by__isnull=False) & ~Q(second_by=F("decided_by")),
                name="second_person_is_another",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def salt(self) -> str:
        """What its hash is seeded with."""
        return self.seed or self.key

    @property
    def author_ids(self) -> set[int]:
        """Who wrote the draft: none of them may approve it."""
        return named_in(self.authors)

    @property
    def awaits_second(self) -> bool:
        """Whether a decision against the recommendation waits for a second person."""
        return self.is_against_advice and self.second_by_id is None

    @property
    def is_shipped(self) -> bool:
        return self.shipped_at is not None and self.unshipped_at is None


Status = Experiment.Status
# The way through an experiment's life; what is not here is refused.
TRANSITIONS: dict[str, frozenset[str]] = {
    Status.DRAFT: frozenset({Status.APPROVED, Status.ARCHIVED}),
    Status.APPROVED: frozenset({Status.DRAFT, Status.RUNNING}),
    Status.RUNNING: frozenset({Status.STOPPED, Status.DECIDED}),
    Status.STOPPED: frozenset({Status.DECIDED}),
    Status.DECIDED: frozenset({Status.ARCHIVED}),
    Status.ARCHIVED: frozenset(),
}


class Arm(models.Model):
    """One arm: the policy its shoppers get, and its share.

    Arms take the buckets in the order of their positions, so that a shop can keep the order that
    its other clients have.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="arms")
    key = models.SlugField(_("key"), max_length=50)
    policy = models.CharField(_("policy"), max_length=50)
    weight = models.DecimalField(_("weight"), max_digits=6, decimal_places=4)
    is_control = models.BooleanField(_("control"), default=False)
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Equal ones: the control first, then by key.")
    )

    class Meta:
        verbose_name = _("arm")
        verbose_name_plural = _("arms")
        ordering = ["experiment_id", "position", "-is_control", "key"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "key"], name="arm_key_once"),
            models.CheckConstraint(
                condition=Q(weight__gte=0, weight__lte=1), name="arm_weight_is_a_share"
            ),
        ]

    def __str__(self) -> str:
        return self.key
