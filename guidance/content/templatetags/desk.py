"""What the desk's templates ask of Python."""

from django import template

from guidance.content.presentation import (
    cause_of,
    checks_badge,
    due_badge,
    fact_label,
    kind_label,
    language_label,
    place_label,
    since,
    wanted_fields,
)

register = template.Library()
register.filter("cause_of", cause_of)
register.filter("checks_badge", checks_badge)
register.filter("due_badge", due_badge)
register.filter("fact_label", fact_label)
register.filter("kind_name", kind_label)
register.filter("language_name", language_label)
register.filter("place_name", place_label)
register.filter("since", since)
register.filter("wanted_fields", wanted_fields)
