"""The products and customers that order lines tell of: Online Retail has no files of its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import pandas as pd
from msgspec import UNSET

from guidance.catalog.rows import ProductRow
from guidance.console.importing.retail_lines import CURRENCY, as_money
from guidance.customers.rows import CustomerRow

# Notes that the shop's staff left in place of a title. Titles proper are in capitals, so a note is
# looked for only in texts that are not.
STAFF_NOTE = re.compile(
    r"damag|check|found|missing|\blost\b|adjust|thrown|throw away|\bwet\b|rusty|smashed|crush"
    r"|broken|cracked|unsal|faulty|mix(?:ed)?[ -]?up|wrong|incorrect|barcode|\bsold\b|dotcom$"
    r"|amazon|ebay|\btest\b|sample|display|showroom|counted|mailout|mouldy|returned|stock"
    r"|\bcredit|given away|put aside",
    re.IGNORECASE,
)
VARIANT = re.compile(r"(\d+)[A-Z]*\Z")


@dataclass
class Survey:
    """What the lines say about products and customers, gathered frame by frame.

    A product's title is the one most of its lines have (of several the one used last), its price
    that of its last sale before `until`, or of its first where it was never sold before.
    """

    until: datetime | None = None
    _titles: list[pd.DataFrame] = field(default_factory=list)
    _prices: list[pd.DataFrame] = field(default_factory=list)
    _countries: list[pd.DataFrame] = field(default_factory=list)
    _codes: set[str] = field(default_factory=set)

    def add(self, lines: pd.DataFrame) -> None:
        """Take in judged lines; only those that are events count."""
        events = lines[lines["verdict"] == ""]
        titled = events[is_title(events["title"])]
        titles = titled.groupby(["sku", "title"])["time"].agg(["size", "max"])
        self._titles.append(titles.reset_index())
        self._add_prices(events[events["kind"] == "purchase"])
        good = lines[~lines["verdict"].str.startswith("bad:")]
        self._add_customers(good[good["customer"] != ""])
        self._codes.update(good["sku"])

    def _add_customers(self, lines: pd.DataFrame) -> None:
        located = lines.assign(country=lines["country"].where(lines["country"] != ""))
        newest = located.sort_values("time", kind="stable").groupby("customer")
        self._countries.append(newest[["time", "country"]].last().reset_index())

    def _add_prices(self, sales: pd.DataFrame) -> None:
        columns = ["sku", "time", "price"]
        ordered = sales[columns].sort_values("time", kind="stable")
        if self.until is None:
            self._prices.append(ordered.drop_duplicates("sku", keep="last").assign(early=True))
            return
        early = ordered["time"] < self.until
        before = ordered[early].drop_duplicates("sku", keep="last")
        after = ordered[~early].drop_duplicates("sku", keep="first")
        self._prices += [before.assign(early=True), after.assign(early=False)]

    def products(self) -> Iterator[ProductRow]:
        """Yield a row for every product that was sold or came back, in order of SKU."""
        if not self._titles:
            return
        titles = pd.concat(self._titles).groupby(["sku", "title"], as_index=False)
        ranked = titles.agg({"size": "sum", "max": "max"}).sort_values(["sku", "size", "max"])
        title_of: dict[str, str] = dict(zip(ranked["sku"], ranked["title"], strict=True))
        price_of = self._price_of()
        for sku in sorted(title_of.keys() | price_of.keys()):
            yield ProductRow(
                sku=sku,
                title=re.sub(r"\s+", " ", title_of.get(sku, sku)),
                family=family_of(sku),
                price=price_of.get(sku),
                currency=CURRENCY,
            )

    def _price_of(self) -> dict[str, Decimal]:
        prices = pd.concat(self._prices)
        early = prices[prices["early"]].sort_values("time", kind="stable")
        late = prices[~prices["early"]].sort_values("time", kind="stable")
        known = early.drop_duplicates("sku", keep="last")
        first = late.drop_duplicates("sku", keep="first")
        both = pd.concat([first[~first["sku"].isin(known["sku"])], known])
        return {sku: as_money(price) for sku, price in zip(both["sku"], both["price"], strict=True)}

    @property
    def codes(self) -> int:
        """How many different stock codes the lines have, goods or not."""
        return len(self._codes)

    def customers(self) -> Iterator[CustomerRow]:
        """Yield a row for every customer the lines name, with the newest country where one is."""
        if not self._countries:
            return
        everywhere = pd.concat(self._countries).sort_values("time", kind="stable")
        newest = everywhere.groupby("customer")["country"].last()
        for ref, country in newest.items():
            yield CustomerRow(ref=str(ref), country=UNSET if pd.isna(country) else country)


def is_title(texts: pd.Series) -> pd.Series:
    """Tell which texts are titles: with a letter, and no note such as "?" or "damaged"."""
    worded = texts.str.contains(r"[A-Za-z]", regex=True) & ~texts.str.contains("?", regex=False)
    note = (texts != texts.str.upper()) & texts.str.contains(STAFF_NOTE)
    return worded & ~note


def family_of(sku: str) -> str:
    """Return what variants share: the digits before the letters (85123A is of 85123)."""
    found = VARIANT.match(sku)
    return found.group(1) if found else ""
