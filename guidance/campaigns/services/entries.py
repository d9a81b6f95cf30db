"""Writing a plan's entries: a million rows in one COPY, or in SQLite's own way."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import pandas as pd

from guidance.campaigns.models import PlanEntry, PushPlan, Verdict, Why
from guidance.campaigns.planning.deciding import NOTHING, Decided
from guidance.campaigns.planning.shoppers import Floats, Ints, Words
from guidance.core.copying import copy_rows

CHUNK = 50_000
# Uplift is kept in thousandths; SMALLINT's smallest stands for "no model says".
UNKNOWN = np.iinfo(np.int16).min
FIELDS = ("customer_id", "verdict", "message_id", "offer_id", "send_at", "uplift")
CHOICE_FIELDS = ("arm", "why", "context", "propensity")
# How a row goes into the hash: whole numbers, little endian, nothing between them.
HASHED = np.dtype(
    {
        "names": ["customer", "verdict", "message", "offer", "due", "uplift"],
        "formats": ["<i8", "<i2", "<i8", "<i8", "<i8", "<i2"],
    }
)
# Where an experiment or a bandit chose, how it did goes in too, after each chunk of rows.
CHOSEN = np.dtype({"names": ["why", "context", "propensity"], "formats": ["<i2", "<i8", "<f8"]})


def thousandths(uplift: Floats) -> Ints:
    """Return an uplift as it is kept, `UNKNOWN` where there is none."""
    kept: Ints = np.where(np.isnan(uplift), UNKNOWN, np.rint(np.nan_to_num(uplift) * 1000))
    return kept.astype(np.int64)


class Everybody(NamedTuple):
    """Columns: whom a plan is about, and what they were when it was worked out."""

    customers: Ints
    tiers: Words
    segments: Words


def write_entries(
    plan_id: UUID,
    people: Everybody,
    decided: Decided,
    *,
    arms: Sequence[str] = (),
    tell: Callable[[float], None],
) -> str:
    """Write every entry and return the SHA-256 of all; `tell` hears which share is written.

    `arms` are the names of the arms that the decisions count by their places.

    Call it inside a transaction: a plan has all its entries or none.
    """
    uplift, customers = thousandths(decided.uplift), people.customers
    names = np.asarray([*arms, ""], dtype=object)
    is_sent = decided.verdict == Verdict.SEND
    # Who gets nothing is in no arm; the last name is that of none.
    arm = names[np.where(is_sent, decided.arm, len(arms))]
    why = np.where(is_sent, decided.why, int(Why.ONLY))
    context = np.where(is_sent, decided.context, 0)
    propensity = np.where(is_sent, decided.propensity, 1.0)
    digest = hashlib.sha256()
    for start in range(0, len(customers), CHUNK):
        rows = np.s_[start : start + CHUNK]
        chunk = pd.DataFrame(
            {
                "plan_id": plan_id.hex,
                "customer_id": customers[rows],
                "verdict": decided.verdict[rows],
                "message_id": _or_none(decided.message[rows]),
                "offer_id": _or_none(decided.offer[rows]),
                "send_at": _times(decided.due[rows]),
                "tier": people.tiers[rows],
                "segment": people.segments[rows],
                "uplift": pd.Series(uplift[rows]).astype("Int64").replace(UNKNOWN, pd.NA),
                "arm": arm[rows],
                "why": why[rows],
                "context": context[rows],
                "propensity": propensity[rows],
            }
        )
        copy_rows(PlanEntry, chunk)
        digest.update(
            _hashed(
                customers[rows],
                *(decided.verdict[rows], decided.message[rows], decided.offer[rows]),
                *(decided.due[rows], uplift[rows]),
            )
        )
        if arms:
            digest.update(_hashed_choice(arm[rows], why[rows], context[rows], propensity[rows]))
        tell(min(start + CHUNK, len(customers)) / len(customers))
    return digest.hexdigest()


def hash_entries(plan: PushPlan) -> str:
    """Return the SHA-256 of the entries as the database holds them."""
    digest = hashlib.sha256()
    for rows in _stored(plan.pk):
        columns = list(zip(*rows, strict=True))
        customers, verdicts, messages, offers, times, uplifts = columns[: len(FIELDS)]
        digest.update(
            _hashed(
                np.asarray(customers),
                np.asarray(verdicts),
                np.asarray([NOTHING if one is None else one for one in messages]),
                np.asarray([NOTHING if one is None else one for one in offers]),
                np.asarray([NOTHING if one is None else int(one.timestamp()) for one in times]),
                np.asarray([UNKNOWN if one is None else one for one in uplifts]),
            )
        )
        if plan.choices:
            digest.update(_hashed_choice(*map(np.asarray, columns[len(FIELDS) :])))
    return digest.hexdigest()


def _stored(plan_id: UUID) -> Iterator[list[tuple[Any, ...]]]:
    last = 0
    entries = PlanEntry.objects.filter(plan=plan_id).order_by("customer_id")
    fields = (*FIELDS, *CHOICE_FIELDS)
    while rows := list(entries.filter(customer_id__gt=last).values_list(*fields)[:CHUNK]):
        yield rows
        last = rows[-1][0]


def _hashed(*columns: Ints) -> bytes:
    table = np.empty(len(columns[0]), dtype=HASHED)
    for name, column in zip(HASHED.names or (), columns, strict=True):
        table[name] = column
    return table.tobytes()


def _hashed_choice(arm: Words, why: Ints, context: Ints, propensity: Floats) -> bytes:
    table = np.empty(len(why), dtype=CHOSEN)
    table["why"], table["context"], table["propensity"] = why, context, propensity
    return table.tobytes() + "\n".join(arm.tolist()).encode()


def _or_none(ids: Ints) -> Any:
    return pd.Series(ids).astype("Int64").replace(NOTHING, pd.NA)


def _times(due: Ints) -> Any:
    times = pd.to_datetime(pd.Series(due), unit="s", utc=True)
    return times.dt.strftime("%Y-%m-%d %H:%M:%S").where(pd.Series(due) != NOTHING)
