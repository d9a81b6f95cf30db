"""What the copy routes understand, and what they answer, for validation and OpenAPI."""

from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _
from rest_framework import serializers

from guidance.content.models import Kind, PublishedCopy

PAGE = 200
CURSOR_SALT = "guidance.content.changes"


class CopyQuery(serializers.Serializer[Any]):
    """What `GET products/{sku}/copy` understands."""

    sku = serializers.CharField(max_length=64)
    language = serializers.CharField(required=False, max_length=10, allow_blank=True)


class ChangesQuery(serializers.Serializer[Any]):
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
    notice = serializers.CharField(help_text="The label in words, for the shopper's page.")


class CopySchema(serializers.Serializer[Any]):
    """One published text."""

    text = serializers.CharField()
    version = serializers.IntegerField()
    published_at = serializers.DateTimeField()
    label = LabelSchema()  # type: ignore[assignment]  # hides a field's own label


class CopyByKindSchema(serializers.Serializer[Any]):
    """A product's published texts; a kind that has none is left out."""

    description = CopySchema(required=False)
    short_description = CopySchema(required=False)


class ProductCopySchema(serializers.Serializer[Any]):
    """A product's published copy in one language."""

    sku = serializers.CharField()
    language = serializers.CharField()
    copy = CopyByKindSchema()


class ChangeSchema(serializers.Serializer[Any]):
    """What became of one product's copy; without its text unless it is live."""

    sku = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    language = serializers.CharField()
    status = serializers.ChoiceField(choices=PublishedCopy.Status.choices)
    changed_at = serializers.DateTimeField()
    copy = CopySchema(allow_null=True)


class ChangesSchema(serializers.Serializer[Any]):
    """One page of changes; `next` is the cursor of the page after it, or null."""

    items = ChangeSchema(many=True)
    next = serializers.CharField(allow_null=True)
    as_of = serializers.DateTimeField()
