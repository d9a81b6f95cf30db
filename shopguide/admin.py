"""The admin site: the desk everybody works at."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, path
from unfold.sites import UnfoldAdminSite

from guidance.core.selectors import is_worker_alive


class ShopGuideAdminSite(UnfoldAdminSite):
    """Unfold's site, which also says on every page whether background work is running."""

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        if request.user.is_authenticated:
            context["worker_stopped"] = not is_worker_alive()
        return context

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return the sidebar without groups in which this person may open nothing."""
        groups = super().get_sidebar_list(request)
        return [g for g in groups if any(item["has_permission"] for item in g["items"])]

    def get_urls(self) -> list[URLPattern | URLResolver]:
        status = path("worker/", self.admin_view(self.worker_status), name="worker_status")
        return [status, *super().get_urls()]

    def worker_status(self, request: HttpRequest) -> HttpResponse:
        """Tell the page whether background work is running."""
        return JsonResponse({"alive": is_worker_alive()})
