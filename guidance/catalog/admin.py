"""The catalogue's pages."""

from django.contrib import admin
from unfold.admin import TabularInline

from guidance.catalog.models import Category, Product, ProductAttribute
from guidance.core.admin import GuidanceModelAdmin, ReadOnlyAdmin


class AttributeInline(TabularInline):
    model = ProductAttribute
    extra = 0
    fields = ["key", "language", "value", "unit", "source"]


@admin.register(Product)
class ProductAdmin(GuidanceModelAdmin):
    list_display = ["sku", "title", "category", "brand", "price", "currency", "stock", "is_hidden"]
    list_filter = ["is_hidden", "category"]
    list_select_related = ["category"]
    search_fields = ["sku", "title"]
    autocomplete_fields = ["category"]
    inlines = [AttributeInline]


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    list_display = ["path"]
    search_fields = ["path"]
