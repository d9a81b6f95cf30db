"""What the builder asks the server: the boxes after a button, sizes, some members, overlaps.

Each takes the form as it stands, saved or not. Only looking at members is written down.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.campaigns.audience_forms import BuiltRules
from guidance.campaigns.audiences.builder import operate, read_boxes, rules_of
from guidance.campaigns.audiences.showing import errors_by_input
from guidance.campaigns.models import Audience
from guidance.campaigns.selectors.audience_names import usable_rules
from guidance.campaigns.selectors.audience_sizes import overlaps, size_of
from guidance.campaigns.services.audiences import look_at_members
from guidance.core.admin import acting_person
from guidance.core.numbers import rounded

SEES, SAMPLES = "campaigns.view_audience", "campaigns.sample_audience"
MOST_COMPARED = 10
View = Callable[[HttpRequest], JsonResponse]


def _for_those_who_may(permission: str) -> Callable[[View], View]:
    """Refuse others, and answer rules that do not hold with what is wrong."""

    def wrapped(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest) -> JsonResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            try:
                return view(request)
            except ValidationError as problem:
                return JsonResponse({"problem": " ".join(problem.messages)}, status=400)

        return checked

    return wrapped


@_for_those_who_may(SEES)
def preview(request: HttpRequest) -> JsonResponse:
    """Answer the builder after a button, where one was pressed, what is wrong, and the words."""
    root = read_boxes(request.POST)
    operation = request.POST.get("operation", "")
    focus = operate(root, operation) if operation else ""
    built = BuiltRules(root, key=request.POST.get("own_key", ""))
    box = built.shown()
    context = {"box": box, "built": built}
    return JsonResponse(
        {
            "html": render_to_string("admin/campaigns/audience/_boxes.html", context),
            "errors": errors_by_input(box),
            "words": built.words(),
            "focus": focus,
        }
    )


@_for_those_who_may(SEES)
def size(request: HttpRequest) -> JsonResponse:
    """Answer how many shoppers the rules mean."""
    found = size_of(_asked(request), at=timezone.now())
    return JsonResponse(
        {
            "count": found.count,
            "low": found.low,
            "high": found.high,
            "exact": found.is_exact,
            "told": _("Shoppers: %(size)s") % {"size": found},
        }
    )


@_for_those_who_may(SAMPLES)
def members(request: HttpRequest) -> JsonResponse:
    """Answer some of the shoppers; the audit trail keeps who looked."""
    found = look_at_members(audience=_asked(request), actor=acting_person(request))
    may_open = request.user.has_perm("customers.view_customer")
    rows = [
        {
            "ref": one.ref,
            "url": reverse("admin:customers_customer_change", args=[one.pk]) if may_open else "",
            "told": ", ".join(filter(None, (one.tier, one.country, one.language))),
        }
        for one in found
    ]
    return JsonResponse({"members": rows})


@_for_those_who_may(SEES)
def overlap(request: HttpRequest) -> JsonResponse:
    """Answer how the rules overlap with the latest other audiences whose rules hold."""
    told = _asked(request)
    others = Audience.objects.exclude(key=told.key).order_by("-created_at")
    sound = [one for one in others[: 2 * MOST_COMPARED] if _is_sound(one)][:MOST_COMPARED]
    found = overlaps(told, sound, at=timezone.now())
    return JsonResponse(
        {
            "overlaps": [
                {
                    "name": one.audience.name,
                    "url": reverse("admin:campaigns_audience_change", args=[one.audience.pk]),
                    "told": _("%(share)s %% of this one, %(other)s %% of that one: %(size)s")
                    % {
                        "share": rounded(100 * one.share, 1),
                        "other": rounded(100 * one.share_of_other, 1),
                        "size": one.together,
                    },
                }
                for one in found
            ]
        }
    )


def _asked(request: HttpRequest) -> Audience:
    """Return the audience of a page: a list as it is stored, else the rules in the form."""
    key = request.POST.get("own_key", "")
    listed = Audience.objects.filter(key=key, kind=Audience.Kind.LIST).first() if key else None
    rules: dict[str, Any] = rules_of(read_boxes(request.POST))
    return listed or Audience(key=key, name=_("this audience"), rules=rules)


def _is_sound(audience: Audience) -> bool:
    if audience.kind == Audience.Kind.LIST:
        return True
    try:
        usable_rules(audience)
    except ValidationError:
        return False
    return True
