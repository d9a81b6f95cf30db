"""Routes of this app under /api/v1/."""

from django.urls import path

from guidance.content import api

urlpatterns = [
    path("products/<path:sku>/copy", api.ProductCopyView.as_view(), name="product-copy"),
    path("copy", api.CopyChangesView.as_view(), name="copy"),
]
