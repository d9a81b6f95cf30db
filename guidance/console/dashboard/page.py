"""The dashboard's context: cards by permission, each asked for only where it is shown."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.translation import gettext as _

from guidance.behaviour.period import PRESETS, Period, Traffic, asked_period
from guidance.console.dashboard import cards, figures
from guidance.console.dashboard.arms import arm_rows
from guidance.console.dashboard.metrics import (
    RATIOS,
    Metric,
    measurable,
    ratio_metric,
    revenue_metric,
)
from guidance.console.dashboard.selectors import Behaviour, Decisions, behaviour_of, decisions_of
from guidance.console.dashboard.waiting import what_waits_for
from guidance.core.admin import acting_person
from guidance.core.selectors import default_market

SEES_DECISIONS = "decisions.view_decision"
SEES_BEHAVIOUR = "behaviour.view_dayrollup"
SEES_MODELS = "training.view_modelversion"
SEES_CAMPAIGNS = "campaigns.view_campaign"


def add_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the admin's index page; what `UNFOLD["DASHBOARD_CALLBACK"]` names."""
    user = acting_person(request)
    may = user.has_perm
    market = default_market()
    today = datetime.now(ZoneInfo(market.time_zone)).date()
    asked = asked_period(request.GET, today)
    dashboard: dict[str, Any] = {
        "waiting": what_waits_for(user),
        "period": asked.period,
        "errors": asked.errors,
        "today": today,
    }
    if may(SEES_DECISIONS) or may(SEES_BEHAVIOUR):
        dashboard |= _metrics(request, asked.period, market.currency)
    if may(SEES_MODELS):
        dashboard["quality"] = cards.model_quality()
        dashboard["shows_models"] = True
    if may(SEES_CAMPAIGNS):
        dashboard["campaigns"] = cards.campaigns()
        dashboard["shows_campaigns"] = True
    return {**context, "title": _("Dashboard"), "dashboard": dashboard}


def _metrics(request: HttpRequest, period: Period, currency: str) -> dict[str, Any]:
    """Return what was counted in the period, as far as the person may see it."""
    decisions, behaviour = decisions_of(period), behaviour_of(period)
    found: dict[str, Any] = {"presets": _presets(period), "traffics": _traffics(period)}
    metrics: list[Metric] = []
    if request.user.has_perm(SEES_DECISIONS):
        metrics += [ratio_metric(ratio, period, decisions, behaviour) for ratio in RATIOS]
        found |= _decision_cards(period, decisions, behaviour, currency)
    if request.user.has_perm(SEES_BEHAVIOUR):
        metrics.append(revenue_metric(period, behaviour, currency))
        found |= _behaviour_cards(request, period, behaviour, currency)
    return found | {
        "metrics": [(metric, figures.sparkline(metric.days)) for metric in metrics],
        "shows_metrics": True,
    }


def _decision_cards(
    period: Period, decisions: Decisions, behaviour: Behaviour, currency: str
) -> dict[str, Any]:
    arms = decisions.arms(period)
    drawn = [
        (ratio, figures.ratio_figure(ratio, period, decisions, arms))
        for ratio in RATIOS
        if ratio.of(decisions.total(period)) is not None and measurable(ratio, behaviour, period)
    ]
    return {
        "shows_decisions": True,
        "ratio_figures": drawn,
        "ratios": RATIOS,
        "arms": arm_rows(period, decisions, behaviour, currency),
        "guidance_funnel": cards.guidance_funnel(period, decisions),
        "other_traffic": period.address(traffic=_other(period)) if decisions.seen_elsewhere else "",
    }


def _behaviour_cards(
    request: HttpRequest, period: Period, behaviour: Behaviour, currency: str
) -> dict[str, Any]:
    may_open = request.user.has_perm("catalog.view_product")
    has_revenue = behaviour.net(period) is not None
    return {
        "shows_behaviour": True,
        "currency": currency,
        "revenue": figures.revenue_figure(period, behaviour, currency) if has_revenue else None,
        "shopping_funnel": cards.shopping_funnel(period, behaviour),
        "products": cards.product_rows(period, currency, may_open=may_open),
        "searches": cards.searches(period),
    }


def _presets(period: Period) -> list[dict[str, Any]]:
    return [
        {"days": days, "url": period.address(days=days), "is_chosen": days == period.preset}
        for days in PRESETS
    ]


def _traffics(period: Period) -> list[dict[str, Any]]:
    return [
        {
            "key": traffic.value,
            "label": traffic.label,
            "url": period.address(traffic=traffic),
            "is_chosen": traffic is period.traffic,
        }
        for traffic in Traffic
    ]


def _other(period: Period) -> Traffic:
    return Traffic.LIVE if period.is_replay else Traffic.REPLAY
