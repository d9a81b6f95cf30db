"""What the pages of runs and versions build on."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from guidance.core.admin import ReadOnlyAdmin, admin_page
from guidance.core.models import Job
from guidance.training.models import ModelVersion

POST_ONLY = method_decorator(require_POST)
STATUS_COLOURS = {
    Job.Status.RUNNING: "info",
    Job.Status.SUCCEEDED: "success",
    Job.Status.FAILED: "danger",
    Job.Status.CANCELLED: "warning",
    ModelVersion.Status.CANDIDATE: "info",
    ModelVersion.Status.PROMOTED: "success",
    ModelVersion.Status.REFUSED: "danger",
}


class PageAdmin(ReadOnlyAdmin):
    """A read-only list whose rows open a page of their own instead of a form.

    `page_context` gives, for a request and a row, what the page's template shows.
    """

    page_template: str
    page_context: Callable[[HttpRequest, Any], dict[str, Any]]
    select_for_page: tuple[str, ...] = ()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.row(object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return self.render(request, self.page_template, row, self.page_context(request, row))

    def row(self, object_id: str | UUID) -> Any:
        """Return the row; a 404 for an id that is none or that nobody has."""
        rows = self.model._default_manager.select_related(*self.select_for_page)
        try:
            return rows.get(pk=object_id)
        except (self.model.DoesNotExist, ValidationError) as problem:
            raise Http404 from problem

    def render(
        self, request: HttpRequest, template: str, row: Any, context: dict[str, Any]
    ) -> TemplateResponse:
        return admin_page(self, request, template, original=row, title=str(row), **context)


def require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
