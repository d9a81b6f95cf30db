"""Products whose price fell or that came back: what two triggers wait for."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from guidance.catalog.models import Product


class ProductState(models.Model):
    """A product's price and whether there was any of it, when it was last looked at."""

    product = models.OneToOneField(
        Product, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    is_in_stock = models.BooleanField()

    class Meta:
        verbose_name = _("product as last seen")
        verbose_name_plural = _("products as last seen")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.price}"


class ProductMove(models.Model):
    """A price that fell, or a product that is back in stock."""

    class Kind(models.TextChoices):
        PRICE_DROPPED = "price_dropped", _("a price dropped")
        BACK_IN_STOCK = "back_in_stock", _("a product is back in stock")

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    at = models.DateTimeField(_("time"), db_index=True)

    class Meta:
        verbose_name = _("move of a product")
        verbose_name_plural = _("moves of products")

    def __str__(self) -> str:
        return f"{self.kind} {self.product_id}"
