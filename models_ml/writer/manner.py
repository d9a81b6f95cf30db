"""How one text is to be written beyond its kind: where it goes, for whom, how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Manner:
    """What an order says of a text, '' and 0 where it says nothing.

    `channel` is one of the kind's in `CHANNELS_OF_KIND`, `most` the characters that a message may
    have. `stress` is what is told first ("gift", "value", "expert"); `market` "US" spells English
    its way. `reader` says in the shop's words for whom it is: a language model is told it.
    """

    channel: str = ""
    most: int = 0
    stress: str = ""
    market: str = ""
    reader: str = ""


PLAIN = Manner()
