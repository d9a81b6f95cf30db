"""What a storefront tells about its shoppers: the rows of `POST events` and `POST feedback`."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from guidance.catalog.rows import SKU
from guidance.core.rows import CURRENCY, NO_NUL, Time
from guidance.customers.rows import Ref

KindName = Literal[
    "view",
    "search",
    "impression",
    "click",
    "cart",
    "purchase",
    "return",
    "review",
    "rating",
    "unsubscribe",
    "complaint",
]
EventId = Annotated[
    UUID,
    Meta(description="A UUIDv7 made by the client once; sent again it is the same event."),
]
Stars = Annotated[int, Meta(ge=1, le=5, description="1 to 5.")]
MAX_QUANTITY = 100_000


class IncomingEvent(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One thing a shopper did.

    A view, cart, purchase, return and review need a `sku`; an impression, click and rating a
    `sku` or a `decision_id`; a search its words in `text`; a rating its `rating`.
    """

    id: EventId
    kind: KindName
    customer: Ref
    time: Annotated[
        Time,
        Meta(description="When it happened: at most five minutes ahead, at most 90 days ago."),
    ]
    sku: SKU | None = None
    decision_id: Annotated[UUID, Meta(description="The decision that led here.")] | None = None
    position: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=32_767,
                description=(
                    "Where in its list it was shown. With `decision_id` and no `sku` it says which "
                    "campaign or content was seen or clicked."
                ),
            ),
        ]
        | None
    ) = None
    session: Annotated[str, Meta(pattern=NO_NUL, max_length=64)] = ""
    basket: Annotated[
        str, Meta(pattern=NO_NUL, max_length=64, description="The order's number.")
    ] = ""
    quantity: Annotated[
        int, Meta(ge=1, le=MAX_QUANTITY, description="Pieces; positive for a return too.")
    ] = 1
    price: Annotated[Decimal, Meta(description="Of one piece.")] | None = None
    currency: Annotated[str, Meta(pattern=CURRENCY)] | None = None
    rating: Stars | None = None
    text: Annotated[
        str, Meta(pattern=NO_NUL, max_length=10_000, description="A search's words or a review.")
    ] = ""
    coupon: Annotated[
        str, Meta(pattern=NO_NUL, max_length=60, description="The code that a purchase used.")
    ] = ""
    result_count: (
        Annotated[int, Meta(ge=0, le=2_000_000_000, description="What a search found.")] | None
    ) = None
    original_time: (
        Annotated[Time, Meta(description="Before a replay shifted it; replaying keys only.")] | None
    ) = None


class IncomingFeedback(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How satisfied a shopper is with a decision. It is kept as a rating event."""

    id: EventId
    decision_id: UUID
    customer: Ref
    rating: Annotated[Stars, Meta(description="Stars; this or a thumb.")] | None = None
    thumb: (
        Annotated[
            Literal["up", "down"],
            Meta(description="Where the shop asks with two buttons: kept as five stars or one."),
        ]
        | None
    ) = None
    time: Annotated[datetime, Meta(tz=True, description="Left out, the time in the id.")] | None = (
        None
    )
    sku: SKU | None = None
    text: Annotated[str, Meta(pattern=NO_NUL, max_length=10_000)] = ""
