"""Messages ready to leave: texts filled in, coupons given, addresses opened, ways out added."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from guidance.campaigns.channels import Channel, Message
from guidance.campaigns.models import CampaignMessage, Coupon, Delivery, Offer, Purpose, Verdict
from guidance.campaigns.rendering import money, offer_line, parse_frame
from guidance.campaigns.services.coupons import claim_coupons
from guidance.campaigns.services.rechecking import Checked
from guidance.customers.selectors import addresses
from guidance.customers.tokens import preferences_url, unsubscribe_headers, unsubscribe_url

HTML_CHANNEL = "email"


def compose(checked: Checked, carrier: Channel) -> list[Message]:
    """Return the messages of those that may leave, in their order.

    Who gets no coupon is moved to the refused. Call it in the transaction that writes the states,
    so that a coupon is given exactly where its message goes on.
    """
    coupons = _coupons(checked)
    for delivery in checked.leaving:
        if delivery.offer_id is not None and delivery.pk not in coupons:
            checked.refused[delivery.pk] = Verdict.NO_COUPON
    checked.leaving = [one for one in checked.leaving if one.pk not in checked.refused]
    kept: dict[int, str] = {}
    if carrier.needs_address and checked.leaving:
        kept = addresses(
            channel=carrier.key, customer_ids=[one.customer_id for one in checked.leaving]
        )
    _keep_coupons(checked.leaving, coupons)
    return [
        message_of(one, address=kept.get(one.customer_id, ""), coupon=coupons.get(one.pk))
        for one in checked.leaving
    ]


def message_of(delivery: Delivery, *, address: str, coupon: Coupon | None) -> Message:
    """Return one delivery's message; its id is its key and its decision."""
    wording, campaign, ref = delivery.message, delivery.campaign, delivery.customer.ref
    is_transactional = campaign.purpose == Purpose.TRANSACTIONAL
    wanted: dict[str, Any] = {
        "customer": ref,
        "channel": delivery.channel,
        "purpose": campaign.purpose,
        "delivery": delivery.pk,
    }
    code = coupon.code if coupon else ""
    body = words_of(wording, offer=delivery.offer, code=code, ref=ref)
    html = ""
    if delivery.channel == HTML_CHANNEL:
        ways_out = _ways_out(wording.language, wanted, is_transactional)
        html = html_of(wording, body=body, ways_out=ways_out)
        body = "\n\n".join([body, *(f"{label}: {url}" for label, url in ways_out)])
    return Message(
        delivery_id=delivery.pk,
        idempotency_key=str(delivery.pk),
        channel=delivery.channel,
        address=address,
        customer_ref=ref,
        language=wording.language,
        subject=subject_of(wording),
        body=body,
        html=html,
        headers={} if is_transactional else unsubscribe_headers(**wanted),
        data={
            "decision_id": str(delivery.pk),
            "campaign": campaign.key,
            "sku": wording.publication.product.sku,
            "coupon": code,
        },
    )


def words_of(wording: CampaignMessage, *, offer: Offer | None, code: str, ref: str) -> str:
    """Return the frame of a message filled in for a shopper."""
    frame, language = parse_frame(wording.template), wording.language
    product, used = wording.publication.product, frame.variables
    values = {"text": wording.publication.text, "title": product.title_in(language), "code": code}
    if "price" in used and product.price is not None:
        values["price"] = money(product.price, product.currency, language)
    if "offer" in used and offer is not None:
        values["offer"] = offer_line(
            kind=offer.kind,
            value=offer.value,
            currency=offer.currency,
            code=code,
            language=language,
        )
    if "preferences" in used:
        values["preferences"] = preferences_url(customer=ref)
    return frame.fill(values)


def subject_of(wording: CampaignMessage) -> str:
    """Return a message's subject: the published one, else the product's title."""
    if wording.subject is not None:
        return str(wording.subject.text)
    return wording.publication.product.title_in(wording.language)


def html_of(wording: CampaignMessage, *, body: str, ways_out: Sequence[tuple[str, str]]) -> str:
    """Return the e-mail that shows a message: one column, light and dark, nothing loaded."""
    return render_to_string(
        "campaigns/email.html",
        {
            "language": wording.language,
            "subject": subject_of(wording),
            "paragraphs": body.split("\n\n"),
            "ways_out": ways_out,
        },
    )


def _ways_out(
    language: str, wanted: dict[str, Any], is_transactional: bool
) -> list[tuple[str, str]]:
    with translation.override(language):
        chosen = (_("Choose what you hear from us"), preferences_url(customer=wanted["customer"]))
        if is_transactional:
            return [chosen]
        return [(_("Unsubscribe"), unsubscribe_url(**wanted)), chosen]


def _coupons(checked: Checked) -> dict[UUID, Coupon]:
    """Give a coupon to each message that carries an offer, and return them by delivery."""
    by_offer: defaultdict[int, list[Delivery]] = defaultdict(list)
    for delivery in checked.leaving:
        if delivery.offer_id is not None:
            by_offer[delivery.offer_id].append(delivery)
    found: dict[UUID, Coupon] = {}
    for _key, group in sorted(by_offer.items()):
        offer = group[0].offer
        assert offer is not None
        occasions = {one.customer_id: occasion_of(one) for one in group}
        given = claim_coupons(offer=offer, occasions=occasions)
        found |= {one.pk: given[one.customer_id] for one in group if one.customer_id in given}
    return found


def occasion_of(delivery: Delivery) -> str:
    """Return what a delivery's coupon is given for: the same however often it is tried."""
    return f"{delivery.campaign_id}/{delivery.step}/{delivery.occurrence}"


def _keep_coupons(leaving: Iterable[Delivery], coupons: dict[UUID, Coupon]) -> None:
    fresh = []
    for delivery in leaving:
        coupon = coupons.get(delivery.pk)
        if coupon is not None and delivery.coupon_id != coupon.pk:
            delivery.coupon = coupon
            fresh.append(delivery)
    Delivery.objects.bulk_update(fresh, ["coupon"])
