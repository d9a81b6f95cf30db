"""The desk's pages for one draft: read, approve, reject, edit, write again, check while typing."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from guidance.content.admin import page
from guidance.content.admin.message import shown_message
from guidance.content.models import Draft, DraftRevision
from guidance.content.selectors.queue import filtered_queue, place_of
from guidance.content.services import (
    handing,
    instructing,
    review,
    rewriting,
    undoing,
    wording,
)
from guidance.content.services.examination import examine_draft
from guidance.content.services.providers import writes_at_once
from guidance.content.services.refusals import (
    Invalid,
    Refused,
    VersionChanged,
    may_not_approve,
)
from guidance.core.admin import acting_person
from guidance.core.ids import parse_id
from guidance.core.models import User
from guidance.core.selectors import default_market

FRAGMENT_HEADER = "X-Desk-Fragment"
PAGE = "admin/content/draft/review.html"
FRAGMENT = "admin/content/draft/_draft.html"
EMPTY = "admin/content/draft/_empty.html"
CONFLICT = "admin/content/draft/_conflict.html"
CHECKS = "admin/content/draft/_checks.html"
CANDIDATES = "admin/content/draft/_candidates.html"

Act = Callable[[uuid.UUID, int], str]


class DecisionForm(forms.Form):
    """What every decision sends: the version that was seen, and what else it takes."""

    version = forms.IntegerField(min_value=1)
    seal = forms.CharField(required=False, max_length=64)
    publish_at = forms.DateTimeField(
        required=False, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )
    number = forms.IntegerField(required=False, min_value=1)
    instruction = forms.CharField(required=False, max_length=500)
    comment = forms.CharField(required=False, max_length=handing.LONGEST_COMMENT)
    assignee = forms.ModelChoiceField(User.objects.filter(is_active=True), required=False)
    text = forms.CharField(required=False, strip=False, max_length=20_000)
    reason = forms.CharField(required=False, max_length=review.LONGEST_REASON)


class DeskPages:
    """Mixed into the drafts' admin; each decision is a service, each answer a fragment or page."""

    admin_site: Any
    opts: Any

    def desk_urls(self) -> list[URLPattern]:
        acts = (
            *("approve", "reject", "edit", "rewrite", "check"),
            *("assign", "comment", "choose", "instruct", "undo"),
        )
        look = self.admin_site.admin_view(self.candidates_view)
        name = "content_draft_candidates"
        return [*map(self._post, acts), path("<uuid:draft_id>/candidates/", look, name=name)]

    def _post(self, act: str) -> URLPattern:
        view = self.admin_site.admin_view(require_POST(getattr(self, f"{act}_view")))
        return path(f"<uuid:draft_id>/{act}/", view, name=f"content_draft_{act}")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        draft = _draft(parse_id(object_id))
        if not request.user.has_perm("content.view_draft"):
            raise PermissionDenied
        return self._answer(request, FRAGMENT, page.draft_context(request, draft))

    def approve_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        def act(draft_id: uuid.UUID, version: int) -> str:
            sent = _sent(request)
            at = _in_the_shops_zone(sent["publish_at"])
            done = review.approve_draft(
                draft_id=draft_id,
                version=version,
                actor=acting_person(request),
                seal=sent["seal"],
                publish_at=at,
            )
            told = {"product": done.product}
            if at is not None:
                return _("Approved; it goes out at its time: %(product)s") % told
            return _("Approved and published: %(product)s") % told

        return self._decide(request, draft_id, act)

    def reject_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        def act(draft_id: uuid.UUID, version: int) -> str:
            reason = _sent(request)["reason"]
            done = review.reject_draft(
                draft_id=draft_id, version=version, actor=acting_person(request), reason=reason
            )
            return _("Rejected: %(product)s") % {"product": done.product}

        return self._decide(request, draft_id, act)

    def edit_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        if "approve" in request.POST:
            return self._edit_and_approve(request, draft_id)

        def act(draft_id: uuid.UUID, version: int) -> str:
            text = _sent(request)["text"]
            review.edit_draft(
                draft_id=draft_id, version=version, actor=acting_person(request), text=text
            )
            return _("Saved, and checked again.")

        return self._decide(request, draft_id, act, stay=True)

    def rewrite_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        def act(draft_id: uuid.UUID, version: int) -> str:
            actor = acting_person(request)
            if not writes_at_once():
                instructing.request_writing(draft_id=draft_id, version=version, actor=actor)
                return _asked_of_the_model()
            rewriting.rewrite_draft(draft_id=draft_id, version=version, actor=actor)
            return _("Written again from today's facts. A colleague must approve it.")

        return self._decide(request, draft_id, act, stay=True)

    def _edit_and_approve(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        """Save and publish; where a second person is needed, save and stay."""
        waits: list[Draft] = []

        def act(draft_id: uuid.UUID, version: int) -> str:
            done = review.edit_and_approve(
                draft_id=draft_id,
                version=version,
                actor=acting_person(request),
                text=_sent(request)["text"],
            )
            if isinstance(done, Draft):
                waits.append(done)
                return may_not_approve(done, acting_person(request))
            return _("Approved and published: %(product)s") % {"product": done.product}

        return self._decide(request, draft_id, act, stays=lambda: bool(waits))

    def assign_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        def act(draft_id: uuid.UUID, version: int) -> str:
            sent = _sent(request)
            assignee = sent["assignee"]
            handing.assign_draft(
                draft_id=draft_id,
                actor=acting_person(request),
                assignee=assignee,
                comment=sent["comment"],
            )
            told = {"person": assignee}
            return _("Handed to %(person)s") % told if assignee else _("Nobody's any more.")

        hands_over = request.POST.get("assignee", "") not in {"", str(request.user.pk)}
        return self._decide(request, draft_id, act, stay=not hands_over)

    def comment_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        def act(draft_id: uuid.UUID, version: int) -> str:
            text = _sent(request)["comment"]
            handing.comment_draft(draft_id=draft_id, actor=acting_person(request), text=text)
            return _("Your comment is kept.")

        return self._decide(request, draft_id, act, stay=True)

    def candidates_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        """Show other texts for a draft; it stores nothing."""
        if not request.user.has_perm("content.change_draft"):
            raise PermissionDenied
        draft = _draft(draft_id)
        context = {"draft": draft, "urls": page.draft_urls(request, draft)}
        return TemplateResponse(
            request, CANDIDATES, {**context, "candidates": page.candidate_rows(draft)}
        )

    def choose_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        def act(draft_id: uuid.UUID, version: int) -> str:
            wording.choose_candidate(
                draft_id=draft_id,
                version=version,
                actor=acting_person(request),
                number=_sent(request)["number"] or 0,
            )
            return _("This text stands now.")

        return self._decide(request, draft_id, act, stay=True)

    def instruct_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        def act(draft_id: uuid.UUID, version: int) -> str:
            actor, told = acting_person(request), _sent(request)["instruction"]
            asked: dict[str, Any] = {"draft_id": draft_id, "version": version, "actor": actor}
            if told and not writes_at_once():
                instructing.request_writing(**asked, instruction=told)
                return _asked_of_the_model()
            _done, understood = wording.rewrite_as_told(**asked, instruction=told)
            return _("Written as you said (%(understood)s).") % {"understood": understood}

        return self._decide(request, draft_id, act, stay=True)

    def undo_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        """Take one's own decision back and show what waits again."""
        if not request.user.has_perm("content.review_draft"):
            raise PermissionDenied
        _draft(draft_id)
        try:
            back = undoing.undo_decision(draft_id=draft_id, actor=acting_person(request))
        except Refused as refused:
            return self._refused(request, draft_id, refused)
        return self._show(request, back.pk, _("Taken back; it waits again."))

    def check_view(self, request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
        """Check a text that is being typed; it stores nothing."""
        if not request.user.has_perm("content.change_draft"):
            raise PermissionDenied
        draft, text = _draft(draft_id), request.POST.get("text", "")
        findings = page.rendered_findings(examine_draft(draft=draft, text=text))
        context = {"findings": findings, "message": shown_message(draft, text)}
        return TemplateResponse(request, CHECKS, context)

    def _decide(
        self,
        request: HttpRequest,
        draft_id: uuid.UUID,
        act: Act,
        *,
        stay: bool = False,
        stays: Callable[[], bool] = lambda: False,
    ) -> HttpResponse:
        """Do what was asked and show what comes next; where it is refused, say why.

        `stays` is asked afterwards whether the same draft is to be shown again.
        """
        if not request.user.has_perm("content.view_draft"):
            raise PermissionDenied
        draft = _draft(draft_id)
        following = None if stay else self._next(request, draft)
        try:
            toast = act(draft_id, _sent(request)["version"])
        except VersionChanged as changed:
            return self._conflict(request, changed)
        except Refused as refused:
            return self._refused(request, draft_id, refused)
        if stay or stays():
            return self._show(request, draft_id, toast)
        is_decided = not Draft.objects.waiting().filter(pk=draft_id).exists()
        return self._show(request, following, toast, decided=draft_id if is_decided else None)

    def _next(self, request: HttpRequest, draft: Draft) -> uuid.UUID | None:
        return place_of(draft, filtered_queue(page.queue_parameters(request))).next

    def _show(
        self,
        request: HttpRequest,
        draft_id: uuid.UUID | None,
        toast: str,
        *,
        decided: uuid.UUID | None = None,
    ) -> HttpResponse:
        """Show a draft, or that none is left; `decided` is the one that can be taken back."""
        if not _wants_fragment(request):
            messages.success(request, toast)
            return HttpResponseRedirect(_address(request, draft_id))
        undo = page.undo_url(request, decided)
        if draft_id is None:
            context = {"toast": toast, "urls": _queue_urls(request), "undo": undo}
            return self._answer(request, EMPTY, context)
        context = page.draft_context(request, _draft(draft_id), toast=toast)
        return self._answer(request, FRAGMENT, {**context, "undo": undo})

    def _conflict(self, request: HttpRequest, changed: VersionChanged) -> HttpResponse:
        seen = get_object_or_404(DraftRevision, draft=changed.draft, version=changed.seen)
        context = page.conflict_context(request, changed.draft, seen)
        return self._answer(request, CONFLICT, context, status=409)

    def _refused(self, request: HttpRequest, draft_id: uuid.UUID, refused: Refused) -> HttpResponse:
        context = page.draft_context(request, _draft(draft_id))
        context |= {"refusal": str(refused), "typed": request.POST.get("text", "")}
        status = 422 if isinstance(refused, Invalid) else 409
        return self._answer(request, FRAGMENT, context, status=status)

    def _answer(
        self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
    ) -> HttpResponse:
        """Return the fragment alone to the page's script, or a whole page around it."""
        if _wants_fragment(request):
            return TemplateResponse(request, template, context, status=status)
        around = {**self.admin_site.each_context(request), "opts": self.opts, "fragment": template}
        around |= {"title": str((context.get("draft") and context["draft"].product) or "")}
        return TemplateResponse(request, PAGE, {**around, **context}, status=status)


def _draft(draft_id: uuid.UUID | None) -> Draft:
    drafts = Draft.objects.select_related(
        *("product__category", "requested_by", "edited_by", "decided_by", "task", "assignee")
    )
    return get_object_or_404(drafts, pk=draft_id)


def _sent(request: HttpRequest) -> dict[str, Any]:
    """Return what was sent; raises Invalid where it cannot be read."""
    form = DecisionForm(request.POST)
    if not form.is_valid():
        wrong = "; ".join(
            f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()
        )
        raise Invalid(wrong)
    return form.cleaned_data


def _asked_of_the_model() -> str:
    return _("The language model is writing; the text appears here once it is done.")


def _wants_fragment(request: HttpRequest) -> bool:
    return FRAGMENT_HEADER in request.headers


def _queue_urls(request: HttpRequest) -> dict[str, str]:
    return {"queue": reverse("admin:content_draft_changelist")}


def _address(request: HttpRequest, draft_id: uuid.UUID | None) -> str:
    if draft_id is None:
        return _queue_urls(request)["queue"]
    return page.draft_url(request, "change", draft_id)


def _in_the_shops_zone(told: datetime | None) -> datetime | None:
    """Return a time that a person typed, which is one of the shop's own clock."""
    zone = ZoneInfo(default_market().time_zone)
    return told.replace(tzinfo=zone) if told else None
