"""Categories, products and the facts about them."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Category(models.Model):
    """One place in the shop's tree; `path` is its English name from the root, ' > ' between."""

    path = models.CharField(_("path"), max_length=300, unique=True)
    names = models.JSONField(_("names by language"), default=dict)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("parent"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["path"]

    def __str__(self) -> str:
        return self.names.get(get_language() or "en") or self.path


class Product(models.Model):
    """What the shop sells. Stock is null where the shop does not tell it."""

    sku = models.CharField(_("SKU"), max_length=64, unique=True)
    title = models.CharField(_("title"), max_length=300)
    titles = models.JSONField(_("titles by language"), default=dict, blank=True)
    descriptions = models.JSONField(_("descriptions by language"), default=dict, blank=True)
    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="products",
    )
    family = models.CharField(
        _("family"),
        max_length=64,
        blank=True,
        db_index=True,
        help_text=_("Variants of one product share a family; one request shows one of them."),
    )
    brand = models.CharField(_("brand"), max_length=100, blank=True, db_index=True)
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=2, null=True, blank=True)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    stock = models.IntegerField(_("stock"), null=True, blank=True)
    image = models.URLField(_("image"), max_length=500, blank=True)
    is_hidden = models.BooleanField(_("hidden"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["sku"]
        constraints = [
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gte=0), name="product_price_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(stock__isnull=True) | Q(stock__gte=0), name="product_stock_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.title_in(get_language() or "en")

    def title_in(self, language: str) -> str:
        """Return the title in `language`, or the shop's own where it has none."""
        return str(self.titles.get(language) or self.title)


class ProductAttribute(models.Model):
    """One fact about a product, with its unit, language ('' for any) and source."""

    product = models.ForeignKey(
        Product, verbose_name=_("product"), on_delete=models.CASCADE, related_name="attributes"
    )
    key = models.CharField(_("attribute"), max_length=60)
    language = models.CharField(_("language"), max_length=10, blank=True)
    value = models.CharField(_("value"), max_length=500)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    source = models.CharField(_("source"), max_length=60, default="import")
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")
        ordering = ["product_id", "key", "language"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "key", "language"], name="one_value_per_attribute"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.value} {self.unit}".strip()


class ProductVector(models.Model):
    """What the shop's own network says of a product's picture: `numbers` as float32, little endian.

    `model` names that network where the shop tells it; vectors of one model are of one length, and
    are learned from together.
    """

    product = models.OneToOneField(
        Product, verbose_name=_("product"), on_delete=models.CASCADE, related_name="vector"
    )
    model = models.CharField(_("model"), max_length=60, blank=True)
    dimensions = models.PositiveSmallIntegerField(_("dimensions"))
    numbers = models.BinaryField(_("numbers"))
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("image vector")
        verbose_name_plural = _("image vectors")
        indexes = [models.Index(fields=["model", "dimensions"], name="product_vector_lengths")]
        constraints = [
            models.CheckConstraint(
                condition=Q(dimensions__gte=1, dimensions__lte=4096),
                name="product_vector_dimensions",
            ),
            models.CheckConstraint(
                condition=Exact(Length("numbers"), F("dimensions") * 4),
                name="product_vector_holds_all_numbers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.dimensions}"
