"""What outsiders tell about a product: `POST products` and product files hold these rows."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from guidance.core.rows import ADDRESS, CURRENCY, NAME, NO_NUL, Language, Money

SKU = Annotated[str, Meta(pattern=NAME, max_length=64, description="The shop's own number.")]
Title = Annotated[str, Meta(pattern=NAME, max_length=300)]
Path = Annotated[str, Meta(pattern=NAME, max_length=300)]


class AttributeRow(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One fact about a product. A null value takes the fact away."""

    key: Annotated[str, Meta(pattern=NAME, max_length=60, description="What it tells: colour.")]
    value: Annotated[str, Meta(pattern=NO_NUL, min_length=1, max_length=500)] | None
    unit: Annotated[str, Meta(pattern=NO_NUL, max_length=20)] = ""
    language: Annotated[
        str,
        Meta(
            pattern=r"\A(?:[a-z]{2,3}(?:-[a-z0-9]{2,8})*)?\Z",
            max_length=10,
            description="The language the value is in; empty where it reads the same in all.",
        ),
    ] = ""


class ProductRow(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A product as the shop's system knows it.

    Only `sku` is needed for a product known here, and `title` as well for a new one. A field left
    out stays as it is; the attributes named are set and the others stay.
    """

    sku: SKU
    title: Title | UnsetType = UNSET
    titles: (
        Annotated[
            dict[Language, Title],
            Meta(max_length=20, description="Titles by language, where they differ."),
        ]
        | UnsetType
    ) = UNSET
    descriptions: (
        Annotated[
            dict[Language, Annotated[str, Meta(pattern=NO_NUL, max_length=20_000)]],
            Meta(max_length=20, description="The shop's own descriptions by language."),
        ]
        | UnsetType
    ) = UNSET
    category: (
        Annotated[
            str,
            Meta(
                pattern=NAME,
                max_length=300,
                description="From the root down, ' > ' between: Home > Kitchen. Null for none.",
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    category_names: (
        Annotated[
            dict[Language, Path],
            Meta(
                max_length=20,
                description="The category's path in other languages, as many steps as `category`.",
            ),
        ]
        | UnsetType
    ) = UNSET
    family: (
        Annotated[str, Meta(pattern=NO_NUL, max_length=64, description="Variants share a family.")]
        | UnsetType
    ) = UNSET
    brand: Annotated[str, Meta(pattern=NO_NUL, max_length=100)] | UnsetType = UNSET
    price: Money | UnsetType | None = UNSET
    cost: Money | UnsetType | None = UNSET
    currency: Annotated[str, Meta(pattern=CURRENCY)] | UnsetType = UNSET
    stock: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=2000000000,
                description="0 takes the product from the next answer; null means not tracked.",
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    image: Annotated[str, Meta(pattern=rf"\A\Z|{ADDRESS}", max_length=500)] | UnsetType = UNSET
    image_vector: (
        Annotated[
            list[float],
            Meta(
                min_length=1,
                max_length=4096,
                description=(
                    "What a network of the shop's own says of the picture, as many numbers for "
                    "every product; new products are then known by their looks too. Null takes "
                    "it away."
                ),
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    image_vector_model: (
        Annotated[
            str,
            Meta(
                pattern=NO_NUL,
                max_length=60,
                description="The network's name; vectors of one are compared with each other.",
            ),
        ]
        | UnsetType
    ) = UNSET
    hidden: bool | UnsetType = UNSET
    attributes: Annotated[list[AttributeRow], Meta(max_length=100)] | UnsetType = UNSET
