"""The further pages of one experiment, each reckoned when it is opened and not before."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET, require_POST

from guidance.core.admin import GuidanceModelAdmin, acting_person, admin_page
from guidance.experiments.behind_page import rows_page, shopper_page
from guidance.experiments.closer import segments_page, time_page
from guidance.experiments.links import rows_url
from guidance.experiments.models import Experiment
from guidance.experiments.outlook import outlook_lines
from guidance.experiments.overlaps import overlap_problems
from guidance.experiments.pages import as_of_words, read_as_of
from guidance.experiments.selectors import metrics_of
from guidance.experiments.selectors.behind import Behind
from guidance.experiments.services.opening import may_look, open_rows

PAGES = "admin/experiments/experiment/"
OPENS = "behaviour.open_shoppers"
# A number in an address that is longer is nobody's, and none that a database takes.
MOST_DIGITS = 18


class ExperimentViews(GuidanceModelAdmin):
    """What an experiment's page leads to."""

    def get_urls(self) -> list[URLPattern]:
        views = {"outlook": self.outlook, "time": self.time, "segments": self.segments}
        figure = "<slug:arm>/<slug:metric>/"
        return [
            *(self.route(name, view) for name, view in views.items()),
            self.route("rows", self.rows, f"/{figure}"),
            self.route("open", require_POST(self.open), f"/{figure}"),
            *super().get_urls(),
        ]

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
        return self._closer(request, pk, "time", time_page)

    @method_decorator(require_GET)
    def segments(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show who differs how."""
        return self._closer(request, pk, "segments", segments_page)

    def _closer(
        self, request: HttpRequest, pk: int, name: str, page: Callable[..., dict[str, Any]]
    ) -> HttpResponse:
        """Show a closer look, of today or of a past day."""
        experiment = self.seen(request, pk)
        try:
            as_of = read_as_of(request.GET)
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
            return redirect(f"admin:experiments_experiment_{name}", pk)
        context = page(experiment, as_of) | as_of_words(as_of)
        return self._page(request, experiment, f"{name}.html", **context)

    @method_decorator(require_GET)
    def rows(self, request: HttpRequest, pk: int, arm: str, metric: str) -> HttpResponse:
        """Show the rows behind one figure, or what one shopper of them adds.

        Shoppers have no names and no pages of their own here until somebody who may opens them,
        which is written down.
        """
        behind = self._behind(request, pk, arm, metric)
        opened = request.GET.get("opened", "")
        is_named = self._may_look(request, behind, opened)
        opened = opened if is_named else ""
        shopper = request.GET.get("shopper", "")
        if shopper.isdecimal() and len(shopper) < MOST_DIGITS:
            if not is_named:
                raise PermissionDenied
            context = shopper_page(behind, int(shopper), opened=opened)
            return self._page(request, behind.experiment, "shopper.html", **context)
        page = request.GET.get("page", "")
        context = rows_page(
            behind,
            page=int(page) if page.isdecimal() and len(page) < MOST_DIGITS else 1,
            only_counted=not request.GET.get("all"),
            is_named=is_named,
            opened=opened,
        )
        may_open = request.user.has_perm(OPENS) and not is_named
        return self._page(request, behind.experiment, "rows.html", may_open=may_open, **context)

    def open(self, request: HttpRequest, pk: int, arm: str, metric: str) -> HttpResponse:
        """Write down that somebody opens the named shoppers behind a figure, and show them."""
        behind = self._behind(request, pk, arm, metric)
        if not request.user.has_perm(OPENS):
            raise PermissionDenied
        entry = open_rows(behind=behind, actor=acting_person(request))
        return redirect(f"{rows_url(behind.experiment, behind.metric, arm)}?opened={entry.pk}")

    def _behind(self, request: HttpRequest, pk: int, arm: str, metric: str) -> Behind:
        experiment = self.seen(request, pk)
        found = metrics_of(experiment).get(metric)
        if found is None or not experiment.arms.filter(key=arm).exists():
            raise Http404
        return Behind(experiment, found, arm)

    def _may_look(self, request: HttpRequest, behind: Behind, opened: str) -> bool:
        if not opened or not request.user.has_perm(OPENS):
            return False
        try:
            entry_id = UUID(opened)
        except ValueError:
            return False
        return may_look(entry_id=entry_id, behind=behind, actor=acting_person(request))

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
