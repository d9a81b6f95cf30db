"""What shoppers did, one row an event, and the rollups that dashboards read."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.customers.models import Customer


class Source(models.TextChoices):
    """Where a row comes from. Replayed traffic stays outside every live metric."""

    LIVE = "live", _("live")
    IMPORT = "import", _("imported history")
    REPLAY = "replay", _("replay")


class EventQuerySet(models.QuerySet["Event"]):
    def real(self) -> "EventQuerySet":
        """Without replayed traffic."""
        return self.exclude(source=Source.REPLAY)


class Event(models.Model):
    """One thing a shopper did. The id is the client's UUIDv7; the same id is the same event."""

    class Kind(models.TextChoices):
        VIEW = "view", _("view")
        SEARCH = "search", _("search")
        IMPRESSION = "impression", _("impression")
        CLICK = "click", _("click")
        CART = "cart", _("cart")
        PURCHASE = "purchase", _("purchase")
        RETURN = "return", _("return")
        REVIEW = "review", _("review")
        RATING = "rating", _("rating")
        UNSUBSCRIBE = "unsubscribe", _("unsubscribe")
        COMPLAINT = "complaint", _("complaint")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    # The index event_of_customer begins with the customer; one of its own would cost every write.
    customer = models.ForeignKey(
        Customer,
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        related_name="events",
        db_index=False,
    )
    product = models.ForeignKey(
        Product,
        verbose_name=_("product"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="events",
    )
    occurred_at = models.DateTimeField(_("time"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    source = models.CharField(
        _("source"), max_length=6, choices=Source.choices, default=Source.LIVE
    )
    session = models.CharField(_("session"), max_length=64, blank=True)
    basket = models.CharField(_("basket"), max_length=64, blank=True)
    decision = models.UUIDField(_("decision"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), null=True, blank=True)
    quantity = models.IntegerField(_("quantity"), default=1)
    price = models.DecimalField(
        _("unit price"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    rating = models.PositiveSmallIntegerField(_("rating"), null=True, blank=True)
    text = models.TextField(_("text"), blank=True, help_text=_("A search's words or a review."))
    result_count = models.PositiveIntegerField(_("results found"), null=True, blank=True)
    original_time = models.DateTimeField(
        _("original time"), null=True, blank=True, help_text=_("Before a replay shifted it.")
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-occurred_at", "-id"]
        indexes = [
            models.Index(fields=["customer", "-occurred_at"], name="event_of_customer"),
            models.Index(fields=["occurred_at", "kind"], name="event_by_time"),
            models.Index(
                fields=["decision"],
                name="event_of_decision",
                condition=models.Q(decision__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rating__isnull=True) | models.Q(rating__range=(1, 5)),
                name="event_rating_is_one_to_five",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d %H:%M}"


class DirtyDay(models.Model):
    """A day that received rows since it was last rolled up.

    Written in the transaction that writes the rows, so whoever sees the mark sees the rows: a
    transaction still open can never be passed over, and late rows reopen their day by themselves.
    """

    day = models.DateField()
    source = models.CharField(max_length=6, choices=Source.choices)
    marked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("day to roll up")
        verbose_name_plural = _("days to roll up")

    def __str__(self) -> str:
        return f"{self.day} {self.source}"


class DayRollup(models.Model):
    """Events of one kind on one day: how many, by how many shoppers, over what value."""

    day = models.DateField(_("day"))
    source = models.CharField(_("source"), max_length=6, choices=Source.choices)
    kind = models.CharField(_("kind"), max_length=12, choices=Event.Kind.choices)
    events = models.PositiveIntegerField(_("events"))
    customers = models.PositiveIntegerField(_("shoppers"))
    baskets = models.PositiveIntegerField(_("baskets"), default=0)
    value = models.DecimalField(_("value"), max_digits=20, decimal_places=2, default=0)
    rating_sum = models.PositiveIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("day's rollup")
        verbose_name_plural = _("day rollups")
        constraints = [
            models.UniqueConstraint(fields=["day", "source", "kind"], name="one_day_rollup")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind}"


class ProductDayRollup(models.Model):
    """One product on one day. Quantity and value are those of purchases less those of returns."""

    day = models.DateField(_("day"))
    source = models.CharField(_("source"), max_length=6, choices=Source.choices)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    views = models.PositiveIntegerField(_("views"), default=0)
    carts = models.PositiveIntegerField(_("carts"), default=0)
    purchases = models.PositiveIntegerField(_("purchases"), default=0)
    quantity = models.BigIntegerField(_("quantity"), default=0)
    value = models.DecimalField(_("value"), max_digits=20, decimal_places=2, default=0)

    class Meta:
        verbose_name = _("product's rollup")
        verbose_name_plural = _("product rollups")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "source", "product"], name="one_product_day_rollup"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} product {self.product_id}"


class SearchDayRollup(models.Model):
    """One search phrase on one day."""

    day = models.DateField(_("day"))
    source = models.CharField(_("source"), max_length=6, choices=Source.choices)
    phrase = models.CharField(_("phrase"), max_length=200)
    searches = models.PositiveIntegerField(_("searches"))
    without_results = models.PositiveIntegerField(_("without results"), default=0)

    class Meta:
        verbose_name = _("search's rollup")
        verbose_name_plural = _("search rollups")
        constraints = [
            models.UniqueConstraint(
                fields=["day", "source", "phrase"], name="one_search_day_rollup"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.phrase}"
