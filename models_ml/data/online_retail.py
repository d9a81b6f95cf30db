"""Reads the UCI Online Retail layout (Chen, 2015) as interactions, by the rules of the shop's
importer.
"""

from pathlib import Path

import pandas as pd

from models_ml.data.columns import (
    BASKET,
    CUSTOMER,
    ITEM,
    KIND,
    PURCHASE,
    QUANTITY,
    RETURN,
    TIME,
)
from models_ml.data.content import ItemFacts

# Postage, fees, discounts, samples, vouchers and corrections: charges, not products.
_CHARGES = r"^(?:POST|DOT|M|C2|D|S|B|BANK CHARGES|AMAZONFEE|CRUK|PADS|GIFT_.*)$"


def read_online_retail(path: Path) -> pd.DataFrame:
    """Return the lines of known customers as interactions; cancellations and negative quantities
    are returns.
    """
    lines = pd.read_parquet(path)
    code = lines["StockCode"].str.strip().str.upper()
    lines = lines[lines["CustomerID"].notna() & ~code.str.fullmatch(_CHARGES)]
    returned = lines["InvoiceNo"].str.startswith("C") | (lines["Quantity"] < 0)
    return pd.DataFrame(
        {
            CUSTOMER: lines["CustomerID"].astype("int64").astype(str),
            ITEM: lines["StockCode"].str.strip().str.upper(),
            TIME: lines["InvoiceDate"].dt.tz_localize("UTC"),
            KIND: returned.map({True: RETURN, False: PURCHASE}),
            BASKET: lines["InvoiceNo"],
            QUANTITY: lines["Quantity"].abs().astype("float64"),
        }
    ).reset_index(drop=True)


def read_retail_items(path: Path) -> list[ItemFacts]:
    """Return what the shop says of each product: its most frequent description and median price."""
    lines = pd.read_parquet(path, columns=["StockCode", "Description", "UnitPrice"])
    code = lines["StockCode"].str.strip().str.upper()
    texts = lines["Description"].str.strip()
    texts = texts[texts.fillna("") != ""].groupby(code).agg(lambda found: found.mode().iloc[0])
    prices = lines.loc[lines["UnitPrice"] > 0, "UnitPrice"].groupby(code).median()
    return [
        ItemFacts(item, (text,), price=float(prices[item]) if item in prices.index else None)
        for item, text in texts.items()
    ]
