"""Order lines of the Online Retail layout: which are sales or returns, which no goods, which bad.

The layout is that of the UCI Online Retail data (Chen, 2015): one line of an invoice a row, times
on the clock of London, prices in pounds, an invoice `C...` for a cancellation.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from django.utils.translation import gettext as _

from guidance.behaviour.rows import MAX_QUANTITY
from guidance.behaviour.services.checks import MAX_VALUE
from guidance.console.importing.files import BATCH_ROWS, ParquetTable, RawRow, TableFile
from guidance.core.rows import MAX_PRICE

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
ZONE = ZoneInfo("Europe/London")
CURRENCY = "GBP"
EARLIEST, LATEST = pd.Timestamp("1990-01-01"), pd.Timestamp("2100-01-01")

# Codes of fees, postage, vouchers and bookkeeping. Three have numbers as goods do: 23444 is "Next
# Day Carriage", 22016 a gift voucher, 23702 "High Resolution Image".
NO_GOODS = {
    "POST",
    "DOT",
    "C2",
    "23444",
    "22016",
    "23702",
    "M",
    "D",
    "S",
    "B",
    "BANK CHARGES",
    "AMAZONFEE",
    "CRUK",
    "PADS",
    "ADJUST",
    "ADJUST2",
    "GIFT",
    "TEST001",
    "TEST002",
}
VOUCHER_PREFIX = "GIFT_"
CONTROL = r"[\x00-\x1f\x7f]"
CONTROL_BUT_SPACE = r"[\x00-\x08\x0e-\x1f\x7f]"
OFFSET = r":\d\d(?:\.\d+)?\s*(?:[Zz]|[+-]\d\d:?\d\d)$"


def is_retail_layout(columns: list[str]) -> bool:
    """Tell whether these are the columns of the Online Retail layout."""
    return set(COLUMNS) <= set(columns)


def read_frames(table: TableFile, size: int = BATCH_ROWS) -> Iterator[pd.DataFrame]:
    """Yield the lines in frames of the layout's columns with `line`, `number` and `problem`."""
    if isinstance(table, ParquetTable):
        number = 0
        for batch in table.arrow_batches(size):
            frame = batch.select(list(COLUMNS)).to_pandas()
            frame["number"] = frame["line"] = np.arange(number + 1, number + 1 + len(frame))
            frame["problem"] = None
            number += len(frame)
            yield frame
        return
    for rows in table.batches(size):
        yield _frame_of(rows)


def _frame_of(rows: list[RawRow]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [[row.fields.get(name) for name in COLUMNS] for row in rows], columns=list(COLUMNS)
    )
    frame["line"] = [row.line for row in rows]
    frame["number"] = [row.number for row in rows]
    frame["problem"] = pd.Series([row.problem for row in rows], dtype=object)
    return frame


def judge(frame: pd.DataFrame, latest: datetime) -> pd.DataFrame:
    """Return the frame's lines, typed, each with what becomes of it in `verdict`.

    A line later than `latest` (aware) is wrong: it would lie in the future.
    Columns: line, number, invoice, sku, title, quantity (never negative), time (UTC), price,
    customer (whole number or missing), country, kind, verdict. The verdict is '' for an event,
    'skip:CODE' for a line that is no shopper's doing, 'bad:CODE' for one that is wrong.
    """
    invoice = _text(frame["InvoiceNo"])
    sku = _text(frame["StockCode"]).str.upper()
    quantity = pd.to_numeric(frame["Quantity"], errors="coerce").astype("float64")
    price = pd.to_numeric(frame["UnitPrice"], errors="coerce").astype("float64").round(2)
    local = _times(frame["InvoiceDate"])
    customer = _text(frame["CustomerID"]).str.removesuffix(".0")
    title = _text(frame["Description"])
    country = _text(frame["Country"])

    time = _utc(local)
    whole = quantity.notna() & (quantity.abs() <= MAX_QUANTITY) & (quantity % 1 == 0)
    control = [text.str.contains(CONTROL, regex=True) for text in (invoice, sku, country)]
    control.append(title.str.contains(CONTROL_BUT_SPACE, regex=True))
    conditions = [
        (frame["problem"].notna(), "bad:unreadable"),
        (np.logical_or.reduce([column.to_numpy() for column in control]), "bad:bad_text"),
        (invoice == "", "bad:no_invoice"),
        (sku == "", "bad:no_stock_code"),
        ((invoice.str.len() > 40) | (sku.str.len() > 64) | (title.str.len() > 300), "bad:too_long"),
        (country.str.len() > 60, "bad:too_long"),
        (~whole, "bad:quantity"),
        (time.isna(), "bad:time"),
        (time > latest, "bad:future"),
        (~(price.abs() <= float(MAX_PRICE)), "bad:price"),
        (price * quantity.abs() > float(MAX_VALUE), "bad:value"),
        ((customer != "") & ~customer.str.fullmatch(r"[1-9]\d{0,17}"), "bad:customer"),
        (sku.isin(NO_GOODS) | sku.str.startswith(VOUCHER_PREFIX), "skip:not_a_product"),
        (price < 0, "bad:negative_price"),
        (quantity == 0, "bad:zero_quantity"),
        ((price == 0) & ((quantity < 0) | (customer == "")), "skip:stock_adjustment"),
        (price == 0, "skip:free_of_charge"),
    ]
    verdict = np.select(
        [np.asarray(condition, dtype=bool) for condition, _code in conditions],
        [code for _condition, code in conditions],
        default="",
    )
    is_return = invoice.str.startswith("C") | (quantity < 0)
    return pd.DataFrame(
        {
            "line": frame["line"],
            "number": frame["number"],
            "invoice": invoice,
            "sku": sku,
            "title": title,
            "quantity": quantity.abs().where(whole, 0).astype("int64"),
            "time": time,
            "price": price,
            "customer": customer,
            "country": country.where(country != "Unspecified", ""),
            "kind": np.where(is_return, "return", "purchase"),
            "verdict": verdict,
        }
    )


def describe(code: str, row: Any) -> str:
    """Return the sentence for a bad line; `row` holds the file's own values."""
    sentences = {
        "bad_text": _("The line holds a control character."),
        "no_invoice": _("InvoiceNo is missing."),
        "no_stock_code": _("StockCode is missing."),
        "too_long": _("InvoiceNo, StockCode, Description or Country is too long."),
        "quantity": _("Quantity is no whole number: %(value)s.") % {"value": row.Quantity},
        "time": _("InvoiceDate is no time like 2011-12-09 12:50: %(value)s.")
        % {"value": row.InvoiceDate},
        "price": _("UnitPrice is no price: %(value)s.") % {"value": row.UnitPrice},
        "future": _("InvoiceDate lies in the future: %(value)s.") % {"value": row.InvoiceDate},
        "value": _("Quantity times UnitPrice is more than %(most)s.") % {"most": f"{MAX_VALUE:,}"},
        "customer": _("CustomerID is no number."),
        "negative_price": _("UnitPrice is negative: %(value)s.") % {"value": row.UnitPrice},
        "zero_quantity": _("Quantity is zero."),
    }
    return sentences[code]


def as_money(price: float) -> Decimal:
    """Return a price read as a floating number, in whole pence."""
    return Decimal(f"{price:.2f}")


def _text(column: pd.Series) -> pd.Series:
    """Return the column as stripped text, '' where missing."""
    return column.astype("string[pyarrow]").fillna("").str.strip(" \t\r\n")


def _times(column: pd.Series) -> pd.Series:
    """Return the column as times on the shop's clock, missing where it holds none.

    Texts with an offset are none: pandas refuses a column that has some with and some without.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert(ZONE).dt.tz_localize(None)
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return column
    texts = _text(column)
    plain = texts.where(~texts.str.contains(OFFSET, regex=True))
    return pd.to_datetime(plain, format="ISO8601", errors="coerce")


def _utc(local: pd.Series) -> pd.Series:
    """Read times on the shop's clock; of an hour that comes twice it is the second, in winter.

    What is no time of these centuries becomes missing.
    """
    in_range = local.where((local >= EARLIEST) & (local <= LATEST))
    winter = np.zeros(len(local), dtype=bool)
    zoned = in_range.dt.tz_localize(ZONE, ambiguous=winter, nonexistent="shift_forward")
    return zoned.dt.tz_convert("UTC")
