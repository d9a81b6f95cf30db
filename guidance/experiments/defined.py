"""What a metric means, in one sentence."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guidance.behaviour.models import Event
from guidance.experiments.models import Metric

Denominator, Kind = Metric.Denominator, Metric.Kind


def definition_of(metric: Metric) -> str:
    """Return a sentence that says what is counted, over what, when, and what is left out."""
    parts = [_what(metric), *_limits(metric)]
    return "; ".join(parts)


def _what(metric: Metric) -> str:
    counted, over = _counted(metric), metric.get_denominator_display()
    if metric.kind == Kind.PROPORTION:
        return _("share of %(over)s with %(counted)s") % {"over": over, "counted": counted}
    if metric.is_quantile:
        return _("%(quantile)s quantile of %(counted)s, over %(over)s") % {
            "quantile": metric.quantile,
            "counted": counted,
            "over": over,
        }
    if metric.kind == Kind.REVENUE:
        return _("money of %(counted)s per shopper, over %(over)s") % {
            "over": over,
            "counted": counted,
        }
    if metric.kind == Kind.MEAN:
        return _("%(counted)s per shopper, over %(over)s") % {"over": over, "counted": counted}
    if metric.denominator == Denominator.EVENTS:
        over = _kinds(metric.base_kinds)
    return _("%(counted)s / %(over)s, interval over shoppers") % {"counted": counted, "over": over}


def _counted(metric: Metric) -> str:
    if not metric.is_over_events:
        return str(metric.get_counted_display())
    kinds = _kinds(metric.event_kinds)
    if metric.worth == Metric.Worth.QUANTITY:
        return _("%(kinds)s (pieces)") % {"kinds": kinds}
    return kinds


def _kinds(kinds: list[str]) -> str:
    return _(" or ").join(str(Event.Kind(kind).label) for kind in kinds)


def _limits(metric: Metric) -> list[str]:
    limits = []
    if metric.is_over_events:
        limits.append(
            ngettext(
                "within %(days)d day after the first decision",
                "within %(days)d days after the first decision",
                metric.window_days,
            )
            % {"days": metric.window_days}
        )
    if metric.returns_days:
        limits.append(
            ngettext(
                "returns taken off for %(days)d more day",
                "returns taken off for %(days)d more days",
                metric.returns_days,
            )
            % {"days": metric.returns_days}
        )
    if metric.is_money and metric.currency:
        limits.append(_("in %(currency)s alone") % {"currency": metric.currency})
    if metric.cap is not None:
        limits.append(_("at most %(cap)s per shopper") % {"cap": f"{metric.cap:g}"})
    if metric.time_zone:
        limits.append(_("days of %(zone)s") % {"zone": metric.time_zone})
    limits.append(_("less is better") if metric.less_is_better else _("more is better"))
    return limits
