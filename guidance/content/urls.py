"""Routes of this app under /api/v1/."""

from django.urls import path

from guidance.content import api

urlpatterns = [
    path("products/<path:sku>/copy", api.ProductCopyView.as_view(), name="product-copy"),
    path("products/<path:sku>/review-help", api.ReviewHelpView.as_view(), name="review-help"),
    path("copy", api.CopyChangesView.as_view(), name="copy"),
]
