"""What a merge of two shoppers means for pushes: the messages and coupons of both are one's."""

from guidance.campaigns.models import Contact, Coupon, Delivery


def move_pushes(from_customer_id: int, to_customer_id: int) -> int:
    """Move contacts, coupons and messages; return how many rows.

    Where both have one for the same, the customer's own counts; the visitor's stays where it was
    and never leaves. Plans are frozen: what they decided about the visitor stays the visitor's, and
    so do the messages of one that is still being queued, which may yet speak to the customer.
    """
    moved = Contact.objects.filter(customer=from_customer_id).update(customer=to_customer_id)
    own = Delivery.objects.filter(customer=to_customer_id)
    visitors = Delivery.objects.filter(customer=from_customer_id)
    for delivery in visitors.exclude(plan__is_queued=False, campaign__trigger=""):
        same = own.filter(
            campaign=delivery.campaign_id, step=delivery.step, occurrence=delivery.occurrence
        )
        if not same.exists():
            moved += Delivery.objects.filter(pk=delivery.pk).update(customer=to_customer_id)
    for coupon in Coupon.objects.filter(customer=from_customer_id):
        if not Coupon.objects.filter(
            offer=coupon.offer_id, customer=to_customer_id, occasion=coupon.occasion
        ).exists():
            moved += Coupon.objects.filter(pk=coupon.pk).update(customer=to_customer_id)
    return moved
