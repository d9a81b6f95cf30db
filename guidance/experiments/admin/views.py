"""The further pages of one experiment, each reckoned when it is opened and not before."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from guidance.core.admin import GuidanceModelAdmin, admin_page
from guidance.experiments.closer import segments_page, time_page
from guidance.experiments.models import Experiment
from guidance.experiments.outlook import outlook_lines
from guidance.experiments.overlaps import overlap_problems

PAGES = "admin/experiments/experiment/"


class ExperimentViews(GuidanceModelAdmin):
    """What an experiment's page leads to."""

    def get_urls(self) -> list[URLPattern]:
        views = {"outlook": self.outlook, "time": self.time, "segments": self.segments}
        return [*(self.route(name, view) for name, view in views.items()), *super().get_urls()]

    def route(self, name: str, view: Callable[..., HttpResponse], end: str = "/") -> URLPattern:
        """Return the address of one experiment's page."""
        wrapped = self.admin_site.admin_view(view)
        return path(f"<int:pk>/{name}{end}", wrapped, name=f"experiments_experiment_{name}")

    @method_decorator(require_GET)
    def outlook(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what the plan can find; it reads the surface's last weeks of the decision log."""
        experiment = self.seen(request, pk)
        arms = list(experiment.arms.all())
        has_started = experiment.started_at is not None
        return self._page(
            request,
            experiment,
            "outlook.html",
            has_started=has_started,
            outlook=[] if has_started else outlook_lines(experiment, arms),
            beside=[] if has_started else overlap_problems(experiment),
        )

    @method_decorator(require_GET)
    def time(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the difference day by day."""
        experiment = self.seen(request, pk)
        return self._page(request, experiment, "time.html", **time_page(experiment))

    @method_decorator(require_GET)
    def segments(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show who differs how."""
        experiment = self.seen(request, pk)
        return self._page(request, experiment, "segments.html", **segments_page(experiment))

    def seen(self, request: HttpRequest, pk: int) -> Experiment:
        """Return the experiment for somebody who may see it."""
        experiment = get_object_or_404(Experiment, pk=pk)
        if not self.has_view_permission(request, experiment):
            raise PermissionDenied
        return experiment

    def _page(
        self, request: HttpRequest, experiment: Experiment, template: str, **context: Any
    ) -> HttpResponse:
        return admin_page(
            self,
            request,
            PAGES + template,
            original=experiment,
            title=experiment.name,
            **context,
        )
