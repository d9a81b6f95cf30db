"""Routes of this app under /api/v1/."""

from django.urls import path

from guidance.customers import api

urlpatterns = [
    path("customers", api.CustomersView.as_view(), name="customers"),
    path("identify", api.IdentifyView.as_view(), name="identify"),
]
