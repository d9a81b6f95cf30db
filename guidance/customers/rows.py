"""What the shop's server tells about a customer: `POST customers` and customer files."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from guidance.core.rows import NAME, NO_NUL, WORD, Language, Time

Ref = Annotated[
    str,
    Meta(
        pattern=NAME,
        max_length=100,
        description="The shopper's pseudonym: never a name, an address or a number people use.",
    ),
]
Channel = Annotated[str, Meta(pattern=WORD, max_length=20, description="email, sms, push.")]


class ConsentProof(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """How a consent can be proved. It holds nothing that names the shopper: no address, no IP."""

    text: Annotated[
        str, Meta(pattern=NO_NUL, max_length=2_000, description="The words that were shown.")
    ] = ""
    version: Annotated[
        str, Meta(pattern=NO_NUL, max_length=60, description="Which version of the words.")
    ] = ""
    where: Annotated[
        str, Meta(pattern=NO_NUL, max_length=200, description="The page, form or counter.")
    ] = ""
    by: Annotated[
        str, Meta(pattern=NO_NUL, max_length=60, description="Who said it: shopper, staff.")
    ] = ""


class ConsentRow(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a shopper allowed or refused. The history is kept; the newest row counts."""

    channel: Channel
    purpose: Annotated[str, Meta(pattern=WORD, max_length=40, description="marketing, service.")]
    granted: bool
    at: (
        Annotated[
            Time, Meta(description="When it was said; left out, now, if it differs from before.")
        ]
        | UnsetType
    ) = UNSET
    proof: ConsentProof | UnsetType = UNSET


class ContactRow(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An address for one channel, kept encrypted and never shown again. Null takes it away."""

    channel: Channel
    address: Annotated[str, Meta(pattern=NAME, max_length=254)] | None


class CustomerRow(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A customer as the shop's system knows them; a field left out stays as it is.

    A shopper first met through behaviour is anonymous; this row makes them a known customer.
    """

    ref: Ref
    tier: Annotated[str, Meta(pattern=NO_NUL, max_length=30)] | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    country: Annotated[str, Meta(pattern=NO_NUL, max_length=60)] | UnsetType = UNSET
    time_zone: (
        Annotated[str, Meta(pattern=NO_NUL, max_length=50, description="Europe/Berlin.")]
        | UnsetType
    ) = UNSET
    joined_at: Time | UnsetType | None = UNSET
    excluded_as: (
        Annotated[
            Literal["", "staff", "bot"],
            Meta(description="staff, bot: count in no experiment; empty: a shopper as any other."),
        ]
        | UnsetType
    ) = UNSET
    consents: Annotated[list[ConsentRow], Meta(max_length=50)] | UnsetType = UNSET
    contacts: Annotated[list[ContactRow], Meta(max_length=20)] | UnsetType = UNSET


class IdentifyRow(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The shop's server vouches that an anonymous visitor is this customer."""

    anonymous: Ref
    customer: Ref
    expires: Annotated[
        int,
        Meta(ge=0, le=99_999_999_999, description="Unix seconds, at most a day ahead."),
    ]
    signature: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9a-f]{64}\Z",
            description="HMAC-SHA256, keyed with the hexadecimal SHA-256 of the key's secret.",
        ),
    ]
    key: (
        Annotated[
            str,
            Meta(
                pattern=NAME,
                max_length=12,
                description="The prefix of the key that signed, where it is not the caller's own.",
            ),
        ]
        | None
    ) = None
