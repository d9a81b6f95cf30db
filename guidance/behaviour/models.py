"""What shoppers did, one row an event, and the rollups that dashboards read."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.core.models import Market, User
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
    coupon = models.CharField(
        _("coupon"),
        max_length=60,
        blank=True,
        db_default="",
        default="",
        help_text=_("The code that a purchase used."),
    )
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


class VisitRollup(models.Model):
    """What one shopper did on one day in one session: the moments, orders and money.

    `moments` are whole numbers with commas between them, in no order, one for each kind of event
    at each millisecond: the milliseconds since 1970 times `MOMENT`, plus the kind's place in
    `KIND_ORDER`. Events of one kind at one millisecond, such as an order's lines, are one moment.
    An order is a basket; purchases that name none are one order together. `spent` and `returned`
    are in cents of `currency`; rows without purchases and returns have none.
    """

    MOMENT = 16
    # What happens first where several things happen at once, as in history kept by the minute.
    KIND_ORDER = (
        Event.Kind.IMPRESSION,
        Event.Kind.SEARCH,
        Event.Kind.CLICK,
        Event.Kind.VIEW,
        Event.Kind.CART,
        Event.Kind.PURCHASE,
        Event.Kind.RETURN,
        Event.Kind.REVIEW,
        Event.Kind.RATING,
        Event.Kind.UNSUBSCRIBE,
        Event.Kind.COMPLAINT,
    )

    day = models.DateField(_("day"))
    source = models.CharField(_("source"), max_length=6, choices=Source.choices)
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    session = models.CharField(_("session"), max_length=64, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    moments = models.TextField()
    searches = models.PositiveIntegerField(_("searches"), default=0)
    without_results = models.PositiveIntegerField(_("without results"), default=0)
    orders = models.PositiveIntegerField(_("orders"), default=0)
    spent = models.BigIntegerField(_("spent"), default=0)
    returned = models.BigIntegerField(_("returned"), default=0)

    class Meta:
        verbose_name = _("visit's rollup")
        verbose_name_plural = _("visit rollups")
        constraints = [
            models.UniqueConstraint(
                fields=["source", "day", "customer", "session", "currency"],
                name="one_visit_rollup",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} customer {self.customer_id}"


class Analysis(models.TextChoices):
    """The kinds of behaviour analysis, as people see them in order."""

    FUNNEL = "funnel", _("Funnel")
    PATHS = "paths", _("Paths")
    COHORTS = "cohorts", _("Cohorts")
    SEGMENTS = "segments", _("Segments")
    SEARCHES = "searches", _("Searches without results")


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, person: User) -> "SavedViewQuerySet":
        """Return the person's own and those that others share."""
        return self.filter(Q(owner=person) | Q(is_shared=True))

    def with_staleness(self) -> "SavedViewQuerySet":
        """Tell of each, as `is_stale`, whether its market is gone."""
        market = Market.objects.filter(key=OuterRef("market"))
        return self.annotate(is_stale=~Q(market="") & ~Exists(market))


class SavedView(models.Model):
    """An analysis as somebody left it: its kind, and the address of its page but for the market."""

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("analysis"), max_length=10, choices=Analysis.choices)
    query = models.JSONField(_("filters"), default=dict)
    market = models.SlugField(_("market"), blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("saved by"),
        on_delete=models.CASCADE,
        related_name="saved_views",
    )
    is_shared = models.BooleanField(
        _("shared"), default=False, help_text=_("Everybody who may see this page finds it.")
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "pk"]
        permissions = [("open_shoppers", "Can open the shoppers behind a figure")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                name="one_saved_view_per_name",
                violation_error_message=_("You have a saved view of this name already."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not self.name.strip():
            raise ValidationError({"name": _("Give the view a name.")})
