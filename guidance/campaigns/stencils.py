"""Messages rendered once for all who read the same, but for their own code and links.

A frame, a text, an offer and a tier make the same words for thousands; only the coupon's code and
the links differ. Those are left open with marks, and filled in for each shopper; a link that the
words do not hold is not even signed.
"""

import secrets
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from django.utils.html import escape

from guidance.campaigns.rendering import Links, Reader, Rendered

# Letters and digits that no text holds by chance and that HTML leaves as they are.
_MARKS = {
    name: f"mark{name}{secrets.token_hex(12)}"
    for name in ("code", "product", "preferences", "unsubscribe")
}
# What is a shopper's own, by name, made only where it is told; what there is none of is absent.
Own = Mapping[str, Callable[[], str]]


@dataclass(frozen=True)
class _Stencil:
    words: Rendered
    named: tuple[str, ...]


@dataclass
class Stencils:
    """The words rendered so far in one batch."""

    _made: dict[Hashable, _Stencil] = field(default_factory=dict)

    def fill(
        self, key: Hashable, *, tier: str, own: Own, render: Callable[[Reader], Rendered]
    ) -> Rendered:
        """Return what `render` makes for a reader; it is called once for all who are alike.

        `key` is everything that the words depend on beside tier and the shopper's own.
        """
        place = (key, tier, frozenset(own))
        if place not in self._made:
            self._made[place] = _stencil(render, tier, own)
        stencil = self._made[place]
        words = stencil.words
        body, html = words.body, words.html
        for name in stencil.named:
            value = own[name]()
            body = body.replace(_MARKS[name], value)
            html = html.replace(_MARKS[name], escape(value)) if html else ""
        return Rendered(words.subject, body, html)


def _stencil(render: Callable[[Reader], Rendered], tier: str, own: Own) -> _Stencil:
    marks = {name: mark if name in own else "" for name, mark in _MARKS.items()}
    code = marks.pop("code")
    words = render(Reader(tier=tier, code=code, links=Links(**marks)))
    told = words.body + words.html
    return _Stencil(words, tuple(name for name in own if _MARKS[name] in told))
