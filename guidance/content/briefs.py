"""What may be asked for of a text beyond product, kind and language."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from models_ml.writer.manner import Manner


@dataclass(frozen=True)
class Brief:
    """Where a text goes, who reads it and how it is told; '' and 0 where nothing was asked for.

    The audience is a market's key and a membership tier, each '' for everyone; `variant` is '' for
    the main text. The names are those of a draft's fields.
    """

    channel: str = ""
    market: str = ""
    segment: str = ""
    variant: str = ""
    stress: str = ""
    longest: int = 0

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> "Brief":
        """Return the brief that a job's parameters name; those of older jobs name none."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in params.items() if name in known})

    def as_fields(self) -> dict[str, Any]:
        """Return it as a draft and a job's parameters keep it."""
        return asdict(self)

    def place(self) -> dict[str, str]:
        """Return the part of it that tells places apart."""
        return {name: getattr(self, name) for name in ("channel", "market", "segment", "variant")}

    @property
    def has_audience(self) -> bool:
        return bool(self.market or self.segment)

    def manner(self, region: str) -> Manner:
        """Return how writers are to write it, under the rules of a region ("us", "eu", "cn")."""
        return Manner(
            channel=self.channel,
            most=self.longest,
            stress=self.stress,
            market=region.upper() if self.market else "",
            segment=self.segment,
        )


USUAL = Brief()
