"""From a row of the shop's own files to the row that the API's services take."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _

from guidance.behaviour.rows import IncomingEvent
from guidance.campaigns.rows import CampaignRow
from guidance.catalog.rows import ProductRow
from guidance.console.importing.columns import TABLES
from guidance.console.importing.files import RawRow
from guidance.core.ids import derived_id
from guidance.core.rows import Refused, Time, convert_row
from guidance.customers.rows import CustomerRow

_NESTED = {
    table: [column.name for column in columns if column.is_nested]
    for table, columns in TABLES.items()
}
EVENT_NAMES = {
    "id": "id",
    "time": "time",
    "kind": "kind",
    "customer": "customer",
    "sku": "sku",
    "quantity": "quantity",
    "value": "price",
    "currency": "currency",
    "session": "session",
    "basket": "basket",
    "coupon": "coupon",
    "results": "result_count",
    "rating": "rating",
    "text": "text",
    "decision_id": "decision_id",
    "position": "position",
}
CUSTOMER_NAMES = ("tier", "language", "country", "time_zone", "joined_at", "contacts")
PRODUCT_NAMES = (
    *("sku", "family", "brand", "price", "cost", "currency", "stock", "hidden", "image"),
    *("image_vector", "image_vector_model"),
)


def product_row(raw: RawRow, language: str) -> ProductRow:
    """Return the product; texts without a language are in `language`. Raises Refused."""
    fields = _present(raw, "products")
    row = {name: fields[name] for name in PRODUCT_NAMES if name in fields}
    if "image_vector" not in row:
        # A column names the network of every row, whether it has a vector or not.
        row.pop("image_vector_model", None)
    titles = fields.get("titles")
    if isinstance(titles, Mapping):
        row["titles"] = titles = _filled(titles)
    if title := fields.get("title") or _in_english(titles):
        row["title"] = title
    category = fields.get("category")
    if isinstance(category, Mapping):
        row["category_names"] = category = _filled(category)
    if category:
        row["category"] = _in_english(category)
    if description := fields.get("description"):
        row["descriptions"] = _by_language(description, language)
    if "attributes" in fields:
        row["attributes"] = _attributes(fields["attributes"])
    return convert_row(row, ProductRow, strict=False)


def customer_row(raw: RawRow) -> CustomerRow:
    """Return the customer; raises Refused."""
    fields = _present(raw, "customers")
    row = {name: fields[name] for name in CUSTOMER_NAMES if name in fields}
    if "customer" not in fields:
        raise Refused("missing_field", _("customer is missing."))
    row["ref"] = fields["customer"]
    if consents := fields.get("consents"):
        row["consents"] = _consents(consents)
    return convert_row(row, CustomerRow, strict=False)


def event_row(raw: RawRow, source: str) -> IncomingEvent:
    """Return the event; one without an id gets the one of its time, `source` and number.

    Raises Refused.
    """
    given = raw.fields
    row = {
        name: value
        for column, name in EVENT_NAMES.items()
        if (value := given.get(column)) is not None
    }
    if (visitor := given.get("visitor")) is not None:
        if "customer" in row:
            raise Refused("two_shoppers", _("customer and visitor are both given."))
        row["customer"] = visitor
    if (query := given.get("query")) is not None:
        row["text"] = query
    if "id" not in row:
        row["id"] = _derived(row.get("time"), source, raw.number)
    return convert_row(row, IncomingEvent, strict=False)


def campaign_row(raw: RawRow, language: str) -> CampaignRow:
    """Return the campaign; raises Refused."""
    fields = _present(raw, "campaigns")
    category = fields.pop("category", None)
    if category:
        fields["category"] = _in_english(category)
    if "titles" in fields:
        fields["titles"] = _by_language(fields["titles"], language)
    return convert_row(fields, CampaignRow, strict=False)


def _derived(time: Any, source: str, number: int) -> UUID:
    if time is None:
        raise Refused("missing_field", _("time is missing."))
    try:
        return derived_id(msgspec.convert(time, Time, strict=False), source, number)
    except msgspec.ValidationError as error:
        raise Refused("wrong_type", f"time: {error}") from None


def _present(raw: RawRow, table: str) -> dict[str, Any]:
    """Return the fields that hold something, nested ones of a CSV file decoded."""
    fields = {name: value for name, value in raw.fields.items() if value is not None}
    for name in _NESTED[table]:
        value = fields.get(name)
        if isinstance(value, str) and value[:1] in {"{", "["}:
            try:
                fields[name] = msgspec.json.decode(value)
            except msgspec.DecodeError:
                raise Refused("bad_json", _("%(field)s: is no JSON.") % {"field": name}) from None
    return fields


def _filled(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the texts that are there: Parquet gives every row every language."""
    return {language: text for language, text in texts.items() if text is not None}


def _in_english(texts: Any) -> Any:
    """Return the English text, or the first there is: titles and category paths are known by it."""
    if not isinstance(texts, Mapping):
        return texts
    filled = _filled(texts)
    return filled.get("en") or next(iter(filled.values()), None)


def _by_language(texts: Any, language: str) -> dict[str, Any]:
    return _filled(texts) if isinstance(texts, Mapping) else {language: texts}


def _attributes(attributes: Any) -> list[dict[str, Any]]:
    """Return one attribute per language where a value is given by language."""
    if not isinstance(attributes, list):
        raise Refused("wrong_type", _("attributes: is no list."))
    rows = []
    for place, attribute in enumerate(attributes):
        if not isinstance(attribute, Mapping):
            raise Refused("wrong_type", _("attributes[%(n)d]: is no object.") % {"n": place})
        base = {"key": attribute.get("key"), "unit": attribute.get("unit") or ""}
        value = attribute.get("value")
        if isinstance(value, Mapping):
            rows += [base | {"value": _text(v), "language": lang} for lang, v in value.items()]
        else:
            rows.append(base | {"value": _text(value), "language": attribute.get("language") or ""})
    return rows


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, (int, float)) else value


def _consents(consents: Any) -> Any:
    if not isinstance(consents, Mapping):
        return consents
    rows = []
    for name, granted in _filled(consents).items():
        channel, _underscore, purpose = name.partition("_")
        rows.append({"channel": channel, "purpose": purpose, "granted": granted})
    return rows
