"""The shoppers' own pages: unsubscribing in one click, and choosing what they want to hear.

Nobody logs in: the signed link is the key, and so there is no cookie that another site could make
a browser send along; the forms need no CSRF token. A GET never changes anything, since mail
programs and scanners follow every link.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from guidance.customers.models import Customer
from guidance.customers.selectors import find_customer, preferences_of
from guidance.customers.services import set_preferences, unsubscribe
from guidance.customers.tokens import (
    ONE_CLICK,
    BadToken,
    Unsubscription,
    read_preferences_token,
    read_unsubscribe_token,
)
from guidance.customers.wording import WORDS_VERSION, channel_name, purpose_name

SAVED = "saved"


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_view(request: HttpRequest, token: str) -> HttpResponse:
    """Unsubscribe at once on the one click of RFC 8058; a GET asks first."""
    try:
        told = read_unsubscribe_token(token)
    except BadToken:
        raise Http404 from None
    customer = _customer(told.customer)
    name, value = ONE_CLICK
    is_click = request.method == "POST" and request.POST.get(name) == value
    with _speaking_to(customer):
        if is_click:
            _unsubscribe(customer, told)
        status = 400 if request.method == "POST" and not is_click else 200
        context = {
            "is_done": is_click,
            "channel": channel_name(told.channel),
            "purpose": purpose_name(told.purpose),
            "one_click": ONE_CLICK,
        }
        return _page(request, "customers/unsubscribe.html", context, status)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def preferences_view(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a shopper allowed, by channel and purpose, and keep what they choose."""
    try:
        customer = _customer(read_preferences_token(token))
    except BadToken:
        raise Http404 from None
    with _speaking_to(customer):
        if request.method == "POST":
            _choose(customer, request.POST)
            return redirect(f"{request.path}?{SAVED}=1")
        channels: dict[str, list[dict[str, Any]]] = {}
        for choice in preferences_of(customer):
            named = {"choice": choice, "name": purpose_name(choice.purpose)}
            channels.setdefault(channel_name(choice.channel), []).append(named)
        context = {"channels": channels, "is_saved": SAVED in request.GET}
        return _page(request, "customers/preferences.html", context)


def _customer(ref: str) -> Customer:
    customer = find_customer(ref)
    if customer is None:
        raise Http404
    return customer


def _speaking_to(customer: Customer) -> translation.override:
    """Speak the customer's language where it is one of ours, else the browser's."""
    said = customer.language.lower()
    ours = next(
        (code for code, _name in settings.LANGUAGES if code.partition("-")[0] == said[:2]), None
    )
    return translation.override(ours or translation.get_language())


def _unsubscribe(customer: Customer, told: Unsubscription) -> None:
    unsubscribe(
        customer_id=customer.pk,
        channel=told.channel,
        purpose=told.purpose,
        source="one_click",
        proof=_proof(_("Unsubscribe"), where="unsubscribe page or the mail program's button"),
        delivery=told.delivery,
    )


def _choose(customer: Customer, posted: Mapping[str, str]) -> None:
    """Keep every choice of the page: a box that was not ticked is a refusal.

    A choice that was not shown with the page, as told by its hidden field, stays as it is.
    """
    choices, proofs = {}, {}
    for choice in preferences_of(customer):
        name, key = f"{choice.channel}.{choice.purpose}", (choice.channel, choice.purpose)
        if f"shown.{name}" not in posted:
            continue
        wanted = name in posted
        if wanted == choice.is_granted:
            continue
        words = f"{channel_name(choice.channel)}: {purpose_name(choice.purpose)}"
        choices[key], proofs[key] = wanted, _proof(words, where="preference page")
    set_preferences(
        customer_id=customer.pk, choices=choices, proofs=proofs, source="preference_page"
    )


def _proof(words: str, *, where: str) -> dict[str, str]:
    return {
        "text": words,
        "version": f"{WORDS_VERSION} {translation.get_language()}",
        "where": where,
        "by": "shopper",
    }


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Return a page that no cache keeps and no search engine lists."""
    answer = render(request, template, context, status=status)
    add_never_cache_headers(answer)
    answer["X-Robots-Tag"] = "noindex"
    answer["Referrer-Policy"] = "no-referrer"
    answer["Content-Language"] = translation.get_language() or "en"
    return answer
