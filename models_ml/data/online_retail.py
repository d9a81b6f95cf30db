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
