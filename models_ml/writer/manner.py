"""How one text is to be written beyond its kind: where it goes, for whom, how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Manner:
    """What an order says of a text, '' and 0 where it says nothing.

    `channel` is one of the kind's in `CHANNELS_OF_KIND`, `most` the characters that a message may
    have. `stress` is what is told first ("gift", "value", "expert"). `market` is the region whose
    rules hold: "US" spells English its way. `segment` is the membership tier that reads it.
    """

    channel: str = ""
    most: int = 0
    stress: str = ""
    market: str = ""
    segment: str = ""


PLAIN = Manner()
