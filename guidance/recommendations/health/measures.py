"""What is watched: each measure with its default thresholds, and what crossing them means."""

from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Measure(models.TextChoices):
    INPUT_DRIFT = "input_drift", _("drift of inputs (PSI)")
    CTR_DROP = "ctr_drop", _("drop of CTR")
    CONVERSION_DROP = "conversion_drop", _("drop of conversion")
    NDCG_DROP = "ndcg_drop", _("drop of NDCG of purchases")
    SEEN_DROP = "seen_drop", _("drop of the share seen")
    FALLBACK_SHARE = "fallback_share", _("share answered by a fallback")
    DISPARATE_EXPOSURE = "disparate_exposure", _("exposure out of proportion")
    POPULARITY_LIFT = "popularity_lift", _("popularity lift")
    LOW_COVERAGE = "low_coverage", _("low coverage")
    MISCALIBRATION = "miscalibration", _("lists unlike their shoppers' tastes")
    GROUP_CTR = "group_ctr", _("CTR of a group below that of all")
    GROUP_NDCG = "group_ndcg", _("NDCG of a group below that of all")


# The ratio of a group that is shown as much as it is wanted.
PROPORTION = 1.0


@dataclass(frozen=True)
class Default:
    """A measure's thresholds before anybody changed them.

    `is_share`: the value reads as a percentage. `falls`: low values are bad ones, so that the
    alarm lies below the first threshold.
    """

    look: float
    alarm: float
    explanation: str | Promise
    is_share: bool = True
    falls: bool = False


# Conventions where there are any, plain judgement elsewhere; the shop's people set their own.
DEFAULTS: dict[str, Default] = {
    Measure.INPUT_DRIFT: Default(
        0.1,
        0.25,
        _("The population stability index of an input; by custom .1 is a change, .25 a great one."),
        is_share=False,
    ),
    Measure.CTR_DROP: Default(
        0.1,
        0.25,
        _("How much CTR fell in the last 7 days, as a share of what it was; chance is left out."),
    ),
    Measure.CONVERSION_DROP: Default(
        0.1,
        0.25,
        _("How much conversion after seen lists fell in the last 7 days; chance is left out."),
    ),
    Measure.NDCG_DROP: Default(
        0.1,
        0.25,
        _("How much worse lists foresaw purchases in the last 7 days; chance is left out."),
    ),
    Measure.SEEN_DROP: Default(
        0.2,
        0.5,
        _("How much the share of decisions with an impression fell; storefronts may report less."),
    ),
    Measure.FALLBACK_SHARE: Default(
        0.1,
        0.5,
        _("The share of the last 7 days' decisions that a fallback answered."),
    ),
    Measure.DISPARATE_EXPOSURE: Default(
        1.25,
        2.0,
        _("Exposure over relevance of a group; 1.25 is four fifths of it the other way round."),
        is_share=False,
    ),
    Measure.POPULARITY_LIFT: Default(
        0.5,
        1.0,
        _("How much more popular lists are than what their shoppers chose themselves."),
    ),
    Measure.LOW_COVERAGE: Default(
        0.1,
        0.02,
        _("The share of products that may be recommended and were shown at all."),
        falls=True,
    ),
    Measure.MISCALIBRATION: Default(
        1.0,
        1.5,
        _(
            "How far lists are from what their shoppers chose before, by category; 1 is as far as"
            " one list for everybody would be."
        ),
        is_share=False,
    ),
    Measure.GROUP_CTR: Default(
        0.2,
        0.5,
        _("How far the CTR of a tier, market, language or country lies below that of all."),
    ),
    Measure.GROUP_NDCG: Default(
        0.2,
        0.5,
        _("How much worse lists foresee the purchases of a tier, market, language or country."),
    ),
}
