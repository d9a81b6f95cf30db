"""Every route: the admin, the API for storefronts, the shoppers' own pages, and the probes."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from guidance.core import probes

api: list[URLPattern | URLResolver] = [
    path("", include("guidance.catalog.urls")),
    path("", include("guidance.customers.urls")),
    path("", include("guidance.behaviour.urls")),
    path("", include("guidance.recommendations.urls")),
    path("", include("guidance.content.urls")),
    path("", include("guidance.campaigns.urls")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include((api, "api"))),
    path("", include("guidance.customers.public_urls")),
    path("anymail/", include("guidance.campaigns.channels.tracking_urls")),
    path("healthz", probes.healthz, name="healthz"),
    path("readyz", probes.readyz, name="readyz"),
    path("metrics", probes.metrics, name="metrics"),
]

handler404 = "guidance.core.problems.page_not_found"
handler500 = "guidance.core.problems.server_error"
