"""Rule packs: read as a table, written as JSON with each mistake named, tried, activated."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from guidance.content.models import RulePackVersion
from guidance.content.presentation import (
    CATEGORY_NAMES,
    EXCEPTION_NAMES,
    language_label,
    severity_name,
)
from guidance.content.selectors.rules import newest_rules, version_pack
from guidance.content.services import rule_packs
from guidance.content.services.refusals import Invalid, Refused
from guidance.content.services.rule_trial import MOST_SENTENCES, Trial, try_version
from guidance.core.admin import ReadOnlyAdmin, acting_person, admin_page
from guidance.core.ids import parse_id
from models_ml.writer.checks import Finding
from models_ml.writer.rules.reading import PackError

PLACE = "admin/content/rulepackversion"


class RulesForm(forms.Form):
    """A version as somebody writes it."""

    pack = forms.ChoiceField(
        label=gettext_lazy("Rule pack"),
        choices=RulePackVersion.Pack.choices,
        widget=UnfoldAdminSelectWidget,
    )
    note = forms.CharField(
        label=gettext_lazy("What changed and why"),
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Who activates it reads this."),
    )
    rules = forms.CharField(
        label=gettext_lazy("Rules"),
        max_length=rule_packs.LONGEST_RULES,
        widget=UnfoldAdminTextareaWidget(
            attrs={"rows": 30, "spellcheck": "false", "class": "desk-json", "wrap": "off"}
        ),
        help_text=gettext_lazy("JSON. Mistakes are named with their line, rule and field."),
    )


@admin.register(RulePackVersion)
class RulePackVersionAdmin(ReadOnlyAdmin):
    """Every version of every market's rules; a change is a new version."""

    list_display = ["label", "state", "note", "created_by", "created_at",
                    "activated_by", "activated_at"]  # fmt: skip
    list_filter = ["pack", "status"]
    list_select_related = ["created_by", "activated_by"]
    fields = ["state", "note", "created_by", "created_at", "activated_by", "activated_at"]
    readonly_fields = ["state"]
    change_form_template = f"{PLACE}/change_form.html"

    class Media:
        css = {"all": ["content/review.css", "content/rules.css"]}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("content.add_rulepackversion")

    def get_queryset(self, request: HttpRequest) -> QuerySet[RulePackVersion]:
        versions: QuerySet[RulePackVersion] = super().get_queryset(request).defer("rules")
        return versions

    def get_urls(self) -> list[URLPattern]:
        acts = ("try", "activate", "discard")
        return [*(self._post(act) for act in acts), *super().get_urls()]

    def _post(self, act: str) -> URLPattern:
        view = self.admin_site.admin_view(require_POST(getattr(self, f"{act}_view")))
        return path(f"<uuid:version_id>/{act}/", view, name=f"content_rulepackversion_{act}")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Write a version, by default from the newest one of its pack."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = RulesForm(request.POST or None, initial=_beginning(request))
        mistakes: list[str] = []
        if request.method == "POST" and form.is_valid():
            try:
                made = rule_packs.create_version(**form.cleaned_data, actor=acting_person(request))
            except rule_packs.RulesInvalid as invalid:
                form.add_error("rules", str(invalid))
                mistakes = [mistake(error) for error in invalid.errors]
            except Invalid as invalid:
                form.add_error(None, str(invalid))
            else:
                messages.success(request, _("Stored. Try it; a colleague can then activate it."))
                return HttpResponseRedirect(_address(made.pk))
        context = {"form": form, "mistakes": mistakes, "title": _("New version of a rule pack")}
        return admin_page(
            self, request, f"{PLACE}/add.html", media=self.media + form.media, **context
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        version = kwargs["obj"]
        is_draft = version.status == RulePackVersion.Status.DRAFT
        may_activate = request.user.has_perm("content.activate_rulepackversion")
        own = version.created_by_id == request.user.pk
        context |= {
            "rules": _rule_rows(version),
            "json": version.rules,
            "may_try": is_draft or self.has_add_permission(request),
            "may_activate": may_activate and is_draft and not own,
            "is_own": may_activate and is_draft and own,
            "may_discard": is_draft and self.has_add_permission(request),
            "may_write": self.has_add_permission(request),
            "most_sentences": MOST_SENTENCES,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def try_view(self, request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
        """Show what a version would change; nothing is stored."""
        if not request.user.has_perm("content.view_rulepackversion"):
            raise PermissionDenied
        version = get_object_or_404(RulePackVersion, pk=version_id)
        pasted = request.POST.get("sentences", "")[:100_000]
        sentences = [line.strip() for line in pasted.splitlines() if line.strip()]
        trial = try_version(version=version, sentences=sentences)
        context = {**_trial_context(trial), "pasted": pasted, "version": version}
        title = _("What %(version)s would change") % {"version": _label(version)}
        return admin_page(
            self, request, f"{PLACE}/trial.html", media=self.media, title=title, **context
        )

    def activate_view(self, request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
        def act(**asked: Any) -> str:
            if rule_packs.activate_version(**asked):
                return _("In force now. Live copy and drafts are being examined by it.")
            return _("In force now. There is no copy yet to examine by it.")

        return self._act(request, version_id, act)

    def discard_view(self, request: HttpRequest, version_id: uuid.UUID) -> HttpResponse:
        def act(**asked: Any) -> str:
            rule_packs.discard_version(**asked)
            return _("Discarded.")

        return self._act(request, version_id, act)

    def _act(
        self, request: HttpRequest, version_id: uuid.UUID, act: Callable[..., str]
    ) -> HttpResponse:
        get_object_or_404(RulePackVersion, pk=version_id)
        try:
            done = act(version_id=version_id, actor=acting_person(request))
            messages.success(request, done)
        except Refused as refused:
            messages.error(request, str(refused))
        return HttpResponseRedirect(_address(version_id))

    @display(description=gettext_lazy("rule pack"), ordering="pack")
    def label(self, version: RulePackVersion) -> str:
        return _label(version)

    @display(description=gettext_lazy("status"), ordering="status")
    def state(self, version: RulePackVersion) -> str:
        colour = {"active": "live", "draft": "warning"}.get(version.status, "retired")
        words = version.get_status_display()
        return format_html('<span class="desk-badge desk-badge-{}">{}</span>', colour, words)


def mistake(error: PackError) -> str:
    """Return one mistake of a pack as a sentence that names line, rule and field."""
    where = {"line": error.line, "rule": error.rule, "field": error.field_name}
    if error.rule:
        place = _("Line %(line)s, rule %(rule)s, %(field)s:") % where
    else:
        place = _("Line %(line)s:") % where
    return f"{place} {error.render(_)}"


def _label(version: RulePackVersion) -> str:
    return f"{version.get_pack_display()} {version.number}"


def _address(version_id: object) -> str:
    return reverse("admin:content_rulepackversion_change", args=[version_id])


def _beginning(request: HttpRequest) -> dict[str, str]:
    """Return what a new version starts from: the one named, or the newest of the pack named."""
    version_id = parse_id(request.GET.get("from", ""))
    given = RulePackVersion.objects.filter(pk=version_id).first() if version_id else None
    if given:
        return {"pack": given.pack, "rules": given.rules}
    pack = request.GET.get("pack", "")
    pack = pack if pack in RulePackVersion.Pack.values else RulePackVersion.Pack.CN.value
    return {"pack": pack, "rules": newest_rules(pack)}


def _rule_rows(version: RulePackVersion) -> list[dict[str, Any]]:
    language = str(get_language())
    return [
        {
            "rule": rule,
            "category": CATEGORY_NAMES[rule.category],
            "severity": severity_name(rule.severity),
            "language": language_label(rule.language),
            "hint": rule.hint.get(language) or rule.hint["en"],
            "exceptions": [EXCEPTION_NAMES[name] for name in rule.exceptions],
        }
        for rule in version_pack(version.pk).rules
    ]


def _trial_context(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial,
        "differences": [
            {
                "difference": difference,
                "appears": [_said(finding) for finding in difference.appears],
                "disappears": [_said(finding) for finding in difference.disappears],
            }
            for difference in trial.differences
        ],
        "sentences": [
            {"text": text, "findings": [_said(finding) for finding in findings]}
            for text, findings in trial.sentences
        ],
    }


def _said(finding: Finding) -> dict[str, str]:
    context = EXCEPTION_NAMES.get(finding.exception, "")
    return {
        "words": str(finding.params["said"]),
        "rule": finding.rule,
        "severity": severity_name(finding.severity),
        "context": str(context),
    }
