"""Jobs and background tasks."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success

from guidance.core.admin.base import ReadOnlyAdmin, acting_person, url_back
from guidance.core.hooks import cancel_permission
from guidance.core.models import Job
from guidance.core.selectors import job_state
from guidance.core.services.jobs import cancel_job
from guidance.core.services.tasks import resubmit_task

for unused in (Success, OrmQ, Failure, Schedule):
    admin.site.unregister(unused)


@admin.register(Failure)
class FailureAdmin(ReadOnlyAdmin):
    """Tasks that failed; those who may change tasks can send them again."""

    list_display = ["name", "func", "started", "attempt_count", "short_result"]
    search_fields = ["name", "func"]
    fields = ["name", "func", "started", "stopped", "attempt_count", "result"]
    actions = ["send_again"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Failure]:
        return super().get_queryset(request).filter(success=False)

    def has_resubmit_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("django_q.change_failure")

    @admin.action(description=_("Send again"), permissions=["resubmit"])
    def send_again(self, request: HttpRequest, tasks: QuerySet[Failure]) -> None:
        for task in tasks:
            resubmit_task(task=task, actor=acting_person(request))

    @admin.display(description=_("error"))
    def short_result(self, task: Failure) -> str:
        return str(task.result).strip().rpartition("\n")[2][:120]


@admin.register(Schedule)
class ScheduleAdmin(ReadOnlyAdmin):
    list_display = ["name", "func", "minutes", "next_run", "repeats"]


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "status", "phase", "share", "requested_by"]
    list_filter = ["status", "kind"]
    list_select_related = ["requested_by"]
    fields = ["kind", "requested_by", "created_at", "started_at", "finished_at", "attempts"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).defer("log", "result", "params")

    @admin.display(description=_("progress"), ordering="fraction")
    def share(self, job: Job) -> str:
        return f"{job.fraction:.0%}"

    def get_urls(self) -> list[URLPattern]:
        state, cancel = map(self.admin_site.admin_view, (self.state_view, self.cancel_view))
        return [
            path("<uuid:pk>/state/", state, name="core_job_state"),
            path("<uuid:pk>/cancel/", cancel, name="core_job_cancel"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        extra = {"may_cancel": self.may_cancel(request, job), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra)

    def may_cancel(self, request: HttpRequest, job: Job | None) -> bool:
        if job is None:
            return False
        return job.requested_by_id == request.user.pk or request.user.has_perm(
            cancel_permission(job.kind)
        )

    def state_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """What the page of a running job shows."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        job = get_object_or_404(Job, pk=pk)
        return JsonResponse(job_state(job))

    def cancel_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Ask the job to stop."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = get_object_or_404(Job, pk=pk)
        if not self.may_cancel(request, job):
            raise PermissionDenied
        cancel_job(job=job, actor=acting_person(request))
        messages.info(request, _("The job was asked to stop."))
        return redirect(url_back(request, fallback=reverse("admin:core_job_change", args=[pk])))
