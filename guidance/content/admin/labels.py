"""How markets label copy; taking a text over as its editor; live copy as a file."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from guidance.content.labelling import USUAL, Channel, Jurisdiction, Stage, visible_label
from guidance.content.models import EditorialTakeover, LabelPolicy, Publication
from guidance.content.selectors.published import all_live, copy_as_json
from guidance.content.services.export import FORMATS, export_copy
from guidance.content.services.labels import save_label_policy, take_over
from guidance.content.services.refusals import Refused
from guidance.core.admin import GuidanceModelAdmin, ReadOnlyAdmin, acting_person

TAKES_OVER = "content.review_draft"


class LabelPolicyForm(forms.ModelForm):
    """A market's policy; a market that had none starts with what its law usually asks."""

    class Meta:
        model = LabelPolicy
        fields = "__all__"

    def clean_market(self) -> Any:
        """Keep a policy with its market: copy is labelled by it meanwhile."""
        market = self.cleaned_data["market"]
        if self.instance.pk and market.pk != self.instance.market_id:
            raise forms.ValidationError(_("A policy stays with its market."))
        return market


@admin.register(LabelPolicy)
class LabelPolicyAdmin(GuidanceModelAdmin):
    form = LabelPolicyForm
    list_display = ["market", "jurisdiction", "is_shown", "drops_after_takeover", "on_pages"]
    list_select_related = ["market"]
    readonly_fields = ["result"]
    fieldsets = [
        (None, {"fields": ["market", "jurisdiction", "is_shown", "drops_after_takeover"]}),
        (gettext_lazy("What shoppers read now"), {"fields": ["result"]}),
        (
            gettext_lazy("Own words, in the language of the market; empty for the usual ones"),
            {"fields": [
                ("machine_text", "machine_short"),
                ("edited_text", "edited_short"),
                ("taken_over_text", "taken_over_short"),
            ]},
        ),
        (gettext_lazy("For machines"), {"fields": ["producer"]}),
    ]  # fmt: skip

    @admin.display(description=gettext_lazy("on pages"))
    def on_pages(self, policy: LabelPolicy) -> str:
        return _words(policy, Channel.PAGE, Stage.MACHINE)

    @admin.display(description=gettext_lazy("label"))
    def result(self, policy: LabelPolicy) -> str:
        """Say what the policy comes to, as saved."""
        if policy.pk is None:
            return _("Save to see it.")
        said = {
            name: _words(policy, channel, stage)
            for name, channel, stage in (
                (_("written by AI"), Channel.PAGE, Stage.MACHINE),
                (_("written by AI, short"), Channel.PUSH, Stage.MACHINE),
                (_("edited by a person"), Channel.PAGE, Stage.EDITED),
                (_("taken over by an editor"), Channel.PAGE, Stage.TAKEN_OVER),
            )
        }
        return "\n".join(f"{name}: {words}" for name, words in said.items())

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        usual = USUAL[Jurisdiction.EU]
        return {
            "jurisdiction": usual.jurisdiction.value,
            "drops_after_takeover": usual.drops_after_takeover,
            **super().get_changeform_initial_data(request),
        }

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say what somebody else changed meanwhile that makes this change impossible."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(request.get_full_path())

    def save_model(
        self, request: HttpRequest, obj: LabelPolicy, form: forms.ModelForm, change: bool
    ) -> None:
        saved = save_label_policy(
            policy=obj, changed=form.changed_data, actor=acting_person(request)
        )
        obj.pk = saved.pk


class LabelledPublications(ReadOnlyAdmin):
    """What the page of publications adds: the label, taking a text over, and the export."""

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path(
                "<uuid:publication_id>/take-over/",
                site(require_POST(self.take_over_view)),
                name="content_publication_take_over",
            ),
            path("export.<str:form>", site(self.export_view), name="content_publication_export"),
        ]
        return own + super().get_urls()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context |= _label_context(request, kwargs["obj"])
        return super().render_change_form(request, context, *args, **kwargs)

    def take_over_view(self, request: HttpRequest, publication_id: UUID) -> HttpResponse:
        """Record that the person at the desk answers for a text as its editor."""
        if not request.user.has_perm(TAKES_OVER):
            raise PermissionDenied
        publication = get_object_or_404(Publication, pk=publication_id)
        statement = request.POST.get("statement", "")
        try:
            take_over(publication=publication, actor=acting_person(request), statement=statement)
            messages.success(request, _("Recorded: you answer for this text as its editor."))
        except Refused as refused:
            messages.error(request, str(refused))
        address = reverse("admin:content_publication_change", args=[publication_id])
        return HttpResponseRedirect(address)

    def export_view(self, request: HttpRequest, form: str) -> StreamingHttpResponse:
        """Answer all live copy with its labels as CSV or JSON lines."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        chosen = form if form in FORMATS else "csv"
        answer = StreamingHttpResponse(export_copy(form=chosen), content_type=FORMATS[chosen])
        answer["Content-Disposition"] = f'attachment; filename="copy.{chosen}"'
        return answer


def usual_statement() -> str:
    """Return the words that a person signs, in their language."""
    return _("I have read this text and take editorial responsibility for it.")


def _label_context(request: HttpRequest, publication: Publication) -> dict[str, Any]:
    row = all_live().filter(publication=publication).first()
    taken = EditorialTakeover.objects.select_related("person").filter(publication=publication)
    takeover = taken.first()
    may = request.user.has_perm(TAKES_OVER) and row is not None and takeover is None
    label = copy_as_json(row)["label"] if row is not None else None
    return {
        "label": label,
        "provenance": json.dumps(label["provenance"], indent=2, ensure_ascii=False)
        if label
        else "",
        "takeover": takeover,
        "may_take_over": may,
        "statement": usual_statement(),
    }


def _words(policy: LabelPolicy, channel: Channel, stage: Stage) -> str:
    shown = visible_label(policy.as_policy(), channel, stage, policy.market.language)
    return shown.notice if shown.visible else _("no label")
