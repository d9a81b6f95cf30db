"""Checking what a storefront asks: every fault is named with its parameter."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from guidance.behaviour.models import Source
from guidance.core.models import ApiKey
from guidance.recommendations.leanings import (
    Leaning,
    Named,
    liked_brands,
    liked_categories,
    nearby_categories,
)
from guidance.recommendations.models import MOST_ITEMS, Surface
from guidance.recommendations.services import Asked, Relation
from guidance.recommendations.state import state

MOST_SURFACES = 10
REF_LENGTH = 100
SKU_LENGTH = 64
MOST_VIEWED = 50
MOST_PREFERS = 10
NAME_LENGTH = 300
DEFAULT_SIMILAR = 10


def read_asked(request: Request) -> Asked:
    """Return the request, checked; raises ValidationError naming every fault.

    One statement, and one for every category or brand named, of which there are at most eleven.
    """
    query = request.query_params
    is_replay = isinstance(request.auth, ApiKey) and ApiKey.Scope.REPLAY in request.auth.scopes
    faults: dict[str, str] = {}

    def read(name: str, reader: Callable[..., Any], *more: Any) -> Any:
        try:
            return reader(query, name, *more)
        except ValueError as fault:
            faults[name] = str(fault)
            return None

    asked = {
        "surfaces": read("surface", _surfaces),
        "customer": read("customer", text, REF_LENGTH),
        "limit": read("limit", count),
        "context_product": read("context_product", text, SKU_LENGTH),
        "viewed": read("viewed", _viewed),
        "prefers": read("prefers", _prefers),
        "category": read("category", _category),
        "at": read("at", _moment, is_replay) or timezone.now(),
        "original_time": read("original_time", _moment, is_replay),
    }
    if faults:
        raise ValidationError(faults)
    source = Source.REPLAY if is_replay else Source.LIVE
    return Asked(language=language_of(request), source=source, **asked)


def read_similar(request: Request, sku: str) -> dict[str, Any]:
    """Return the relation asked about and how many; raises ValidationError naming every fault."""
    query, faults = request.query_params, dict[str, str]()
    readers: dict[str, Callable[[], Any]] = {
        "sku": lambda: checked_text(sku, SKU_LENGTH),
        "limit": lambda: count(query, "limit") or DEFAULT_SIMILAR,
        "kind": lambda: _relation(query.get("kind")),
    }
    found: dict[str, Any] = {}
    for name, reader in readers.items():
        try:
            found[name] = reader()
        except ValueError as fault:
            faults[name] = str(fault)
    if faults:
        raise ValidationError(faults)
    return {"limit": found["limit"], "relation": found["kind"]}


def _relation(value: str | None) -> Relation | None:
    if value is None:
        return None
    if value not in list(Relation):
        raise ValueError(_("Must be one of: %(names)s.") % {"names": ", ".join(Relation)})
    return Relation(value)


def text(query: QueryDict, name: str, longest: int) -> str:
    """Return a parameter's text, '' where it is absent; raises ValueError in words for people."""
    return checked_text(query.get(name, ""), longest)


def checked_text(value: str, longest: int) -> str:
    """Return the text where a database can hold it; raises ValueError in words for people."""
    if "\x00" in value:
        raise ValueError(_("NUL characters are not allowed."))
    if len(value) > longest:
        raise ValueError(_("At most %(count)d characters are allowed.") % {"count": longest})
    return value


def count(query: QueryDict, name: str) -> int | None:
    """Return a number of items, None where it is absent; raises ValueError in words for people."""
    value = query.get(name)
    if value is None:
        return None
    if not (
        value.isascii() and value.isdigit() and len(value) < 6 and 1 <= int(value) <= MOST_ITEMS
    ):
        raise ValueError(_("Must be a whole number from 1 to %(most)d.") % {"most": MOST_ITEMS})
    return int(value)


def language_of(request: Request) -> str:
    """Return the language that the request itself asks for; '' where it does not say."""
    if not request.headers.get("Accept-Language"):
        return ""
    return translation.get_language_from_request(request._request)


def _surfaces(query: QueryDict, name: str) -> list[Surface]:
    keys = list(dict.fromkeys(filter(None, text(query, name, 600).split(","))))
    if not keys:
        raise ValueError(_("Name at least one surface."))
    if len(keys) > MOST_SURFACES:
        raise ValueError(_("At most %(count)d surfaces at once.") % {"count": MOST_SURFACES})
    found = state.surfaces_called(keys)
    unknown = [key for key in keys if key not in found]
    if unknown:
        raise ValueError(_("Unknown or inactive: %(keys)s.") % {"keys": ", ".join(unknown)})
    return [found[key] for key in keys]


def _viewed(query: QueryDict, name: str) -> tuple[str, ...]:
    """Return the SKUs of a list; what no product has is left out later, as everywhere."""
    value = checked_text(query.get(name, ""), MOST_VIEWED * (SKU_LENGTH + 1))
    skus = [sku.strip() for sku in value.split(",")] if value else []
    if "" in skus:
        raise ValueError(_("Between two commas stands no SKU."))
    if len(skus) > MOST_VIEWED:
        raise ValueError(_("At most %(count)d SKUs at once.") % {"count": MOST_VIEWED})
    return tuple(checked_text(sku, SKU_LENGTH) for sku in skus)


def _prefers(query: QueryDict, name: str) -> tuple[Leaning, ...]:
    return preferences(text(query, name, MOST_PREFERS * (NAME_LENGTH + 10)))


def preferences(value: str) -> tuple[Leaning, ...]:
    """Return what a shopper says they like; a comma parts two only where a kind follows it.

    Raises ValueError in words for people.
    """
    told = list(dict.fromkeys(re.split(r",(?=\s*[a-z_]+:)", value))) if value else []
    if len(told) > MOST_PREFERS:
        raise ValueError(_("At most %(count)d preferences at once.") % {"count": MOST_PREFERS})
    return tuple(_preference(one.strip()) for one in told)


def _preference(told: str) -> Leaning:
    kind, _colon, name = (part.strip() for part in told.partition(":"))
    if kind not in {"category", "brand"} or not name:
        message = _("“%(told)s” must be category: or brand: with a name behind it.")
        raise ValueError(message % {"told": told})
    if kind == "category":
        return liked_categories(_categories(name))
    state.prepare()
    if not (brands := state.index.brands_called(name)):
        raise ValueError(_("No product is of the brand “%(name)s”.") % {"name": name})
    return liked_brands(brands)


def _category(query: QueryDict, name: str) -> Leaning | None:
    value = text(query, name, NAME_LENGTH).strip()
    return nearby_categories(_categories(value)) if value else None


def _categories(name: str) -> Named:
    state.prepare()
    if not (found := state.index.categories_called(name)):
        raise ValueError(_("There is no category “%(name)s”.") % {"name": name})
    return found


def _moment(query: QueryDict, name: str, is_replay: bool) -> datetime | None:
    value = query.get(name)
    if value is None:
        return None
    if not is_replay:
        raise ValueError(_("Only an API key with the scope 'replay' may name a time."))
    moment = parse_datetime(value)
    if moment is None or moment.tzinfo is None:
        raise ValueError(_("Must be an ISO 8601 time with its offset."))
    if moment > timezone.now():
        raise ValueError(_("Must not lie in the future."))
    return moment.astimezone(UTC)
