"""The decision log: whatever a policy chose to show a shopper, or not to show."""

from datetime import datetime

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.behaviour.models import Event, EventQuerySet, Source
from guidance.core.ids import last_id, new_id
from guidance.customers.models import Customer
from guidance.decisions.attribution import (
    CLOCK_TOLERANCE,
    CONVERSION_WINDOW,
    OUTCOME_WINDOW,
    RATING_WINDOW,
    counted_events,
    purchases_within,
)


class DecisionQuerySet(models.QuerySet["Decision"]):
    """`received_by`, where a method has it, leaves out what came later than a past moment: events
    by when they were received, decisions by when they were made, which their ids tell."""

    def received_by(self, moment: datetime | None) -> "DecisionQuerySet":
        """Those made by a moment, whatever moment a replayed one stands for; None: all."""
        return self if moment is None else self.filter(pk__lte=last_id(moment))

    def real(self) -> "DecisionQuerySet":
        """Without replayed traffic."""
        return self.exclude(source=Source.REPLAY)

    def with_outcomes(self, received_by: datetime | None = None) -> "DecisionQuerySet":
        """Annotate `is_seen`, `is_clicked`; a click without an impression is no `is_clicked`."""
        return self.annotate(
            is_seen=Exists(counted_events(Event.Kind.IMPRESSION, received_by)),
            has_click=Exists(counted_events(Event.Kind.CLICK, received_by)),
            is_clicked=Q(is_seen=True, has_click=True),
        )

    def with_counts(self, received_by: datetime | None = None) -> "DecisionQuerySet":
        """Annotate how many `impressions` and `clicks` count, and the ratings' sum and number."""
        return self.annotate(
            impressions=_counted(Event.Kind.IMPRESSION, Count("pk"), received_by),
            clicks=_counted(Event.Kind.CLICK, Count("pk"), received_by),
            ratings=_counted(Event.Kind.RATING, Count("rating"), received_by),
            rating_sum=_counted(Event.Kind.RATING, models.Sum("rating"), received_by),
        )

    def with_conversion(self, received_by: datetime | None = None) -> "DecisionQuerySet":
        """Annotate `is_converted`: the shopper bought within the conversion window after it."""
        bought = purchases_within(CONVERSION_WINDOW, received_by)
        return self.annotate(is_converted=Exists(bought))

    def seen(self) -> "DecisionQuerySet":
        """Those with a counted impression."""
        return self.filter(Exists(counted_events(Event.Kind.IMPRESSION)))

    def unseen(self) -> "DecisionQuerySet":
        """Those without a counted impression."""
        return self.exclude(Exists(counted_events(Event.Kind.IMPRESSION)))

    def with_click(self) -> "DecisionQuerySet":
        """Those with a counted click, whether an impression was reported or not."""
        return self.filter(Exists(counted_events(Event.Kind.CLICK)))

    def converted(self) -> "DecisionQuerySet":
        """Those whose shopper bought within the conversion window after it."""
        return self.filter(Exists(purchases_within(CONVERSION_WINDOW)))

    def stood_in(self) -> "DecisionQuerySet":
        """Those that a fallback answered."""
        return self.exclude(fallback_from="")

    def of_experiment(self, key: str) -> "DecisionQuerySet":
        return self.filter(experiment=key).exclude(experiment="")

    def by_counted_pseudonym(self, received_by: datetime | None = None) -> "DecisionQuerySet":
        """Of experiments' decisions, those made for the pseudonym by which their shopper counts.

        It is the customer's own once that met the experiment: its arm was told by its hash alone,
        whatever arm a visitor who became the customer had met. Before that it is the pseudonym of
        the first visitor.
        """
        return self.filter(_is_by_counted_pseudonym(received_by))

    def before_login(self, received_by: datetime | None = None) -> "DecisionQuerySet":
        """Of experiments' decisions, those for visitors who became a customer that counts by
        another pseudonym; they are in no figure."""
        return self.exclude(met_as=None).exclude(_is_by_counted_pseudonym(received_by))

    def in_one_arm(self, received_by: datetime | None = None) -> "DecisionQuerySet":
        """Of experiments' decisions, those that count: the pseudonym by which their shopper counts
        met one arm only, and they are neither staff nor a script."""
        others = _other_arm().received_by(received_by)
        shoppers = self.filter(customer__excluded_as="").by_counted_pseudonym(received_by)
        return shoppers.exclude(Exists(others))

    def in_several_arms(self) -> "DecisionQuerySet":
        """Of experiments' decisions, those whose shopper met more than one arm."""
        shoppers = self.filter(customer__excluded_as="").by_counted_pseudonym()
        return shoppers.filter(Exists(_other_arm()))

    def for_excluded(self, excluded_as: str) -> "DecisionQuerySet":
        """Those for shoppers who count in no experiment as staff, or as scripts."""
        return self.filter(customer__excluded_as=excluded_as)

    def exposures(self, received_by: datetime | None = None) -> "DecisionQuerySet":
        """Of experiments' decisions, each shopper's first: one row for one exposed shopper."""
        earlier = _same_pseudonym().received_by(received_by)
        earlier = earlier.filter(
            Q(at__lt=OuterRef("at")) | Q(at=OuterRef("at"), pk__lt=OuterRef("pk"))
        )
        known = self.exclude(customer=None).by_counted_pseudonym(received_by)
        return known.exclude(Exists(earlier))


def _same_unit() -> DecisionQuerySet:
    """Decisions of the outer decision's shopper, experiment and traffic."""
    return Decision.objects.filter(
        customer=OuterRef("customer"), experiment=OuterRef("experiment"), source=OuterRef("source")
    )


def _same_pseudonym() -> DecisionQuerySet:
    """Of them, those for the pseudonym that the outer decision was made for."""
    own = Coalesce("met_as", 0)
    return _same_unit().filter(Exact(own, Coalesce(OuterRef("met_as"), 0)))


def _is_by_counted_pseudonym(received_by: datetime | None) -> Q:
    of_shopper = _same_unit().received_by(received_by)
    first = models.Subquery(of_shopper.order_by("at", "pk").values("met_as")[:1])
    own = Exists(of_shopper.filter(met_as=None))
    return Q(met_as=None) | (~Q(own) & Q(met_as=first))


def _other_arm() -> DecisionQuerySet:
    return _same_pseudonym().exclude(arm=OuterRef("arm"))


def _counted(kind: str, aggregate: models.Aggregate, received_by: datetime | None) -> Coalesce:
    """One aggregate over the outer decision's outcomes of a kind; 0 where there are none."""
    rows = counted_events(kind, received_by).order_by().values("decision").annotate(value=aggregate)
    return Coalesce(models.Subquery(rows.values("value"), output_field=models.IntegerField()), 0)


class Decision(models.Model):
    """One choice of one policy for one shopper on one surface.

    `items` holds, in order, `{kind, sku, position, score, reason, because, propensity}`, a `key` in
    place of the SKU for what is no product: `because` lists the shopper's own latest events that
    moved the score most, `{sku, kind, contribution}`, and the propensity is the probability of this
    item at this position given those above it. An event tells a product by its SKU, another item
    by its position.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="decisions",
    )
    met_as = models.BigIntegerField(
        null=True,
        editable=False,
        help_text=_("The visitor, merged into the customer since, for whom it was made."),
    )
    surface = models.SlugField(_("surface"), max_length=50)
    policy = models.CharField(_("policy"), max_length=50)
    policy_version = models.CharField(_("policy version"), max_length=50, blank=True)
    fallback_from = models.CharField(
        _("stood in for"),
        max_length=200,
        blank=True,
        help_text=_("The policy that should have answered, and why it did not."),
    )
    experiment = models.CharField(_("experiment"), max_length=50, blank=True)
    arm = models.CharField(_("arm"), max_length=50, blank=True)
    items = models.JSONField(_("items"), default=list)
    context = models.JSONField(_("context"), default=dict, blank=True)
    latency_ms = models.FloatField(_("milliseconds"), default=0)
    source = models.CharField(
        _("source"), max_length=6, choices=Source.choices, default=Source.LIVE
    )
    original_time = models.DateTimeField(_("original time"), null=True, blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decision log")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-at"], name="decision_of_customer"),
            models.Index(
                fields=["experiment", "arm"], name="decision_of_arm", condition=~Q(experiment="")
            ),
            # What was made out of an experiment's time, and for nobody, is counted in a moment.
            models.Index(
                fields=["experiment", "id"], name="decision_made", condition=~Q(experiment="")
            ),
            models.Index(
                fields=["experiment", "customer"],
                name="decision_before_login",
                condition=~Q(experiment="") & Q(met_as__isnull=False),
            ),
            models.Index(
                fields=["experiment"],
                name="decision_for_nobody",
                condition=~Q(experiment="") & Q(customer__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.surface} {self.at:%Y-%m-%d %H:%M}"


class OutcomeQuerySet(EventQuerySet):
    def of_decisions(self, decisions: DecisionQuerySet) -> "OutcomeQuerySet":
        """The events that name one of these decisions, counted or not."""
        return self.filter(decision__in=decisions.order_by().values("pk"))

    def counted(self) -> "OutcomeQuerySet":
        """The events that passed the check of shopper, traffic and time."""
        return self.filter(Exists(_passing_decision()))

    def not_counted(self) -> "OutcomeQuerySet":
        """The events that name a decision but failed the check."""
        return self.exclude(Exists(_passing_decision()))


def _passing_decision() -> "models.QuerySet[Decision]":
    return Decision.objects.filter(
        Q(at__gte=OuterRef("occurred_at") - OUTCOME_WINDOW)
        | Q(
            Exact(OuterRef("kind"), Event.Kind.RATING),
            at__gte=OuterRef("occurred_at") - RATING_WINDOW,
        ),
        pk=OuterRef("decision"),
        customer=OuterRef("customer"),
        source=OuterRef("source"),
        at__lte=OuterRef("occurred_at") + CLOCK_TOLERANCE,
    )


class Outcome(Event):
    """An event that names a decision, seen from the decision log."""

    objects = OutcomeQuerySet.as_manager()  # type: ignore[misc]  # narrower than its base

    class Meta:
        proxy = True
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes of decisions")


class DecisionDayRollup(models.Model):
    """Decisions of one surface, policy and arm on one day, and what came of them.

    A decision is `seen` when a counted impression names it and `clicked` when it is seen and a
    counted click names it too; CTR is clicked over seen. `converted` are the seen decisions that
    purchases are attributed to, `revenue` is those purchases' value (see `attribution`).
    """

    day = models.DateField(_("day"))
    source = models.CharField(_("source"), max_length=6, choices=Source.choices)
    surface = models.SlugField(_("surface"), max_length=50)
    policy = models.CharField(_("policy"), max_length=50)
    experiment = models.CharField(_("experiment"), max_length=50, blank=True)
    arm = models.CharField(_("arm"), max_length=50, blank=True)
    served = models.PositiveIntegerField(_("served"), default=0)
    seen = models.PositiveIntegerField(_("seen"), default=0)
    clicked = models.PositiveIntegerField(_("clicked"), default=0)
    converted = models.PositiveIntegerField(_("converted"), default=0)
    revenue = models.DecimalField(_("revenue"), max_digits=16, decimal_places=2, default=0)
    rating_sum = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("decision rollup")
        verbose_name_plural = _("decision rollups")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "source", "surface", "policy", "experiment", "arm"],
                name="one_decision_day_rollup",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.surface} {self.policy}"
