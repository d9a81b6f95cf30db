"""What a holdout's report shows: plain words first, then the table, and its CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from guidance.behaviour.days import day_bounds, shop_zone
from guidance.core.numbers import rounded
from guidance.experiments.models import Holdout
from guidance.experiments.pages import as_of_words
from guidance.experiments.samples import Sample
from guidance.experiments.selectors.holdouts import CONVERSION, Gain, HoldoutReport, Scope
from guidance.experiments.statistics import Comparison, Corrected, NotMeasured, SampleRatio
from guidance.experiments.wording import REASONS, p_text

NAMES = {CONVERSION: gettext_lazy("conversion"), "revenue": gettext_lazy("revenue per shopper")}
# Databases and clocks know no holdout before it.
FIRST_YEAR = 2000


@dataclass(frozen=True)
class Row:
    """One metric on one surface, in words."""

    title: str
    held: str
    served: str
    difference: str
    p_value: str
    is_measured: bool


@dataclass(frozen=True)
class Card:
    """One surface: its shoppers, its sentences and its rows."""

    title: str
    shoppers: str
    sample_ratio: str
    is_off: bool
    sentences: list[str]
    rows: list[Row]


def read_days(query: QueryDict, holdout: Holdout) -> tuple[datetime, datetime]:
    """Return the days that `from` and `to` name, by the shop's clock, else the holdout's own.

    Raises ValidationError for what is no day, or an end before the beginning.
    """
    since = _read(query.get("from", ""))
    until = _read(query.get("to", ""))
    if since and until and until < since:
        raise ValidationError(_("The last day lies before the first."))
    zone = shop_zone()
    start = day_bounds(since, zone)[0] if since else holdout.since
    end = day_bounds(until, zone)[1] if until else holdout.ended_at or timezone.now()
    return start, end


def _read(said: str) -> date | None:
    said = said.strip()
    if not said:
        return None
    try:
        day = parse_date(said)
    except ValueError:
        day = None
    if day is None or day.year < FIRST_YEAR:
        raise ValidationError(_("“%(said)s” is no day, such as 2026-11-30.") % {"said": said[:40]})
    return day


def holdout_page(found: HoldoutReport) -> dict[str, Any]:
    """Return the page's context."""
    zone = shop_zone()
    first, last = found.since.astimezone(zone), found.until.astimezone(zone)
    return {
        "cards": [_card(scope, found.currency) for scope in found.scopes if _has_shoppers(scope)],
        "from_day": first.date().isoformat(),
        **as_of_words(found.as_of),
        "to_day": max(first, last - timedelta(microseconds=1)).date().isoformat(),
        "days": _days(found),
        "notes": list(_notes(found)),
    }


def _has_shoppers(scope: Scope) -> bool:
    """Tell whether anybody is in it."""
    return bool(scope.held.shoppers or scope.served.shoppers)


def _days(found: HoldoutReport) -> str:
    days = max((found.until - found.since) / timedelta(days=1), 0.0)
    if days < 1:
        return _("less than a day")
    return ngettext("%(days)s day", "%(days)s days", round(days)) % {"days": rounded(days, 0)}


def _notes(found: HoldoutReport) -> Iterator[str]:
    if found.windows_open:
        yield _(
            "The 7 days after the first decision are not over for %(count)s shoppers; what they "
            "buy may still rise."
        ) % {"count": _count(found.windows_open)}
    if found.on_both_sides:
        yield ngettext(
            "Left out: %(count)s shopper whom the log has both held out and served under one "
            "pseudonym.",
            "Left out: %(count)s shoppers whom the log has both held out and served under one "
            "pseudonym.",
            found.on_both_sides,
        ) % {"count": _count(found.on_both_sides)}
    if any(found.logged_in):
        yield _logins(found)
    if found.elsewhere:
        yield _("Purchases in another currency, in no revenue: %(count)s.") % {
            "count": _count(found.elsewhere)
        }


def _logins(found: HoldoutReport) -> str:
    """Return by which rule who logged in counts, and whether both sides did so alike."""
    rule = _(
        "A visitor who logs in is the customer, once: on the side of the customer's own pseudonym "
        "from its first decision in these days on, on the visitor's while that met nothing."
    )
    held, served = found.logged_in
    words = {"held": _count(held), "served": _count(served)}
    if not isinstance(found.logins, SampleRatio):
        told = _("Visitors who logged in since: %(held)s held out, %(served)s served.") % words
        return f"{rule} {told}"
    words["p"] = p_text(found.logins.p_value, "= ")
    if found.logins.is_off:
        told = (
            _(
                "Visitors of one side log in more often (%(held)s held out, %(served)s served, "
                "p %(p)s): do not trust the comparison."
            )
            % words
        )
    else:
        told = (
            _("Visitors of both sides log in alike: %(held)s held out, %(served)s served, p %(p)s.")
            % words
        )
    return f"{rule} {told}"


def _card(scope: Scope, currency: str) -> Card:
    check = scope.sample_ratio
    return Card(
        title=_title(scope),
        shoppers=_("%(held)s shoppers held out, %(served)s served by models and tests")
        % {"held": _count(scope.held.shoppers), "served": _count(scope.served.shoppers)},
        sample_ratio=_share_text(scope),
        is_off=isinstance(check, SampleRatio) and check.is_off,
        sentences=[_sentence(scope, gain, currency) for gain in scope.gains],
        rows=[_row(scope, gain, currency) for gain in scope.gains],
    )


def _title(scope: Scope) -> str:
    return scope.surface or _("All surfaces together")


def _share_text(scope: Scope) -> str:
    check = scope.sample_ratio
    if isinstance(check, NotMeasured):
        return _("The share cannot be checked: %(reason)s.") % {"reason": REASONS[check.reason]}
    words = {
        "found": _count(scope.held.shoppers),
        "expected": rounded(check.expected[0], 1),
        "p": p_text(check.p_value, "= "),
    }
    if check.is_off:
        return (
            _(
                "The share is off: %(found)s held out, %(expected)s expected, p %(p)s. Do not "
                "trust the comparison before the cause is found."
            )
            % words
        )
    return (
        _("The share is as promised: %(found)s held out, %(expected)s expected, p %(p)s.") % words
    )


def _sentence(scope: Scope, gain: Gain, currency: str) -> str:
    words = {
        "surface": _title(scope),
        "metric": NAMES[gain.metric],
        "difference": _difference(gain, currency),
    }
    if isinstance(gain.difference, NotMeasured):
        return _("%(surface)s: %(metric)s cannot be compared: %(difference)s.") % words
    if not gain.is_clear:
        return (
            _(
                "%(surface)s: the data cannot tell yet whether models and tests change %(metric)s; "
                "the difference is %(difference)s."
            )
            % words
        )
    if gain.difference.value > 0:
        return _("%(surface)s: models and tests raise %(metric)s: %(difference)s.") % words
    return _("%(surface)s: models and tests lower %(metric)s: %(difference)s.") % words


def _row(scope: Scope, gain: Gain, currency: str) -> Row:
    corrected = gain.corrected
    return Row(
        title=str(NAMES[gain.metric]),
        held=_value(gain.metric, scope.held.samples[gain.metric], currency),
        served=_value(gain.metric, scope.served.samples[gain.metric], currency),
        difference=_difference(gain, currency),
        p_value=p_text(corrected.adjusted) if isinstance(corrected, Corrected) else "",
        is_measured=isinstance(gain.difference, Comparison),
    )


def _value(metric: str, sample: Sample, currency: str) -> str:
    if not sample.n:
        return "–"
    if metric == CONVERSION:
        return _("%(number)s %%") % {"number": rounded(100 * sample.mean, 1)}
    return f"{rounded(sample.mean, 2)} {currency}"


def _difference(gain: Gain, currency: str) -> str:
    found = gain.difference
    if isinstance(found, NotMeasured):
        return str(REASONS[found.reason])
    is_share = gain.metric == CONVERSION
    scale, digits = (100, 1) if is_share else (1, 2)
    value, low, high = (rounded(scale * n, digits) for n in (found.value, found.low, found.high))
    return _("%(sign)s%(value)s %(unit)s (%(low)s to %(high)s)") % {
        "sign": "+" if found.value > 0 and value.strip("0.,") else "",
        "value": value,
        "unit": _("points") if is_share else currency,
        "low": low,
        "high": high,
    }


def holdout_csv(found: HoldoutReport) -> Iterator[list[Any]]:
    """Yield the figures unrounded; names are those of the API, the same in every language."""
    yield [
        *("surface", "metric", "held out", "served", "value held out", "value served"),
        *("difference", "low", "high", "p", "p corrected", "p of the share", "from", "until"),
        *("left out on both sides", "logged in held out", "logged in served"),
    ]
    for scope in found.scopes:
        check = scope.sample_ratio
        for gain in scope.gains:
            one, corrected = gain.difference, gain.corrected
            sides = [side.samples[gain.metric] for side in (scope.held, scope.served)]
            yield [
                scope.surface or "*",
                gain.metric,
                *(sample.n for sample in sides),
                *(sample.mean if sample.n else "" for sample in sides),
                *(
                    [one.value, one.low, one.high, one.p_value]
                    if isinstance(one, Comparison)
                    else [one.reason.value, "", "", ""]
                ),
                corrected.adjusted if isinstance(corrected, Corrected) else "",
                check.p_value if isinstance(check, SampleRatio) else "",
                found.since.isoformat(),
                found.until.isoformat(),
                found.on_both_sides,
                *found.logged_in,
            ]


def _count(number: int) -> str:
    return number_format(number, force_grouping=True)
