"""Usage and circuits of language models in the database, shared by every process that calls one."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, F, QuerySet, Sum, Value, When
from django.utils import timezone

from guidance.content.models import ProviderCircuit, ProviderUsage
from models_ml.writer.providers import Usage
from models_ml.writer.providers.breaker import Circuit
from models_ml.writer.providers.budget import Spent

LONGEST_REASON = 500


def spent_today() -> Spent:
    """Return what all models together have cost today; one query."""
    total = ProviderUsage.objects.filter(day=timezone.localdate()).aggregate(
        tokens=Sum(F("prompt_tokens") + F("completion_tokens")), money=Sum("money")
    )
    return Spent(total["tokens"] or 0, total["money"] or Decimal(0))


@dataclass(frozen=True)
class DatabaseLedger:
    """Today's row of one model; the budget is that of all models together."""

    provider: str
    model: str

    def spent(self) -> Spent:
        """Return what today has cost so far, over all models."""
        return spent_today()

    def record(self, *, usage: Usage, money: Decimal, is_failure: bool) -> None:
        """Add one request to today's row."""
        row, _created = ProviderUsage.objects.get_or_create(
            day=timezone.localdate(), provider=self.provider, model=self.model
        )
        ProviderUsage.objects.filter(pk=row.pk).update(
            requests=F("requests") + 1,
            failures=F("failures") + int(is_failure),
            prompt_tokens=F("prompt_tokens") + usage.prompt_tokens,
            completion_tokens=F("completion_tokens") + usage.completion_tokens,
            money=F("money") + money,
        )


@dataclass(frozen=True)
class DatabaseCircuit:
    """The circuit of one model."""

    provider: str
    model: str

    def read(self) -> Circuit:
        """Return the state now; a model never called has a closed circuit."""
        row = self._rows().first()
        return Circuit(row.failures, row.open_until, row.reason) if row else Circuit()

    def fail(self, *, reason: str, threshold: int, open_until: datetime) -> None:
        """Count a failure; the `threshold`th in a row and each after it open the circuit."""
        ProviderCircuit.objects.get_or_create(provider=self.provider, model=self.model)
        self._rows().update(
            open_until=Case(
                When(failures__gte=threshold - 1, then=Value(open_until)), default=F("open_until")
            ),
            failures=F("failures") + 1,
            reason=reason[:LONGEST_REASON],
            changed_at=timezone.now(),
        )

    def succeed(self) -> None:
        """Close the circuit and forget its failures."""
        self._rows().update(failures=0, open_until=None, reason="", changed_at=timezone.now())

    def claim_probe(self, *, now: datetime, open_until: datetime) -> bool:
        """Move the circuit's end on where it lies before `now`; True for the one who moved it."""
        return bool(self._rows().filter(open_until__lte=now).update(open_until=open_until))

    def _rows(self) -> QuerySet[ProviderCircuit]:
        return ProviderCircuit.objects.filter(provider=self.provider, model=self.model)
