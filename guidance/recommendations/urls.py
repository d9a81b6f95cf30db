"""Routes of this app under /api/v1/."""

from django.urls import path

from guidance.recommendations import api

urlpatterns = [
    path("recommendations", api.RecommendationsView.as_view(), name="recommendations"),
    path("products/<path:sku>/similar", api.SimilarView.as_view(), name="similar"),
]
