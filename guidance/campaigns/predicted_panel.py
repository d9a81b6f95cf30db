"""What models say of a shopper on their page, and why."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.models import CustomerScore, CustomerSegment
from guidance.campaigns.predicted import (
    PROPENSITY,
    SEGMENTS,
    UPLIFT,
    learned_segments,
    reasons_in_words,
    reasons_of,
)
from guidance.core.numbers import rounded
from guidance.customers.hooks import Panel
from guidance.training.selectors import promoted_version

RECIPES = {CustomerScore.Kind.UPLIFT: UPLIFT, CustomerScore.Kind.PROPENSITY: PROPENSITY}


def _rows(customer_id: int) -> list[list[Any]]:
    """Return each prediction with its reasons; five statements at most."""
    rows = []
    for score in CustomerScore.objects.filter(customer=customer_id).order_by("kind"):
        version = promoted_version(RECIPES[CustomerScore.Kind(score.kind)])
        is_its = version is not None and str(version.pk) == score.model
        reasons = reasons_of(version, customer_id) if is_its and version else []
        points = gettext("%(points)s points") % {"points": rounded(100 * score.value, 2)}
        rows.append([score.at, score.get_kind_display(), points, reasons_in_words(reasons) or "–"])
    mine = CustomerSegment.objects.filter(customer=customer_id).first()
    if mine is not None:
        names = dict(learned_segments(promoted_version(SEGMENTS)))
        told = names.get(mine.segment, mine.segment)
        rows.append([mine.at, gettext("learned segment"), told, "–"])
    return rows


PREDICTED = Panel(
    title=_("What is foretold, and why"),
    columns=[
        _("time"),
        _("what"),
        _("foretold"),
        _("reasons: what moves it, beside a usual shopper"),
    ],
    rows=_rows,
    permission="campaigns.view_delivery",
)
