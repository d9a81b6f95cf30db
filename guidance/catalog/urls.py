"""Routes of this app under /api/v1/."""

from django.urls import path

from guidance.catalog import api

urlpatterns = [path("products", api.ProductsView.as_view(), name="products")]
