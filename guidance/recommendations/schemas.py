"""The shapes of answers, for the OpenAPI document."""

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from guidance.behaviour.models import Source
from guidance.recommendations.hooks import Kind


class ItemSchema(serializers.Serializer):
    kind = serializers.ChoiceField([Kind.PRODUCT.value])
    sku = serializers.CharField()
    title = serializers.CharField(help_text="In the request's or the shopper's language.")
    price = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    currency = serializers.CharField()
    image = serializers.URLField(allow_null=True)
    position = serializers.IntegerField(help_text="1 is shown first.")
    score = serializers.FloatField(help_text="Comparable within one answer only.")
    reason = serializers.CharField(help_text="A sentence for the shopper.")
    copy = serializers.DictField(help_text="Published copy by kind; empty where there is none.")


class BesideSchema(serializers.Serializer):
    """What every item has that is no product."""

    key = serializers.CharField(help_text="Names it within its kind, for good.")
    title = serializers.CharField(help_text="In the request's or the shopper's language.")
    position = serializers.IntegerField(
        help_text="1 is shown first. Send it with the events about this item, without a SKU."
    )
    score = serializers.FloatField(help_text="That of the product next to it.")
    reason = serializers.CharField(help_text="A sentence for the shopper.")


class OfferItemSchema(serializers.Serializer):
    code = serializers.CharField()
    kind = serializers.ChoiceField(["percent", "amount"])
    value = serializers.DecimalField(max_digits=10, decimal_places=2)
    currency = serializers.CharField(help_text="Of an amount; '' for a percentage.")


class CategoryLinkSchema(serializers.Serializer):
    category = serializers.CharField(allow_null=True, help_text="Its path; null: the whole shop.")


class ProductLinkSchema(serializers.Serializer):
    sku = serializers.CharField()


class CampaignItemSchema(BesideSchema):
    """A running campaign with what this shopper may use of it."""

    kind = serializers.ChoiceField([Kind.CAMPAIGN.value])
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    offers = OfferItemSchema(many=True, help_text="Open to everybody.")
    benefits = OfferItemSchema(many=True, help_text="Open to the shopper's membership tier.")
    link = CategoryLinkSchema()


class ContentItemSchema(BesideSchema):
    """Published copy about one product."""

    kind = serializers.ChoiceField([Kind.CONTENT.value])
    copy_kind = serializers.CharField(help_text="description or short_description.")
    language = serializers.CharField()
    text = serializers.CharField()
    version = serializers.IntegerField()
    published_at = serializers.DateTimeField()
    label = serializers.DictField(help_text="Who wrote it; as in a product's copy.")  # type: ignore[assignment]  # hides a field's own label
    image = serializers.URLField(allow_null=True)
    link = ProductLinkSchema()


ANY_ITEM = PolymorphicProxySerializer(
    component_name="Item",
    serializers={
        Kind.PRODUCT.value: ItemSchema,
        Kind.CAMPAIGN.value: CampaignItemSchema,
        Kind.CONTENT.value: ContentItemSchema,
    },
    resource_type_field_name="kind",
    many=True,
)


@extend_schema_field(ANY_ITEM)
class ItemsField(serializers.ListField):
    """Items of every kind."""


class AnswerSchema(serializers.Serializer):
    decision_id = serializers.UUIDField(allow_null=True)
    surface = serializers.SlugField()
    policy = serializers.CharField(help_text="The policy that really answered.")
    items = ItemsField(
        help_text="Products; also campaigns and content where the surface shows those kinds."
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field, as every name here
        [Source.REPLAY.value], required=False, help_text="Marks the answer to a replaying key."
    )


class SimilarSchema(serializers.Serializer):
    sku = serializers.CharField()
    policy = serializers.CharField(help_text="What really answered.")
    items = ItemSchema(many=True)
