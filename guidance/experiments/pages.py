"""What an experiment's page shows."""

from typing import Any

from django.utils.translation import gettext as _

from guidance.behaviour.models import Source
from guidance.experiments.figures import interval_figure
from guidance.experiments.links import decisions_url
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import Report, report
from guidance.experiments.table import exclusion_urls, exclusions, table_rows, treatments
from guidance.experiments.wording import arm_name, is_split_off, sample_ratio_text, sentence


def experiment_page(experiment: Experiment) -> dict[str, Any]:
    """Return the page's context: health first, then the words, the plot and the table."""
    found = report(experiment)
    return {
        "report": found,
        "is_replay": experiment.source == Source.REPLAY,
        "is_split_off": is_split_off(found),
        "sample_ratio": sample_ratio_text(found),
        "warnings": _warnings(found),
        "exclusions": [
            (said, number, url)
            for (said, number), url in zip(
                exclusions(found), exclusion_urls(experiment), strict=True
            )
        ],
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
    return said
