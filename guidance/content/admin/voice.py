"""The house voice: style guides in versions, the glossary, and what both do to ten products."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.content.marking import word_changes
from guidance.content.models import GlossaryTerm, Kind, StyleGuide
from guidance.content.models.voices import LANGUAGE_CHOICES
from guidance.content.selectors.voice import voice_in
from guidance.content.services.voice import CHANGES, PREVIEWED, add_version, preview, use_version
from guidance.core.admin import GuidanceModelAdmin, acting_person, admin_page
from guidance.core.admin.base import AuditedAdmin
from guidance.core.ids import LARGEST_KEY, new_id

STYLE_FIELDS = ["language", "tone", "do", "dont", "address", "spelling", "description_longest",
                "short_longest"]  # fmt: skip
MADE = ["created_by", "created_at"]


class PreviewForm(forms.Form):
    """What the preview shows; what it cannot mean falls back to English descriptions."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGUAGE_CHOICES)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Kind.choices)
    after = forms.IntegerField(min_value=0, max_value=LARGEST_KEY, required=False)
    guide = forms.UUIDField(required=False)

    def __init__(self, query: Any) -> None:
        usual = {"language": LANGUAGE_CHOICES[0][0], "kind": Kind.DESCRIPTION.value}
        super().__init__(usual | {name: value for name, value in query.items() if value})
        for name in ("language", "kind"):
            self.fields[name].widget.attrs["class"] = "sg-select"
        self.is_valid()

    def asked(self, name: str) -> Any:
        """Return a value that makes sense, or the usual one."""
        usual = {"language": LANGUAGE_CHOICES[0][0], "kind": Kind.DESCRIPTION.value, "after": 0}
        return self.cleaned_data.get(name) or usual.get(name)


@admin.register(StyleGuide)
class StyleGuideAdmin(GuidanceModelAdmin):
    """Every version of each language's style guide; saving a change makes another version."""

    list_display = ["name", "state", "tone", "created_by", "created_at"]
    list_filter = ["language", "is_active"]
    list_select_related = ["created_by"]
    list_before_template = "admin/content/styleguide/_lead.html"
    change_form_outer_before_template = "admin/content/styleguide/_actions.html"

    class Media:
        css = {"all": ["content/review.css"]}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["language", *MADE] if obj else []

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*STYLE_FIELDS, *MADE] if obj else STYLE_FIELDS

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("style guide"), ordering="language")
    def name(self, guide: StyleGuide) -> str:
        return str(guide)

    @display(description=gettext_lazy("state"), label={"used": "success", "off": "info"})
    def state(self, guide: StyleGuide) -> tuple[str, str]:
        return ("used", _("in use")) if guide.is_active else ("off", _("not in use"))

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        use = require_POST(self.use_view)
        own = [
            path("preview/", site(self.preview_view), name="content_styleguide_preview"),
            path("<uuid:pk>/use/", site(use), name="content_styleguide_use"),
        ]
        return own + super().get_urls()

    def save_model(
        self, request: HttpRequest, obj: StyleGuide, form: forms.ModelForm, change: bool
    ) -> None:
        obj.pk, obj._state.adding = new_id(), True
        add_version(guide=obj, actor=acting_person(request))

    def response_add(
        self, request: HttpRequest, obj: StyleGuide, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.response_change(request, obj)

    def response_change(self, request: HttpRequest, obj: StyleGuide) -> HttpResponse:
        said = _("Saved as “%(guide)s”. See what it does, then put it into use.")
        messages.success(request, said % {"guide": obj})
        address = reverse("admin:content_styleguide_preview")
        return HttpResponseRedirect(f"{address}?guide={obj.pk}")

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """Show ten products' texts without and with the voice, side by side."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = PreviewForm(request.GET)
        guide = StyleGuide.objects.filter(pk=form.asked("guide")).first()
        language = guide.language if guide else form.asked("language")
        voice = voice_in(language, guide=guide)
        samples = preview(voice=voice, kind=form.asked("kind"), after=form.asked("after"))
        used = StyleGuide.objects.filter(language=language, is_active=True).first()
        return admin_page(
            self,
            request,
            "admin/content/styleguide/preview.html",
            title=_("The house voice on ten products"),
            form=form,
            guide=guide or used,
            prompt=voice.as_prompt(),
            language=language,
            rows=[(sample, word_changes(sample.plain, sample.voiced)) for sample in samples],
            next_after=samples[-1].product.pk if len(samples) == PREVIEWED else None,
            kind=form.asked("kind"),
            may_use=request.user.has_perm(CHANGES) and guide is not None and not guide.is_active,
        )

    def use_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Have every writer follow this version."""
        if not request.user.has_perm(CHANGES):
            raise PermissionDenied
        guide = get_object_or_404(StyleGuide, pk=pk)
        use_version(guide=guide, actor=acting_person(request))
        messages.success(request, _("Every text written from now on follows “%(guide)s”.")
                         % {"guide": guide})  # fmt: skip
        return HttpResponseRedirect(reverse("admin:content_styleguide_changelist"))


@admin.register(GlossaryTerm)
class GlossaryTermAdmin(AuditedAdmin):
    """The shop's words for things; they count from the next text on."""

    list_display = ["term", "language", "preferred", "never_said", "never_translated", "note"]
    list_filter = ["language", "never_translated"]
    search_fields = ["term", "preferred", "forbidden"]
    fields = ["language", "term", "preferred", "forbidden", "never_translated", "note"]
    list_before_template = "admin/content/styleguide/_lead.html"

    class Media:
        css = {"all": ["content/review.css"]}

    @admin.display(description=gettext_lazy("never say"))
    def never_said(self, entry: GlossaryTerm) -> str:
        return ", ".join(entry.forbidden.splitlines())
