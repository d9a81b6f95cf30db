"""The campaigns' page: all of a campaign in one form; a service writes it, and writes it down."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Model, QuerySet
from django.forms import BaseModelFormSet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET
from unfold.admin import StackedInline, TabularInline
from unfold.contrib.inlines.admin import NonrelatedStackedInline
from unfold.decorators import display

from guidance.campaigns.admin.campaign_pages import CampaignPages
from guidance.campaigns.admin.offers import warn_of_tiers
from guidance.campaigns.channels import admin as channels
from guidance.campaigns.forms import TITLE_FIELDS, CampaignForm, OfferForm, OfferFormSet
from guidance.campaigns.message_forms import (
    MessageForm,
    MessageFormSet,
    StepForm,
    StepFormSet,
    TextSelect,
    text_label,
)
from guidance.campaigns.models import Campaign, CampaignMessage, CampaignStep, Offer, PushPlan
from guidance.campaigns.selectors.faults import campaign_warnings
from guidance.campaigns.selectors.texts import search_texts
from guidance.campaigns.sentence_page import sentence_page
from guidance.campaigns.services.beginning import begin_campaign
from guidance.campaigns.services.editing import Changes, delete_campaigns, save_campaign
from guidance.campaigns.services.reading import read_sentence, reopen
from guidance.campaigns.wordings_page import wordings_of_campaign
from guidance.core.admin import GuidanceModelAdmin, acting_person, admin_page
from guidance.core.ids import parse_key
from guidance.core.models import Market

__all__ = ["CampaignAdmin", "channels"]
State = Campaign.State
STATE_COLOURS = {State.RUNNING: "success", State.PLANNED: "info", State.OFF: "warning"}
VIEW, CHANGE = "campaigns.view_campaign", "campaigns.change_campaign"
TEXTS_AT_ONCE, MOST_NAMED = 20, 20


class StateFilter(admin.SimpleListFilter):
    """Campaigns as they stand now."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return State.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet:
        wanted = self.value()
        return queryset.in_state(wanted) if wanted in State.values else queryset


class OfferInline(StackedInline):
    model = Offer
    form = OfferForm
    formset = OfferFormSet
    extra = 0
    show_change_link = True
    fields = [
        ("code", "kind"),
        ("value", "currency"),
        ("tiers", "minimum_spend"),
        ("cost", "is_pooled"),
        ("most_in_total", "most_per_customer"),
        "starts_at",
        "ends_at",
        tuple(TITLE_FIELDS.values()),
    ]


class OfCampaign:
    """Rows that whoever may change campaigns may change, and nobody else."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(VIEW) or request.user.has_perm(CHANGE)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(CHANGE)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(CHANGE)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(CHANGE)


class StepInline(OfCampaign, TabularInline):
    model = CampaignStep
    form = StepForm
    formset = StepFormSet
    extra = 0
    fields = ["number", "wait_minutes", "condition", "exit_on"]


class MessageInline(OfCampaign, NonrelatedStackedInline):
    model = CampaignMessage
    form = MessageForm
    formset = MessageFormSet
    extra = 0
    fields = [
        ("channel", "language"),
        "publication",
        "subject",
        ("step_number", "variant"),
        "weight",
        "template",
    ]

    def get_form_queryset(self, obj: Campaign) -> QuerySet[CampaignMessage]:
        return (
            CampaignMessage.objects.filter(step__campaign=obj)
            .select_related("step")
            .order_by("step__number", "channel", "language", "variant")
        )

    def save_new_instance(self, parent: Model, instance: Model) -> None:
        """Leave it to the service: the message's step may not be there yet."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        is_subject = db_field.name == "subject"
        kwargs["widget"] = TextSelect(db_field, self.admin_site, subjects=is_subject)
        return db_field.formfield(**kwargs)


@admin.register(Campaign)
class CampaignAdmin(CampaignPages, GuidanceModelAdmin):
    form = CampaignForm
    list_display = ["title", "state_label", "starts_at", "ends_at", "category", "offer_count"]
    list_filter = [StateFilter]
    list_select_related = ["category"]
    search_fields = ["key", "offers__code"]
    search_help_text = gettext_lazy("A campaign's key or an offer's code")
    autocomplete_fields = ["category", "products"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    tuple(TITLE_FIELDS.values()),
                    ("key", "is_active"),
                    ("objective", "purpose"),
                ]
            },
        ),
        (
            gettext_lazy("When"),
            {
                "fields": [
                    "time_zone",
                    "starts_at",
                    "ends_at",
                    ("send_at", "at_best_hour"),
                    ("quiet_from", "quiet_until"),
                ]
            },
        ),
        (
            gettext_lazy("For whom"),
            {
                "fields": [
                    ("audience", "rechecks_audience"),
                    ("trigger", "daily_maximum"),
                    ("priority", "holdout_percent"),
                ]
            },
        ),
        (gettext_lazy("About what"), {"fields": [("category", "products")]}),
        (
            gettext_lazy("Money"),
            {"fields": [("currency", "budget"), ("contact_cost", "response_value")]},
        ),
    ]
    inlines = [OfferInline, StepInline, MessageInline]
    change_form_outer_before_template = "admin/campaigns/campaign/_pushes.html"
    list_before_template = "admin/campaigns/campaign/_lead.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        return super().get_queryset(request).annotate(offer_count=Count("offers", distinct=True))

    def get_urls(self) -> list[URLPattern]:
        texts = self.admin_site.admin_view(require_GET(self.texts_view))
        sentence = self.admin_site.admin_view(self.sentence_view)
        return [
            path("texts/", texts, name="campaigns_campaign_texts"),
            path("sentence/", sentence, name="campaigns_campaign_sentence"),
            *self.further_urls(),
            *super().get_urls(),
        ]

    @method_decorator(sensitive_post_parameters("sentence", "seal"))
    def sentence_view(self, request: HttpRequest) -> HttpResponse:
        """Show what a sentence means; with `begin` make drafts of it.

        Both are POSTs: a sentence may name somebody and has no place in an address, and a language
        model that reads it is paid for.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        reading = None
        sentence, person = request.POST.get("sentence", ""), acting_person(request)
        if "begin" in request.POST:
            told: dict[str, Any] = {
                "sentence": sentence,
                "seal": request.POST.get("seal", ""),
                "actor": person,
            }
            try:
                campaign = begin_campaign(language=get_language() or "en", **told)
            except ValidationError as refused:
                messages.error(request, " ".join(refused.messages))
                with suppress(ValidationError):
                    reading = reopen(**told)
            else:
                messages.success(request, _("Begun, switched off: look it through and go on."))
                return redirect("admin:campaigns_campaign_change", campaign.pk)
        elif request.method == "POST":
            reading = read_sentence(sentence=sentence, actor=person)
        return admin_page(
            self,
            request,
            "admin/campaigns/campaign/sentence.html",
            title=_("Start from a sentence"),
            **sentence_page(sentence, reading),
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with the clock and the money of the default market."""
        market = Market.objects.filter(is_default=True).first()
        usual = {"time_zone": market.time_zone, "currency": market.currency} if market else {}
        return usual | super().get_changeform_initial_data(request)

    def texts_view(self, request: HttpRequest) -> HttpResponse:
        """Answer the lists of texts and subjects: what is published and says the words typed."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        found = search_texts(
            request.GET.get("term", ""), subjects=request.GET.get("subjects") == "1"
        )
        page = Paginator(found, TEXTS_AT_ONCE).get_page(request.GET.get("page", 1))
        results = [{"id": str(one.pk), "text": text_label(one)} for one in page]
        return JsonResponse({"results": results, "pagination": {"more": page.has_next()}})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form under the campaign's plans and the buttons of its life."""
        person = acting_person(request)
        context = {
            "plans": PushPlan.objects.filter(campaign=parse_key(object_id) or 0)[:10],
            "may_propose": person.has_perm("campaigns.add_pushplan"),
            "may_stop": person.has_perm("campaigns.stop_campaign"),
            "choosing": wordings_of_campaign(parse_key(object_id) or 0),
        }
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description=gettext_lazy("title"))
    def title(self, campaign: Campaign) -> str:
        return str(campaign)

    @display(description=gettext_lazy("state"), label=STATE_COLOURS)
    def state_label(self, campaign: Campaign) -> tuple[str, str]:
        return campaign.state, str(campaign.state.label)

    @admin.display(description=gettext_lazy("offers"), ordering="offer_count")
    def offer_count(self, campaign: Campaign) -> int:
        return campaign.offer_count  # type: ignore[attr-defined]  # annotated above

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:
        """Leave it to `save_related`: a campaign and all on its page are written at once."""

    def save_related(
        self,
        request: HttpRequest,
        form: Any,
        formsets: list[BaseModelFormSet],
        change: bool,
    ) -> None:
        by_model = {formset.model: formset for formset in formsets}
        changed, removed = _changed(by_model.get(Offer))
        steps, removed_steps = _changed(by_model.get(CampaignStep))
        _messages, removed_messages = _changed(by_model.get(CampaignMessage))
        save_campaign(
            campaign=form.instance,
            offers=changed,
            removed=removed,
            changes=Changes(
                steps=steps,
                removed_steps=removed_steps,
                messages=_numbered(by_model.get(CampaignMessage)),
                removed_messages=removed_messages,
                products=form.cleaned_data.get("products"),
            ),
            actor=acting_person(request),
        )
        warn_of_tiers(request, changed)
        for warning in campaign_warnings(form.instance):
            messages.warning(request, warning)

    def get_deleted_objects(
        self, objs: Sequence[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[str], list[Any]]:
        """Say by its plans that a campaign stays; they may hold a million shoppers to walk over."""
        plans = PushPlan.objects.filter(campaign__in=[one.pk for one in objs])
        if held := [str(plan) for plan in plans.select_related("campaign")[:MOST_NAMED]]:
            return [], {}, set(), held
        return super().get_deleted_objects(objs, request)

    def delete_model(self, request: HttpRequest, obj: Campaign) -> None:
        delete_campaigns(campaigns=[obj], actor=acting_person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        delete_campaigns(campaigns=list(queryset), actor=acting_person(request))


def _changed(formset: Any) -> tuple[list[Any], list[Any]]:
    """Return the rows of a formset that are new or changed, and those taken away."""
    if formset is None:
        return [], []
    return formset.save(commit=False), formset.deleted_objects


def _numbered(formset: Any) -> list[tuple[int, CampaignMessage]]:
    """Return the new and changed messages with their step's number."""
    if formset is None:
        return []
    return [
        (form.cleaned_data["step_number"], form.instance)
        for form in formset.forms
        if form.has_changed() and form not in formset.deleted_forms
    ]
