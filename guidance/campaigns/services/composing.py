"""Messages ready to leave: texts filled in, coupons given, addresses opened, ways out added."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote
from uuid import UUID

from django.conf import settings

from guidance.campaigns.channels import Channel, Message
from guidance.campaigns.models import (
    Campaign,
    CampaignMessage,
    Coupon,
    Delivery,
    Offer,
    Purpose,
    Verdict,
)
from guidance.campaigns.rendering import (
    OfferFacts,
    ProductFacts,
    Reader,
    Rendered,
    Words,
    render,
)
from guidance.campaigns.services.coupons import claim_coupons
from guidance.campaigns.services.rechecking import Checked
from guidance.campaigns.stencils import Stencils
from guidance.catalog.models import Product
from guidance.customers.models import Customer
from guidance.customers.selectors import addresses
from guidance.customers.tokens import preferences_url, unsubscribe_headers, unsubscribe_url

HTML_CHANNEL = "email"
# No pseudonym: the storefront's never begin with a blank.
NOBODY = " nobody"


def compose(checked: Checked, carrier: Channel) -> list[Message]:
    """Return the messages of those that may leave, in their order.

    Who gets no coupon, or whose address cannot be opened, is moved to the refused. Call it in the
    transaction that writes the states, so that a coupon is given exactly where its message goes on.
    """
    kept: dict[int, str] = {}
    if carrier.needs_address:
        kept = addresses(
            channel=carrier.key, customer_ids=[one.customer_id for one in checked.leaving]
        )
        gone = [one.pk for one in checked.leaving if one.customer_id not in kept]
        _refuse(checked, gone, Verdict.NO_ADDRESS)
    coupons = _coupons(checked)
    without = [one.pk for one in checked.leaving if one.offer_id and one.pk not in coupons]
    _refuse(checked, without, Verdict.NO_COUPON)
    _keep_coupons(checked.leaving, coupons)
    stencils = Stencils()
    return [
        message_of(
            one,
            address=kept.get(one.customer_id, ""),
            coupon=coupons.get(one.pk),
            has_headers=carrier.has_headers,
            stencils=stencils,
        )
        for one in checked.leaving
    ]


def _refuse(checked: Checked, gone: Sequence[UUID], verdict: Verdict) -> None:
    """Move these from those that leave to the refused."""
    checked.refused |= dict.fromkeys(gone, verdict)
    checked.leaving = [one for one in checked.leaving if one.pk not in checked.refused]


def message_of(
    delivery: Delivery,
    *,
    address: str,
    coupon: Coupon | None,
    has_headers: bool = True,
    stencils: Stencils | None = None,
) -> Message:
    """Return one delivery's message; its id is its key and its decision."""
    wording, campaign, customer = delivery.message, delivery.campaign, delivery.customer
    product = delivery.product or wording.publication.product
    code = coupon.code if coupon else ""
    words = words_for(
        wording,
        campaign=campaign,
        customer=customer,
        offer=delivery.offer,
        code=code,
        delivery=delivery.pk,
        product=product,
        stencils=stencils,
    )
    headers = {}
    if has_headers and campaign.purpose != Purpose.TRANSACTIONAL:
        headers = unsubscribe_headers(
            customer=customer.ref,
            channel=delivery.channel,
            purpose=campaign.purpose,
            delivery=delivery.pk,
        )
    return Message(
        delivery_id=delivery.pk,
        idempotency_key=str(delivery.pk),
        channel=delivery.channel,
        address=address,
        customer_ref=customer.ref,
        language=wording.language,
        subject=words.subject,
        body=words.body,
        html=words.html,
        headers=headers,
        data={
            "decision_id": str(delivery.pk),
            "campaign": campaign.key,
            "sku": product.sku,
            "coupon": code,
        },
    )


def words_for(
    wording: CampaignMessage,
    *,
    campaign: Campaign,
    customer: Customer,
    offer: Offer | None,
    code: str,
    delivery: UUID | None = None,
    product: Product | None = None,
    stencils: Stencils | None = None,
) -> Rendered:
    """Return what a shopper would read; without a delivery, as a preview.

    `product` is what title, price and link tell of, the text's unless told. `stencils` are those of
    a batch, in which many read the same.
    """
    about = product or wording.publication.product
    return (stencils or Stencils()).fill(
        (wording.pk, campaign.pk, offer.pk if offer else None, about.pk),
        tier=customer.tier,
        own=_own(
            wording, about, campaign=campaign, customer=customer, code=code, delivery=delivery
        ),
        render=lambda reader: _render(
            wording, about, campaign=campaign, offer=offer, reader=reader
        ),
    )


def _render(
    wording: CampaignMessage,
    product: Product,
    *,
    campaign: Campaign,
    offer: Offer | None,
    reader: Reader,
) -> Rendered:
    language = wording.language
    return render(
        Words(
            frame=wording.template,
            text=wording.publication.text,
            subject=str(wording.subject.text) if wording.subject else "",
            language=language,
        ),
        product=ProductFacts(
            title=product.title_in(language), price=product.price, currency=product.currency
        ),
        offer=None if offer is None else facts_of(offer, campaign, language),
        reader=reader,
        as_html=wording.channel == HTML_CHANNEL,
    )


def words_of(
    wording: CampaignMessage, *, campaign: Campaign, offer: Offer | None, code: str, tier: str
) -> str:
    """Return the plain text that a shopper of a tier would read, to be looked at."""
    reader = nobody(tier=tier)
    return words_for(wording, campaign=campaign, customer=reader, offer=offer, code=code).body


def nobody(*, tier: str) -> Customer:
    """Return a reader in a shopper's place, unsaved.

    Links in what the desk looks at are signed for nobody: one click would else unsubscribe the
    shopper, or open their preferences to whoever looks.
    """
    return Customer(ref=NOBODY, tier=tier)


def subject_of(wording: CampaignMessage) -> str:
    """Return a message's subject: the published one, else the product's title."""
    if wording.subject is not None:
        return str(wording.subject.text)
    return wording.publication.product.title_in(wording.language)


def facts_of(offer: Offer, campaign: Campaign, language: str) -> OfferFacts:
    """Return what is told of an offer."""
    return OfferFacts(
        kind=offer.kind,
        value=offer.value,
        currency=offer.currency or campaign.currency,
        title=offer.title_in(language),
        minimum_spend=offer.minimum_spend,
        ends_at=offer.ends_at,
        zone=campaign.zone,
    )


def _own(
    wording: CampaignMessage,
    product: Product,
    *,
    campaign: Campaign,
    customer: Customer,
    code: str,
    delivery: UUID | None,
) -> dict[str, Callable[[], str]]:
    """Return how to make what is a shopper's own: their code, the product's page, their preferences
    and, but for what they must be told, the way out."""
    own: dict[str, Callable[[], str]] = {
        "preferences": lambda: preferences_url(customer=customer.ref)
    }
    if code:
        own["code"] = lambda: code
    if settings.PRODUCT_URL:
        sku = quote(product.sku, safe="")
        page = settings.PRODUCT_URL.replace("{sku}", sku)
        own["product"] = lambda: page.replace("{decision}", str(delivery) if delivery else "")
    if campaign.purpose != Purpose.TRANSACTIONAL:
        own["unsubscribe"] = lambda: unsubscribe_url(
            customer=customer.ref,
            channel=wording.channel,
            purpose=campaign.purpose,
            delivery=delivery,
        )
    return own


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
