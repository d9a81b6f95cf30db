"""The house's own routes, and the webhooks of every mail provider beside the one in use."""

from django.urls import include, path

urlpatterns = [path("", include("shopguide.urls")), path("every/", include("anymail.urls"))]
