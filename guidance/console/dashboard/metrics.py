"""CTR, conversion, satisfaction and revenue of a period, each against the period before.

A figure that the data cannot tell is None with the reason why; it is never shown as zero.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from guidance.behaviour.models import Event
from guidance.behaviour.period import Period
from guidance.console.dashboard import wording
from guidance.console.dashboard.selectors import Behaviour, Decisions, net_of
from guidance.decisions.selectors import Outcomes
from guidance.experiments.samples import ProportionSample
from guidance.experiments.statistics import Comparison, Estimate, difference, wilson_interval

# A sum over ten days says nothing against one over thirty. A holiday week in four still compares.
COMPARABLE_SHARE = Decimal("0.75")


@dataclass(frozen=True)
class Ratio:
    """A metric of decisions: one of their sums over another."""

    key: str
    label: str | Promise
    numerator: str
    denominator: str
    unit: str | Promise
    is_share: bool = True

    def counts(self, outcomes: Outcomes) -> tuple[int, int]:
        return getattr(outcomes, self.numerator), getattr(outcomes, self.denominator)

    def of(self, outcomes: Outcomes) -> float | None:
        """Return the metric; None where nothing could be counted."""
        top, bottom = self.counts(outcomes)
        return top / bottom if bottom else None

    def say(self, value: float) -> str:
        return wording.share(value) if self.is_share else wording.stars(value)


CTR = Ratio(
    "ctr",
    gettext_lazy("CTR"),
    "clicked",
    "seen",
    gettext_lazy("clicked decisions / seen decisions"),
)
CONVERSION = Ratio(
    "conversion",
    gettext_lazy("Attributed conversion"),
    "converted",
    "seen",
    gettext_lazy("seen decisions followed by a purchase within 24 hours / seen decisions"),
)
SATISFACTION = Ratio(
    "satisfaction",
    gettext_lazy("Satisfaction"),
    "rating_sum",
    "rating_count",
    gettext_lazy("mean of the stars (1 to 5) that shoppers gave to decisions"),
    is_share=False,
)
RATIOS = (CTR, CONVERSION, SATISFACTION)


@dataclass(frozen=True)
class Change:
    """How a figure differs from the one before.

    `certainty` is clear, chance (the interval of the difference holds zero), untested (a mean
    without its squares) or empty (a sum: nothing was sampled).
    """

    text: str
    before: str
    direction: str
    certainty: str = ""


@dataclass(frozen=True)
class Metric:
    """A figure as its card shows it; `value` is None where the data cannot tell."""

    key: str
    label: str | Promise
    value: str | None
    unit: str | Promise
    counts: str = ""
    reason: str = ""
    interval: str = ""
    change: Change | None = None
    days: tuple[float | None, ...] = ()


def measurable(ratio: Ratio, behaviour: Behaviour, period: Period) -> bool:
    """Tell whether a metric can be measured at all: without purchases conversion cannot."""
    return ratio is not CONVERSION or behaviour.events(period, Event.Kind.PURCHASE) > 0


def ratio_metric(
    ratio: Ratio, period: Period, decisions: Decisions, behaviour: Behaviour
) -> Metric:
    """Return one metric of all decisions of the period."""
    total = decisions.total(period)
    value = ratio.of(total) if measurable(ratio, behaviour, period) else None
    if value is None:
        return Metric(ratio.key, ratio.label, None, ratio.unit, reason=_reason(ratio, total))
    return Metric(
        key=ratio.key,
        label=ratio.label,
        value=ratio.say(value),
        unit=ratio.unit,
        counts=counts_in_words(ratio, total),
        interval=interval_in_words(ratio, total),
        change=_ratio_change(ratio, value, total, decisions.total(period.before)),
        days=tuple(map(ratio.of, decisions.days(period))),
    )


def revenue_metric(period: Period, behaviour: Behaviour, currency: str) -> Metric:
    """Return what shoppers paid less what was given back."""
    label, unit = (
        _("Revenue"),
        _("purchases less returns, in %(currency)s") % {"currency": currency},
    )
    net = behaviour.net(period)
    if net is None:
        return Metric("revenue", label, None, unit, reason=_("No purchases were reported."))
    counts = {
        "orders": wording.number(behaviour.orders(period)),
        "reported": behaviour.days_with_sales(period),
        "days": period.days,
    }
    return Metric(
        key="revenue",
        label=label,
        value=wording.money(net, currency),
        unit=unit,
        counts=_("%(orders)s orders on %(reported)d of %(days)d days") % counts,
        change=_revenue_change(net, period, behaviour, currency),
        days=tuple(_as_float(net_of(behaviour.days[day])) for day in period.dates),
    )


def counts_in_words(ratio: Ratio, outcomes: Outcomes) -> str:
    """Return the numerator and denominator: "12 of 345", or the number of ratings."""
    top, bottom = ratio.counts(outcomes)
    if not ratio.is_share:
        return _("%(count)s ratings") % {"count": wording.number(bottom)}
    return _("%(part)s of %(whole)s") % {
        "part": wording.number(top),
        "whole": wording.number(bottom),
    }


def interval_in_words(ratio: Ratio, outcomes: Outcomes) -> str:
    """Return a share's interval; rollups keep no squares, so a mean of stars has none."""
    if not ratio.is_share:
        return ""
    interval = wilson_interval(*ratio.counts(outcomes))
    if not isinstance(interval, Estimate):
        return ""
    return f"{ratio.say(interval.low)} – {ratio.say(interval.high)}"


def _reason(ratio: Ratio, total: Outcomes) -> str:
    if ratio is SATISFACTION:
        return _("No decision was rated.")
    if total.seen:
        return _("No purchases were reported.")
    if total.served:
        return _("%(count)s decisions were served, but no impression was reported.") % {
            "count": wording.number(total.served)
        }
    return _("No decisions were served.")


def _ratio_change(ratio: Ratio, value: float, now: Outcomes, then: Outcomes) -> Change | None:
    before = ratio.of(then)
    if before is None:
        return None
    step = value - before
    if ratio.is_share:
        samples = (ProportionSample(*ratio.counts(one)[::-1]) for one in (then, now))
        compared = difference(*samples)
        points = _("%(points)s points") % {"points": wording.stars(abs(step) * 100)}
        clear = isinstance(compared, Comparison) and compared.is_clear
        certainty = "clear" if clear else "chance"
        return Change(wording.signed(points, step), ratio.say(before), _direction(step), certainty)
    text = wording.signed(wording.stars(abs(step)), step)
    return Change(text, ratio.say(before), _direction(step), "untested")


def _revenue_change(
    now: Decimal, period: Period, behaviour: Behaviour, currency: str
) -> Change | None:
    """Compare with the days before; None where either span has sales on far fewer days."""
    then = behaviour.net(period.before)
    if then is None or then <= 0:
        return None
    fewer, more = sorted(behaviour.days_with_sales(span) for span in (period, period.before))
    if fewer < COMPARABLE_SHARE * more:
        return None
    step = now - then
    text = wording.signed(wording.share(float(abs(step) / then)), step)
    return Change(text, wording.money(then, currency), _direction(step))


def _direction(step: float | Decimal) -> str:
    return "up" if step > 0 else "down" if step < 0 else "same"


def _as_float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
