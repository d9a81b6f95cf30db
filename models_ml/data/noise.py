"""Finds the rows that no shopper meant: what was sent twice, what scripts left.

Every function takes rows with the columns of `models_ml.data.columns` (times in UTC, a basket
perhaps missing) and returns a boolean Series over their index, true for a row that should go.
"""

import pandas as pd

from models_ml.data.columns import (
    BASKET,
    CART,
    CLICK,
    CUSTOMER,
    ITEM,
    KIND,
    PURCHASE,
    REQUIRED,
    SEARCH,
    TIME,
    VIEW,
)

_LOOKS = (VIEW, CLICK, SEARCH, CART)

# Seconds within which the same again by the same customer is one act: a double click, a resent
# request; for orders, a form submitted twice. Nobody in the generated shop looks at a product again
# within 3 s; in Online Retail, whose clock counts minutes, 374 of 404,909 lines come again within
# one.
LOOK_SECONDS = 3.0
ORDER_SECONDS = 60.0

# What no person does. The busiest honest customers: 9 looks in a minute and 15 products in a day
# (generated shop), 9 orders in an hour (Online Retail); nobody was seen in more than 8 hours of a
# day.
BOT_LOOKS_A_MINUTE, BOT_MINUTES = 30, 5
BOT_PRODUCTS_A_DAY = 300
BOT_HOURS_A_DAY = 20
BOT_ORDERS_AN_HOUR = 20

# A page that is loaded ahead or replayed: that many looks in a row, at most so far apart. Of the
# generated shop's looks one in a thousand follows another within 1.7 s, and never two in a row.
BURST_LOOKS, BURST_SECONDS = 15, 1.0


def exact_duplicates(rows: pd.DataFrame) -> pd.Series:
    """Rows that equal an earlier one in every column."""
    return rows.duplicated(list(REQUIRED))


def near_duplicates(rows: pd.DataFrame) -> pd.Series:
    """The same customer, product and kind again, sooner than a person would mean it. Lines of one
    basket are no repetition of each other.
    """
    ordered = rows.sort_values([CUSTOMER, ITEM, KIND, TIME], kind="stable")
    before = ordered.shift()
    same = (ordered[[CUSTOMER, ITEM, KIND]] == before[[CUSTOMER, ITEM, KIND]]).all(axis=1)
    bought = ~ordered[KIND].isin(_LOOKS)
    same &= ~(bought & (ordered[BASKET] == before[BASKET]))
    seconds = (ordered[TIME] - before[TIME]).dt.total_seconds()
    limit = bought.map({True: ORDER_SECONDS, False: LOOK_SECONDS})
    return (same & (seconds <= limit)).reindex(rows.index)


def bots(rows: pd.DataFrame) -> pd.Series:
    """All rows of customers who look, order or stay awake as no person does."""
    looks = rows[rows[KIND].isin(_LOOKS)]
    orders = rows[rows[KIND] == PURCHASE]
    minutes = looks.groupby([CUSTOMER, looks[TIME].dt.floor("min")]).size()
    fast = (minutes >= BOT_LOOKS_A_MINUTE).groupby(CUSTOMER).sum() >= BOT_MINUTES
    days = looks.groupby([CUSTOMER, looks[TIME].dt.floor("D")])[ITEM].nunique()
    broad = (days >= BOT_PRODUCTS_A_DAY).groupby(CUSTOMER).any()
    hour = rows[TIME].dt.floor("h")
    active = rows[[CUSTOMER]].assign(hour=hour, day=hour.dt.floor("D"))
    hours = active.groupby([CUSTOMER, "day"])["hour"].nunique()
    sleepless = (hours >= BOT_HOURS_A_DAY).groupby(CUSTOMER).any()
    hourly = _order_names(orders).groupby([orders[CUSTOMER], orders[TIME].dt.floor("h")]).nunique()
    hasty = (hourly >= BOT_ORDERS_AN_HOUR).groupby(CUSTOMER).any()
    rules = pd.concat([fast, broad, sleepless, hasty], axis=1).fillna(False).any(axis=1)
    return rows[CUSTOMER].isin(rules.index[rules.to_numpy(bool)])


def bursts(rows: pd.DataFrame) -> pd.Series:
    """Looks that follow one another at machine pace, of customers who may be people otherwise."""
    looks = rows[rows[KIND].isin(_LOOKS)].sort_values([CUSTOMER, TIME], kind="stable")
    apart = (looks[TIME] - looks[TIME].shift()).dt.total_seconds() > BURST_SECONDS
    run = (apart | (looks[CUSTOMER] != looks[CUSTOMER].shift())).cumsum()
    long = run.groupby(run).transform("size") >= BURST_LOOKS
    return long.reindex(rows.index, fill_value=False)


def _order_names(purchases: pd.DataFrame) -> pd.Series:
    """A line without a basket is an order of its own."""
    own = "row-" + purchases.index.astype(str)
    return purchases[BASKET].where(purchases[BASKET].notna(), own)
