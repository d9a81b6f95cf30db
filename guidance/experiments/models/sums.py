"""Sums of experiments in whole numbers: one row a shopper, and one a day of arms and metrics.

Written by `services.counting` alone. What a day holds is exactly what its shoppers' rows add up
to, so that counting again from the decisions and events gives the same digits.
"""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from guidance.customers.models import Customer
from guidance.experiments.models.experiments import Experiment
from guidance.experiments.models.metrics import Metric


class WholeField(models.Field):
    """A whole number of any size: `numeric` on PostgreSQL, text on SQLite, which counts to 2^63."""

    def db_type(self, connection: Any) -> str:
        return "numeric" if connection.vendor == "postgresql" else "text"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)

    def to_python(self, value: Any) -> int | None:
        return None if value is None else int(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return value if value is None or connection.vendor == "postgresql" else str(value)


class LeftOut(models.TextChoices):
    """Why a shopper is in no figure; '' is in all of them."""

    SEVERAL_ARMS = "several_arms", _("met several arms")
    STAFF = "staff", _("is of the staff")
    BOT = "bot", _("is a script")


class Unit(models.Model):
    """One shopper of one experiment: the first decision, and what came of all of them.

    Tier and language are the shopper's when the first decision was counted, seconds after it was
    made. They are written once: counting again from the rows cannot tell what they have become
    since. No foreign key is checked: the rows come from decisions that hold theirs, millions at a
    time.
    """

    experiment = models.ForeignKey(
        Experiment,
        on_delete=models.CASCADE,
        related_name="units",
        db_index=False,
        db_constraint=False,
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    arm = models.CharField(max_length=50, blank=True)
    left_out = models.CharField(max_length=12, choices=LeftOut.choices, blank=True)
    exposed_at = models.DateTimeField()
    day = models.DateField()
    served = models.IntegerField()
    stood_in = models.IntegerField()
    seen = models.IntegerField()
    clicked = models.IntegerField()
    impressions = models.IntegerField()
    clicks = models.IntegerField()
    ratings = models.IntegerField()
    stars = models.IntegerField()
    thumbs_up = models.IntegerField()
    timed = models.IntegerField()
    latency_us = models.BigIntegerField()
    named = models.IntegerField(help_text=_("Events that name one of the decisions, any of them."))
    tier = models.CharField(max_length=30, blank=True)
    language = models.CharField(max_length=10, blank=True)

    class Meta:
        verbose_name = _("experiment's shopper")
        verbose_name_plural = _("experiments' shoppers")
        constraints = [models.UniqueConstraint(fields=["experiment", "customer"], name="unit_once")]
        indexes = [
            # The moment first: rows come in its order, and words are dear to compare.
            models.Index(
                fields=["experiment", "exposed_at", "left_out", "arm"], name="unit_by_time"
            )
        ]

    def __str__(self) -> str:
        return f"customer {self.customer_id} in {self.experiment_id}"


class UnitValue(models.Model):
    """What one metric over events counted of one shopper; without a row both sums are 0."""

    pk = models.CompositePrimaryKey("unit", "metric")
    unit = models.ForeignKey(
        Unit, on_delete=models.CASCADE, related_name="values", db_constraint=False, db_index=False
    )
    metric = models.ForeignKey(
        Metric, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    total = models.BigIntegerField()
    base = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("shopper's value")
        verbose_name_plural = _("shoppers' values")

    def __str__(self) -> str:
        return f"metric {self.metric_id} of unit {self.unit_id}"


class UnitTime(models.Model):
    """How many of a shopper's decisions took a time of one bucket; kept for quantiles alone."""

    pk = models.CompositePrimaryKey("unit", "bucket")
    unit = models.ForeignKey(
        Unit, on_delete=models.CASCADE, related_name="times", db_constraint=False, db_index=False
    )
    bucket = models.IntegerField()
    found = models.IntegerField()

    class Meta:
        verbose_name = _("shopper's times")
        verbose_name_plural = _("shoppers' times")

    def __str__(self) -> str:
        return f"{self.found} of unit {self.unit_id}"


class ArmDay(models.Model):
    """The shoppers of one arm whose first decision was on one day, by why they are left out."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="arm_days")
    left_out = models.CharField(max_length=12, choices=LeftOut.choices, blank=True)
    arm = models.CharField(max_length=50, blank=True)
    day = models.DateField()
    shoppers = models.BigIntegerField()
    saw = models.BigIntegerField()
    served = models.BigIntegerField()
    stood_in = models.BigIntegerField()
    seen = models.BigIntegerField()
    clicked = models.BigIntegerField()
    impressions = models.BigIntegerField()
    clicks = models.BigIntegerField()
    ratings = models.BigIntegerField()
    stars = models.BigIntegerField()
    thumbs_up = models.BigIntegerField()
    timed = models.BigIntegerField()
    latency_us = models.BigIntegerField()
    named = models.BigIntegerField()

    class Meta:
        verbose_name = _("arm's day")
        verbose_name_plural = _("arms' days")
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "left_out", "arm", "day"], name="one_arm_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.arm} {self.day}"


class MetricDay(models.Model):
    """One metric of the shoppers of an `ArmDay` that are in the figures.

    `units` are those with something in the row: for a ratio, something to divide by.
    """

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="metric_days")
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+")
    arm = models.CharField(max_length=50)
    day = models.DateField()
    units = WholeField()
    total = WholeField()
    base = WholeField()
    total_squares = WholeField()
    base_squares = WholeField()
    products = WholeField()

    class Meta:
        verbose_name = _("metric's day")
        verbose_name_plural = _("metrics' days")
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "metric", "arm", "day"], name="one_metric_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.metric_id} of {self.arm} {self.day}"


class ZoneDay(models.Model):
    """The shoppers in the figures of one arm whose first decision was on a day of another zone.

    Of the zones of metrics that count days in one of their own; `ArmDay` has the experiment's.
    """

    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="zone_days", db_index=False
    )
    zone = models.CharField(max_length=50)
    arm = models.CharField(max_length=50)
    day = models.DateField()
    shoppers = models.BigIntegerField()
    saw = models.BigIntegerField()

    class Meta:
        verbose_name = _("arm's day in a zone")
        verbose_name_plural = _("arms' days in zones")
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "zone", "arm", "day"], name="one_zone_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.arm} {self.day} {self.zone}"


class MetricBucket(models.Model):
    """One bucket of a quantile metric's histogram, of the shoppers of a `MetricDay`.

    `counts` are the values in it; `squares` and `products` are what a variance clustered by shopper
    needs (`experiments.histograms`). Shoppers with nothing to count are in no bucket.
    """

    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="buckets", db_index=False
    )
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False)
    arm = models.CharField(max_length=50)
    day = models.DateField()
    bucket = models.IntegerField()
    counts = WholeField()
    squares = WholeField()
    products = WholeField()

    class Meta:
        verbose_name = _("bucket of a metric's day")
        verbose_name_plural = _("buckets of metrics' days")
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "metric", "arm", "day", "bucket"], name="one_metric_bucket"
            )
        ]

    def __str__(self) -> str:
        return f"{self.metric_id} of {self.arm} {self.day}: {self.bucket}"


class Recount(models.Model):
    """How far counting an experiment again from its decisions and events has come."""

    experiment = models.OneToOneField(
        Experiment, on_delete=models.CASCADE, related_name="recount", primary_key=True
    )
    after_customer = models.BigIntegerField(default=0)
    last_customer = models.BigIntegerField()

    class Meta:
        verbose_name = _("recount")
        verbose_name_plural = _("recounts")

    def __str__(self) -> str:
        return f"recount of {self.experiment_id}"
