"""Routes of this app under /api/v1/."""

from django.urls import path

from guidance.campaigns import api
from guidance.campaigns.channels import inbox_api as inbox

urlpatterns = [
    path("campaigns", api.CampaignsView.as_view(), name="campaigns"),
    *inbox.urlpatterns,
]
