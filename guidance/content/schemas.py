"""What the copy routes understand, and what they answer, for validation and OpenAPI."""

from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiWebhook, extend_schema
from rest_framework import serializers

from guidance.content.labelling import Channel
from guidance.content.models import Kind, MessageChannel, PublishedCopy, WebhookEvent
from guidance.content.services.choosing import USUAL_SURFACE
from guidance.core.models import Market
from guidance.core.selectors import default_market
from models_ml.writer.facts import LANGUAGES

PAGE = 200
# Where copy is compared unless a storefront names another place of its own.
CURSOR_SALT = "guidance.content.changes"


class LabelQuery(serializers.Serializer[Any]):
    """Where copy will be shown, which decides on its label."""

    channel = serializers.ChoiceField(
        choices=[channel.value for channel in Channel], required=False, default=Channel.PAGE.value
    )
    market = serializers.SlugField(
        required=False,
        max_length=50,
        allow_blank=True,
        default="",
        help_text=(
            "A market's key: copy that is written for it comes first. Left out, the label is that "
            "of the strictest market that speaks the language."
        ),
    )

    def validate_market(self, value: str) -> str:
        self._market = Market.objects.filter(key=value).first() if value else None
        if value and self._market is None:
            raise serializers.ValidationError(_("No market has the key %(key)s.") % {"key": value})
        return value

    def labelling(self) -> dict[str, Any]:
        """Return what the label depends on, for the reads of published copy."""
        asked = self.validated_data
        return {"channel": Channel(asked["channel"]), "market": asked["market"]}

    def market_language(self) -> str:
        """Return the language of the market asked for, or of the default one."""
        return (getattr(self, "_market", None) or default_market()).language


class CopyQuery(LabelQuery):
    """What `GET products/{sku}/copy` understands."""

    sku = serializers.CharField(max_length=64)
    language = serializers.CharField(required=False, max_length=10, allow_blank=True)
    segment = serializers.CharField(required=False, max_length=30, default="", allow_blank=True)
    customer = serializers.CharField(required=False, max_length=100, default="", allow_blank=True)
    surface = serializers.SlugField(
        required=False, max_length=50, default=USUAL_SURFACE, allow_blank=True
    )

    def validate_surface(self, value: str) -> str:
        return value or USUAL_SURFACE


class ReviewHelpQuery(serializers.Serializer):
    """What `GET products/{sku}/review-help` understands."""

    sku = serializers.CharField(max_length=64)
    customer = serializers.CharField(max_length=100)
    language = serializers.ChoiceField(
        LANGUAGES, required=False, help_text="The default market's if left out."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Say which languages there are where the market's own is none of them."""
        language = attrs.setdefault("language", default_market().language)
        if language not in LANGUAGES:
            said = {"language": language, "known": ", ".join(LANGUAGES)}
            raise serializers.ValidationError(
                {
                    "language": _(
                        "There is no help in %(language)s, the default market's language;"
                        " say one of these: %(known)s."
                    )
                    % said
                }
            )
        return attrs


class ReviewHelpSchema(serializers.Serializer):
    """Questions about what was bought, each with the key of its fact, and headings to fill."""

    product = serializers.CharField()
    questions = serializers.ListField(child=serializers.CharField())
    fact_keys = serializers.ListField(child=serializers.CharField())
    outline = serializers.ListField(child=serializers.CharField())


class ChangesQuery(LabelQuery):
    """What `GET copy` understands."""

    changed_since = serializers.DateTimeField(required=False, default_timezone=UTC)
    language = serializers.CharField(required=False, max_length=10, default="", allow_blank=True)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=PAGE, default=PAGE)
    cursor = serializers.CharField(required=False, max_length=500)

    def validate_cursor(self, value: str) -> tuple[datetime, int]:
        try:
            time, row_id = signing.loads(value, salt=CURSOR_SALT)
        except signing.BadSignature as bad:
            raise serializers.ValidationError(_("This cursor is not one of ours.")) from bad
        return datetime.fromisoformat(time), row_id


def cursor_after(row: PublishedCopy) -> str:
    """Return the cursor that continues behind this row."""
    return signing.dumps((row.changed_at.isoformat(), row.pk), salt=CURSOR_SALT)


class LabelSchema(serializers.Serializer[Any]):
    """Who wrote it, for shops that must say so."""

    origin = serializers.ChoiceField(choices=["machine", "machine_edited"])
    writer = serializers.CharField()
    reviewed = serializers.BooleanField()
    notice = serializers.CharField(
        help_text="The label in words, in the language of the text; empty where none is shown."
    )
    visible = serializers.BooleanField(help_text="Whether shoppers must see the notice.")
    channel = serializers.ChoiceField(choices=[channel.value for channel in Channel])
    taken_over = serializers.BooleanField(
        help_text="Whether a person took editorial responsibility for the text."
    )
    provenance = serializers.DictField(
        help_text=(
            "JSON-LD for machines: a schema.org CreativeWork with IPTC's digital source type and "
            "the implicit label of GB 45438-2025. Carry it along wherever the text is shown."
        )
    )


class CopySchema(serializers.Serializer[Any]):
    """One published text."""

    text = serializers.CharField()
    market = serializers.CharField(
        allow_blank=True, help_text="The market it is written for; empty for all."
    )
    segment = serializers.CharField(
        allow_blank=True, help_text="The membership tier it is written for; empty for everyone."
    )
    variant = serializers.CharField(
        allow_blank=True, help_text="Which wording of several; empty for the main text."
    )
    version = serializers.IntegerField()
    published_at = serializers.DateTimeField()
    label = LabelSchema()  # type: ignore[assignment]  # hides a field's own label


class ServedCopySchema(CopySchema):
    """One published text as one shopper gets it."""

    decision_id = serializers.UUIDField(
        allow_null=True,
        help_text=(
            "Send it, with `position` 1 and no `sku`, with the impressions, clicks and ratings of "
            "this text. Null where no experiment compares it, or the decision could not be logged."
        ),
    )


class CopyByKindSchema(serializers.Serializer[Any]):
    """A product's published texts; a kind that has none is left out."""

    description = ServedCopySchema(required=False)
    short_description = ServedCopySchema(required=False)
    title = ServedCopySchema(required=False)
    bullets = ServedCopySchema(required=False)
    faq = ServedCopySchema(required=False)
    guide = ServedCopySchema(required=False)
    campaign = ServedCopySchema(required=False)
    push = serializers.DictField(
        child=ServedCopySchema(),
        required=False,
        help_text=f"Push messages by channel: {', '.join(MessageChannel.values)}.",
    )


class ProductCopySchema(serializers.Serializer[Any]):
    """A product's published copy in one language."""

    sku = serializers.CharField()
    language = serializers.CharField()
    copy = CopyByKindSchema()


class MessageChannelField(serializers.ChoiceField):
    """The channel of a push message; empty for other copy."""

    def __init__(self) -> None:
        super().__init__(choices=MessageChannel.choices, allow_blank=True)


class ChangeSchema(serializers.Serializer[Any]):
    """What became of one product's copy; without its text unless it is live."""

    sku = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    language = serializers.CharField()
    channel = MessageChannelField()
    market = serializers.CharField(allow_blank=True)
    segment = serializers.CharField(allow_blank=True)
    variant = serializers.CharField(
        allow_blank=True, help_text="Which wording of several; empty for the main text."
    )
    status = serializers.ChoiceField(choices=PublishedCopy.Status.choices)
    changed_at = serializers.DateTimeField()
    copy = CopySchema(allow_null=True)


class ChangesSchema(serializers.Serializer[Any]):
    """One page of changes; `next` is the cursor of the page after it, or null."""

    items = ChangeSchema(many=True)
    next = serializers.CharField(allow_null=True)
    as_of = serializers.DateTimeField()


class CopyEventDataSchema(serializers.Serializer[Any]):
    """The text that an event is about; fetch it, for the event does not hold it."""

    content_id = serializers.UUIDField()
    sku = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    language = serializers.CharField()
    channel = MessageChannelField()
    market = serializers.CharField(allow_blank=True)
    segment = serializers.CharField(allow_blank=True)
    variant = serializers.CharField(
        allow_blank=True, help_text="Which wording of several; empty for the main text."
    )
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=PublishedCopy.Status.choices)


class CopyEventSchema(serializers.Serializer[Any]):
    """What a webhook is sent."""

    type = serializers.ChoiceField(choices=WebhookEvent.choices)
    timestamp = serializers.DateTimeField()
    data = CopyEventDataSchema()  # type: ignore[assignment]  # hides a serializer's own data


COPY_WEBHOOK = OpenApiWebhook(
    name="copy",
    decorator=extend_schema(
        operation_id="copy_event",
        summary="Copy was published or taken back",
        description=(
            "Signed as Standard Webhooks ask (webhook-id, webhook-timestamp, webhook-signature) "
            "and sent at least once, under the same webhook-id each time. Answer 2xx within 10 "
            "seconds; redirects are not followed, and 410 switches the webhook off."
        ),
        request=CopyEventSchema,
        responses={204: None},
    ),
)
