"""The shapes of answers, for the OpenAPI document."""

from rest_framework import serializers

from guidance.behaviour.models import Source


class ItemSchema(serializers.Serializer):
    sku = serializers.CharField()
    title = serializers.CharField(help_text="In the request's or the shopper's language.")
    price = serializers.DecimalField(max_digits=12, decimal_places=2, allow_null=True)
    currency = serializers.CharField()
    image = serializers.URLField(allow_null=True)
    position = serializers.IntegerField(help_text="1 is shown first.")
    score = serializers.FloatField(help_text="Comparable within one answer only.")
    reason = serializers.CharField(help_text="A sentence for the shopper.")
    copy = serializers.DictField(help_text="Published copy by kind; empty where there is none.")


class AnswerSchema(serializers.Serializer):
    decision_id = serializers.UUIDField(allow_null=True)
    surface = serializers.SlugField()
    policy = serializers.CharField(help_text="The policy that really answered.")
    items = ItemSchema(many=True)
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field, as every name here
        [Source.REPLAY.value], required=False, help_text="Marks the answer to a replaying key."
    )


class SimilarSchema(serializers.Serializer):
    sku = serializers.CharField()
    policy = serializers.CharField()
    items = ItemSchema(many=True)
