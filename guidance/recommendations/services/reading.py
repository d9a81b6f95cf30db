"""Content on surfaces: published copy about what a shopper is likely to want next."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from guidance.content.selectors import copy_about, copy_as_json
from guidance.recommendations.hooks import Proposal, Visit


def propose_copy(visit: Visit, most: int) -> Sequence[Proposal]:
    """Return published copy in the visit's language about products just behind those shown.

    Only what is live at this moment is read, and only about products that may be shown; one
    statement. One text per product, its fullest kind.
    """
    behind = list(visit.wanted[visit.shown :])
    found: dict[str, Proposal] = {}
    for row in copy_about(behind, visit.language):
        sku = row.product.sku
        if sku in found:
            continue
        found[sku] = Proposal(
            key=str(row.publication_id),
            title=row.product.title_in(visit.language),
            affinity=visit.affinity_of_place(visit.wanted.index(sku)),
            reason=_("About something you looked at")
            if sku in visit.touched
            else _("To read: picked for you"),
            fields={
                "copy_kind": row.kind,
                "language": row.language,
                **copy_as_json(row),
                "image": row.product.image or None,
                "link": {"sku": sku},
            },
            about=sku,
        )
    return [found[sku] for sku in behind if sku in found][:most]
