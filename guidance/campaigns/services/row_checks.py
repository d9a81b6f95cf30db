"""What a file tells of a campaign, beside what people added to it at the desk."""

from datetime import timedelta

from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from guidance.campaigns.models import Campaign, CampaignStep, Offer
from guidance.campaigns.rows import CampaignRow
from guidance.campaigns.selectors.in_use import is_in_use
from guidance.core.rows import Refused


def check_beside_desk(row: CampaignRow) -> None:
    """Hold a row to the desk's currency, times, steps and offers in use.

    Four statements, one for a new campaign, which has nothing to contradict, and up to three more
    for an offer that the row takes away. Raises Refused, with the row's field named.
    """
    campaign = Campaign.objects.filter(key=row.key).first()
    if campaign is None:
        return
    _check_currencies(row, campaign)
    _check_taken_away(row, campaign)
    _check_offer_times(row, campaign)
    _check_steps(row, campaign)


def _check_currencies(row: CampaignRow, campaign: Campaign) -> None:
    for place, offer in enumerate(row.offers):
        if offer.currency and campaign.currency not in ("", offer.currency):
            raise Refused(
                "conflict",
                _("%(place)s.currency: the campaign counts in %(currency)s.")
                % {"place": f"offers[{place}]", "currency": campaign.currency},
            )


def _check_taken_away(row: CampaignRow, campaign: Campaign) -> None:
    """An offer that has a pool, or that coupons or messages name, stays."""
    for offer in Offer.objects.filter(campaign=campaign).exclude(code__in=_codes(row)):
        if is_in_use(offer):
            raise Refused(
                "in_use",
                _("offers: %(code)s has coupons or messages, so it cannot be taken away.")
                % {"code": offer.code},
            )


def _check_offer_times(row: CampaignRow, campaign: Campaign) -> None:
    kept = Offer.objects.filter(campaign=campaign, code__in=_codes(row))
    outside = kept.filter(
        Q(starts_at__lt=row.starts_at)
        | Q(starts_at__gt=row.ends_at)
        | Q(ends_at__gt=row.ends_at)
        | Q(ends_at__lt=row.starts_at)
    )
    offer = outside.first()
    if offer is None:
        return
    is_early = any(at is not None and at < row.starts_at for at in (offer.starts_at, offer.ends_at))
    raise Refused(
        "out_of_range",
        _("%(field)s: the offer %(code)s would lie outside the campaign's time.")
        % {"field": "starts_at" if is_early else "ends_at", "code": offer.code},
    )


def _check_steps(row: CampaignRow, campaign: Campaign) -> None:
    steps = CampaignStep.objects.filter(campaign=campaign)
    waited = timedelta(minutes=steps.aggregate(minutes=Sum("wait_minutes"))["minutes"] or 0)
    if row.starts_at + waited >= row.ends_at:
        raise Refused(
            "out_of_range", _("ends_at: the last step would be due after the campaign's end.")
        )


def _codes(row: CampaignRow) -> list[str]:
    return [offer.code or offer.key for offer in row.offers]
