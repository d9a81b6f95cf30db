"""What may be asked for of a text beyond product, kind and language."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from models_ml.writer.manner import Manner


@dataclass(frozen=True)
class Variant:
    """Where a text goes and how long it may be, '' and 0 where nothing was asked for."""

    channel: str = ""
    longest: int = 0

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> "Variant":
        """Return the variant that a job's parameters name; those of older jobs name none."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in params.items() if name in known})

    def as_params(self) -> dict[str, Any]:
        """Return it as a job's parameters keep it."""
        return asdict(self)

    def place(self) -> dict[str, str]:
        """Return the part of it that tells places apart."""
        return {"channel": self.channel}

    def manner(self) -> Manner:
        """Return how writers are to write it."""
        return Manner(channel=self.channel, most=self.longest)


USUAL = Variant()
