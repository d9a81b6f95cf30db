"""Plotly figures in templates: the figure travels as JSON, one small loader draws it."""

import json
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from plotly.basedatatypes import BaseFigure

register = template.Library()


@register.simple_tag
def figures_media() -> SafeString:
    """Load plotly and the loader once a page; put it where the page's scripts go."""
    return format_html(
        '<script src="{}" defer></script><script src="{}" defer></script>',
        static("plotly/plotly.min.js"),
        static("core/figures.js"),
    )


@register.simple_tag
def figure(content: BaseFigure | dict[str, Any], key: str, title: str) -> SafeString:
    """Place a figure. `key` is unique on the page; `title` is what a screen reader says."""
    data = json.loads(content.to_json()) if isinstance(content, BaseFigure) else content
    return format_html(
        '{}<div class="sg-figure" data-figure="figure-{}" role="img" aria-label="{}"></div>',
        json_script(data, f"figure-{key}"),
        key,
        title,
    )
