"""What an experiment's page shows."""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from guidance.behaviour.days import day_bounds, shop_zone
from guidance.behaviour.models import Source
from guidance.core.settled import settled_moment
from guidance.experiments.figures import interval_figure
from guidance.experiments.links import decisions_url
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import Report
from guidance.experiments.table import exclusion_urls, exclusions, table_rows, treatments
from guidance.experiments.versus import (
    family_text,
    prior_text,
    reading_text,
    versus_rows,
)
from guidance.experiments.wording import (
    arm_name,
    is_split_off,
    logins_text,
    problem_text,
    sample_ratio_text,
    sentence,
)

# Databases and clocks know no experiment before it.
FIRST_YEAR = 2000


def read_as_of(query: QueryDict) -> datetime | None:
    """Return the end of the day that `as_of` names, by the shop's clock; None where it names none.

    Not later than what is settled: the same moment asked for again holds the same rows. Raises
    ValidationError for what is no day, or one that has not begun.
    """
    said = query.get("as_of", "").strip()
    if not said:
        return None
    try:
        day = parse_date(said)
    except ValueError:
        day = None
    zone = shop_zone()
    if day is None or day.year < FIRST_YEAR:
        raise ValidationError(_("“%(said)s” is no day, such as 2026-11-30.") % {"said": said[:40]})
    if day > timezone.localdate(timezone=zone):
        raise ValidationError(_("That day has not begun."))
    _start, end = day_bounds(day, zone)
    return min(end, settled_moment())


def as_of_words(as_of: datetime | None) -> dict[str, Any]:
    """Return the moment that a page's figures are of, and the day that its form shows."""
    moment = as_of.astimezone(shop_zone()) if as_of else None
    day = (moment - timedelta(microseconds=1)).date().isoformat() if moment else ""
    return {"as_of": moment, "as_of_day": day}


def experiment_page(experiment: Experiment, found: Report) -> dict[str, Any]:
    """Return the page's context: health first, then the words, the plot and the table."""
    return {
        **as_of_words(found.as_of),
        "problems": [problem_text(problem) for problem in found.problems],
        "report": found,
        "is_replay": experiment.source == Source.REPLAY,
        "is_split_off": is_split_off(found),
        "sample_ratio": sample_ratio_text(found),
        "logins": logins_text(found),
        "warnings": _warnings(found),
        "exclusions": [
            (said, number, url)
            for (said, number), url in zip(
                exclusions(found), exclusion_urls(experiment), strict=True
            )
        ],
        "versus": versus_rows(found, experiment.primary_metric),
        "reading": reading_text(found),
        "family": family_text(found),
        "prior": prior_text(),
        "sentences": [sentence(versus) for versus in found.comparisons],
        "figure": interval_figure(found),
        "arm_names": [arm_name(arm.arm) for arm in found.arms],
        "treatments": treatments(found),
        "rows": table_rows(experiment, found),
        "log_url": decisions_url(experiment),
    }


def _warnings(found: Report) -> list[str]:
    """Return what a reader must know before believing the figures."""
    said = []
    if found.is_recounting:
        said.append(
            _(
                "These figures are being counted again from the rows; until that is done they may "
                "be incomplete."
            )
        )
    for arm in found.arms:
        name, total = arm_name(arm.arm), arm.total
        if total.stood_in:
            said.append(
                _(
                    "%(arm)s: a fallback answered %(count)s of %(all)s decisions, so this arm "
                    "shows less of its policy than its name says."
                )
                % {"arm": name, "count": total.stood_in, "all": total.served}
            )
        if total.served and not total.seen:
            said.append(
                _("%(arm)s: nothing was reported as seen; CTR cannot be measured.") % {"arm": name}
            )
        if arm.windows_open:
            said.append(
                _(
                    "%(arm)s: the 7 days after exposure are not over for %(count)s of %(all)s "
                    "shoppers; their conversion may still rise."
                )
                % {"arm": name, "count": arm.windows_open, "all": arm.shoppers}
            )
        said += [
            _(
                "%(metric)s of %(arm)s: it may still change for %(count)s of %(all)s shoppers, "
                "whose days are not over."
            )
            % {
                "metric": found.metrics[key].title,
                "arm": name,
                "count": count,
                "all": arm.shoppers,
            }
            for key, count in arm.immature.items()
            if count and key != "conversion"
        ]
    return said
