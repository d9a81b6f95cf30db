"""The catalogue's pages."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter

from guidance.catalog.forms import ProductForm, edited_attributes
from guidance.catalog.hooks import product_actions
from guidance.catalog.models import Category, Product, ProductAttribute, ProductVector
from guidance.catalog.services import hide_products, update_product
from guidance.core.admin import GuidanceModelAdmin, ReadOnlyAdmin, acting_person


class AttributeInline(TabularInline):
    """The facts of a product."""

    model = ProductAttribute
    extra = 0
    hide_title = True
    fields = ["key", "language", "value", "unit", "source"]
    readonly_fields = ["source"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.change_product")

    has_change_permission = has_delete_permission = has_add_permission

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("catalog.view_product")


class StockFilter(admin.SimpleListFilter):
    """Whether a product can be sold now."""

    title = _("stock")
    parameter_name = "availability"
    CHOICES = {
        "in": (_("in stock"), Q(stock__gt=0)),
        "out": (_("sold out"), Q(stock=0)),
        "untracked": (_("not tracked"), Q(stock__isnull=True)),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(key, label) for key, (label, _condition) in self.CHOICES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = self.CHOICES.get(self.value() or "")
        return queryset.filter(chosen[1]) if chosen else queryset


@admin.register(Product)
class ProductAdmin(GuidanceModelAdmin):
    """Products, their texts and their facts. New ones come from the shop's system."""

    form = ProductForm
    list_display = [
        "sku",
        "title",
        "category",
        "brand",
        "family",
        "price",
        "currency",
        "stock",
        "is_shown",
    ]
    list_filter = ["is_hidden", StockFilter, ("category", RelatedDropdownFilter)]
    list_select_related = ["category"]
    search_fields = ["sku", "title", "brand", "family"]
    search_help_text = _("SKU, title, brand or family")
    autocomplete_fields = ["category"]
    readonly_fields = ["sku", "image_vector", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["sku", "title", "titles", "category", "brand", "family"]}),
        (_("Selling"), {"fields": ["price", "cost", "currency", "stock", "is_hidden"]}),
        (_("Picture"), {"fields": ["image", "image_vector"]}),
        (_("Description"), {"fields": ["descriptions"]}),
        (_("Times"), {"fields": ["created_at", "updated_at"]}),
    ]
    inlines = [AttributeInline]
    actions = ["hide_selected", "show_selected"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Add what other apps offer to do with products, to those who may."""
        actions = super().get_actions(request)
        for offered in product_actions():
            if request.user.has_perm(offered.permission):
                actions[offered.name] = (offered.load(), offered.name, offered.label)
        return actions

    @admin.display(description=_("shown"), boolean=True, ordering="is_hidden")
    def is_shown(self, product: Product) -> bool:
        return not product.is_hidden

    @admin.display(description=_("image vector"))
    def image_vector(self, product: Product) -> str:
        """What came with the picture for models to learn from; nobody can read the numbers."""
        vector = ProductVector.objects.filter(product=product).defer("numbers").first()
        if vector is None:
            return gettext("none; the shop's system may send one")
        since = date_format(timezone.localtime(vector.updated_at), "DATETIME_FORMAT")
        found = {"count": vector.dimensions, "model": vector.model, "since": since}
        if vector.model:
            return gettext("%(count)d numbers of %(model)s, since %(since)s") % found
        return gettext("%(count)d numbers, since %(since)s") % found

    def save_model(self, request: HttpRequest, obj: Product, form: ModelForm, change: bool) -> None:
        """Write nothing yet: the product and its facts are one change, made in save_related."""

    def save_related(
        self, request: HttpRequest, form: Any, formsets: list[BaseInlineFormSet], change: bool
    ) -> None:
        rows = [row for formset in formsets for row in edited_attributes(formset)]
        for formset in formsets:
            formset.save(commit=False)
        update_product(
            product=form.instance,
            fields=form.edited(),
            attributes=rows,
            actor=acting_person(request),
        )

    @admin.action(description=_("Hide from shoppers"), permissions=["change"])
    def hide_selected(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._set_hidden(request, queryset, hidden=True)

    @admin.action(description=_("Show to shoppers again"), permissions=["change"])
    def show_selected(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._set_hidden(request, queryset, hidden=False)

    def _set_hidden(self, request: HttpRequest, queryset: QuerySet, *, hidden: bool) -> None:
        count = hide_products(products=queryset, hidden=hidden, actor=acting_person(request))
        text = ngettext("%(count)d product changed.", "%(count)d products changed.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    """The tree; it comes with the products."""

    list_display = ["path", "names"]
    search_fields = ["path"]
    fields = ["path", "names", "parent"]
