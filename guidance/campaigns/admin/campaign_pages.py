"""Pages of a campaign beside its form: a step's wordings and how shoppers' are chosen, and what
the whole of it moved."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from guidance.campaigns.campaign_effect_page import campaign_effect_page
from guidance.campaigns.models import Campaign, CampaignStep, MessageBandit
from guidance.campaigns.planning.choosing import Kind
from guidance.campaigns.selectors.choices import bandit_of, variants_of
from guidance.campaigns.services.choosing import COMPARED_BY, Expected, choose_by, compare_wordings
from guidance.campaigns.wordings_page import GOALS, METRIC_GOALS, step_page
from guidance.core.admin import acting_person, admin_page

VIEW, CHANGE = "campaigns.view_campaign", "campaigns.change_campaign"


class ChoosingForm(forms.ModelForm):
    """How a step's wordings are chosen; a bandit's settings count where a bandit is chosen."""

    choosing = forms.ChoiceField(
        label=gettext_lazy("how wordings are chosen"), choices=Kind.choices
    )
    only_variant = forms.ChoiceField(
        label=gettext_lazy("the wording that everybody gets"),
        required=False,
        help_text=gettext_lazy("Only for one wording for everybody."),
    )

    class Meta:
        model = MessageBandit
        fields = MessageBandit.SETTINGS

    field_order = ["choosing", "only_variant", *MessageBandit.SETTINGS]

    def __init__(self, *args: Any, step: CampaignStep, **kwargs: Any) -> None:
        kwargs["initial"] = {"choosing": step.choosing, "only_variant": step.only_variant}
        if (bandit := bandit_of(step)) is not None:
            kwargs["initial"] |= {name: getattr(bandit, name) for name in bandit.SETTINGS}
        super().__init__(*args, **kwargs)
        variants: Any = self.fields["only_variant"]
        variants.choices = [(one, one) for one in variants_of(step)]


class ExpectedForm(forms.Form):
    """What the author of an experiment between wordings expects."""

    metric = forms.ChoiceField(label=gettext_lazy("primary metric"))
    hypothesis = forms.CharField(
        label=gettext_lazy("hypothesis"),
        max_length=1_000,
        help_text=gettext_lazy("What will change for whom, in which metric, and why."),
    )
    smallest_effect = forms.DecimalField(
        label=gettext_lazy("smallest worthwhile effect (%)"),
        min_value=Decimal("0.01"),
        max_digits=6,
        decimal_places=2,
        initial=Decimal(5),
        help_text=gettext_lazy("Relative to the control; less is not worth a change."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("runs for (days)"), min_value=1, max_value=365, initial=28
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        metric: Any = self.fields["metric"]
        metric.choices = [(one, GOALS[METRIC_GOALS[one]]) for one in COMPARED_BY]


class CampaignPages:
    """What the campaigns' admin has of these pages."""

    def further_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view  # type: ignore[attr-defined]
        return [
            path(
                "<int:pk>/effect/",
                view(require_GET(self.effect_view)),
                name="campaigns_campaign_effect",
            ),
            path(
                "<int:pk>/wordings/<int:number>/",
                view(self.wordings_view),
                name="campaigns_campaign_wordings",
            ),
            path(
                "<int:pk>/wordings/<int:number>/compare/",
                view(require_POST(self.compare_view)),
                name="campaigns_campaign_compare",
            ),
        ]

    def effect_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a campaign moved over all its plans."""
        if not request.user.has_perm("campaigns.view_pushplan"):
            raise PermissionDenied
        campaign = get_object_or_404(Campaign, pk=pk)
        return admin_page(
            self,
            request,
            "admin/campaigns/campaign/effect.html",
            original=campaign,
            title=_("Effect of all plans: %(campaign)s") % {"campaign": campaign},
            **campaign_effect_page(campaign),
        )

    def wordings_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Show a step's wordings; a POST chooses them otherwise."""
        if not (request.user.has_perm(VIEW) or request.user.has_perm(CHANGE)):
            raise PermissionDenied
        step = _step(pk, number)
        form = ChoosingForm(request.POST or None, step=step)
        if request.method == "POST":
            if not request.user.has_perm(CHANGE):
                raise PermissionDenied
            if form.is_valid() and self._choose(request, form, step):
                return redirect("admin:campaigns_campaign_wordings", pk, number)
        return self._wordings(request, step, form, ExpectedForm(auto_id="expected_%s"))

    def _wordings(
        self, request: HttpRequest, step: CampaignStep, form: ChoosingForm, expected: ExpectedForm
    ) -> HttpResponse:
        may = {
            "change": request.user.has_perm(CHANGE),
            "see_experiments": request.user.has_perm("experiments.view_experiment"),
        }
        return admin_page(
            self,
            request,
            "admin/campaigns/campaign/wordings.html",
            original=step.campaign,
            title=_("Wordings of step %(number)d: %(campaign)s")
            % {"number": step.number, "campaign": step.campaign},
            form=form,
            expected=expected,
            **step_page(step, may=may),
        )

    def _choose(self, request: HttpRequest, form: ChoosingForm, step: CampaignStep) -> bool:
        told = form.cleaned_data
        try:
            choose_by(
                step=step,
                choosing=told["choosing"],
                only_variant=told["only_variant"],
                asked=form.save(commit=False),
                actor=acting_person(request),
            )
        except ValidationError as refused:
            form.add_error(None, refused.messages)
            return False
        messages.success(request, _("Chosen so from the next plan on that is approved."))
        return True

    def compare_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Draft an experiment between a step's wordings, and lead to it."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        step = _step(pk, number)
        form = ExpectedForm(request.POST, auto_id="expected_%s")
        if not form.is_valid():
            return self._wordings(request, step, ChoosingForm(step=step), form)
        try:
            experiment = compare_wordings(
                step=step, expected=Expected(**form.cleaned_data), actor=acting_person(request)
            )
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return redirect("admin:campaigns_campaign_wordings", pk, number)
        messages.success(
            request,
            _("Drafted: somebody else approves it, and starts it before a plan is proposed."),
        )
        return redirect("admin:experiments_experiment_change", experiment.pk)


def _step(pk: int, number: int) -> CampaignStep:
    steps = CampaignStep.objects.select_related("campaign")
    return get_object_or_404(steps, campaign=pk, number=number)
