"""The wordings of one place on a publication's page: side by side, asked for, compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from guidance.content.admin.bandits import BanditForm
from guidance.content.admin.labels import LabelledPublications
from guidance.content.models import Draft, Publication, PublishedCopy
from guidance.content.presentation import wording_label
from guidance.content.selectors.bandits import bandits_of
from guidance.content.selectors.variants import (
    experiments_of,
    main_beside,
    policy_of,
    running_with,
    shown_by_arm,
    wordings_of,
)
from guidance.content.services.bandits import request_bandit
from guidance.content.services.choosing import USUAL_SURFACE
from guidance.content.services.refusals import Invalid
from guidance.content.services.variants import COMPARED_BY, compare_variants, request_variant
from guidance.content.services.waiting import require
from guidance.core.admin import acting_person
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import ArmReport, Report, current_metrics, report
from guidance.experiments.statistics import NotMeasured
from guidance.experiments.wording import interval_text, not_measured, value_text


def metric_choices() -> list[tuple[str, str]]:
    """Return the metrics that wordings may be compared by."""
    return [(key, metric.title) for key, metric in current_metrics(COMPARED_BY).items()]


class CompareForm(forms.Form):
    """Where wordings are compared, and by what."""

    surface = forms.SlugField(
        label=gettext_lazy("surface"),
        max_length=50,
        initial=USUAL_SURFACE,
        help_text=gettext_lazy("As the storefront calls it when it asks for copy."),
    )
    metric = forms.ChoiceField(
        label=gettext_lazy("primary metric"),
        choices=metric_choices,
    )


@dataclass(frozen=True)
class Figures:
    """What an experiment's report says of one wording; the CTR in words, with its interval."""

    served: int
    seen: int
    clicked: int
    ctr: str
    interval: str = ""


@dataclass(frozen=True)
class Wording:
    """One wording of the place, and its figures where an experiment showed it."""

    copy: PublishedCopy
    name: str
    is_this: bool
    figures: Figures | None


class ComparedPublications(LabelledPublications):
    """What the page of publications adds: its place's wordings, beside each other."""

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path(
                f"<uuid:publication_id>/{name}/",
                site(require_POST(view)),
                name=f"content_publication_{name}",
            )
            for name, view in (
                ("variant", self.variant_view),
                ("compare", self.compare_view),
                ("bandit", self.bandit_view),
            )
        ]
        return own + super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= _wordings_context(request, kwargs["obj"])
        return super().render_change_form(request, context, *args, **kwargs)

    def variant_view(self, request: HttpRequest, publication_id: UUID) -> HttpResponse:
        """Have another wording written; the job's page follows the work."""

        def act() -> str:
            job = request_variant(publication_id=publication_id, actor=acting_person(request))
            messages.success(request, _("The variant is being written; a colleague reviews it."))
            return reverse("admin:core_job_change", args=[job.pk])

        return _act(request, publication_id, act)

    def compare_view(self, request: HttpRequest, publication_id: UUID) -> HttpResponse:
        """Draft an experiment between the live wordings, and lead to it."""

        def act() -> str:
            require(acting_person(request), "experiments.add_experiment")
            form = CompareForm(request.POST)
            if not form.is_valid():
                raise Invalid(_("Name the surface in small letters, numbers and hyphens."))
            experiment = compare_variants(
                publication_id=publication_id, actor=acting_person(request), **form.cleaned_data
            )
            messages.success(request, _("Say what you expect; somebody else approves the plan."))
            return reverse("admin:experiments_experiment_change", args=[experiment.pk])

        return _act(request, publication_id, act)

    def bandit_view(self, request: HttpRequest, publication_id: UUID) -> HttpResponse:
        """Ask for a bandit among the live wordings, and lead to it."""

        def act() -> str:
            require(acting_person(request), "content.add_copybandit")
            form = BanditForm(request.POST)
            if not form.is_valid():
                raise Invalid(
                    " ".join(str(one) for errors in form.errors.values() for one in errors)
                )
            asked = form.save(commit=False)
            bandit = request_bandit(
                publication_id=publication_id, asked=asked, actor=acting_person(request)
            )
            messages.success(request, _("Somebody else approves it; then it runs."))
            return reverse("admin:content_copybandit_change", args=[bandit.pk])

        return _act(request, publication_id, act)


def _act(request: HttpRequest, publication_id: UUID, act: Callable[[], str]) -> HttpResponse:
    try:
        address = act()
    except Invalid as refused:
        messages.error(request, str(refused))
        address = reverse("admin:content_publication_change", args=[publication_id])
    return HttpResponseRedirect(address)


def _wordings_context(request: HttpRequest, publication: Publication) -> dict[str, Any]:
    main = main_beside(publication)
    if main is None:
        return {}
    rows = list(wordings_of(publication))
    live = [row.variant for row in rows if row.is_served]
    may_see = request.user.has_perm("experiments.view_experiment")
    experiments = list(experiments_of(main)) if may_see else []
    started = next((one for one in experiments if one.started_at), None)
    figures = _figures(started, rows) if started else {}
    return {
        "wordings": [
            Wording(
                copy=row,
                name=capfirst(wording_label(row.variant)),
                is_this=row.publication_id == publication.pk,
                figures=figures.get(row.publication_id),
            )
            for row in rows
        ],
        "experiments": experiments,
        "figures_of": started,
        "waiting_variants": list(
            Draft.objects.waiting().filter(**publication.place_of_all()).exclude(variant="")
        ),
        "may_write": request.user.has_perm("content.add_draft") and main.is_served,
        "may_compare": request.user.has_perm("experiments.add_experiment")
        and main.is_served
        and len(live) > 1,
        "compare_form": CompareForm(),
        "bandits": list(bandits_of(publication))
        if request.user.has_perm("content.view_copybandit")
        else [],
        "may_let_choose": request.user.has_perm("content.add_copybandit")
        and main.is_served
        and len(live) > 1,
        "bandit_form": BanditForm(initial={"surface": USUAL_SURFACE}, auto_id="bandit_%s"),
        "shown_by": running_with(publication) if publication.variant else [],
    }


def _figures(experiment: Experiment, rows: Sequence[PublishedCopy]) -> dict[UUID, Figures]:
    """Return the figures of each arm by the publication that alone it showed.

    What stands in a place now may be another text than the one that was compared: one that won is
    published once more. An arm that showed several texts says nothing of any one of them.
    """
    shown, whole = shown_by_arm(experiment), report(experiment)
    found = {}
    for arm in whole.arms:
        versions = shown.get(arm.arm.key, set())
        for row in rows:
            if versions == {(policy_of(row.variant), str(row.publication.number))}:
                found[row.publication_id] = _figures_of(arm, whole)
    return found


def _figures_of(arm: ArmReport, found: Report) -> Figures:
    metric, ctr, total = found.metrics["ctr"], arm.metrics["ctr"], arm.total
    if isinstance(ctr, NotMeasured):
        return Figures(total.served, total.seen, total.clicked, not_measured(ctr, metric))
    said = value_text(metric, ctr.value), interval_text(metric, ctr)
    return Figures(total.served, total.seen, total.clicked, *said)
