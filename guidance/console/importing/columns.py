"""The columns of the shop's own files, for people and for checks.

Each table is one file, `products`, `customers`, `events` or `campaigns`, as CSV, JSON lines or
Parquet. Every text is UTF-8. Where a column holds more than one value, a CSV cell holds it as JSON.
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Column(NamedTuple):
    """A column: its name, whether every row must have it, and what it holds.

    `nested` ones hold JSON in a CSV cell where the cell begins with a brace or bracket.
    """

    name: str
    description: str | Promise
    is_required: bool = False
    is_nested: bool = False


PRODUCTS = (
    Column("sku", _("The shop's own number of the product."), True),
    Column("title", _("The title, where there is no `titles`.")),
    Column("titles", _("Titles by language: {en, zh-hans}."), is_nested=True),
    Column(
        "category",
        _("Path from the root, ' > ' between; or such paths by language."),
        is_nested=True,
    ),
    Column("description", _("The shop's own text; or texts by language."), is_nested=True),
    Column("family", _("What variants of one product share.")),
    Column("brand", _("The brand.")),
    Column("price", _("At most two decimals.")),
    Column("cost", _("At most two decimals.")),
    Column("currency", _("Three capital letters; left out, the shop's.")),
    Column("stock", _("Pieces; left out, not tracked.")),
    Column("hidden", _("true takes the product out of every answer.")),
    Column("image", _("Address of a picture.")),
    Column(
        "image_vector",
        _("The picture in numbers, [0.12, -0.5, …], as many for every product."),
        is_nested=True,
    ),
    Column("image_vector_model", _("The network that made the numbers.")),
    Column(
        "attributes",
        _("[{key, value, unit}]; a value may be given by language. A label is not kept."),
        is_nested=True,
    ),
)
CUSTOMERS = (
    Column("customer", _("The pseudonym: never a name or an address."), True),
    Column("tier", _("Membership tier.")),
    Column("language", _("en, zh-hans.")),
    Column("country", _("As the shop writes it.")),
    Column("time_zone", _("Europe/Berlin.")),
    Column("joined_at", _("ISO 8601 with an offset.")),
    Column(
        "consents",
        _("{channel_purpose: true or false}, such as email_marketing."),
        is_nested=True,
    ),
    Column("contacts", _("[{channel, address}]; kept encrypted."), is_nested=True),
)
EVENTS = (
    Column("id", _("UUIDv7; left out, made from time and line.")),
    Column("time", _("ISO 8601 with an offset."), True),
    Column(
        "kind",
        _("view, search, impression, click, cart, purchase, return, review or rating."),
        True,
    ),
    Column("customer", _("The pseudonym of a customer; this or `visitor`.")),
    Column("visitor", _("The pseudonym of an unknown shopper.")),
    Column("sku", _("The product; every kind but a search needs it.")),
    Column("quantity", _("Pieces, positive for a return too.")),
    Column("value", _("Price of one piece.")),
    Column("currency", _("Of the price; left out, the shop's.")),
    Column("session", _("The visit.")),
    Column("basket", _("The order's number.")),
    Column("coupon", _("The code that a purchase used.")),
    Column("query", _("A search's words.")),
    Column("results", _("What a search found.")),
    Column("rating", _("1 to 5.")),
    Column("text", _("A review.")),
    Column("decision_id", _("The decision that led here.")),
    Column("position", _("Where in its list the product was shown.")),
)
CAMPAIGNS = (
    Column("key", _("Small letters, digits and -."), True),
    Column("titles", _("Titles by language."), True, True),
    Column("starts_at", _("ISO 8601 with an offset."), True),
    Column("ends_at", _("ISO 8601 with an offset, after the start."), True),
    Column("tiers", _("Membership tiers; empty for everybody."), is_nested=True),
    Column("category", _("Path, or paths by language; left out, the whole shop."), is_nested=True),
    Column(
        "offers",
        _("[{key, discount_percent or discount_amount, code, currency}]."),
        is_nested=True,
    ),
)
TABLES = {
    "products": PRODUCTS,
    "customers": CUSTOMERS,
    "campaigns": CAMPAIGNS,
    "events": EVENTS,
}


def described() -> str:
    """Return all columns as text for a terminal."""
    lines = []
    width = max(len(column.name) for columns in TABLES.values() for column in columns)
    for table, columns in TABLES.items():
        lines += ["", table]
        for column in columns:
            mark = "*" if column.is_required else " "
            lines.append(f"  {column.name:{width}}{mark} {column.description}")
    return "\n".join(lines[1:])
